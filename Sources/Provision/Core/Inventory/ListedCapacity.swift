/// Whether what a listing says of a region's capacity adds up.
///
/// `ndctl list` prints no raw sizes: they are worked out from the usable ones as if nothing were padded. Kernels before
/// 5.3 padded (`start_pad` and `end_trunc` in the info block), later ones honour that, and what has a padding takes more
/// than its usable size tells. And ndctl leaves out whatever it was not asked for: disabled namespaces, or all of them.
/// So the raw sizes and the free capacity are added up. Where they are not the region's size, raw sizes that were worked
/// out are unknown, and what is missing may be a namespace.
package enum ListedCapacity {
    /// Adds the limits of regions whose capacity does not add up, and takes back raw sizes that were worked out there.
    package static func review(_ buses: inout [Bus], _ limits: inout Set<InventoryLimit>) {
        let isAnyListed = buses.contains { $0.regions.contains { !$0.namespaces.isEmpty } }
        for bus in buses.indices {
            for region in buses[bus].regions.indices {
                review(&buses[bus].regions[region], isAnyListed: isAnyListed, &limits)
            }
        }
    }

    private static func review(
        _ region: inout Region, isAnyListed: Bool, _ limits: inout Set<InventoryLimit>
    ) {
        guard region.isEnabled, region.size > .zero else { return }
        guard region.labelling == .labelled else {
            if region.namespaces.isEmpty { limits.insert(.namespacesNotListed(region.device)) }
            return
        }
        let sizes = [region.availableSize] + region.namespaces.map(\.rawSize)
        let total = sizes.reduce(.zero) { $0 + $1 }
        // What is free is trimmed to the alignment: a region whose size is off it has a rest that nothing can take.
        var slack = region.align ?? .mib(16)
        if limits.contains(.roundedSizes) {
            slack = (sizes + [region.size]).reduce(slack) { $0 + rounding(of: $1) }
        }
        if total + slack <= region.size {
            limits.insert(
                region.namespaces.isEmpty && !isAnyListed
                    ? .namespacesNotListed(region.device) : .capacityNotListed(region.device))
        } else if total < region.size + slack {
            return
        }
        for index in region.namespaces.indices {
            let device = region.namespaces[index].device
            guard limits.remove(.derivedRawSize(device)) != nil else { continue }
            limits.insert(.noRawSize(device))
            region.namespaces[index].rawSize = region.namespaces[index].usableSize ?? .zero
        }
    }

    /// How far a size that `-u` printed is off at most: it has two decimals in decimal units as well (util/json.c
    /// `display_size`).
    private static func rounding(of size: ByteCount) -> ByteCount {
        if size >= .gib(2048) { return .gib(16) }
        return size >= .gib(2) ? .mib(16) : .kib(16)
    }
}
