import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What a disabled namespace holds is looked at before the step that would destroy it, and before the intent of that step. An apply that dies in
/// the look leaves it online and raw.
@Suite struct InterruptedLookTests {
    private static let machine = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"}], "regions": [{"dimms": ["a"]}]}]}}
        """

    private static func carryOut(
        _ namespaces: String, on host: SimulatedHost, _ store: TransactionStore?
    ) throws {
        let text =
            "version: 1\nunmanaged: destroy\nregions:\n  - match: {region: 0}\n    namespaces: [\(namespaces)]\n"
        let application = Application(
            of: try ProfileReader.read(Array(text.utf8), source: "test.yaml"), to: host)
        let prepared = try application.prepare()
        let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
        _ = try application.carryOut(prepared, consent: consent, recordingIn: store)
    }

    private static func target(_ host: SimulatedHost) throws -> NamespaceTarget {
        NamespaceTarget(try x(host), region: "region0")
    }

    private static func x(_ host: SimulatedHost) throws -> Namespace {
        try #require(try host.observe().regions.first?.namespaces.first)
    }

    /// The hosts that an apply leaves which dies at a store, before the first intent.
    private static func survivors(
        of host: SimulatedHost, _ scratch: ScratchDirectory
    ) throws -> [(host: SimulatedHost, store: TransactionStore)] {
        var found: [(SimulatedHost, TransactionStore)] = []
        for point in 1...20 {
            let tried = try SimulatedHost(json: host.json)
            tried.arm(SimulatedFault(.crash, atOperation: point))
            let store = TransactionStore(StateDirectory(scratch.path.appending("state-\(point)")))
            _ = try? carryOut("", on: tried, store)
            guard let log = try store.interrupted().first, log.begun.isEmpty else { continue }
            let survivor = try SimulatedHost(json: tried.json)
            survivor.arm(nil)
            found.append((survivor, store))
        }
        return found
    }

    private static func disabled(_ mode: String) throws -> SimulatedHost {
        let host = try SimulatedHost(json: machine)
        try carryOut("{name: x, mode: \(mode), size: 64 MiB}", on: host, nil)
        try host.write(5, to: target(host), at: [.zero, .mib(16)])
        _ = try host.perform(.disable(try target(host)), identity: .none)
        // The kernel counts writes from each time on that it is enabled.
        for number in host.state.buses[0].regions[0].namespaces.indices {
            host.state.buses[0].regions[0].namespaces[number].isWritten = false
        }
        return host
    }

    @Test(arguments: ["raw", "fsdax", "sector"])
    func whatALookLeftOnlineIsDisabledAgain(mode: String) throws {
        let scratch = try ScratchDirectory()
        let host = try Self.disabled(mode)
        let before = HostSnapshot(try host.observe())
        let untouched = try SimulatedHost(json: host.json)
        let running = try untouched.perform(.enable(Self.target(untouched)), identity: .none)
        var online = 0
        for (survivor, store) in try Self.survivors(of: host, scratch) {
            if try Self.x(survivor).isActive { online += 1 }
            let outcome = try Recovery(host: survivor, store: store).run()
            #expect(outcome.blocked.isEmpty && outcome.recovered.first?.undone.left == [], "\(outcome)")
            #expect(HostSnapshot(try survivor.observe()) == before)
            #expect(try survivor.perform(.enable(Self.target(survivor)), identity: .none) == running)
        }
        #expect(online > 0)
    }

    @Test func whereSomebodyHasWrittenItIsLeftAndSaid() throws {
        let scratch = try ScratchDirectory()
        var online = 0
        for (survivor, store) in try Self.survivors(of: try Self.disabled("fsdax"), scratch) {
            guard try Self.x(survivor).isActive else { continue }
            online += 1
            try survivor.write(7, to: Self.target(survivor), at: [.mib(1)])
            let left = try Self.x(survivor)
            let outcome = try Recovery(host: survivor, store: store).run()
            #expect(outcome.recovered.first?.undone.left.first?.contains("left so") == true, "\(outcome)")
            #expect(try Self.x(survivor) == left && survivor.state.pages.contains { $0.value == 7 })
        }
        #expect(online > 0)
    }

    /// The simulated kernel counts no writes where it was not forced raw; without an info block it runs raw all the same.
    private static func stopCounting(on host: SimulatedHost) {
        host.state.infoBlocks = [:]
        for number in host.state.buses[0].regions[0].namespaces.indices {
            host.state.buses[0].regions[0].namespaces[number].isForcedRaw = false
        }
    }

    /// The look can have ended, and its owner have enabled it since: it comes up as the same, so nothing of it is given up.
    @Test func whatHasNoInfoBlockIsLeftOnlineUnasked() throws {
        let scratch = try ScratchDirectory()
        var online = 0
        for (survivor, store) in try Self.survivors(of: try Self.disabled("raw"), scratch) {
            guard try Self.x(survivor).isActive else { continue }
            online += 1
            Self.stopCounting(on: survivor)
            let x = try Self.x(survivor)
            let outcome = try Recovery(host: survivor, store: store).run()
            #expect(outcome.blocked.isEmpty, "\(outcome)")
            #expect(outcome.recovered.first?.undone.left.first?.contains("not known") == true, "\(outcome)")
            #expect(try Self.x(survivor) == x)
        }
        #expect(online > 0)
    }

    /// Where the program died before the kernel counted writes, it is asked for before anything is given up; and once: a recovery that
    /// dies with consent goes on without.
    @Test func whatIsNotKnownIsAskedForOnce() throws {
        let scratch = try ScratchDirectory()
        var asked = 0
        for (survivor, store) in try Self.survivors(of: try Self.disabled("fsdax"), scratch) {
            guard try Self.x(survivor).isActive else { continue }
            Self.stopCounting(on: survivor)
            let x = try Self.x(survivor)
            try #require(x.mode == .raw && x.recordedMode == .fsdax)
            let first = try Recovery(host: survivor, store: store).run()
            guard case .consentMissing(let losses)? = first.blocked.first?.error.kind else {
                Issue.record("nothing was asked: \(first)")
                continue
            }
            asked += 1
            #expect(losses.map(\.address) == ["region0/x"] && losses[0].consequence.contains("not known"))
            #expect(try Self.x(survivor) == x)
            #expect(try store.interrupted().first?.agreed.isEmpty == true)
            survivor.arm(SimulatedFault(.crash, atOperation: 1))
            _ = try Recovery(host: survivor, store: store, consent: Consent(allowDestroy: ["x"])).run()
            #expect(try store.interrupted().first?.agreed.isEmpty == false)
            let next = try SimulatedHost(json: survivor.json)
            next.arm(nil)
            let outcome = try Recovery(host: next, store: store).run()
            #expect(outcome.blocked.isEmpty && outcome.recovered.count == 1, "\(outcome)")
            #expect(try !Self.x(next).isActive)
        }
        #expect(asked > 0)
    }

    /// A boot brings everything online as its info block says: people use it.
    @Test func afterABootNothingIsDisabled() throws {
        let scratch = try ScratchDirectory()
        for (survivor, store) in try Self.survivors(of: try Self.disabled("fsdax"), scratch) {
            try survivor.reboot()
            let booted = HostSnapshot(try survivor.observe())
            let outcome = try Recovery(host: survivor, store: store).run()
            #expect(outcome.blocked.isEmpty && outcome.recovered.count == 1, "\(outcome)")
            #expect(HostSnapshot(try survivor.observe()) == booted)
        }
    }
}
