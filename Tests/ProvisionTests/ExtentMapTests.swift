import ProvisionCore
import Testing

@Suite struct ExtentMapTests {
    /// 1 GiB with [64 MiB, 128 MiB) and [512 MiB, 576 MiB) taken.
    private let map: ExtentMap = {
        var map = ExtentMap(capacity: .gib(1), grid: .mib(16))
        map.insert(Extent(offset: .mib(512), length: .mib(64)))
        map.insert(Extent(offset: .mib(64), length: .mib(64)))
        return map
    }()

    @Test func theFirstGapThatIsLargeEnoughIsUsedAtItsStart() {
        #expect(map.firstFit(.mib(64)) == Extent(offset: .zero, length: .mib(64)))
        #expect(map.firstFit(.mib(80)) == Extent(offset: .mib(128), length: .mib(80)))
        #expect(map.firstFit(.mib(400)) == Extent(offset: .mib(576), length: .mib(400)))
    }

    @Test func availableCapacityIsNoPromiseOfOneExtent() {
        #expect(map.available == .mib(896))
        #expect(map.largestGap == Extent(offset: .mib(576), length: .mib(448)))
        #expect(map.firstFit(.mib(464)) == nil)
    }

    @Test func releasedExtentsJoinTheirNeighbours() {
        var map = map
        map.remove(Extent(offset: .mib(64), length: .mib(64)))
        #expect(map.gaps.first == Extent(offset: .zero, length: .mib(512)))
    }

    @Test func gapsAreTrimmedToTheGridOfTheAddressSpaceAndNotOfTheRegion() {
        var map = ExtentMap(capacity: .mib(1008), grid: .mib(16), base: ByteCount.mib(1008) - .mib(8))
        #expect(map.gaps == [Extent(offset: .mib(8), length: .mib(992))])
        map.insert(Extent(offset: .mib(8), length: .mib(20)))
        #expect(map.gaps == [Extent(offset: .mib(40), length: .mib(960))])
    }

    @Test func overlappingAllocationsCountOnce() {
        var map = ExtentMap(capacity: .mib(256), grid: .mib(16))
        map.insert(Extent(offset: .zero, length: .mib(128)))
        map.insert(Extent(offset: .mib(64), length: .mib(32)))
        #expect(map.gaps == [Extent(offset: .mib(128), length: .mib(128))])
    }
}

@Suite struct AllocationUnitTests {
    @Test(arguments: [
        (ByteCount.mib(16), Alignment.huge, 1, ByteCount.mib(16)),
        (.mib(16), .huge, 6, .mib(48)),
        (.mib(96), .huge, 6, .mib(96)),
        (.mib(16), .gigantic, 4, .gib(4)),
        (.mib(16), .page, 12, .mib(48)),
    ])
    func theUnitIsACommonMultipleOfRegionAlignmentAndStripe(
        regionAlign: ByteCount, align: Alignment, ways: Int, unit: ByteCount
    ) {
        #expect(AllocationUnit.size(regionAlign: regionAlign, align: align, ways: ways) == unit)
    }
}
