import Glibc
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What holds a device-dax device, and what a plan makes of it.
@Suite struct DaxDeviceTests {
    private static func device(_ tree: borrowing SysfsTree, driver: String?) throws -> DaxDevice {
        try tree.device("dax0.0/dax0.7", ["dev": "1:3", "size": "536870912", "resource": "0x100000000"])
        if let driver {
            try tree.directory("drivers/\(driver)")
            let link = "\(tree.path)/dax0.0/dax0.7/driver"
            try #require(unsafe symlink("../../drivers/\(driver)", link) == 0)
        }
        return DaxDeviceReader.device("dax0.7", below: "dax0.0", try SysfsDirectory(tree.path))
    }

    private static let drivers: [(String?, DaxDevice.Mode)] = [
        ("device_dax", .devdax), ("kmem", .systemRAM), ("fsdev_dax", .other), (nil, .disabled),
    ]

    @Test(arguments: drivers)
    func theDriverTellsWhatADeviceIs(driver: String?, mode: DaxDevice.Mode) throws {
        let found = try Self.device(try SysfsTree(), driver: driver)
        #expect(found.mode == mode && found.driver == driver)
        #expect(found.node == .missing, "there is no /dev/dax0.7 here")
    }

    @Test func theRangesOfSystemMemoryAreThoseCalledSo() {
        let lines = [
            "00001000-0009fbff : System RAM", "100000000-27fffffff : Persistent Memory",
            "  100000000-1009fffff : namespace0.0", "  108000000-11fffffff : dax0.0",
            "    108000000-11fffffff : System RAM (kmem)", "00000000-00000000 : System RAM",
            "x : System RAM", "1-2-3 : System RAM", "ffffffffffffffff-ffffffffffffffff : System RAM",
        ]
        #expect(SystemMemoryRanges.parse(lines) == [0x1000..<0x9fc00, 0x1_0800_0000..<0x1_2000_0000])
    }

    /// The nodes of this machine: `null` and `zero` are there wherever tests run.
    @Test func aNodeIsOpenedOnlyWhereItIsTheDevice() throws {
        let tree = try SysfsTree()
        try tree.device("claim/null", ["dev": "1:3"])
        try tree.device("claim/zero", ["dev": "1:3"])
        try tree.device("claim/shm", ["dev": "1:3"])
        let directory = try SysfsDirectory(tree.path)
        #expect(DaxDeviceReader.node(of: "null", below: "claim", directory) == .opens)
        #expect(DaxDeviceReader.node(of: "zero", below: "claim", directory) == .isAnother)
        #expect(DaxDeviceReader.node(of: "shm", below: "claim", directory) == .isAnother)
        #expect(DaxDeviceReader.node(of: "dax9.9", below: "claim", directory) == .missing)
    }

    // Plans

    private static func observed(_ device: DaxDevice?) -> Observed {
        let namespace = Namespace(
            device: "namespace0.0", resource: 1 << 32, rawSize: .mib(512), extents: 1, mode: .devdax,
            recordedMode: .devdax, usableSize: .mib(502), map: .dev, align: .mib(2), name: "heap",
            labelUUID: UUID(bytes: [UInt8](repeating: 1, count: 16)),
            infoBlockUUID: UUID(bytes: [UInt8](repeating: 2, count: 16)), characterDevice: "dax0.0",
            daxDevice: device)
        let region = Region(
            device: "region0", size: .gib(4), availableSize: .gib(4) - .mib(512), resource: 1 << 32,
            namespaces: [namespace])
        let bus = Bus(device: "ndbus0", provider: "ACPI.NFIT", scrubState: nil, dimms: [], regions: [region])
        return Observed(buses: [bus])
    }

    private static func plan(_ namespaces: String, _ device: DaxDevice?) throws -> Plan {
        let text = "version: 1\nregions:\n  - match: {region: 0}\n    namespaces: [\(namespaces)]\n"
        return Planner.plan(
            try ProfileReader.read(Array(text.utf8), source: "profile.yaml"), on: observed(device))
    }

    private static let heap = "{name: heap, mode: devdax, size: 512 MiB}"

    @Test(arguments: [nil, DaxDevice(.devdax, driver: "device_dax")])
    func aDeviceThatIsOneNeedsNothing(device: DaxDevice?) throws {
        let plan = try Self.plan(Self.heap, device)
        #expect(plan.isEmpty && plan.notes.isEmpty && plan.unchanged == ["region0/heap"])
    }

    @Test func adeclaredDeviceThatNobodyCanOpenIsNotAsDeclared() throws {
        let plan = try Self.plan(Self.heap, DaxDevice(.disabled))
        #expect(plan.refusals.map(\.code) == [.deviceUnusable] && plan.unchanged.isEmpty)
        #expect(plan.refusals[0].advice?.contains("daxctl enable-device dax0.0") == true)
        let stranded = try Self.plan(Self.heap, DaxDevice(.disabled, isStranded: true))
        #expect(stranded.refusals.first?.advice?.hasPrefix("reboot") == true)
        #expect(try Self.plan("", DaxDevice(.disabled)).isEmpty, "what no line names is left alone")
    }

    @Test func aDeviceThatSomebodyUsesOtherwiseIsNoted() throws {
        let memory = DaxDevice(
            .systemRAM, driver: "kmem", memory: DaxDevice.Memory(online: 2, total: 3, isMovable: true))
        for (device, words) in [
            (memory, "system-ram, 2 of 3 blocks online"),
            (DaxDevice(.other, driver: "fsdev_dax"), "driver fsdev_dax"),
        ] {
            let plan = try Self.plan(Self.heap, device)
            #expect(plan.isEmpty && plan.notes.map(\.code) == [.deviceHeld])
            #expect(plan.notes[0].message.contains(words))
            let left = PlanReport(
                try Self.plan("", device), of: Profile(source: "p", regions: []), on: Self.observed(device))
            #expect(left.text().contains(words), "also of what is left alone")
            #expect(InventoryReport(Self.observed(device)).text.contains(words))
        }
        let missing = try Self.plan(Self.heap, DaxDevice(.devdax, driver: "device_dax", node: .missing))
        #expect(missing.notes.map(\.code) == [.nodeMissing])
    }

    @Test func ndctlsWordsAreDaxctls() throws {
        let memory = DaxDevice(
            .systemRAM, driver: "kmem", memory: DaxDevice.Memory(online: 0, total: 3, isMovable: nil))
        let text = InventoryReport(Self.observed(memory)).ndctlJSON
        #expect(text.contains(#""mode":"system-ram""#) && text.contains(#""online_memblocks":0"#))
        #expect(!text.contains("movable"))
        #expect(
            InventoryReport(Self.observed(DaxDevice(.disabled))).ndctlJSON.contains(#""state":"disabled""#))
        for device in [memory, DaxDevice(.disabled)] {
            var expected = device
            expected.driver = nil
            let listing = InventoryReport(Self.observed(device)).ndctlJSON
            let read = try SavedInventory.read(Array(listing.utf8)).observed.regions[0].namespaces[0]
            #expect(read.daxDevice == expected)
        }
    }

    @Test func aRangeThatIsSystemMemoryIsRefused() throws {
        let memory = (UInt64(1) << 32 + 512 << 20)..<(UInt64(1) << 32 + 640 << 20)
        let created = try Self.plan("\(Self.heap), {name: b, mode: fsdax, size: 256 MiB}", nil)
        let refused = SystemMemoryReview(findings: UseReport(systemMemory: [memory])).completed(created)
        #expect(refused.refusals.map(\.code) == [.systemMemory] && refused.refusals[0].address == "region0/b")
        #expect(SystemMemoryReview(findings: UseReport()).completed(created) == created)
        let elsewhere = UseReport(systemMemory: [0x1000..<0x9fc00])
        #expect(SystemMemoryReview(findings: elsewhere).completed(created) == created)
    }

    @Test func aDeviceThatIsStillBoundAsMemoryIsInUseAndNotLost() throws {
        let memory = (UInt64(1) << 32)..<(UInt64(1) << 32 + 128 << 20)
        let replaced = try Self.plan("{name: heap, mode: devdax, size: 256 MiB}", nil)
        try #require(replaced.changes.map(\.kind) == [.replace])
        let stranded = SystemMemoryReview(findings: UseReport(systemMemory: [memory])).completed(replaced)
        #expect(stranded.refusals.map(\.code) == [.systemMemory])
        let use = Holder(.systemMemory, of: "dax0.0", "system memory")
        let bound = UseReport(uses: ["namespace0.0": [use]], systemMemory: [memory])
        #expect(SystemMemoryReview(findings: bound).completed(replaced).refusals.isEmpty)
    }

    @Test func aStepThatLeavesADeviceWithoutDriverHasFailed() {
        func differences(_ device: DaxDevice) -> [String] {
            let namespace = Self.observed(device).regions[0].namespaces[0]
            let target = NamespaceTarget(namespace, region: "region0")
            let identity = FreshIdentity(labelUUID: namespace.labelUUID!, infoBlock: namespace.infoBlockUUID!)
            return ReadBack.differences(after: .enable(target), identity: identity, found: namespace)
        }
        #expect(differences(DaxDevice(.devdax, node: .opens)).isEmpty)
        #expect(differences(DaxDevice(.devdax, node: .missing)).isEmpty)
        #expect(differences(DaxDevice(.systemRAM, driver: "kmem")).isEmpty)
        #expect(differences(DaxDevice(.disabled)) == ["dax0.0 has no driver"])
        #expect(
            differences(DaxDevice(.devdax, node: .failed("No such device"))).first?.contains(
                "cannot be opened") == true)
        #expect(differences(DaxDevice(.devdax, node: .isAnother)).first?.contains("another device") == true)
    }
}
