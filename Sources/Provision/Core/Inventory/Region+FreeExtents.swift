/// The free ranges of a region, for people to read: what the kernel would allocate is ``ExtentMap``'s to say.
extension Region {
    /// The ranges between its namespaces as they are, in order; nil where they are not known, because the region is
    /// disabled (and shows no namespaces) or an address may not be read (not root).
    ///
    /// A label-less region has none: its one namespace spans it.
    public var freeExtents: [Extent]? {
        guard isEnabled else { return nil }
        guard labelling == .labelled else { return [] }
        guard let allocated = allocatedExtents else { return nil }
        var free: [Extent] = []
        var start = ByteCount.zero
        for extent in allocated {
            if extent.offset > start { free.append(Extent(offset: start, length: extent.offset - start)) }
            start = max(start, min(extent.end, size))
        }
        if size > start { free.append(Extent(offset: start, length: size - start)) }
        return free
    }

    /// The free ranges trimmed to the grid that the kernel allocates on, those that hold no unit left out; nil where
    /// they are not known.
    public var allocatableExtents: [Extent]? {
        guard let free = freeExtents else { return nil }
        guard !free.isEmpty else { return [] }
        return ExtentMap(of: self)?.gaps
    }

    /// The ranges of its namespaces and labels in order, those outside the region left out; nil where an address is not known.
    private var allocatedExtents: [Extent]? {
        guard resource != nil else { return nil }
        var extents: [Extent] = []
        for namespace in namespaces {
            guard let extent = extent(of: namespace) else { return nil }
            if extent.offset < size { extents.append(extent) }
        }
        extents += uninstantiated.map(\.extent).filter { $0.offset < size }
        return extents.sorted()
    }
}
