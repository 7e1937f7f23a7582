import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// The places to which undoing brings things back, and what it puts there meanwhile.
///
/// - A gap before the old place, which the kernel fills first (first fit), as long as what comes back, or longer.
/// - The program dies while something holds that gap.
/// - What was saved lies at the very end of a region that had no labels.
/// - A clearing of media errors dies, and what was made to read a free range is still there: in use, or not.
@Suite struct UndoPlacesTests {
    private static func machine(labels: Bool = true) -> String {
        """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"\(labels ? "" : #", "labels": "none""#)}],
          "regions": [{"dimms": ["a"]}]}]}}
        """
    }

    private static func apply(_ items: [String], to host: SimulatedHost, _ store: TransactionStore?) throws {
        let text =
            "version: 1\nunmanaged: destroy\nregions:\n  - match: {region: 0}\n    labels: init\n    namespaces:\n"
            + items.map { "      - {\($0)}\n" }.joined()
        let profile = try ProfileReader.read(Array(text.utf8), source: "test.yaml")
        let application = Application(of: profile, to: host)
        let prepared = try application.prepare()
        let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
        guard case .applied = try application.carryOut(prepared, consent: consent, recordingIn: store) else {
            Issue.record("not applied")
            return
        }
    }

    private static func target(_ name: String, on host: SimulatedHost) throws -> NamespaceTarget {
        let region = try #require(try host.observe().regions.first)
        return NamespaceTarget(
            try #require(region.namespaces.first { $0.name == name }), region: region.device)
    }

    private static func copy(_ host: SimulatedHost) throws -> SimulatedHost {
        let copy = try SimulatedHost(json: host.json)
        copy.arm(nil)
        return copy
    }

    /// The owner destroyed what lay before: the kernel would put there what comes back. Something holds that gap meanwhile, and goes,
    /// also where undoing died in between.
    @Test(arguments: ["64 MiB", "96 MiB"]) func whatHoldsAnEarlierGapGoesAgain(gap: String) throws {
        let host = try SimulatedHost(json: Self.machine())
        let wall = "name: wall, mode: raw, size: 64 MiB"
        try Self.apply(
            ["name: gap, mode: raw, size: \(gap)", wall, "name: x, mode: raw, size: 64 MiB"], to: host, nil)
        try host.write(5, to: Self.target("x", on: host), at: [.zero, .mib(32)])
        let owners = try Self.target("gap", on: host)
        try host.remove(try #require(owners.labelUUID), from: owners.region)
        let before = HostSnapshot(try host.observe())
        var died = 0
        for point in stride(from: 1, to: 41, by: 2) {
            let scratch = try ScratchDirectory()
            let tried = try Self.copy(host)
            try Self.apply([wall], to: tried, scratch.store)
            let id = try #require(try scratch.store.names().last)
            tried.arm(SimulatedFault(.crash, atOperation: point))
            let isUndone = (try? Recovery(host: tried, store: scratch.store).rollBack(id)) != nil
            let survivor = try Self.copy(tried)
            if !isUndone {
                died += 1
                let outcome = try Recovery(host: survivor, store: scratch.store).run()
                #expect(outcome.blocked.isEmpty, "\(point): \(outcome)")
            }
            #expect(HostSnapshot(try survivor.observe()) == before, "\(point)")
            #expect(survivor.state.pages.values.filter { $0 == 5 }.count == 2, "\(point)")
            if isUndone { break }
        }
        #expect(died > 3 && died < 20)
    }

    /// The region had no labels. What the second info block of a translation table was written over lies at its end, and comes back.
    @Test func whatLayAtTheEndOfARegionComesBack() throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.machine(labels: false))
        let region = host.state.regions[0]
        let last = region.resource + region.size.bytes - 4096
        host.state.pages[last] = 5
        try Self.apply(["name: x, mode: sector"], to: host, scratch.store)
        // The simulated kernel writes the first info block alone.
        host.state.pages[last] = 9
        let id = try #require(try scratch.store.names().last)
        let recovery = Recovery(
            host: host, store: scratch.store, consent: Consent(allowDestroy: ["x", "region0"]))
        let undone = try recovery.rollBack(id)
        #expect(undone.afterReboot == ["region0"])
        #expect(host.state.pages[last] == 5)
    }

    /// A clearing died that had made a namespace to read a free range. Where somebody can have used it, it stays, and that is said.
    @Test(arguments: [false, true]) func whatWasMadeToReadAFreeRangeGoesWhereNobodyUsedIt(isUsed: Bool) throws
    {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.machine())
        let empty = try host.observe()
        try Self.apply(["name: look, mode: raw, size: 64 MiB"], to: host, nil)
        let made = try Self.target("look", on: host)
        if isUsed {
            try host.write(7, to: made, at: [.zero])
        } else {
            _ = try host.perform(.disable(made), identity: .none)
        }
        var header = JournalHeader(id: "", time: 0, toolVersion: "0", source: "", before: empty, steps: [])
        header.bootID = host.bootID
        header.clearsErrors = true
        let region = RegionThen(try #require(empty.regions.first))
        try Self.record(
            header, .placeholder(try #require(made.labelUUID), .offset(.zero, region: region)), scratch)
        let recovered = try #require(try Recovery(host: host, store: scratch.store).run().recovered.first)
        #expect(recovered.end == (isUsed ? .incomplete : .committed))
        #expect(recovered.differences.contains { $0.contains("is enabled and stays") } == isUsed)
        #expect(try host.observe().regions[0].namespaces.map(\.name) == (isUsed ? ["look"] : []))
    }

    private static func record(
        _ header: JournalHeader, _ record: JournalRecord, _ scratch: ScratchDirectory
    ) throws {
        var writer = try TransactionWriter.begin(in: scratch.store, header)
        try writer.append(record)
    }
}
