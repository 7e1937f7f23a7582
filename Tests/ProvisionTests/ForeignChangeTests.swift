import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Another tool changes the host while an apply runs.
@Suite struct ForeignChangeTests {
    private static let consent = Consent(allowDestroy: ["heap", "wal"])

    private static func profile(_ namespaces: String...) throws -> Profile {
        let items = namespaces.map { "      - {\($0)}\n" }.joined()
        let text = "version: 1\nregions:\n  - match: {region: 0}\n    namespaces:\n\(items)"
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    private static func host() throws -> SimulatedHost {
        let host = try SimulatedHost(json: TestFiles.text("../../profiles/hosts/one-dimm.json"))
        let application = Application(
            of: try profile(
                "name: wal, mode: fsdax, size: 128 MiB", "name: heap, mode: devdax, size: 64 MiB"), to: host)
        _ = try application.carryOut(application.prepare(), consent: Consent(), recordingIn: nil)
        return host
    }

    /// Both namespaces change their modes: two disables, two reconfigurations.
    private static func wanted() throws -> Profile {
        try profile("name: wal, mode: devdax, size: 128 MiB", "name: heap, mode: fsdax, size: 64 MiB")
    }

    private static func target(_ name: String, _ host: SimulatedHost) throws -> NamespaceTarget {
        let namespaces = try host.observe().regions[0].namespaces
        return NamespaceTarget(try #require(namespaces.first { $0.name == name }), region: "region0")
    }

    /// What `ndctl` would do of its own.
    private static func act(_ action: String, on name: String, _ host: SimulatedHost) throws {
        let target = try target(name, host)
        let identity = FreshIdentity(
            labelUUID: try #require(UUID("11111111-2222-4333-8444-555555555555")),
            infoBlock: try #require(UUID("11111111-2222-4333-8444-666666666666")))
        _ = try host.perform(.disable(target), identity: identity)
        switch action {
        case "destroy": _ = try host.perform(.destroy(target), identity: identity)
        case "rename":
            _ = try host.perform(.rename(target, try #require(NamespaceName("new"))), identity: identity)
        case "reconfigure":
            let layout = Layout(
                name: NamespaceName(name), mode: .raw, sectorSize: SectorSize(512), rawSize: target.rawSize)
            _ = try host.perform(.reconfigure(target, layout), identity: identity)
        default: break
        }
    }

    /// Applies, and lets `act` happen when the step of an index begins.
    private static func apply(
        _ host: SimulatedHost, _ store: TransactionStore, at index: Int, _ act: () throws -> Void
    ) throws -> Application.Ending {
        let application = Application(of: try wanted(), to: host)
        return try withoutActuallyEscaping(act) { act in
            try application.carryOut(application.prepare(), consent: consent, recordingIn: store) {
                progress in
                guard case .begins(_, index, _) = progress else { return }
                do { try act() } catch { Issue.record(error) }
            }
        }
    }

    @Test(arguments: ["disable", "rename", "reconfigure", "destroy"])
    func beforeTheFirstStepNothingIsTouched(action: String) throws {
        let host = try Self.host()
        let scratch = try ScratchDirectory()
        var foreign = ""
        let ending = try Self.apply(host, scratch.store, at: 0) {
            try Self.act(action, on: "wal", host)
            foreign = host.json
        }
        guard case .stale(let differences) = ending else {
            Issue.record("\(ending)")
            return
        }
        #expect(differences.first?.message.hasPrefix("another tool changed it meanwhile: it") == true)
        #expect(host.json == foreign)
        #expect(try scratch.store.interrupted().isEmpty)
    }

    @Test(arguments: ["disable", "rename", "reconfigure", "destroy"])
    func laterEverythingOfOursIsUndoneAndNothingOfTheirs(action: String) throws {
        let host = try Self.host()
        let before = try host.observe()
        let scratch = try ScratchDirectory()
        let steps = Planner.plan(try Self.wanted(), on: before).steps.map(\.step)
        let index = try #require(
            steps.firstIndex {
                if case .disable(let target) = $0 { target.displayName == "heap" } else { false }
            })
        try #require(index > 0)
        var theirs: Namespace?
        let ending = try Self.apply(host, scratch.store, at: index) {
            try Self.act(action, on: "heap", host)
            theirs = try host.observe().regions[0].namespaces.first { $0.name == "heap" || $0.name == "new" }
        }
        guard case .undone(let failed, let error, _) = ending else {
            Issue.record("\(ending)")
            return
        }
        #expect(failed == steps[index])
        #expect(error.kind == .changed)
        #expect(error.reason.hasPrefix("another tool changed it meanwhile: it"), "\(error)")
        let after = try host.observe().regions[0].namespaces
        let wal = before.regions[0].namespaces.first { $0.name == "wal" }
        #expect(after.contains { $0.name == "wal" && $0.labelUUID == wal?.labelUUID && $0.mode == .fsdax })
        #expect(after.first { $0.name != "wal" }?.labelUUID == theirs?.labelUUID)
        #expect(after.first { $0.name != "wal" }?.mode == theirs?.mode)
        #expect(after.count == (theirs == nil ? 1 : 2), "a namespace that they destroyed is not brought back")
        #expect(try scratch.store.interrupted().isEmpty)
    }

    @Test func aNamespaceThatSomebodyEnablesAgainIsLeftAlone() throws {
        let host = try Self.host()
        let scratch = try ScratchDirectory()
        let steps = Planner.plan(try Self.wanted(), on: try host.observe()).steps.map(\.step)
        let index = try #require(
            steps.firstIndex {
                if case .reconfigure(let target, _) = $0 { target.displayName == "wal" } else { false }
            })
        let ending = try Self.apply(host, scratch.store, at: index) {
            var generator = SystemRandomNumberGenerator()
            let identity = FreshIdentity.random(using: &generator)
            _ = try host.perform(.enable(try Self.target("wal", host)), identity: identity)
        }
        guard case .undone(_, let error, _) = ending else {
            Issue.record("\(ending)")
            return
        }
        #expect(error.reason.contains("its state was disabled, and is active"))
    }

    /// A creation that comes out elsewhere: somebody took the place.
    @Test func aPlaceThatSomebodyTookIsNotWrittenTo() throws {
        let host = try Self.host()
        let scratch = try ScratchDirectory()
        let profile = try Self.profile(
            "name: wal, mode: fsdax, size: 128 MiB", "name: heap, mode: devdax, size: 64 MiB",
            "name: new, mode: fsdax, size: 64 MiB")
        let application = Application(of: profile, to: host)
        let prepared = try application.prepare()
        guard case .create(var placement)? = prepared.plan.steps.first?.step else {
            Issue.record("no creation")
            return
        }
        placement.layout.name = NamespaceName("theirs")
        let theirs = FreshIdentity(
            labelUUID: try #require(UUID("11111111-2222-4333-8444-555555555555")),
            infoBlock: try #require(UUID("11111111-2222-4333-8444-666666666666")))
        _ = try host.perform(.create(placement), identity: theirs)
        let before = HostSnapshot(try host.observe())
        let ending = try application.carryOut(prepared, consent: Consent(), recordingIn: scratch.store)
        guard case .undone(_, let error, _) = ending else {
            Issue.record("\(ending)")
            return
        }
        #expect(error.kind == .changed)
        #expect(HostSnapshot(try host.observe()) == before)
    }
}
