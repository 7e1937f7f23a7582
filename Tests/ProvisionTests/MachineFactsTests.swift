import Glibc
import ProvisionCore
import SystemPackage
import Testing

@testable import ProvisionHost

/// What the machine says, by the files of a root directory of the test's own.
///
/// What can happen between two lines:
/// - a file or a directory is not there, is a FIFO, a link that leads nowhere, not for this user, or larger than any such file is;
/// - a module is built in, has no parameters, or one that nobody may read;
/// - the kernel hides addresses; the configuration is of another kernel;
/// - the log has more lines than are kept, lines without an end, other bytes than text, properties of records; it is no log at all.
/// What must hold: whatever is wrong with one is said in its place, and all others are there.
@Suite struct MachineFactsTests {
    private let tree: HostFileTree

    init() throws { tree = try HostFileTree() }

    private var facts: MachineFacts { MachineFacts(below: tree.root) }

    private func lines(_ name: String, of facts: [MachineFact]) throws -> [String] {
        try #require(facts.first { $0.name == name }, "\(facts)").lines.get()
    }

    @Test func aMachineWithoutFilesSaysWhyOfEach() {
        let facts = facts
        let all = [
            facts.kernel, facts.distribution, facts.libraries, facts.modules, facts.memoryHotplug,
            facts.configuration, facts.addresses, facts.log, facts.deviceRules,
        ]
        for section in all {
            #expect(!section.isEmpty)
            for fact in section {
                switch fact.lines {
                case .success(let lines): #expect(lines == ["not there"], "\(fact)")
                case .failure(let why): #expect(!why.reason.isEmpty, "\(fact)")
                }
            }
        }
        #expect(facts.hostNames.isEmpty && facts.people.isEmpty)
    }

    @Test func theKernelAndItsCommandLine() throws {
        try tree.write("proc/sys/kernel/osrelease", "6.1.0-28-amd64\n")
        try tree.write("proc/sys/kernel/hostname", "db1\n")
        try tree.write("proc/cmdline", "root=/dev/vda memhp_default_state=online_movable\n")
        try tree.write(
            "boot/config-6.1.0-28-amd64", "CONFIG_ND_BTT=y\n# CONFIG_DAX is not set\nCONFIG_SND_HDA=m\n")
        try tree.write("boot/config-6.1.0-29-amd64", "CONFIG_CXL_BUS=m\n")
        let facts = facts
        #expect(try lines("/proc/sys/kernel/osrelease", of: facts.kernel) == ["6.1.0-28-amd64"])
        #expect(facts.hostNames == ["db1"])
        let policy = "memhp_default_state= of the kernel's command line"
        #expect(try lines(policy, of: facts.memoryHotplug) == ["online_movable"])
        #expect(
            try lines("/boot/config-6.1.0-28-amd64", of: facts.configuration)
                == ["CONFIG_ND_BTT=y", "# CONFIG_DAX is not set"])
    }

    @Test func modulesWithTheirParameters() throws {
        try tree.write("sys/module/nd_pmem/initstate", "live\n")
        try tree.write("sys/module/nfit/initstate", "live\n")
        try tree.write("sys/module/nfit/parameters/force_labels", "N\n")
        try tree.pipe("sys/module/nfit/parameters/odd")
        try tree.write("sys/module/dax/parameters/x", "1\n")
        try tree.write("sys/module/snd/initstate", "live\n")
        let modules = facts.modules
        #expect(modules.map { $0.name } == ["dax", "nd_pmem", "nfit"])
        #expect(try lines("dax", of: modules) == ["built into the kernel", "x: 1"])
        #expect(try lines("nd_pmem", of: modules) == ["state: live"])
        let nfit = try lines("nfit", of: modules)
        #expect(nfit.prefix(2) == ["state: live", "force_labels: N"])
        #expect(nfit.last == "odd: could not be read: it is a FIFO")
    }

    @Test func hiddenAddressesAreCalledThat() throws {
        try tree.write(
            "proc/iomem",
            "00001000-0009ffff : System RAM\n140000000-17fffffff : Persistent Memory\n  140000000-17fffffff : dax0.0\n"
        )
        #expect(try lines("/proc/iomem", of: facts.addresses).count == 2)
        try tree.write("proc/iomem", "00000000-00000000 : Persistent Memory\n")
        #expect(try lines("/proc/iomem", of: facts.addresses).last?.contains("to root alone") == true)
    }

    @Test func peopleAreThoseThatAreNoService() throws {
        try tree.write(
            "etc/passwd",
            "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\nnobody:x:65534:65534::/:/bin/false\nodd\n"
        )
        try tree.write("etc/group", "staff:x:50:\ndbas:x:1001:alice\n")
        #expect(facts.people == ["alice", "dbas"])
        let callers = ["root", "nobody2", "", "erin"]
        try tree.write("etc/passwd", "nobody2:x:70:70::/:/bin/false\n")
        #expect(MachineFacts(below: tree.root, callers: callers).people == ["dbas", "erin"])
    }

    @Test func aHostHasTheNamesOfItsFilesAndOfItsCommandLine() throws {
        try tree.write("proc/sys/kernel/hostname", "(none)\n")
        try tree.write("etc/hostname", "# ours\ndb1 \n")
        try tree.write(
            "proc/cmdline", "ip=dhcp ip=[fe80::1]::[fe80::2]:64:db2:eth0:none ip=eth0:dhcp ip=::::db1:\n")
        #expect(facts.hostNames == ["db1", "db2"])
    }

    private func log(_ text: String, most: Int = 2_000) throws -> [String] {
        try tree.write("dev/kmsg", text)
        return try KernelLog.fact(below: tree.root, most: most).lines.get()
    }

    @Test func theLogIsCutToWhatConcernsTheFamily() throws {
        let lines = try log(
            """
            6,1,5140900,-;nd_pmem namespace0.0: unable to guarantee persistence
             SUBSYSTEM=nd
             DEVICE=+nd:namespace0.0
            6,2,12000007,-;usb 1-1: new device
            3,3,12000008,-;Built 1 zonelists; memory hotplug is on
            without a beginning: pmem0

            """)
        #expect(
            lines == [
                "[5.140900] nd_pmem namespace0.0: unable to guarantee persistence",
                "[12.000008] Built 1 zonelists; memory hotplug is on", "without a beginning: pmem0",
            ])
    }

    @Test func aHugeLogKeepsItsStartAndItsEnd() throws {
        let text = (1...1_000).map { "6,\($0),\($0),-;pmem0: \($0)\n" }.joined()
        let lines = try log(text, most: 8)
        #expect(lines.count == 9 && lines[0].hasSuffix("pmem0: 1") && lines[1].hasSuffix("pmem0: 2"))
        #expect(lines[2] == "(992 lines are left out here)")
        #expect(lines[3].hasSuffix("pmem0: 995") && lines[8].hasSuffix("pmem0: 1000"))
        let few = try log((1...8).map { "6,\($0),1,-;pmem0: \($0)\n" }.joined(), most: 8)
        #expect(few.count == 8)
        let endless = try log("6,1,1,-;pmem0: " + String(repeating: "x", count: 100_000) + "\n")
        #expect(endless.count == 1 && endless[0].utf8.count < 10_000)
    }

    @Test func bytesThatAreNoTextAreNoReasonToStop() throws {
        try tree.write("dev/kmsg", Array("6,1,1,-;pmem0: ".utf8) + [0xff, 0x1b, 0x5b, 0x0a])
        let lines = try KernelLog.fact(below: tree.root).lines.get()
        #expect(lines == ["[0.000001] pmem0: \u{fffd}\u{1b}["])
    }

    @Test func whatIsNoLogIsNotRead() throws {
        try tree.folder("dev")
        try tree.pipe("dev/kmsg")
        guard case .failure(let why) = KernelLog.fact(below: tree.root).lines else {
            Issue.record("a FIFO was read")
            return
        }
        #expect(why == Unread("it is not the kernel's log"))
    }

    @Test func aFileThatIsTooLargeIsCutAndSaysSo() throws {
        try tree.write("large", String(repeating: "line\n", count: 100))
        let lines = try HostText.lines(tree.root.appending("large"), upTo: 12).get()
        #expect(lines.count == 4 && lines[3].contains("left out"))
    }
}
