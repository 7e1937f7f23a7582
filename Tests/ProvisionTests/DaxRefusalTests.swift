import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What a plan refuses of devices of dynamic dax regions, where the kernel would say nothing, or something else: memory without a node,
/// an alignment that does not hold for where a device lies, and another driver's device.
///
/// What can happen between two runs: the firmware names no node any more; another tool made a device where it cannot be mapped, or gave
/// one to another driver.
@Suite struct DaxRefusalTests {
    typealias Bench = DaxDivisionTests.Bench

    private static let nodeless = DaxDivisionTests.machine.replacing(#", "target_node": 2"#, with: "")

    /// Regions of 4 GiB at 4 GiB, and of 3 GiB that begins 256 MiB behind 9 GiB. The devices of the first as JSON.
    private static func large(_ devices: String? = nil) -> String {
        let list = devices.map { #", "devices": [{"number": 0}, \#($0)]"# } ?? ""
        return DaxDivisionTests.machine
            .replacing(
                #""size": "1 GiB", "target_node": 2"#, with: #""size": "4 GiB", "target_node": 2\#(list)"#
            )
            .replacing(#""0x140000000", "size": "512 MiB""#, with: #""0x250000000", "size": "3 GiB""#)
    }

    private static func second(_ devices: String) throws -> Profile {
        let text = "version: 1\ndevices:\n  - match: {start: 0x250000000}\n    devices: [\(devices)]\n"
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    /// What is refused of the first region's devices, by the plan and by an apply with every consent, which changes nothing.
    private func refusals(_ bench: Bench, _ devices: String?, unmanaged: String? = nil) throws -> [Refusal] {
        let profile = try DaxDivisionTests.profile(devices, unmanaged: unmanaged)
        let plan = try bench.prepare(profile).plan
        let before = bench.host.json
        guard case .refused(let refusals) = try bench.apply(profile) else { return [] }
        #expect(refusals == plan.refusals && plan.steps.isEmpty && bench.host.json == before)
        return refusals
    }

    // MARK: - Memory without a node

    /// The kernel refuses to make memory of such a device (drivers/dax/kmem.c, "rejecting DAX region with invalid node"), and the store
    /// to `new_id` succeeds all the same.
    @Test(arguments: [
        "mode: system-ram", "mode: system-ram, online: none", "mode: system-ram, memmap_on_memory: true",
    ])
    func memoryOfARegionWithoutANodeIsRefused(words: String) throws {
        let bench = try Bench(Self.nodeless)
        let found = try refusals(bench, "{name: a, size: 256 MiB}, {name: m, size: 256 MiB, \(words)}")
        #expect(found.map(\.code) == [.deviceUnusable] && found.map(\.address) == ["hmem.0/m"])
        #expect(found[0].message.contains("target_node") && found[0].advice?.contains("SRAT") == true)
        #expect(found[0].position?.line == 4)
    }

    @Test func devicesOfSuchARegionAndMemoryOfAnotherAreMade() throws {
        let bench = try Bench(Self.nodeless)
        try bench.applied(
            DaxDivisionTests.profile("{name: a, size: 256 MiB}", "{name: m, size: 256 MiB, mode: system-ram}")
        )
        #expect(try bench.device("m").mode == .systemRAM && bench.device("a").mode == .devdax)
    }

    @Test func memoryIsNotPutBackWhereTheNodeIsGoneAfterABoot() throws {
        var bench = try Bench()
        try bench.applied(
            DaxDivisionTests.profile("{name: m, size: 256 MiB, mode: system-ram}", "{name: o, size: 100%}"))
        try bench.host.reboot()
        bench.host = try SimulatedHost(
            json: bench.host.json.replacing(#""target_node": 2"#, with: #""numa_node": 0"#))
        let restoration = try bench.boot()
        #expect(restoration.refusals.map(\.code) == [.deviceUnusable])
        #expect(restoration.refusals[0].message.contains("target_node"))
        #expect(
            restoration.profile.daxRegions.map(\.match.start) == [0x1_4000_0000],
            "the other region is put back")
    }

    // MARK: - Alignment

    /// The kernel maps such a device from the multiple of 1 GiB below its start on, which is its neighbour's memory.
    @Test func anAlignmentOf1GiBIsRefusedForADeviceThatBeginsElsewhere() throws {
        let bench = try Bench(Self.large())
        try bench.applied(DaxDivisionTests.profile("{name: a, size: 1 GiB, start: 0x110000000}"))
        let found = try refusals(bench, "{name: a, size: 1 GiB, align: 1 GiB}")
        #expect(found.map(\.code) == [.notSupported] && found.map(\.address) == ["hmem.0/a"])
        #expect(found[0].message.contains("0x110000000 to 0x14fffffff of it is not on multiples of 1 GiB"))
        #expect(found[0].advice?.contains("smaller align") == true)
        // Nor does a part of it that is kept.
        #expect(try refusals(bench, "{name: a, size: 2 GiB, align: 1 GiB}").map(\.code) == [.notSupported])
    }

    @Test func whatADeviceKeepsMustEndOnAMultipleToo() throws {
        let bench = try Bench(Self.large())
        try bench.applied(DaxDivisionTests.profile("{name: a, size: 256 MiB}"))
        #expect(try bench.device("a").mappings?.first?.range.lowerBound == 0x1_0000_0000)
        let found = try refusals(bench, "{name: a, size: 1 GiB, align: 1 GiB}")
        #expect(found.map(\.code) == [.notSupported])
        #expect(found[0].message.contains("0x100000000 to 0x10fffffff of it is not on multiples of 1 GiB"))
    }

    /// Another tool can have made it: the kernel does not check a start.
    @Test func aDeviceThatAnotherToolAlignedSoIsNotTakenOverAsItIs() throws {
        let device =
            #"{"number": 1, "driver": "device_dax", "align": "1 GiB", "ranges": [{"start": "0x100200000", "size": "1 GiB"}]}"#
        let bench = try Bench(Self.large(device))
        let found = try refusals(bench, "{name: a, size: 1 GiB, start: 0x100200000}")
        #expect(found.map(\.code) == [.notSupported])
        try bench.applied(
            DaxDivisionTests.profile("{name: a, size: 1 GiB, start: 0x100200000, align: 2 MiB}"))
        #expect(try bench.device("a").align == .mib(2))
    }

    // MARK: - Another tool's device

    private static let scattered = """
        {"number": 1, "driver": "device_dax", "ranges": [
          {"start": "0x110000000", "size": "128 MiB"}, {"start": "0x100000000", "size": "128 MiB"}]}
        """

    /// daxctl takes the lowest gaps, so that a device can lie in several ranges, and not in the order of their addresses.
    @Test func aDeviceInSeveralRangesIsAdoptedByItsFirstOneAndItsSize() throws {
        let bench = try Bench(Self.large(Self.scattered))
        let profile = try DaxDivisionTests.profile("{name: a, size: 256 MiB, start: 0x110000000}")
        #expect(try bench.prepare(profile).plan.changes.isEmpty)
        let before = try bench.layouts
        try bench.applied(profile)
        #expect(try bench.layouts == before)
        let ranges = try #require(bench.device("a").mappings?.map(\.range))
        #expect(ranges == [0x1_1000_0000..<0x1_1800_0000, 0x1_0000_0000..<0x1_0800_0000])
        try bench.write(9, to: "a", at: [.zero, .mib(192)])
        // A boot forgets it, and it comes back in the same order.
        try bench.host.reboot()
        _ = try bench.restore()
        #expect(try bench.device("a").mappings?.map(\.range) == ranges)
        #expect(try bench.read("a", at: [.zero, .mib(192)]) == [9, 9])
    }

    @Test func aDeviceThatBeginsThereAndHasAnotherSizeIsNamed() throws {
        let bench = try Bench(Self.large(Self.scattered))
        let found = try refusals(bench, "{name: a, size: 128 MiB, start: 0x110000000}")
        #expect(found.map(\.code) == [.noExtent])
        #expect(found[0].advice == "dax0.1 begins there and has 256 MiB: size: 256 MiB means that device")
        // Where it begins is where its first byte is, not its lowest address.
        #expect(
            try refusals(bench, "{name: a, size: 256 MiB, start: 0x100000000}").map(\.code) == [.noExtent])
    }

    // MARK: - Alignment of new devices

    @Test func aNewDeviceOf1GiBLiesOnMultiplesOfIt() throws {
        let bench = try Bench(Self.large())
        try bench.applied(Self.second("{name: g, size: 1 GiB, align: 1 GiB}, {name: s, size: 64 MiB}"))
        #expect(try bench.device("g").mappings?.map(\.range.lowerBound) == [0x2_8000_0000])
        #expect(try bench.device("s").mappings?.map(\.range.lowerBound) == [0x2_5000_0000])
        // 3 GiB that begin off a multiple hold two such, and no third.
        let fresh = try Bench(Self.large())
        let three = ["g", "h", "i"].map { "{name: \($0), size: 1 GiB, align: 1 GiB}" }.joined(separator: ", ")
        let plan = try fresh.prepare(Self.second(three)).plan
        #expect(plan.refusals.map(\.code) == [.noExtent] && plan.steps.isEmpty)
        // Nor is the device that a boot made of all of it taken over so.
        let whole = try fresh.prepare(Self.second("{name: g, size: 3 GiB, align: 1 GiB}")).plan
        #expect(whole.refusals.map(\.code) == [.notSupported] && whole.steps.isEmpty)
        let pinned = try fresh.prepare(
            Self.second("{name: p, size: 1 GiB, align: 1 GiB, start: 0x250000000}")
        ).plan
        #expect(pinned.refusals.contains { $0.code == .startMisaligned })
    }

    // MARK: - Another driver

    private static let foreign =
        #"{"number": 1, "driver": "fsdev_dax", "ranges": [{"start": "0x110000000", "size": "256 MiB"}]}"#

    @Test func aDeviceOfAnotherDriverIsNotTakenOver() throws {
        let bench = try Bench(Self.large(Self.foreign))
        let found = try refusals(bench, "{name: f, size: 256 MiB, start: 0x110000000}")
        #expect(found.map(\.code) == [.deviceUnusable] && found.map(\.address) == ["hmem.0/f"])
        #expect(found[0].message.contains("dax0.1 is held by the driver fsdev_dax"))
        // Beside it there is room for others, and it stays.
        let beside = try DaxDivisionTests.profile("{name: a, size: 256 MiB}")
        #expect(try bench.prepare(beside).plan.unmanaged.map(\.address) == ["hmem.0/dax0.1"])
        try bench.applied(beside)
        #expect(try bench.observed.daxRegions[0].devices.first { $0.name == "dax0.1" }?.driver == "fsdev_dax")
    }

    @Test func nothingIsDoneToARecordedDeviceThatAnotherDriverHasSince() throws {
        let bench = try Bench()
        try bench.applied(DaxDivisionTests.profile("{name: a, size: 256 MiB}, {name: b, size: 256 MiB}"))
        var observed = try bench.observed
        let index = try #require(observed.daxRegions[0].devices.firstIndex { $0.recordedName == "b" })
        observed.daxRegions[0].devices[index].driver = "fsdev_dax"
        for (devices, unmanaged) in [
            ("{name: a, size: 256 MiB}, {name: b, size: 256 MiB}", nil),
            ("{name: a, size: 256 MiB}", "destroy"),
            ("{name: a, size: 256 MiB}, {name: b, size: 512 MiB}", nil),
        ] {
            let profile = try DaxDivisionTests.profile(devices, unmanaged: unmanaged)
            let plan = Planner.plan(profile, on: observed)
            #expect(plan.refusals.map(\.code) == [.deviceUnusable] && plan.steps.isEmpty)
            #expect(plan.refusals.map(\.address) == ["hmem.0/b"])
        }
    }

    @Test func aRegionThatAnotherDriverHasAsAWholeIsNotDivided() throws {
        let machine = DaxDivisionTests.machine.replacing(
            #""target_node": 2"#,
            with:
                #""target_node": 2, "devices": [{"number": 0, "driver": "fsdev_dax", "ranges": [{"start": "0x100000000", "size": "1 GiB"}]}]"#
        )
        let found = try refusals(Bench(machine), "{name: a, size: 256 MiB}")
        #expect(found.map(\.code) == [.deviceUnusable] && found.map(\.address) == ["hmem.0/dax0.0"])
        #expect(found[0].message.contains("fsdev_dax"))
    }
}
