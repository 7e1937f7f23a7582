import Glibc
import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What daxctl's files say, and what comes of it. `Tests/VM/test_daxctl_conf.py` shows that daxctl does the same.
@Suite struct DaxctlConfTests {
    private let tree: HostFileTree
    private static let uuid = "ff94f337-0a12-45be-9a2a-2fab2f211c76"
    private static let other = "0c34a6c1-5f6b-4f39-8f0c-6b1ce2a5d6f1"
    private static let folder = "etc/daxctl.conf.d"

    init() throws { tree = try HostFileTree() }

    private var conf: DaxctlConf { MemoryAgents(below: tree.root).daxctl }

    private static func section(_ lines: String..., name: String = "x") -> String {
        (["[reconfigure-device \(name)]"] + lines).map { $0 + "\n" }.joined()
    }

    private static let ram = section("nvdimm.uuid = \(uuid)", "mode = system-ram")

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        /// What is made of the device; nil: nothing.
        let use: DeviceUse?
        /// What the reason for nothing has in it, or the problem of the file.
        var why = ""

        var testDescription: String { name }
    }

    /// Each was tried with daxctl 76.1 and 81 in a virtual machine, and came out as here.
    static let cases = [
        Case(name: "plain", text: ram, use: .systemRAM(.movable)),
        Case(name: "kernel", text: ram + "movable = false\n", use: .systemRAM(.kernel)),
        Case(name: "offline", text: ram + "online=no\nmovable=0\n", use: .systemRAM(.none)),
        Case(
            name: "on and off are no flags", text: ram + "online = on\nmovable = off\n",
            use: .systemRAM(.movable)),
        Case(name: "devdax", text: section("nvdimm.uuid=\(uuid)", "mode=devdax"), use: .devdax),
        Case(
            name: "capitals in names and keys",
            text: "[Reconfigure-Device X]\nNVDIMM.UUID=\(uuid)\n Mode\t= system-ram ; so\n",
            use: .systemRAM(.movable)),
        Case(
            name: "without a name", text: "[reconfigure-device]\nnvdimm.uuid=\(uuid)\nmode=system-ram\n",
            use: .systemRAM(.movable)),
        Case(
            name: "CRLF and quotes",
            text: "[reconfigure-device x]\r\nnvdimm.uuid = \"\(uuid)\"\r\nmode = 'system-ram' # so\r\n",
            use: .systemRAM(.movable)),
        Case(
            name: "continued", text: section("nvdimm.uuid = \\", uuid, "mode = system-ram"),
            use: .systemRAM(.movable)),
        Case(name: "without an end of line", text: String(ram.dropLast()), use: .systemRAM(.movable)),
        Case(
            name: "merged",
            text: section("nvdimm.uuid = \(uuid)", "mode = devdax") + section("mode = system-ram"),
            use: .systemRAM(.movable)),
        Case(
            name: "an empty value elsewhere", text: ram + section("mode =", name: "y"),
            use: .systemRAM(.movable)),
        Case(
            name: "the UUID in capitals",
            text: section("nvdimm.uuid = \(uuid.uppercased())", "mode = system-ram"), use: nil,
            why: "not in lower case"),
        Case(name: "no UUID", text: section("mode = system-ram"), use: nil, why: "no nvdimm.uuid"),
        Case(
            name: "not a UUID", text: section("nvdimm.uuid = heap", "mode = system-ram"), use: nil,
            why: "not a UUID"),
        Case(name: "no mode", text: section("nvdimm.uuid = \(uuid)"), use: nil, why: "it has no mode"),
        Case(
            name: "an empty mode", text: section("nvdimm.uuid = \(uuid)", "mode = ;"), use: nil,
            why: "it has no mode"),
        Case(
            name: "another mode", text: section("nvdimm.uuid = \(uuid)", "mode = ram"), use: nil,
            why: "does not know the mode \"ram\""),
        Case(
            name: "devdax offline", text: section("nvdimm.uuid = \(uuid)", "mode = devdax", "online = 0"),
            use: nil,
            why: "refuses online = false"),
        Case(name: "a name with a colon", text: ram.replacing("x]", with: "a:b]"), use: nil),
        Case(
            name: "another section", text: ram.replacing("reconfigure-device", with: "reconfigure-devices"),
            use: nil),
        Case(
            name: "garbage", text: ram + "garbage\n", use: nil,
            why: "line 4: neither a section nor KEY = VALUE"),
        Case(
            name: "an unclosed section", text: ram + "[unclosed\n", use: nil,
            why: "line 4: a section without ]"),
        Case(
            name: "a comment behind a section", text: "[reconfigure-device x] # so\n", use: nil, why: "line 1"
        ),
        Case(name: "a key without a name", text: ram + "= x\n", use: nil, why: "line 4"),
        Case(name: "a zero", text: ram + "a = \0\n", use: nil, why: "line 4: it has a byte of zero"),
        Case(
            name: "a long line", text: ram + "#" + String(repeating: "x", count: 2000) + "\n", use: nil,
            why: "line 4: it is longer than"),
    ]

    @Test(arguments: cases) func aFileIsReadAsDaxctlReadsIt(_ item: Case) throws {
        try tree.write("\(Self.folder)/a.conf", item.text)
        let conf = conf
        let uses = conf.sections.compactMap { section -> DeviceUse? in
            guard case .use(let use) = section.request, section.uuid == UUID(Self.uuid) else { return nil }
            return use
        }
        #expect(uses == [item.use].compactMap(\.self))
        let reasons = conf.sections.compactMap { section -> String? in
            guard case .nothing(let reason) = section.request else { return nil }
            return reason
        }
        let problems = conf.problems.map(\.reason)
        guard !item.why.isEmpty else { return }
        #expect((reasons + problems).contains { $0.contains(item.why) }, "\(reasons) \(problems)")
    }

    private func requests() -> [String: DaxctlConf.Request] {
        Dictionary(conf.sections.map { ("\($0.file) \($0.name)", $0.request) }) { first, _ in first }
    }

    @Test func oneMalformedFileStopsThemAll() throws {
        for name in ["a", "z"] {
            let tree = try HostFileTree()
            try tree.write("\(Self.folder)/m.conf", Self.ram)
            try tree.write("\(Self.folder)/\(name).conf", "garbage\n")
            let conf = MemoryAgents(below: tree.root).daxctl
            #expect(
                conf.sections.map(\.request)
                    == [
                        .nothing(
                            "daxctl reads no file where one is malformed: /etc/daxctl.conf.d/\(name).conf")
                    ])
            #expect(conf.problems.map(\.file) == ["/etc/daxctl.conf.d/\(name).conf"])
        }
    }

    @Test func oneUUIDInTwoFilesIsNoMode() throws {
        try tree.write("\(Self.folder)/a.conf", Self.ram)
        try tree.write("\(Self.folder)/z.conf", Self.ram.replacing("x]", with: "y]"))
        let reason =
            "another file has the same UUID, and daxctl joins their modes to \"system-ram system-ram\""
        #expect(conf.sections.map(\.request) == [.nothing(reason), .nothing(reason)])
        // Values that only one of them has come together.
        try tree.write("\(Self.folder)/z.conf", Self.section("nvdimm.uuid = \(Self.uuid)", "movable = no"))
        #expect(conf.sections.map(\.request) == [.use(.systemRAM(.kernel)), .use(.systemRAM(.kernel))])
    }

    @Test func oneUUIDTwiceInAFileCountsOnce() throws {
        try tree.write(
            "\(Self.folder)/a.conf",
            Self.section("nvdimm.uuid = \(Self.uuid)", "mode = devdax")
                + Self.section("nvdimm.uuid = \(Self.uuid)", "mode = system-ram", name: "y")
                + Self.section("nvdimm.uuid = \(Self.other)", "mode = system-ram", name: "z"))
        let requests = requests()
        #expect(requests["/etc/daxctl.conf.d/a.conf x"] == .use(.devdax))
        #expect(
            requests["/etc/daxctl.conf.d/a.conf y"]
                == .nothing("an earlier section of the file has the same UUID"))
        #expect(requests["/etc/daxctl.conf.d/a.conf z"] == .use(.systemRAM(.movable)))
    }

    @Test func whatDaxctlPassesOverIsNotRead() throws {
        try tree.write("\(Self.folder)/a.txt", Self.ram)
        try tree.write("\(Self.folder)/.conf", Self.ram)
        try tree.write("etc/daxctl.conf", Self.ram)
        try tree.write("etc/real", Self.ram)
        try tree.link("\(Self.folder)/link.conf", to: "../real")
        #expect(conf.sections == [])
        #expect(conf.problems.map(\.reason) == ["it is a symbolic link, and daxctl passes over those"])
        try tree.write("\(Self.folder)/.hidden.conf", Self.ram)
        #expect(conf.sections.map(\.file) == ["/etc/daxctl.conf.d/.hidden.conf"])
    }

    @Test func hostileFilesAreReportedAndStopNothing() throws {
        try tree.pipe("\(Self.folder)/a-pipe.conf")
        try tree.link("\(Self.folder)/b-zero.conf", to: "/dev/zero")
        try tree.folder("\(Self.folder)/c-folder.conf")
        try tree.write("\(Self.folder)/d-large.conf", [UInt8](repeating: UInt8(ascii: "#"), count: 10 << 20))
        try tree.write("\(Self.folder)/e-everybodys.conf", Self.section("mode = devdax"), mode: 0o666)
        try tree.write("\(Self.folder)/f-fine.conf", Self.ram)
        let conf = conf
        #expect(conf.sections.map(\.request) == [.use(.systemRAM(.movable))])
        #expect(
            conf.problems.map(\.file)
                == ["a-pipe", "b-zero", "c-folder", "d-large", "e-everybodys"].map {
                    "/\(Self.folder)/\($0).conf"
                })
        let reasons = conf.problems.map(\.reason)
        try #require(reasons.count == 5)
        #expect(reasons[0].contains("not a regular file") && reasons[1].contains("symbolic link"))
        #expect(reasons[2].contains("not a regular file") && reasons[3].contains("larger than 1 MiB"))
        #expect(reasons[4].contains("everybody may write to it"))
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files away")) func aFileOfSomebodyElseIsNotBelieved()
        throws
    {
        try tree.write("\(Self.folder)/a.conf", Self.ram)
        try #require(unsafe chown(tree.root.appending("\(Self.folder)/a.conf").string, 12_345, 0) == 0)
        #expect(conf.sections == [])
        #expect(conf.problems.map(\.reason).allSatisfy { $0.contains("belongs to user 12345") })
        #expect(conf.problems.count == 1)
    }

    @Test func aFolderThatIsNoneIsNoFault() throws {
        #expect(conf == DaxctlConf())
        try tree.write(Self.folder, "no folder")
        #expect(conf == DaxctlConf())
    }

    @Test(arguments: 0..<300 as Range<UInt64>) func noBytesStopTheReader(seed: UInt64) {
        var random = SplitMix(seed)
        var bytes = Array((Self.ram + Self.section("online = no", name: "y") + "a=\"b\\\"\n").utf8)
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.insert(Array("[]=\\\n\"'#; ".utf8).randomElement(using: &random) ?? 0, at: index)
            default: bytes.remove(at: index)
            }
        }
        let conf = DaxctlConf([("/a.conf", bytes), ("/b.conf", Array(Self.ram.utf8))])
        for section in conf.sections { #expect(section.file == "/a.conf" || section.file == "/b.conf") }
        #expect(conf.problems.count <= 1)
    }

    // What comes of it.

    private static let command =
        #"SUBSYSTEM=="dax", RUN+="/usr/bin/daxctl reconfigure-device -C $env{DEVNAME}""#

    private func namespace(_ device: DaxDevice?, uuid: String = uuid) -> Namespace {
        var namespace = Namespace(
            device: "namespace0.0", resource: 1 << 32, rawSize: .mib(512), extents: 1, mode: .devdax,
            recordedMode: .devdax, isActive: true, usableSize: .mib(502), map: .dev, align: .mib(2),
            name: "heap",
            labelUUID: UUID(Self.other), targetNode: 1)
        namespace.infoBlockUUID = UUID(uuid)
        namespace.daxDevice = device
        return namespace
    }

    private static func memory(_ online: Int = 2, isMovable: Bool? = true) -> DaxDevice {
        DaxDevice(
            .systemRAM, driver: "kmem",
            memory: DaxDevice.Memory(online: online, total: 2, isMovable: isMovable))
    }

    private func host(_ namespace: Namespace) -> Observed {
        let region = Region(
            device: "region0", size: .gib(8), resource: 1 << 32, interleaveSetID: 0xfeed, targetNode: 1,
            namespaces: [namespace])
        return Observed(buses: [
            Bus(device: "ndbus0", provider: "ACPI.NFIT", scrubState: nil, dimms: [], regions: [region])
        ])
    }

    private func effects(_ kept: [KeptDevice] = [], on observed: Observed? = nil) -> [DaxctlEffect] {
        DaxctlEffect.all(MemoryAgents(below: tree.root), kept: kept, on: observed)
    }

    private func kept(_ device: DaxDevice) throws -> KeptDevice {
        try #require(KeptDevice(namespace(device), in: nil, margins: nil))
    }

    @Test func aSectionHasAnEffectWhereSomethingReadsIt() throws {
        try tree.write("\(Self.folder)/ram.conf", Self.ram)
        var effect = try #require(effects().first)
        #expect(
            effect.kind == .none && effect.message == "no effect, because no udev rule has daxctl read it")
        try tree.write("etc/udev/rules.d/9.rules", Self.command)
        effect = try #require(effects().first)
        #expect(effect.kind == .acts && effect.message.contains("/etc/udev/rules.d/9.rules runs daxctl"))
        #expect(effects(on: host(namespace(nil))).map(\.kind) == [.acts])
        #expect(effects(on: host(namespace(nil, uuid: Self.other))).map(\.kind) == [.none])
    }

    @Test func aSectionAgreesWithWhatDaxprovKeepsOrCompetes() throws {
        try tree.write("\(Self.folder)/ram.conf", Self.ram)
        let movable = try kept(Self.memory())
        let kernel = try kept(Self.memory(isMovable: false))
        #expect(effects([movable]).map(\.kind) == [.none])
        try tree.write("etc/udev/rules.d/9.rules", Self.command)
        #expect(effects([movable]).map(\.kind) == [.agrees])
        var effect = try #require(effects([kernel]).first)
        #expect(effect.kind == .competes)
        #expect(
            effect.message.hasSuffix(
                "makes heap system-ram, online: kernel: daxprov wins. Where daxctl is at work meanwhile, it fails and says so"
            ))
        try tree.write("\(Self.folder)/ram.conf", Self.ram + "movable = no\n")
        effect = try #require(effects([movable]).first)
        #expect(effect.kind == .competes && effect.message.contains("wins, if the kernel gives back"))
        try tree.write("\(Self.folder)/ram.conf", Self.ram + "online = no\n")
        effect = try #require(effects([movable]).first)
        #expect(effect.kind == .competes && effect.message.hasSuffix("cannot look at its bytes: daxctl wins"))
    }

    private func status(_ kept: [KeptDevice] = []) throws -> HostStatus {
        var status = try HostStatus(of: tree.scratch.store) { Observed(buses: []) }
        status.kept = kept
        status.memoryAgents = MemoryAgents(below: tree.root)
        return status
    }

    @Test func aStatusTellsOfThem() throws {
        #expect(StatusReport(try status()).text() == "No transaction is recorded.\n")
        try tree.write("sys/devices/system/memory/auto_online_blocks", "online\n")
        try tree.write("proc/cmdline", "memhp_default_state=online\n")
        try tree.write("etc/udev/rules.d/40-hot.rules", #"SUBSYSTEM=="memory", ATTR{state}="online""#)
        #expect(
            StatusReport(try status()).text() == "No transaction is recorded.\n", "nothing is memory here")
        let concerned = StatusReport(try status([kept(Self.memory())])).text()
        #expect(
            concerned.contains(
                "(auto_online_blocks is online; the kernel's command line has memhp_default_state=online)"))
        #expect(
            concerned.contains(
                "Memory: udev brings new memory blocks online (/etc/udev/rules.d/40-hot.rules)."))
        try tree.write("\(Self.folder)/ram.conf", Self.ram)
        try tree.write("\(Self.folder)/zero.conf", "\0")
        let text = StatusReport(try status()).text()
        #expect(
            text.contains(
                "daxctl: /etc/daxctl.conf.d/ram.conf [x] of \(Self.uuid): no effect, because daxctl reads no file"
            ))
        #expect(
            text.contains("daxctl: /etc/daxctl.conf.d/zero.conf is not read: line 1: it has a byte of zero."))
        let json = StatusReport(try status()).json.text()
        #expect(json.contains("\"effect\": \"none\"") && json.contains("\"auto_online_blocks\": \"online\""))
    }

    // Exported.

    private func export(_ observed: Observed, takingOver: Bool = false) -> ProfileExport {
        ProfileExport(
            SavedInventory(observed: observed, limits: .none), daxctl: effects(on: observed),
            takingOver: takingOver)
    }

    private func plan(_ export: ProfileExport, on observed: Observed) throws -> Plan {
        Planner.plan(try ProfileReader.read(Array(export.text.utf8), source: "export.yaml"), on: observed)
    }

    @Test(arguments: [
        (memory(), "movable"), (memory(isMovable: false), "kernel"), (memory(0, isMovable: nil), "none"),
    ])
    func aDeviceThatIsMemoryIsExportedAsThat(device: DaxDevice, online: String) throws {
        let observed = host(namespace(device))
        let export = export(observed)
        #expect(
            export.text.contains("        device: {mode: system-ram, online: \(online)}\n"), "\(export.text)")
        let plan = try plan(export, on: observed)
        #expect(plan.isEmpty && plan.unchanged == ["region0/heap"])
    }

    @Test(arguments: [
        nil, DaxDevice(.devdax), memory(1), DaxDevice(.systemRAM, driver: "kmem"),
    ])
    func whatNoProfileCanSayOfADeviceIsNotExported(device: DaxDevice?) throws {
        let observed = host(namespace(device))
        let export = export(observed)
        #expect(!export.text.contains("device:") && export.text.contains("- name: heap"))
        #expect(
            export.text.contains("as no profile can declare it: system-ram") == (device?.mode == .systemRAM))
        #expect(try plan(export, on: observed).isEmpty)
    }

    @Test func whatAFileAsksForIsACommentAndChangesNothing() throws {
        try tree.write("\(Self.folder)/ram.conf", Self.ram)
        let observed = host(namespace(DaxDevice(.devdax)))
        let export = export(observed)
        let line =
            "      # /etc/daxctl.conf.d/ram.conf [x] asks for system-ram, online: movable: no effect, because no udev rule has "
            + "daxctl read it\n      - name: heap\n"
        #expect(export.text.contains(line), "\(export.text)")
        #expect(
            export.text.hasPrefix(
                "# The host as daxprov export found it. Applied to that host, it changes nothing.\n"))
        #expect(try plan(export, on: observed).isEmpty)
    }

    @Test func itIsTakenOverWhereThatIsAskedFor() throws {
        try tree.write("\(Self.folder)/ram.conf", Self.ram)
        let observed = host(namespace(DaxDevice(.devdax)))
        let export = export(observed, takingOver: true)
        #expect(export.text.contains("        device: {mode: system-ram, online: movable}\n"))
        #expect(
            !export.text.contains("it changes nothing") && export.text.contains("changes those devices alone")
        )
        let plan = try plan(export, on: observed)
        #expect(plan.changes.map(\.kind) == [.configureDevice] && plan.refusals == [])
        // What is so already changes nothing, and the text says so.
        let same = host(namespace(Self.memory()))
        let sameExport = self.export(same, takingOver: true)
        #expect(sameExport.text.contains("it changes nothing"))
        #expect(try self.plan(sameExport, on: same).isEmpty)
        // Nor does what daxctl would not do either.
        try tree.write("\(Self.folder)/ram.conf", Self.section("nvdimm.uuid = \(Self.uuid)"))
        let without = self.export(observed, takingOver: true)
        #expect(
            !without.text.contains("device:") && without.text.contains("no effect, because it has no mode"))
    }

    @Test func aComparisonShowsWhatBecomesOfADevice() throws {
        let observed = host(namespace(DaxDevice(.devdax)))
        try tree.write("\(Self.folder)/ram.conf", Self.ram)
        let plan = try plan(export(observed, takingOver: true), on: observed)
        let comparison = ProfileComparison(plan, on: observed)
        #expect(!comparison.before.contains("device:"))
        #expect(comparison.after.contains("device: {mode: system-ram, online: movable}"))
    }
}

/// A generator of numbers that a seed repeats.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
