import ProvisionCore
import Testing

@Suite struct FreeExtentsTests {
    private func region(_ namespaces: [(UInt64, UInt64)], start: UInt64? = 1 << 32) -> Region {
        Region(
            device: "region0", size: .mib(256), resource: start,
            namespaces: namespaces.map { offset, size in
                Namespace(
                    device: "namespace0.\(offset)", resource: start.map { $0 + (offset << 20) },
                    rawSize: .mib(size))
            })
    }

    private func mib(_ extents: [Extent]?) -> [[UInt64]]? {
        extents?.map { [$0.offset.bytes >> 20, $0.length.bytes >> 20] }
    }

    @Test func anEmptyRegionIsOneExtent() {
        #expect(mib(region([]).freeExtents) == [[0, 256]])
    }

    @Test func gapsLieBeforeBetweenAndBehindNamespacesInAnyOrder() {
        #expect(mib(region([(128, 16), (16, 64)]).freeExtents) == [[0, 16], [80, 48], [144, 112]])
    }

    @Test func aFullRegionHasNone() {
        #expect(mib(region([(0, 128), (128, 128)]).freeExtents) == [])
    }

    @Test func overlappingNamespacesCountOnce() {
        #expect(mib(region([(0, 64), (32, 64), (40, 8)]).freeExtents) == [[96, 160]])
    }

    @Test func aNamespaceThatReachesBeyondTheRegionLeavesNothingBehindIt() {
        #expect(mib(region([(128, 512)]).freeExtents) == [[0, 128]])
        #expect(mib(region([(512, 16)]).freeExtents) == [[0, 256]])
    }

    @Test func trimmedExtentsBeginAndEndOnTheGrid() {
        let region = region([(10, 20), (40, 16)])
        #expect(mib(region.freeExtents) == [[0, 10], [30, 10], [56, 200]])
        #expect(mib(region.allocatableExtents) == [[64, 192]])
    }

    @Test func withoutAddressesNothingIsKnown() {
        #expect(region([(0, 16)], start: nil).freeExtents == nil)
        #expect(region([(0, 16)], start: nil).allocatableExtents == nil)
    }

    @Test func aDisabledRegionHidesItsNamespacesSoNothingIsKnown() {
        var disabled = region([])
        disabled.isEnabled = false
        #expect(disabled.freeExtents == nil)
    }

    @Test func aLabelLessRegionHasNone() {
        var labelLess = region([(0, 256)])
        labelLess.labelling = .labelLess
        #expect(labelLess.freeExtents == [])
        #expect(labelLess.allocatableExtents == [])
    }
}
