import ProvisionCore
import ProvisionHost

/// What undoing needs of a dynamic dax region beyond steps.
extension DaxRegionContract {
    static let beyondSteps: [DaxRegionContract] = [
        DaxRegionContract("rules are removed, and the rights of nodes stay", rulesAreRemoved),
        DaxRegionContract("devices without memory are removed, and no others", emptyDevicesAreRemoved),
        DaxRegionContract("a sample shows what was written to a device", samplesShowWrites),
        DaxRegionContract("what is no device now has no sample", otherHasNoSample),
    ]

    private static func rulesAreRemoved(_ region: ContractDaxRegion) throws {
        let host = try region.restoring()
        let rights = NodeRights(owner: 7, permissions: 0o640)
        let one = region.layout([0..<32, 64..<96], rights: rights)
        let two = region.layout([32..<64], rights: rights)
        try region.perform(nil, one)
        try region.perform(nil, two, as: "two")
        var bare = one
        bare.rights.rule = nil
        // What has the same memory in another order is another device.
        try host.removeRules(for: [.memory(one.ranges.reversed())])
        try expect(Set(try region.layouts()) == [one, two])
        for _ in 1...2 {
            try host.removeRules(for: [.memory(one.ranges)])
            try expect(Set(try region.layouts()) == [bare, two])
        }
        try region.perform(bare, one)
        try expect(Set(try region.layouts()) == [one, two])
        try host.removeRules(for: [.memory(one.ranges), .memory(two.ranges)])
        try expect(try region.layouts().allSatisfy { $0.rights == DeviceRights(node: rights) })
    }

    private static func emptyDevicesAreRemoved(_ region: ContractDaxRegion) throws {
        let host = try region.restoring()
        let layout = region.layout([0..<64])
        try region.perform(nil, layout)
        let before = try region.found()
        let first = try region.makeEmptyDevice()
        let second = try region.makeEmptyDevice()
        try expect(try region.layouts() == [layout])
        try host.removeEmptyDevices(of: region.identity, besides: [second])
        let left = try region.found().devices.map(\.name)
        try expect(!left.contains(first) && left.contains(second))
        for _ in 1...2 {
            try host.removeEmptyDevices(of: region.identity, besides: [])
            try expect(try region.found() == before)
        }
        // The first device of a region is never removed.
        try region.perform(layout, nil)
        let empty = try region.found()
        try host.removeEmptyDevices(of: region.identity, besides: [])
        try expect(try region.found() == empty)
    }

    private static func samplesShowWrites(_ region: ContractDaxRegion) throws {
        let half = ByteCount.mib(64)
        let small = region.layout([0..<64])
        try region.perform(nil, small)
        let range = Extent(offset: .zero, length: half)
        let count = MediaSample.offsets(in: range).count
        var expected = MediaSample(
            view: .device, range: range, sums: [UInt32](repeating: MediaSample.zeroPage, count: count))
        try expect(try region.sample(small) == expected)
        let name = try require(try region.found().device(of: small.ranges)?.name)
        try require(region.hardware).write(7, toDevice: name, at: .kib(4))
        expected.sums[1] = Checksum.of(ContractRegion.page(7))
        try expect(try region.sample(small) == expected)
        // What is new to it is zero, and the rest is what it was.
        let grown = region.layout([0..<64, 128..<192])
        try region.perform(small, grown)
        let added = try require(try region.sample(grown, from: half))
        try expect(added.range == Extent(offset: half, length: half))
        try expect(added.sums.allSatisfy { $0 == MediaSample.zeroPage })
        try expect(try region.sample(grown)?.range == Extent(offset: .zero, length: half + half))
        try expect(try region.sample(grown)?.sums[1] == expected.sums[1])
        // The order of ranges is the order of offsets.
        let turned = region.layout([128..<192, 0..<64])
        try region.perform(grown, turned)
        try expect(try region.sample(turned, from: half)?.sums == expected.sums)
    }

    private static func otherHasNoSample(_ region: ContractDaxRegion) throws {
        let layout = region.layout([0..<256])
        try region.perform(nil, layout)
        try expect(try region.sample(layout) != nil)
        try expect(try region.sample(layout, from: .mib(256)) == nil)
        try expect(try region.sample(layout, from: .mib(512)) == nil)
        try expect(try region.sample(region.layout([0..<128])) == nil)
        let memory = region.layout([0..<256], .systemRAM(.none))
        try region.perform(layout, memory)
        try expect(try region.sample(memory) == nil)
        try region.perform(memory, nil)
        try expect(try region.sample(layout) == nil)
    }
}

extension ContractDaxRegion {
    /// Makes a device without memory, and returns its name.
    fileprivate func makeEmptyDevice() throws -> String {
        let before = try found()
        try require(hardware).makeEmptyDevice(in: before)
        let names = Set(before.devices.map(\.name))
        return try require(try found().devices.first { !names.contains($0.name) }).name
    }

    /// A sample of a device, from an offset to its end.
    fileprivate func sample(_ layout: DeviceLayout, from offset: ByteCount = .zero) throws -> MediaSample? {
        try restoring().sample(of: layout, in: identity, from: offset)
    }
}
