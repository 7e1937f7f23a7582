import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// The state file of a simulated host and the log beside it hold every store that was made, at a cost that does not grow with
/// the host.
@Suite struct SimulatedStoreLogTests {
    private let scratch: ScratchDirectory
    private var path: FilePath { scratch.path.appending("host.json") }
    private var log: FilePath { scratch.path.appending("host.json.stores") }

    init() throws {
        scratch = try ScratchDirectory()
        try scratch.write(TestFiles.text("../../profiles/hosts/one-dimm.json"), to: "host.json")
    }

    private func apply(
        _ text: String, to host: SimulatedHost, _ progress: @escaping (Executor.Progress) -> Void = { _ in }
    ) throws -> Application.Ending {
        let profile = try ProfileReader.read(Array(text.utf8), source: "test.yaml")
        let application = Application(of: profile, to: host)
        let prepared = try application.prepare()
        let consent = Consent(allowDestroy: Set(prepared.plan.changes.compactMap(\.consent)))
        return try application.carryOut(prepared, consent: consent, recordingIn: nil, progress: progress)
    }

    private static func profile(_ count: Int, mode: String = "devdax") -> String {
        "version: 1\nunmanaged: destroy\nregions:\n  - match: {region: 0}\n    namespaces:\n"
            + (0..<count).map { "      - {name: n\($0), mode: \(mode), size: 16 MiB}\n" }.joined()
    }

    @Test func afterEveryStepAnotherProcessSeesWhatWasDone() throws {
        let host = try SimulatedHost.open(path)
        var steps = 0
        for mode in ["devdax", "fsdax", "sector", "raw"] {
            let ending = try apply(Self.profile(2, mode: mode), to: host) { _ in
                steps += 1
                #expect((try? SimulatedHost.open(path))?.json == host.json)
            }
            guard case .applied = ending else { throw Unexpected(ending: "\(ending)") }
            #expect(StateDirectory.exists(log) == false, "the file holds everything again")
            #expect(try SimulatedHost.open(path).json == host.json)
        }
        #expect(steps > 8)
    }

    private struct Unexpected: Error { var ending: String }

    @Test(arguments: [8, 64]) func theWholeStateIsNotWrittenForEachStore(count: Int) throws {
        let host = try SimulatedHost.open(path)
        guard case .applied = try apply(Self.profile(count), to: host) else { throw Unexpected(ending: "") }
        #expect(host.operations > 8 * count)
        #expect(host.saves <= 2, "\(host.saves) times for \(host.operations) stores")
    }

    @Test func aTornLastLineIsAStoreThatWasNotMade() throws {
        let host = try SimulatedHost.open(path)
        _ = try apply(Self.profile(1), to: host)
        let before = try SimulatedHost.open(path).json
        try host.store(.disable(SimulatedNamespaceID(region: 0, number: 0)))
        try host.store(.enable(SimulatedNamespaceID(region: 0, number: 0)))
        let bytes = try SimulatedStateFile.read(log)
        let lines = bytes.split(separator: 10)
        #expect(lines.count == 3)
        for cut in [bytes.count - 1, bytes.count - 10] {
            try scratch.write(String(decoding: bytes[..<cut], as: UTF8.self), to: "host.json.stores")
            let seen = try SimulatedHost.open(path)
            #expect(try seen.observe().regions[0].namespaces.first?.isActive == false, "cut at \(cut)")
        }
        try scratch.write(
            String(decoding: bytes[..<(lines[0].count + 1)], as: UTF8.self), to: "host.json.stores")
        #expect(try SimulatedHost.open(path).json == before)
    }

    @Test func aLogOfAnotherFileCountsForNothing() throws {
        let host = try SimulatedHost.open(path)
        try host.store(.disableRegion(0))
        #expect(try SimulatedHost.open(path).observe().regions[0].isEnabled == false)
        let text = try TestFiles.text("../../profiles/hosts/one-dimm.json")
        try scratch.write(text + "\n", to: "host.json")
        #expect(try SimulatedHost.open(path).observe().regions[0].isEnabled)
    }

    /// Every kind of store is read back from its line as it was.
    @Test func everyStoreHasALine() throws {
        var generator = SystemRandomNumberGenerator()
        let id = SimulatedNamespaceID(region: 1, number: 2)
        let claim = SimulatedClaimID(region: 1, kind: .dax)
        let uuid = UUID.random(using: &generator)
        let stores: [SimulatedStore] = [
            .uuid(id, uuid), .name(id, "a\"\n\u{1b}é"), .name(id, ""), .size(id, .zero), .size(id, .gib(3)),
            .sectorSize(id, 4096), .holderClass(id, .btt), .holderClass(id, nil), .forceRaw(id, true),
            .enable(id),
            .disable(id), .zeroInfoBlock(id),
            .clearErrors(region: 1, Extent(offset: .kib(4), length: .kib(8))),
            .media(address: 1 << 40, [0, 9, 0x10, 0xff]), .media(address: 0, []),
            .zeroMedia(address: 1 << 33, .mib(64)), .claimUUID(claim, uuid),
            .claimMap(claim, .mem),
            .claimAlign(claim, .gigantic), .claimSectorSize(claim, .sectorModeDefault),
            .claimNamespace(claim, 5),
            .claimNamespace(claim, nil), .enableClaim(claim), .enableRegion(3), .disableRegion(4),
            .enableDimm(5),
            .memoryPolicy("online_movable"), .disableDimm(6), .labelIndex(dimm: 7, .v1_1),
            .labelIndex(dimm: 7, nil),
        ]
        for store in stores {
            #expect(
                try SimulatedStore(JSONCursor(try JSONValue(parsing: store.line))) == store, "\(store.line)")
        }
    }
}
