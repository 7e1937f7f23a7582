/// The gaps of a region while namespaces are allocated in them, one after the other.
///
/// The same rule as ``ExtentMap/firstFit(_:)``, without looking at what is allocated again for each.
package struct FreeSpace: Equatable {
    /// The gaps, trimmed to the grid, in order.
    package private(set) var gaps: [Extent]
    /// The map while nothing is allocated: the kernel then takes the very start of the region, aligned or not
    /// (drivers/nvdimm/namespace_devs.c, `init_dpa_allocation`), and only what is left is trimmed.
    private var untouched: ExtentMap?

    /// What the map leaves free.
    package init(_ map: ExtentMap) {
        gaps = map.gaps
        untouched = map.allocated.isEmpty ? map : nil
    }

    /// The longest gap, the first of several; nil where there is none.
    package var largestGap: Extent? {
        gaps.reduce(nil) { best, gap in
            guard let best, best.length >= gap.length else { return gap }
            return best
        }
    }

    /// The sum of all gaps.
    package var available: ByteCount { gaps.reduce(.zero) { $0 + $1.length } }

    /// Where a namespace in the gap at this index would begin.
    package func start(ofGap index: Int) -> ByteCount { untouched == nil ? gaps[index].offset : .zero }

    /// Takes the start of the first gap that is large enough; nil where none is.
    package mutating func allocate(_ size: ByteCount) -> Extent? {
        guard let index = gaps.firstIndex(where: { $0.length >= size }) else { return nil }
        let extent = Extent(offset: start(ofGap: index), length: size)
        if var map = untouched {
            map.insert(extent)
            self = FreeSpace(map)
        } else {
            gaps[index].offset += size
            gaps[index].length -= size
            if gaps[index].length == .zero { gaps.remove(at: index) }
        }
        return extent
    }
}
