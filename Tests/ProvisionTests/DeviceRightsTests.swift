import Glibc
import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Whose the node of a devdax namespace's device is: what plans say, what is left wherever an apply, a rollback or a recovery dies, and
/// the file of rules. `Tests/VM/test_rights.py` has the list of what can happen, on the kernel.
@Suite struct DeviceRightsTests {
    private static let machine = """
        {"format_version": 1, "simulated_host": {
          "accounts": {"users": {"db": 999, "kv": 1000}, "groups": {"db": 990}},
          "buses": [{
            "dimms": [{"id": "a", "size": "2 GiB", "label_size": "128 KiB"}],
            "regions": [{"dimms": ["a"], "target_node": 1}]}]}}
        """

    private static func profile(_ device: String?, mode: String = "devdax", size: String = "512 MiB") throws
        -> Profile
    {
        let device = device.map { ", device: {\($0)}" } ?? ""
        let text = """
            version: 1
            regions:
              - match: {region: 0}
                labels: init
                namespaces:
                  - {name: heap, mode: \(mode), size: \(size)\(device)}
                  - {name: other, mode: devdax, size: 64 MiB}
            """
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    private static let database = "owner: db, group: db, permissions: \"0660\""
    private static let databases = NodeRights(owner: 999, group: 990, permissions: 0o660)
    /// What a profile says of the device, and the rights that come of it; nil: no line of it.
    private static let rights: [(words: String?, rights: NodeRights?)] = [
        (nil, nil), ("mode: devdax", nil), (database, databases), ("owner: kv", NodeRights(owner: 1000)),
        ("group: 7", NodeRights(group: 7)), ("permissions: \"0666\"", NodeRights(permissions: 0o666)),
    ]

    private static func host(_ device: String? = nil) throws -> SimulatedHost {
        let host = try SimulatedHost(json: machine)
        try apply(profile(device), to: host, nil)
        return host
    }

    @discardableResult
    private static func apply(
        _ profile: Profile, to host: SimulatedHost, _ store: TransactionStore?
    ) throws -> Plan {
        let application = Application(of: profile, to: host)
        let prepared = try application.prepare()
        let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
        let ending = try application.carryOut(prepared, consent: consent, recordingIn: store)
        switch ending {
        case .applied, .unchanged: break
        default: Issue.record("not applied: \(ending)")
        }
        return prepared.plan
    }

    private static func heap(_ host: SimulatedHost) throws -> Namespace? {
        try host.observe().regions.flatMap(\.namespaces).first { $0.name == "heap" }
    }

    private static func found(_ host: SimulatedHost) throws -> DeviceRights? { try heap(host)?.rights }

    @Test(arguments: 0..<rights.count, 0..<rights.count)
    func allRightsBecomeAllOthersWithoutAQuestion(from: Int, to: Int) throws {
        let (old, new) = (Self.rights[from], Self.rights[to])
        let host = try Self.host(old.words)
        #expect(try Self.found(host) == DeviceRights(declared: old.rights))
        let scratch = try ScratchDirectory()
        let plan = try Self.apply(Self.profile(new.words), to: host, scratch.store)
        #expect(plan.isEmpty == (old.rights == new.rights))
        #expect(plan.losses.isEmpty && plan.changes.allSatisfy { $0.reversibility == .lossless })
        #expect(plan.steps.allSatisfy { $0.step.kind == .setRights })
        #expect(try Self.found(host) == DeviceRights(declared: new.rights))
        #expect(try Application(of: Self.profile(new.words), to: host).prepare().plan.isEmpty)
        // A boot gives the node what the rule says.
        try host.reboot()
        #expect(try Self.found(host) == DeviceRights(declared: new.rights))
        guard !plan.isEmpty else { return }
        let id = try #require(try scratch.store.readings().last?.name)
        let undone = try Recovery(host: host, store: scratch.store).rollBack(id)
        #expect(undone.left.isEmpty)
        #expect(try Self.found(host) == DeviceRights(declared: old.rights))
    }

    /// The rule goes with its namespace, and comes back with it.
    @Test(arguments: ["replaced", "destroyed", "fsdax", "system-ram"])
    func rulesGoWithTheirNamespacesAndComeBackWithThem(way: String) throws {
        let host = try Self.host(Self.database)
        let scratch = try ScratchDirectory()
        let profile =
            switch way {
            case "replaced": try Self.profile(Self.database, size: "768 MiB")
            case "fsdax": try Self.profile(nil, mode: "fsdax")
            case "system-ram": try Self.profile("mode: system-ram, online: none")
            default:
                try ProfileReader.read(
                    Array(
                        "version: 1\nunmanaged: destroy\nregions:\n- match: {region: 0}\n  namespaces:\n  - {name: other, mode: devdax, size: 64 MiB}"
                            .utf8), source: "p")
            }
        try Self.apply(profile, to: host, scratch.store)
        #expect(host.state.deviceRules.count == (way == "replaced" ? 1 : 0))
        #expect(
            try Self.found(host)
                == (way == "destroyed"
                    ? nil : way == "replaced" ? DeviceRights(declared: Self.databases) : DeviceRights.none))
        let id = try #require(try scratch.store.readings().last?.name)
        _ = try Recovery(host: host, store: scratch.store).rollBack(id)
        #expect(try Self.found(host) == DeviceRights(declared: Self.databases))
        #expect(host.state.deviceRules.count == 1)
    }

    /// Wherever it dies, recovery ends with the rights that were, or those that are declared.
    @Test(arguments: [(0, 2), (2, 0), (2, 3), (3, 4)], [false, true])
    func aCrashAtAnyStoreEndsInTheOldOrTheNewRights(of: (from: Int, to: Int), withReboot: Bool) throws {
        let (old, new) = (Self.rights[of.from], Self.rights[of.to])
        let profile = try Self.profile(new.words, size: "640 MiB")
        let scratch = try ScratchDirectory()
        for point in stride(from: 1, to: 60, by: CrashScale.every(2)) {
            let host = try Self.host(old.words)
            let store = TransactionStore(StateDirectory(scratch.path.appending("state-\(point)")))
            host.arm(SimulatedFault(.crash, atOperation: point))
            let application = Application(of: profile, to: host)
            let prepared = try application.prepare()
            let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
            do throws(OperationError) {
                let ending = try application.carryOut(prepared, consent: consent, recordingIn: store)
                if case .applied = ending {
                    #expect(point > 5)
                    return
                }
            } catch {
                // The crash.
            }
            let survivor = try SimulatedHost(json: host.json)
            survivor.arm(nil)
            if withReboot { try survivor.reboot() }
            let outcome = try Recovery(host: survivor, store: store).run()
            #expect(outcome.blocked.isEmpty, "point \(point): \(outcome)")
            let found = try Self.found(survivor)
            let isNew = try Self.heap(survivor)?.rawSize == .mib(640)
            #expect(found == DeviceRights(declared: isNew ? new.rights : old.rights), "point \(point)")
            #expect(
                survivor.state.deviceRules.count == ((isNew ? new : old).rights == nil ? 0 : 1),
                "point \(point)")
        }
        Issue.record("it never came to its end")
    }

    @Test func whatSomebodyChangedSinceStays() throws {
        let host = try Self.host()
        let scratch = try ScratchDirectory()
        try Self.apply(Self.profile(Self.database), to: host, scratch.store)
        let target = NamespaceTarget(try #require(try Self.heap(host)), region: "region0")
        let others = DeviceRights(node: NodeRights(owner: 5), rule: NodeRights(owner: 5))
        _ = try host.perform(.setRights(target, others), identity: .none)
        let id = try #require(try scratch.store.readings().last?.name)
        let undone = try Recovery(host: host, store: scratch.store).rollBack(id)
        #expect(undone.left.count == 1 && undone.left[0].contains("somebody changed their rule since"))
        #expect(try Self.found(host) == others)
    }

    /// Who was given a node may change its bits: that keeps him nothing.
    @Test func whatOnlyTheNodeHasDoesNotOutliveItsRule() throws {
        let host = try Self.host()
        let scratch = try ScratchDirectory()
        try Self.apply(Self.profile(Self.database), to: host, scratch.store)
        let target = NamespaceTarget(try #require(try Self.heap(host)), region: "region0")
        let opened = DeviceRights(node: NodeRights(owner: 999, permissions: 0o666), rule: Self.databases)
        _ = try host.perform(.setRights(target, opened), identity: .none)
        // It shows as a difference.
        #expect(try Application(of: Self.profile(Self.database), to: host).prepare().plan.changes.count == 1)
        let id = try #require(try scratch.store.readings().last?.name)
        let undone = try Recovery(host: host, store: scratch.store).rollBack(id)
        #expect(undone.left.isEmpty)
        #expect(try Self.found(host) == DeviceRights.none)
    }

    /// A namespace that was disabled, and is disabled again, leaves nobody a rule.
    @Test func aRuleForWhatWasDisabledIsUndone() throws {
        let host = try Self.host()
        let scratch = try ScratchDirectory()
        _ = try host.perform(
            .disable(NamespaceTarget(try #require(try Self.heap(host)), region: "region0")), identity: .none)
        try Self.apply(Self.profile(Self.database), to: host, scratch.store)
        #expect(try Self.found(host) == DeviceRights(declared: Self.databases))
        let id = try #require(try scratch.store.readings().last?.name)
        _ = try Recovery(host: host, store: scratch.store).rollBack(id)
        #expect(try Self.heap(host)?.isActive == false)
        #expect(host.state.deviceRules.isEmpty)
    }

    /// A namespace that comes back with a reboot alone has no device until then: that its rights are not given again is said.
    @Test func rightsThatCannotComeBackAreNamed() throws {
        let host = try SimulatedHost(
            json: """
                {"format_version": 1, "simulated_host": {"buses": [{
                  "dimms": [{"id": "a", "size": "2 GiB", "label_size": "128 KiB", "labels": "none"}],
                  "regions": [{"dimms": ["a"], "namespaces": [{"mode": "devdax"}]}]}]}}
                """)
        let spanning = try #require(try host.observe().regions.first?.namespaces.first)
        try #require(spanning.mode == .devdax && spanning.labelUUID == nil)
        let given = DeviceRights(declared: NodeRights(owner: 7))
        _ = try host.perform(.setRights(NamespaceTarget(spanning, region: "region0"), given), identity: .none)
        let scratch = try ScratchDirectory()
        try Self.apply(Self.profile(nil), to: host, scratch.store)
        #expect(host.state.deviceRules.isEmpty)
        let id = try #require(try scratch.store.readings().last?.name)
        let undone = try Recovery(host: host, store: scratch.store).rollBack(id)
        #expect(undone.afterReboot == ["region0"])
        #expect(undone.left.contains { $0.contains("could get its rights again (owner 7") }, "\(undone.left)")
    }

    /// Rights that somebody gave by hand do not keep an undoing from its end that has nothing to do with them.
    @Test func rightsByHandThatCannotBeGivenAgainAreNamed() throws {
        let host = try Self.host()
        let target = NamespaceTarget(try #require(try Self.heap(host)), region: "region0")
        let byHand = DeviceRights(node: NodeRights(permissions: 0o666))
        _ = try host.perform(.setRights(target, byHand), identity: .none)
        var named = 0
        for point in 1...40 {
            let scratch = try ScratchDirectory()
            let copy = try SimulatedHost(json: host.json)
            try Self.apply(Self.profile(nil, mode: "fsdax"), to: copy, scratch.store)
            let id = try #require(try scratch.store.readings().last?.name)
            copy.arm(SimulatedFault(.fail(errno: 5), atOperation: point))
            let undone = try? Recovery(host: copy, store: scratch.store).rollBack(id)
            if copy.state.fault != nil {
                #expect(undone?.left.isEmpty == true && named > 0)
                #expect(try Self.found(copy) == byHand)
                return
            }
            guard let undone, !undone.left.isEmpty else { continue }
            named += 1
            #expect(undone.left[0].contains("cannot be given again"))
            #expect(try Self.found(copy) == DeviceRights.none)
        }
        Issue.record("it never came to its end")
    }

    /// One apply is enough, also where the namespace is renamed.
    @Test func aRenamedNamespaceLosesTheRuleThatIsNotDeclaredAnyMore() throws {
        let host = try Self.host(Self.database)
        let text = """
            version: 1
            regions:
              - match: {region: 0}
                namespaces:
                  - {name: pile, renamed_from: heap, mode: devdax, size: 512 MiB}
                  - {name: other, mode: devdax, size: 64 MiB}
            """
        try Self.apply(try ProfileReader.read(Array(text.utf8), source: "p"), to: host, nil)
        #expect(host.state.deviceRules.isEmpty)
    }

    @Test func anAccountThatIsNotThereIsRefusedBeforeAnything() throws {
        let host = try Self.host()
        let plan = try Application(of: Self.profile("owner: nobody-here, group: db"), to: host).prepare().plan
        #expect(plan.refusals.map(\.code) == [.accountUnknown])
        #expect(plan.refusals.first?.message.contains("user nobody-here") == true)
        #expect(plan.changes.isEmpty)
    }

    @Test func rulesThatAreNotDaxprovsAreRefusedBeforeAnything() throws {
        let host = try Self.host()
        var plan = try Application(of: Self.profile(Self.database), to: host).prepare().plan
        var findings = UseReport()
        #expect(plan.reviewed(by: findings.reviews(stateDirectory: nil)).refusals.isEmpty)
        findings.deviceRulesFault = "/etc/udev/rules.d/05-daxprov.rules: it is a link"
        plan = plan.reviewed(by: findings.reviews(stateDirectory: nil))
        #expect(plan.refusals.map(\.code) == [.deviceRulesForeign])
        // A plan that writes no rule has nothing to do with it.
        let none = try Application(of: Self.profile(nil), to: host).prepare().plan
        #expect(none.reviewed(by: findings.reviews(stateDirectory: nil)).refusals.isEmpty)
    }

    // MARK: The file

    private static let keys = [
        "199cb51e-a8af-45c4-b80d-29c26f9dc084", "099cb51e-a8af-45c4-b80d-29c26f9dc084",
    ]
    .compactMap { UUID($0).map(DeviceKey.infoBlock) }

    @Test(arguments: [
        "wal", "", " ", "a\nb", "a\\", "a\u{0}b", "\u{1B}[31m", "a:", "voilà", "\u{301}e", "\u{D4E}",
        "\"; RUN+=\"/bin/sh",
        String(repeating: "x", count: 200),
    ])
    func rulesAreReadAsTheyWereWrittenWhateverTheNamespaceIsCalled(name: String) throws {
        var rules = DeviceRules()
        rules.rules[Self.keys[0]] = .init(Self.databases, for: name)
        rules.rules[Self.keys[1]] = .init(NodeRights(permissions: 0o4755), for: "other")
        #expect(DeviceRules(parsing: rules.text) == rules)
        let lines = rules.text.split(separator: "\n")
        #expect(lines.count == 9)
        // The same for memory, of one range and of several.
        rules.rules[.memory([0..<0x1000])] = .init(Self.databases, for: name)
        rules.rules[.memory([0x2000..<0x3000, 0x1000..<0x2000])] = .init(Self.databases, for: name)
        #expect(DeviceRules(parsing: rules.text) == rules)
        #expect(
            rules.text.contains(
                "ATTR{mapping0/start}==\"0x2000\", ATTR{mapping0/end}==\"0x2fff\", ATTR{mapping1/start}==\"0x1000\", "
                    + "ATTR{mapping1/end}==\"0x1fff\", TEST!=\"mapping2\", OWNER=\"999\""))
        #expect(lines.allSatisfy { !$0.hasSuffix("\\") })
        #expect(lines.filter { $0.contains("RUN") }.allSatisfy { $0.hasPrefix("#") })
    }

    @Test func whatSomebodyChangedIsNotDaxprovs() throws {
        let text = DeviceRules([Self.keys[0]: .init(Self.databases, for: "wal")]).text
        #expect(DeviceRules(parsing: text) != nil)
        for (what, by) in [
            ("0660", "0666"), ("OWNER=\"999\"", "OWNER=\"db\""), ("\nLABEL", "\nKERNEL==\"x\"\nLABEL"),
            ("# Written", "# written"),
            ("daxprov_end\"\n", "daxprov_end\""), ("wal:", "wal"),
        ] {
            let changed = text.replacing(what, with: by)
            #expect(changed != text)
            // Another number of permissions is what daxprov could have written.
            #expect((DeviceRules(parsing: changed) == nil) == (what != "0660"), "\(what)")
        }
        #expect(DeviceRules(parsing: "") == nil)
    }

    @Test func theFileIsThereAsLongAsThereAreRules() throws {
        let scratch = try ScratchDirectory()
        let path = scratch.path.appending("udev/rules.d/61.rules")
        let file = DeviceRulesFile(path)
        let rule = DeviceRules.Rule(Self.databases, for: "wal")
        try file.set(nil, for: Self.keys[0])
        #expect(unsafe access(path.string, F_OK) != 0)
        try file.set(rule, for: Self.keys[0])
        try file.set(rule, for: Self.keys[1])
        #expect(file.rule(for: Self.keys[0]) == rule)
        var status = stat()
        #expect(unsafe lstat(path.string, &status) == 0 && status.st_mode == S_IFREG | 0o644)
        try file.set(nil, for: Self.keys[0])
        #expect(file.rule(for: Self.keys[0]) == nil && file.rule(for: Self.keys[1]) == rule)
        // A draft that a crash left is in nobody's way.
        try scratch.write("half", to: "udev/rules.d/61.rules.new")
        try file.set(rule, for: Self.keys[0])
        #expect(file.rule(for: Self.keys[0]) == rule)
        try file.removeIfEmpty()
        for key in Self.keys { try file.set(nil, for: key) }
        #expect(DeviceRules(parsing: DeviceRules().text) == DeviceRules())
        #expect(unsafe access(path.string, F_OK) == 0)
        try file.removeIfEmpty()
        #expect(unsafe access(path.string, F_OK) != 0)
        unsafe rmdir(scratch.path.appending("udev/rules.d").string)
        unsafe rmdir(scratch.path.appending("udev").string)
    }

    @Test(arguments: [
        "link", "link to nothing", "somebody's", "FIFO", "directory", "others may write", "too large",
    ])
    func aFileThatIsNotDaxprovsIsNeverTouched(kind: String) throws {
        let scratch = try ScratchDirectory()
        let path = scratch.path.appending("61.rules")
        let ours = DeviceRules([Self.keys[0]: .init(Self.databases, for: "wal")]).text
        switch kind {
        case "link", "link to nothing":
            if kind == "link" { try scratch.write(ours, to: "elsewhere") }
            try #require(unsafe symlink("elsewhere", path.string) == 0)
        case "somebody's": try scratch.write("KERNEL==\"dax*\", MODE=\"0666\"\n", to: "61.rules")
        case "FIFO": try #require(unsafe mkfifo(path.string, 0o644) == 0)
        case "directory": try #require(unsafe mkdir(path.string, 0o755) == 0)
        case "others may write":
            try scratch.write(ours, to: "61.rules")
            try #require(unsafe chmod(path.string, 0o666) == 0)
        default: try scratch.write(String(repeating: "#\n", count: 3 << 20), to: "61.rules")
        }
        let file = DeviceRulesFile(path)
        let fault = try #require(file.fault)
        #expect(!fault.isEmpty)
        #expect(file.rule(for: Self.keys[0]) == nil)
        for rule in [nil, DeviceRules.Rule(Self.databases, for: "wal")] {
            let error = #expect(throws: OperationError.self) { try file.set(rule, for: Self.keys[1]) }
            #expect(error?.reason.contains(fault) == true && error?.device == path.string)
        }
        var status = stat()
        #expect(unsafe lstat(path.string, &status) == 0)
        if kind == "directory" { unsafe rmdir(path.string) }
    }
}
