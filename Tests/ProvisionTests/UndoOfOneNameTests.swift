import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Two namespaces of one region have the same name, which the kernel allows: to undoing they are two, whatever becomes of one of them.
@Suite struct UndoOfOneNameTests {
    private static let machine = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"}],
          "regions": [{"dimms": ["a"], "namespaces": [
            {"name": "x", "uuid": "11111111-2222-4333-8444-000000000001", "mode": "raw", "size": "64 MiB"},
            {"name": "x", "uuid": "11111111-2222-4333-8444-000000000002", "mode": "raw", "size": "64 MiB",
              "offset": "512 MiB"}]}]}]}}
        """

    private static func namespaces(_ host: SimulatedHost) throws -> [Namespace] {
        try host.observe().regions[0].namespaces.sorted { ($0.resource ?? 0) < ($1.resource ?? 0) }
    }

    /// A host on which both hold something.
    private static func host() throws -> SimulatedHost {
        let host = try SimulatedHost(json: machine)
        for (number, namespace) in try namespaces(host).enumerated() {
            try host.write(
                UInt64(5 + number), to: NamespaceTarget(namespace, region: "region0"), at: [.zero, .mib(32)])
        }
        return host
    }

    /// Destroys both.
    private static func destroyBoth(
        on host: SimulatedHost, _ store: TransactionStore
    ) throws -> Application.Ending {
        let text =
            "version: 1\nunmanaged: destroy\nregions:\n  - match: {region: 0}\n    namespaces: []\n"
        let application = Application(
            of: try ProfileReader.read(Array(text.utf8), source: "test.yaml"), to: host)
        return try application.carryOut(
            application.prepare(), consent: Consent(allowDestroy: ["region0/x"]), recordingIn: store)
    }

    @Test func bothComeBack() throws {
        let host = try Self.host()
        let (before, pages) = (HostSnapshot(try host.observe()), host.state.pages)
        let scratch = try ScratchDirectory()
        try #require(try Self.destroyBoth(on: host, scratch.store).isSuccess)
        try #require(try Self.namespaces(host).isEmpty)
        let undone = try Recovery(host: host, store: scratch.store).rollBack(
            try #require(scratch.store.youngest))
        #expect(undone.returned.map(\.name) == ["x", "x"] && undone.left.isEmpty)
        #expect(HostSnapshot(try host.observe()) == before)
        #expect(host.state.pages == pages)
    }

    /// Wherever the apply dies, somebody destroys one that it had not come to: that stays gone, and the other is as it was.
    @Test func theOtherComesBackWhereOneIsLeft() throws {
        let original = try Self.host()
        let (both, pages) = (try Self.namespaces(original), original.state.pages)
        var (left, broughtBack) = (0, 0)
        for point in 1...60 {
            let scratch = try ScratchDirectory()
            let host = try SimulatedHost(json: original.json)
            host.arm(SimulatedFault(.crash, atOperation: point))
            if let ending = try? Self.destroyBoth(on: host, scratch.store), ending.isSuccess { break }
            let survivor = try SimulatedHost(json: host.json)
            survivor.arm(nil)
            guard let victim = try Self.namespaces(survivor).last, let label = victim.labelUUID else {
                continue
            }
            let target = NamespaceTarget(victim, region: "region0")
            do throws(OperationError) {
                if victim.isActive { _ = try survivor.perform(.disable(target), identity: .none) }
                _ = try survivor.perform(.destroy(target), identity: .none)
            } catch {
                // What is half destroyed another tool need not be able to destroy.
                continue
            }
            let other = try #require(both.first { $0.labelUUID != label })
            let isTouched = try !Self.namespaces(survivor).contains(other)
            let outcome = try Recovery(host: survivor, store: scratch.store).run()
            // Where a step had begun to release it, undoing takes it for its own.
            guard outcome.recovered.first?.undone.left.contains(where: { $0.contains("x is gone") }) == true
            else { continue }
            left += 1
            if isTouched { broughtBack += 1 }
            let now = try Self.namespaces(survivor)
            #expect(now.map(\.resource) == [other.resource], "\(point)")
            #expect(now.allSatisfy { $0.isSame(as: other) && $0.isActive }, "\(point): \(now)")
            let start = try #require(other.resource)
            for address in [start, start + ByteCount.mib(32).bytes] {
                #expect(survivor.state.pages[address] == pages[address], "\(point)")
            }
        }
        #expect(left > 0 && broughtBack > 0, "\(left) were left, and beside \(broughtBack) one came back")
    }

    /// What is left is known by its label: the end is looked at for the other alone.
    @Test func theyAreTwoSubjects() throws {
        let host = try Self.host()
        let scratch = try ScratchDirectory()
        _ = try Self.destroyBoth(on: host, scratch.store)
        let log = try scratch.store.log(try #require(scratch.store.youngest))
        let plan = UndoPlan(of: log, on: try host.observe(), relabelled: [])
        #expect(plan.restorations.map(\.was.displayName) == ["x", "x"])
        #expect(Set(plan.restorations.map(\.subject)).count == 2)
    }
}
