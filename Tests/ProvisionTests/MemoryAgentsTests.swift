import Provision
import ProvisionCore
import ProvisionHost
import Testing

/// Who else makes memory of dax devices, by the files of a root directory of the test's own.
@Suite struct MemoryAgentsTests {
    private let tree: HostFileTree

    init() throws { tree = try HostFileTree() }

    private static let rules = "udev/rules.d/90-daxctl-device.rules"
    private static let unit = "systemd/system/daxdev-reconfigure@.service"

    /// The package daxctl 76.1-1 of Debian 12.
    private static let debian12 = """
        ACTION=="add", SUBSYSTEM=="dax",\\
          RUN+="/usr/bin/daxctl -C $env{DEVNAME}"

        """
    /// The package daxctl 81-1 of Debian 13, and ndctl's own since 73.
    private static let debian13 = """
        ACTION=="add", SUBSYSTEM=="dax", TAG+="systemd",\\
          PROGRAM="/usr/bin/systemd-escape -p --template=daxdev-reconfigure@.service $env{DEVNAME}",\\
          ENV{SYSTEMD_WANTS}="%c"

        """
    /// ndctl's own in version 73.
    private static let first =
        #"ACTION=="add", SUBSYSTEM=="dax", TAG+="systemd", ENV{SYSTEMD_WANTS}="daxdev-reconfigure@$env{DEVNAME}.service""#
        + "\n"
    private static let service = """
        [Unit]
        Description=Automatic daxctl device reconfiguration
        Documentation=man:daxctl-reconfigure-device(1)

        [Service]
        Type=forking
        GuessMainPID=false
        ExecStart=/bin/sh -c "exec daxctl reconfigure-device --check-config %I"

        """

    private var reading: DaxctlReading { MemoryAgents(below: tree.root).reading }

    @Test func nothingReadsDaxctlsFilesWithoutARule() throws {
        #expect(reading == .noRule)
        try tree.write("usr/lib/\(Self.unit)", Self.service)
        try tree.write(
            "usr/lib/udev/rules.d/60-other.rules", #"SUBSYSTEM=="block", RUN+="daxctl -C x""# + "\n")
        #expect(reading == .noRule && !reading.hasEffect)
    }

    @Test func theRuleOfDebian12IsDead() throws {
        try tree.write("lib/\(Self.rules)", Self.debian12)
        try tree.write("usr/lib/\(Self.unit)", Self.service)
        #expect(reading == .unknownOption(rule: "/lib/\(Self.rules)") && !reading.hasEffect)
        #expect(reading.reason.contains("\"Unknown option\""))
    }

    @Test func theRuleOfDebian13AsksForAUnitThatIsNotThere() throws {
        try tree.write("usr/lib/\(Self.rules)", Self.debian13)
        #expect(reading == .unitMissing(rule: "/usr/lib/\(Self.rules)") && !reading.hasEffect)
        // A link that leads nowhere is no unit.
        try tree.link("etc/\(Self.unit)", to: "/nowhere")
        #expect(reading == .unitMissing(rule: "/usr/lib/\(Self.rules)"))
    }

    @Test(arguments: [debian13, first], ["etc", "run", "usr/local/lib", "usr/lib", "lib"])
    func aUnitThatIsThereHasThemRead(rule: String, folder: String) throws {
        try tree.write("usr/lib/\(Self.rules)", rule)
        try tree.write("\(folder)/\(Self.unit)", Self.service)
        #expect(reading == .read(rule: "/usr/lib/\(Self.rules)", unit: "/\(folder)/\(Self.unit)"))
        #expect(reading.hasEffect)
    }

    @Test func aUnitThatIsMaskedReadsNothing() throws {
        try tree.write("usr/lib/\(Self.rules)", Self.debian13)
        try tree.write("usr/lib/\(Self.unit)", Self.service)
        try tree.link("etc/\(Self.unit)", to: "/dev/null")
        let masked = DaxctlReading.unitMasked(rule: "/usr/lib/\(Self.rules)", unit: "/etc/\(Self.unit)")
        #expect(reading == masked)
        let other = try HostFileTree()
        try other.write("usr/lib/\(Self.rules)", Self.debian13)
        try other.write("run/\(Self.unit)", "")
        #expect(!MemoryAgents(below: other.root).reading.hasEffect)
    }

    @Test func aFileOfTheSameNameInAnEarlierFolderCounts() throws {
        try tree.write("usr/lib/\(Self.rules)", Self.debian12)
        try tree.write(
            "etc/\(Self.rules)",
            #"SUBSYSTEM=="dax", ACTION=="add", RUN+="/usr/bin/daxctl reconfigure-device -C $env{DEVNAME}""#)
        #expect(reading == .read(rule: "/etc/\(Self.rules)", unit: nil))
        let masked = try HostFileTree()
        try masked.write("usr/lib/\(Self.rules)", Self.debian13)
        try masked.write("usr/lib/\(Self.unit)", Self.service)
        try masked.link("etc/\(Self.rules)", to: "/dev/null")
        let agents = MemoryAgents(below: masked.root)
        #expect(agents.reading == .noRule && agents.daxRules == [] && agents.problems == [])
    }

    @Test func aRuleThatWorksCountsMoreThanOneThatDoesNot() throws {
        try tree.write("usr/lib/\(Self.rules)", Self.debian12)
        try tree.write("etc/udev/rules.d/99-own.rules", Self.debian13)
        try tree.write("etc/\(Self.unit)", Self.service)
        #expect(reading == .read(rule: "/etc/udev/rules.d/99-own.rules", unit: "/etc/\(Self.unit)"))
        #expect(
            MemoryAgents(below: tree.root).daxRules == [
                "/usr/lib/\(Self.rules)", "/etc/udev/rules.d/99-own.rules",
            ])
    }

    /// Of RHEL's 40-redhat.rules: it jumps over its rules where the subsystem is another.
    private static let redhat = """
        # Memory hotadd request
        SUBSYSTEM!="memory", GOTO="memory_hotplug_end"
        ACTION!="add", GOTO="memory_hotplug_end"
        CONST{arch}=="s390*", GOTO="memory_hotplug_end"

        ENV{.state}="online"
        CONST{virt}=="none", ENV{.state}="online_movable"
        ATTR{state}=="offline", ATTR{state}="$env{.state}"

        LABEL="memory_hotplug_end"

        """

    @Test(arguments: [
        (redhat, true),
        (
            #"SUBSYSTEM=="memory", ACTION=="add", TEST=="state", ATTR{state}=="offline", ATTR{state}="online""#,
            true
        ),
        (#"ACTION=="add", SUBSYSTEM=="cpu|memory" , ATTR{state} = "online""#, true),
        (#"SUBSYSTEM=="memory", ACTION=="add", \\#n  ATTR{state}:="online""#, true),
        // kexec-tools: a crash kernel is loaded anew.
        (#"SUBSYSTEM=="memory", ACTION=="online", RUN+="/bin/kdump-udev-throttler""#, false),
        (#"SUBSYSTEM=="memory", ATTR{state}=="offline", RUN+="/bin/log ATTR{state}=x""#, false),
    ])
    func rulesThatBringMemoryOnlineAreNamed(text: String, isOnline: Bool) throws {
        try tree.write("usr/lib/udev/rules.d/40-some.rules", text)
        let agents = MemoryAgents(below: tree.root)
        #expect(agents.memoryRules.map(\.file) == ["/usr/lib/udev/rules.d/40-some.rules"])
        #expect(agents.memoryRules.map(\.bringsOnline) == [isOnline])
    }

    @Test func rulesOfOthersAreNot() throws {
        for (number, text) in [
            #"#SUBSYSTEM=="memory", ATTR{state}="online""#,
            #"SUBSYSTEM=="memory_tiering", ATTR{state}="online""#,
            #"SUBSYSTEMS=="memory", ATTR{state}="online""#, #"SUBSYSTEM=="net", ENV{X}="memory""#, "\"",
            "=\"", "",
        ].enumerated() {
            try tree.write("etc/udev/rules.d/\(number).rules", text)
        }
        try tree.write("etc/udev/rules.d/rules.txt", #"SUBSYSTEM=="memory", ATTR{state}="online""#)
        let agents = MemoryAgents(below: tree.root)
        #expect(agents.memoryRules == [] && agents.daxRules == [] && agents.problems == [])
    }

    @Test func theKernelsPoliciesAreTold() throws {
        #expect(MemoryAgents(below: tree.root).policy == nil)
        #expect(MemoryAgents(below: tree.root).bootPolicy == nil)
        try tree.write("sys/devices/system/memory/auto_online_blocks", "online_movable\n")
        try tree.write(
            "proc/cmdline",
            "quiet memhp_default_state=online xmemhp_default_state=no memhp_default_state=offline\n")
        let agents = MemoryAgents(below: tree.root)
        #expect(agents.policy == "online_movable" && agents.bootPolicy == "offline")
    }

    private static let configurations: [(String, String?)] = [
        ("CONFIG_MEMORY_HOTPLUG=y\nCONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE=y\n", "online"),
        ("CONFIG_MEMORY_HOTPLUG=y\n# CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE is not set\n", "offline"),
        ("CONFIG_MEMORY_HOTPLUG=y\nCONFIG_MHP_DEFAULT_ONLINE_TYPE_OFFLINE=y\n", "offline"),
        ("CONFIG_MEMORY_HOTPLUG=y\nCONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO=y\n", "online"),
        ("CONFIG_MEMORY_HOTPLUG=y\nCONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_KERNEL=y\n", "online_kernel"),
        ("CONFIG_MEMORY_HOTPLUG=y\nCONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_MOVABLE=y\n", "online_movable"),
        ("# CONFIG_MEMORY_HOTPLUG is not set\n", nil), ("", nil), ("\0\u{ff}=y", nil),
    ]

    /// The policy of now can have been stored by anybody, and a boot does not keep it.
    @Test(arguments: configurations)
    func whatTheKernelWasBuiltWithIsThePolicyOfABoot(text: String, policy: String?) throws {
        try tree.write("sys/devices/system/memory/auto_online_blocks", "offline\n")
        try tree.write("proc/sys/kernel/osrelease", "6.14.0\n")
        try tree.write("boot/config-6.14.0", text)
        try tree.write(
            "boot/config-6.1.0", "CONFIG_MEMORY_HOTPLUG=y\nCONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_KERNEL=y\n")
        func check(atBoot: String?, isSaid: Bool) {
            let agents = MemoryAgents(below: tree.root, readsConfiguration: true)
            #expect(agents.configuredPolicy == policy && agents.policy == "offline")
            #expect(agents.policyAtBoot == atBoot)
            let text = InventoryReport(Observed(buses: [])).with(agents, []).text
            #expect(text.contains("new memory blocks stay offline until a reboot") == isSaid)
        }
        let isOnline = policy.map { $0 != "offline" } ?? false
        check(atBoot: policy, isSaid: isOnline)
        // A word that the kernel does not know changes nothing.
        try tree.write("proc/cmdline", "memhp_default_state=maybe\n")
        check(atBoot: policy, isSaid: isOnline)
        try tree.write("proc/cmdline", "memhp_default_state=offline memhp_default_state=maybe\n")
        check(atBoot: "offline", isSaid: false)
        try tree.write("proc/cmdline", "memhp_default_state=online_movable\n")
        check(atBoot: "online_movable", isSaid: true)
    }

    @Test func rulesThatAreNoFilesOfRulesStopNothing() throws {
        try tree.pipe("etc/udev/rules.d/10-pipe.rules")
        try tree.link("etc/udev/rules.d/20-zero.rules", to: "/dev/zero")
        try tree.folder("etc/udev/rules.d/30-folder.rules")
        try tree.write("etc/udev/rules.d/40-large.rules", [UInt8](repeating: 0x20, count: 10 << 20))
        try tree.write("etc/udev/rules.d/50-binary.rules", (0...255).map { UInt8($0) })
        try tree.write("etc/udev/rules.d/60-dax.rules", Self.debian12)
        let agents = MemoryAgents(below: tree.root)
        #expect(agents.daxRules == ["/etc/udev/rules.d/60-dax.rules"])
        #expect(
            agents.problems.map(\.file)
                == ["10-pipe", "20-zero", "30-folder", "40-large"].map { "/etc/udev/rules.d/\($0).rules" })
    }
}
