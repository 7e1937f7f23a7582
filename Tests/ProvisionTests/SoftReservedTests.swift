import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Newer kernels make system RAM of soft-reserved memory at a boot: that is said before the contents are lost, and not where something
/// prevents it.
///
/// What can happen between two runs: the argument is added to the command line, or to modprobe's files, with another value behind it; a
/// file of that name masks the one that has it; a udev rule brings the memory online that the kernel's policy leaves offline; the
/// kernel has made system RAM of a region already, or of one of two.
@Suite struct SoftReservedTests {
    private let tree: HostFileTree

    init() throws { tree = try HostFileTree() }

    // MARK: - What the next boot goes by

    @Test(arguments: [
        ("quiet", false), ("dax_hmem.region_idle=1", true), ("quiet dax_hmem.region_idle=Y ro", true),
        ("dax-hmem.region-idle", true), ("dax_hmem.region_idle=on", true),
        ("dax_hmem.region_idle=\"1\"", true),
        ("dax_hmem.region_idle=0", false), ("dax_hmem.region_idle=of", false),
        ("dax_hmem.region_idle=maybe", false),
        ("dax_hmem.region_idle=1 dax_hmem.region_idle=N", false),
        ("dax_hmem.region_idle=0 dax_hmem.region_idle=1", true),
        ("xdax_hmem.region_idle=1", false), ("dax_hmem.region_idler=1", false), ("region_idle=1", false),
        ("quiet -- dax_hmem.region_idle=1", false), ("", false),
        // With this the memory is taken, and nothing of it is used.
        ("memhp_default_state=offline", true),
        ("memhp_default_state=offline memhp_default_state=online_movable", false),
    ])
    func theCommandLineSaysWhetherTheMemoryIsLeftAlone(text: String, isKept: Bool) throws {
        try tree.write("proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/vda1 \(text)\n")
        #expect(HostFiles(tree.root).keepsSoftReserved() == isKept)
    }

    @Test(arguments: [
        ("options dax_hmem region_idle=1\n", true), ("options dax-hmem foo=2 region-idle=y", true),
        ("# why\n\n  options \\\n dax_hmem \\\n region_idle\n", true),
        ("#options dax_hmem region_idle=1\n", false),
        ("options dax_hmem region_idle=1\noptions dax_hmem region_idle=0\n", false),
        ("options kmem region_idle=1\n", false), ("alias dax_hmem region_idle=1\n", false),
        ("options dax_hmem\n", false),
        ("\u{0}\u{ff}options", false),
    ])
    func soDoTheFilesOfModprobe(text: String, isKept: Bool) throws {
        try tree.write("lib/modprobe.d/dax.conf", text)
        #expect(HostFiles(tree.root).keepsSoftReserved() == isKept)
        // The command line comes behind the files.
        try tree.write("proc/cmdline", "dax_hmem.region_idle=\(isKept ? 0 : 1)\n")
        #expect(HostFiles(tree.root).keepsSoftReserved() != isKept)
    }

    @Test func aFileOfTheSameNameCountsInsteadAndTheLastNameCountsMost() throws {
        let on = "options dax_hmem region_idle=1\n", off = "options dax_hmem region_idle=0\n"
        try tree.write("usr/lib/modprobe.d/dax.conf", on)
        try tree.write("etc/modprobe.d/dax.conf", "# nothing\n")
        #expect(!HostFiles(tree.root).keepsSoftReserved())
        try tree.write("usr/lib/modprobe.d/50-a.conf", on)
        #expect(HostFiles(tree.root).keepsSoftReserved())
        try tree.write("usr/lib/modprobe.d/60-b.conf", off)
        #expect(!HostFiles(tree.root).keepsSoftReserved())
        try tree.link("etc/modprobe.d/60-b.conf", to: "/dev/null")
        #expect(HostFiles(tree.root).keepsSoftReserved())
        try tree.write("etc/modprobe.d/70-c.txt", off)
        #expect(HostFiles(tree.root).keepsSoftReserved(), "modprobe reads files that end in .conf alone")
    }

    /// modprobe's files say nothing to a kernel that has the module built in, be it the next one to be booted.
    @Test func whereTheModuleIsBuiltInTheCommandLineAloneCounts() throws {
        try tree.write("etc/modprobe.d/dax.conf", "options dax_hmem region_idle=1\n")
        try tree.write(
            "lib/modules/6.1.0/modules.builtin",
            "kernel/drivers/dax/dax.ko\nkernel/drivers/dax/xdax_hmem.ko\n")
        #expect(HostFiles(tree.root).keepsSoftReserved())
        // A list that is there and cannot be read can name it.
        try tree.folder("lib/modules/6.12.95/modules.builtin")
        #expect(!HostFiles(tree.root).keepsSoftReserved())
        try tree.write("lib/modules/6.12.96/modules.builtin", "kernel/drivers/dax/hmem/dax_hmem.ko\n")
        #expect(!HostFiles(tree.root).keepsSoftReserved())
        try tree.write("proc/cmdline", "dax_hmem.region_idle=1\n")
        #expect(HostFiles(tree.root).keepsSoftReserved())
    }

    @Test func memoryThatARuleBringsOnlineIsNotKeptByThePolicy() throws {
        try tree.write("proc/cmdline", "memhp_default_state=offline\n")
        try tree.write(
            "usr/lib/udev/rules.d/40-hotplug.rules",
            #"SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="offline", ATTR{state}="online""#)
        #expect(!HostFiles(tree.root).keepsSoftReserved())
        try tree.write("proc/cmdline", "memhp_default_state=offline dax_hmem.region_idle=1\n")
        #expect(HostFiles(tree.root).keepsSoftReserved())
    }

    // MARK: - Plan and status

    private static func machine(kept: Bool?, path: String = "/platform/hmem.0", first: String = "") -> String
    {
        """
        {"format_version": 1, "simulated_host": {"buses": [],
          "memory_hotplug": {"block_size": "128 MiB", "auto_online_blocks": "offline"},
          \(kept.map { "\"soft_reserved_kept\": \($0)," } ?? "")
          "dax_regions": [
            {"path": "\(path)", "start": "0x100000000", "size": "1 GiB", "target_node": 2\(first)},
            {"path": "\(path.dropLast())1", "start": "0x140000000", "size": "512 MiB", "target_node": 3}]}}
        """
    }

    private static let taken = """
        , "devices": [{"number": 0, "driver": "kmem", "online": 8, "zone": "Normal",
          "ranges": [{"start": "0x100000000", "size": "1 GiB"}]}]
        """

    private func notes(_ machine: String, _ first: String?, _ second: String? = nil) throws -> [Note] {
        let bench = try DaxDivisionTests.Bench(machine)
        return try bench.prepare(DaxDivisionTests.profile(first, second)).plan.notes
            .filter { $0.code == .softReservedUnprotected }
    }

    private func risk(_ machine: String) throws -> SoftReservedRisk? {
        SoftReservedRisk(of: try SimulatedHost(json: machine).observe())
    }

    @Test(arguments: ["/platform/hmem.0", "/platform/hmem_platform.0/hmem.0"])
    func aPlanSaysSoOnceForAllRegions(path: String) throws {
        let unprotected = Self.machine(kept: false, path: path)
        let notes = try notes(unprotected, "{name: a, size: 100%}", "{name: b, size: 100%}")
        #expect(notes.count == 1 && notes[0].address == "devices")
        #expect(notes[0].message.contains("hmem.0 and hmem.1") && notes[0].message.contains("is lost"))
        #expect(notes[0].advice?.contains("dax_hmem.region_idle=1") == true)
        #expect(
            try self.notes(unprotected, nil, "{name: b, size: 100%}")[0].message.contains("all of hmem.1"))
    }

    @Test func aPlanSaysNothingWithoutDevicesWhoseContentsCountOrWhereTheyAreKept() throws {
        let devices = "{name: a, size: 256 MiB}", memory = "{name: m, size: 256 MiB, mode: system-ram}"
        #expect(try notes(Self.machine(kept: true), devices).isEmpty)
        #expect(try notes(Self.machine(kept: nil), devices).isEmpty, "not known")
        #expect(try notes(Self.machine(kept: false), memory).isEmpty)
        #expect(try notes(Self.machine(kept: false), "\(memory), \(devices)").count == 1)
        let cxl = Self.machine(
            kept: false, path: "/platform/ACPI0017:00/root0/decoder0.0/region0/dax_region0")
        #expect(try notes(cxl, devices).isEmpty)
        let none = try SimulatedHost(json: Self.machine(kept: false)).observe()
        #expect(Planner.plan(Profile(source: "x", regions: []), on: none).notes.isEmpty)
    }

    @Test func whatTheKernelHasTakenAlreadyIsRefusedAsBefore() throws {
        let machine = Self.machine(kept: false, first: Self.taken)
        let plan = try DaxDivisionTests.Bench(machine)
            .prepare(DaxDivisionTests.profile("{name: a, size: 256 MiB}")).plan
        #expect(plan.refusals.map(\.code) == [.systemMemory] && plan.notes.isEmpty)
        #expect(plan.refusals[0].advice?.contains("dax_hmem.region_idle=1") == true)
        #expect(try risk(machine)?.regions == ["hmem.1"], "the other is a device still")
    }

    @Test func theStatusSaysSoOfDevicesThatAreThereAndOfRecordedOnes() throws {
        #expect(try risk(Self.machine(kept: true)) == nil && risk(Self.machine(kept: nil)) == nil)
        let bench = try DaxDivisionTests.Bench(Self.machine(kept: false))
        let status = try HostStatus(of: bench.store) { () throws(OperationError) in try bench.host.observe() }
        let line =
            "Memory: newer kernels (Linux 6.12, for one) make system RAM of all of hmem.0 and hmem.1 at a boot"
        #expect(StatusReport(status).text().contains(line))
        let report = try JSONValue(parsing: Array(StatusReport(status).json.text().utf8))
        #expect(
            try JSONCursor(report).required("soft_reserved").required("regions").elements().map {
                element throws(JSONError) in try element.string()
            } == ["hmem.0", "hmem.1"])

        // Bound as memory, and nothing of it online: what was recorded lies there still.
        let idle = Self.machine(
            kept: false, first: Self.taken.replacing("\"online\": 8", with: "\"online\": 0"))
        #expect(try risk(idle)?.regions == ["hmem.1"])
        var observed = try SimulatedHost(json: idle).observe()
        observed.daxRegions[0].recorded = [
            RecordedDevice(
                name: "a",
                layout: DeviceLayout(
                    ranges: [0x1_0000_0000..<0x1_1000_0000], align: .mib(2), use: .devdax, rights: .none))
        ]
        #expect(SoftReservedRisk(of: observed)?.regions == ["hmem.0", "hmem.1"])
    }

    @Test func inventoriesAndStateFilesHaveTheFact() throws {
        for kept in [true, false, nil] {
            let observed = try SimulatedHost(json: Self.machine(kept: kept)).observe()
            #expect(observed.keepsSoftReserved == kept)
            let text = Array(InventoryReport(observed).json.utf8)
            #expect(try InventoryReader.read(text).keepsSoftReserved == kept)
            let saved = try SimulatedState(json: JSONValue(parsing: Array(Self.machine(kept: kept).utf8)))
                .json.text()
            #expect(try SimulatedState(json: JSONValue(parsing: Array(saved.utf8))).keepsSoftReserved == kept)
        }
    }
}
