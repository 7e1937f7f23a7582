import Glibc
package import ProvisionCore

/// Enabling and disabling of regions and DIMMs, and the boot.
extension SimulatedState {
    /// Starts the host anew: what labels and info blocks do not hold is gone, and everything is enabled.
    package mutating func boot() {
        boots += 1
        for number in regions.indices where regions[number].isEnabled { disableRegion(number) }
        for number in dimms.indices {
            update(dimm: number) { $0.hasLabelling = $0.labelVersion != nil }
            enableDimm(number)
        }
        for number in regions.indices {
            update(region: number) { $0.align = SimulatedRegion.defaultAlign(size: $0.size, ways: $0.ways) }
            enableRegion(number)
        }
    }

    /// Takes the region and its namespaces offline: what only memory holds of them is lost.
    package mutating func disableRegion(_ number: Int) {
        let keepsHolderClass = labels(of: regions[number]) == .v1_2
        update(region: number) { region in
            region.isEnabled = false
            region.seed = nil
            region.claims = [:]
            region.namespaces = region.namespaces.filter { $0.size > .zero && $0.uuid != nil }
            for index in region.namespaces.indices {
                region.namespaces[index].isActive = false
                region.namespaces[index].isForcedRaw = false
                region.namespaces[index].isWritten = false
                region.namespaces[index].use = .devdax
                region.namespaces[index].nodeRights = nil
                if !keepsHolderClass { region.namespaces[index].holderClass = nil }
            }
        }
    }

    /// Brings the region online. Its namespaces are numbered anew, in an order that compares the bytes of their
    /// addresses from the lowest (drivers/nvdimm/namespace_devs.c, `cmp_dpa`), and enabled.
    package mutating func enableRegion(_ number: Int) {
        if regions[number].isEnabled { return }
        let hasLabels = regions[number].mappings.contains { dimms[$0.dimm].hasLabelling }
        update(region: number) { region in
            region.isEnabled = true
            region.labelling = hasLabels ? .labelled : .labelLess
            if hasLabels { region.instantiateLabels() } else { region.instantiateWhole() }
        }
        enableNamespaces(region: number)
    }

    /// Enables every namespace of the region that can be.
    package mutating func enableNamespaces(region number: Int) {
        for namespace in regions[number].namespaces where namespace.size > .zero {
            try? enable(SimulatedNamespaceID(region: number, number: namespace.number))
        }
    }

    /// Binds the DIMM's driver, which reads the index.
    package mutating func enableDimm(_ number: Int) {
        update(dimm: number) { dimm in
            dimm.isEnabled = true
            if dimm.labelVersion != nil { dimm.hasLabelling = true }
        }
    }

    /// Unbinds the DIMM's driver; a DIMM of an enabled region is busy.
    package mutating func disableDimm(_ number: Int) throws(SimulatedRefusal) {
        try requireUnused(dimm: number)
        update(dimm: number) { $0.isEnabled = false }
    }

    /// Writes a whole label area: an empty index, or zeros.
    package mutating func writeIndex(dimm number: Int, _ version: LabelVersion?) throws(SimulatedRefusal) {
        guard dimms[number].labelAreaSize != nil else {
            throw SimulatedRefusal(ENOTTY, "it has no label area")
        }
        try requireUnused(dimm: number)
        update(dimm: number) { $0.labelVersion = version }
        for region in regions.indices where regions[region].mappings.contains(where: { $0.dimm == number }) {
            update(region: region) { $0.namespaces = [] }
        }
    }

    private func requireUnused(dimm number: Int) throws(SimulatedRefusal) {
        let users = regions.enumerated().filter { $1.isEnabled && $1.mappings.contains { $0.dimm == number } }
        guard let user = users.first else { return }
        throw SimulatedRefusal(EBUSY, "region\(user.offset) uses it")
    }
}

extension SimulatedRegion {
    /// Makes namespace objects of the labels. Number 0 is the seed: it is an idle object where there is no label.
    package mutating func instantiateLabels() {
        let resource = resource
        namespaces.sort { left, right in
            let (left, right) = (resource + left.offset.bytes, resource + right.offset.bytes)
            return left.byteSwapped < right.byteSwapped
        }
        for index in namespaces.indices { namespaces[index].number = index }
        if namespaces.isEmpty { namespaces = [SimulatedNamespace(number: 0)] }
        seed = 0
    }

    /// Makes the one namespace of a label-less region.
    package mutating func instantiateWhole() {
        namespaces = [SimulatedNamespace(number: 0, size: size)]
        seed = nil
    }

    /// Plants a new seed where the seed itself was enabled: with the lowest free number.
    package mutating func advanceSeed(after number: Int) {
        guard seed == number else { return }
        let taken = Set(namespaces.map(\.number))
        guard let free = (0...namespaces.count).first(where: { !taken.contains($0) }) else { return }
        let index = namespaces.firstIndex { $0.number > free } ?? namespaces.endIndex
        namespaces.insert(SimulatedNamespace(number: free), at: index)
        seed = free
    }
}
