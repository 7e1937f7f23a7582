import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What a mark protects besides its namespace: nothing where the region has its labels, and all of a region that has lost them and can hold
/// the namespace.
@Suite struct ProtectedPlaceTests {
    /// An error lies behind all namespaces.
    private static let machine = """
        {"format_version": 1, "simulated_host": {"buses": [{"scrub_state": "idle",
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"}],
          "regions": [{"dimms": ["a"], "badblocks": [{"offset": 1048576, "length": 1}]}]}]}}
        """

    private let host: SimulatedHost
    private let scratch: ScratchDirectory

    /// A namespace is there, and protected.
    init() throws {
        host = try SimulatedHost(json: Self.machine)
        scratch = try ScratchDirectory()
        let text =
            "version: 1\nregions:\n  - match: {region: 0}\n    namespaces:\n"
            + "      - {name: wal, mode: raw, size: 64 MiB, protect: true}\n"
        let application = Application(
            of: try ProfileReader.read(Array(text.utf8), source: "test.yaml"), to: host,
            safeguards: Safeguards(reading: scratch.store))
        let ending = try application.carryOut(
            application.prepare(), consent: Consent(), recordingIn: scratch.store)
        try #require(ending.isSuccess)
    }

    /// What refuses to clear the error, though its loss is agreed to.
    private func refusals() throws -> [Refusal] {
        let observed = try host.observe()
        let start = try #require(observed.regions[0].resource) + ByteCount.mib(512).bytes
        let clearing = MediaErrorClearing(
            of: MediaErrorClearance.Request(namespace: nil, range: start..<start + 512), on: host,
            safeguards: Safeguards(reading: scratch.store))
        return try clearing.refusals(of: clearing.prepare(), under: Consent(allowDestroy: ["region0"]))
    }

    /// Its label goes as another tool that deletes it takes it.
    private func deleteNamespace() {
        host.state.update(region: 0) { region in region.namespaces.removeAll { $0.name == "wal" } }
    }

    @Test func freeSpaceIsClearedBesideWhatIsProtected() throws {
        #expect(try refusals().isEmpty)
        // Where labels describe the region, one that is not there was taken by somebody who meant it.
        deleteNamespace()
        #expect(try refusals().isEmpty)
    }

    /// The index is gone, and the kernel goes by what it read at its boot.
    @Test func freeSpaceOfARegionThatLostItsLabelsIsNotCleared() throws {
        deleteNamespace()
        host.state.update(dimm: 0) { dimm in dimm.labelVersion = nil }
        try #require(try host.observe().regions[0].labelling == .labelled)
        let refusal = try #require(try refusals().first { $0.code == .protected })
        #expect(refusal.advice?.contains("daxprov unprotect wal") == true)
        _ = try Unprotection(host: host, store: scratch.store).run("wal")
        #expect(try !refusals().contains { $0.code == .protected })
    }

    @Test func theStatusSaysWhoseLabelNoNamespaceShows() throws {
        func status() throws -> HostStatus {
            try HostStatus(of: scratch.store) { () throws(OperationError) in try host.observe() }
        }
        let there = try status()
        #expect(there.protected.map(\.name) == ["wal"] && there.unseenMarks.isEmpty)
        #expect(!StatusReport(there).text().contains("No namespace shows this label"))
        #expect(!StatusReport(there).json.text().contains("label_missing"))
        try host.store(.disableRegion(0))
        let disabled = StatusReport(try status()).text()
        #expect(disabled.contains("ndctl enable-region region0") && !disabled.contains("has lost its labels"))
        try host.store(.enableRegion(0))
        deleteNamespace()
        let gone = try status()
        #expect(gone.unseenMarks == gone.protected && gone.protected.count == 1)
        let text = StatusReport(gone).text()
        #expect(text.contains("Protected: wal") && text.contains("No namespace shows this label"))
        #expect(StatusReport(gone).json.text().contains("label_missing"))
        // Nothing is said of marks on a host that could not be looked at.
        let unseen = try HostStatus(of: scratch.store) { () throws(OperationError) in
            throw OperationError(.unavailable, while: "observe the host", reason: "it is not there")
        }
        #expect(unseen.protected.count == 1 && unseen.unseenMarks.isEmpty)
    }
}
