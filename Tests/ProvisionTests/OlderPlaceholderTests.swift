import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Journals of format 1 say by its physical address where undoing put a namespace to keep a place, and not in which region: that is
/// found among the regions of then. Undoing goes on with it there, and nowhere else, though another region is disabled.
@Suite struct OlderPlaceholderTests {
    private static let machine = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"},
            {"id": "b", "size": "1 GiB", "label_size": "128 KiB"}],
          "regions": [{"dimms": ["a"]}, {"dimms": ["b"]}]}]}}
        """

    private let host: SimulatedHost
    private let scratch: ScratchDirectory

    init() throws {
        host = try SimulatedHost(json: Self.machine)
        scratch = try ScratchDirectory()
    }

    private struct Failed: Error { var what: String }

    /// Declares some raw namespaces in each region.
    private func apply(_ names: [[String]], recorded: Bool) throws {
        let blocks = names.enumerated().map { number, names in
            "  - match: {region: \(number)}\n    namespaces:\(names.isEmpty ? " []" : "")\n"
                + names.map { "      - {name: \($0), mode: raw, size: 64 MiB}\n" }.joined()
        }
        let text = "version: 1\nunmanaged: destroy\nregions:\n\(blocks.joined())"
        let application = Application(
            of: try ProfileReader.read(Array(text.utf8), source: "test.yaml"), to: host)
        let prepared = try application.prepare()
        let ending = try application.carryOut(
            prepared, consent: Consent(allowDestroy: Set(prepared.plan.losses.map(\.address))),
            recordingIn: recorded ? scratch.store : nil)
        guard case .applied = ending else { throw Failed(what: "not applied: \(ending)") }
    }

    /// The region that is worked on is the first or the second; undoing dies at every third of its stores.
    @Test(arguments: [0, 1], Array(stride(from: 1, through: 40, by: 3)))
    func itIsUndoneBesideADisabledRegion(worked: Int, store: Int) throws {
        let beside = 1 - worked
        func names(_ own: [String]) -> [[String]] {
            worked == 0 ? [own, ["kept"]] : [["kept"], own]
        }
        try apply(names(["one", "two", "three"]), recorded: false)
        // What comes back has a gap before it that is as large, and that something must fill meanwhile.
        try apply(names(["two", "three"]), recorded: false)
        var value: UInt64 = 1
        try UndoScenario.fill(host, &value)
        let before = HostSnapshot(try host.observe())
        let pages = host.state.pages
        try apply(names(["two"]), recorded: true)
        let id = try #require(scratch.store.youngest)

        host.arm(SimulatedFault(.crash, atOperation: store))
        _ = try? Recovery(host: host, store: scratch.store).rollBack(id)
        let isDead = !host.isAlive
        let left = try UndoScenario.host(in: host.state)
        let placeholders = try scratch.store.log(id).placeholders
        try sayPlacesByAddress(id)
        #expect(try scratch.store.log(id).placeholders == placeholders, "they are found in their region")

        try left.store(.disableRegion(beside))
        let region = left.state.regions[beside]
        let isUndoing = try scratch.store.log(id).undoReason != nil && isDead
        let outcome = try Recovery(host: left, store: scratch.store).run()
        #expect(outcome.blocked.isEmpty)
        #expect(left.state.regions[beside] == region, "that region is as its owner left it")
        guard isUndoing else { return }
        try left.reboot()
        #expect(HostSnapshot(try left.observe()) == before)
        #expect(left.state.pages == pages)
    }

    /// The test above is about something: most of these deaths leave an undoing with such a namespace.
    @Test func undoingMakesThem() throws {
        try apply([["one", "two", "three"], []], recorded: false)
        try apply([["two", "three"], []], recorded: false)
        try apply([["two"], []], recorded: true)
        let id = try #require(scratch.store.youngest)
        _ = try Recovery(host: host, store: scratch.store).rollBack(id)
        #expect(try scratch.store.log(id).placeholders.count == 2)
    }

    /// Rewrites a journal as format 1 had it.
    private func sayPlacesByAddress(_ id: String) throws {
        let path = scratch.store.journalPath(id)
        let records = try Journal.records(in: StateFile.contents(path, limit: 1 << 24), path)
        guard case .begin(let header) = records.first else { throw Failed(what: "no journal") }
        let lines = records.enumerated().map { number, record in
            var record = record
            if case .placeholder(let label, .offset(let offset, let region?)) = record {
                let start = header.before.region(region.device)?.resource ?? 0
                record = .placeholder(label, .address(start + offset.bytes))
            }
            let text = record.json(sequence: number)
            return "\(Checksum.text(Checksum.of(text.utf8))) \(text)\n"
        }
        let file = try FileDescriptor.open(path, .writeOnly, options: [.truncate])
        _ = try file.closeAfter { try file.writeAll(lines.joined().utf8) }
    }
}
