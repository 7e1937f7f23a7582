package import ProvisionCore

/// What a region's namespaces have from it.
package struct RegionFacts {
    /// Whether its namespaces come from labels.
    package var labelling: RegionLabelling
    /// The number of DIMMs that it interleaves.
    package var interleaveWays: Int
    /// The NUMA node nearest to the memory; nil where the platform gives none.
    package var numaNode: Int?
    /// The node that the memory would become.
    package var targetNode: Int?
    /// The first physical address; nil where unknown.
    package var start: UInt64?
    /// The region's media errors, in units of 512 bytes from its start.
    package var badBlocks: [BadBlocks]
    /// Whether attributes that hold addresses can be read: they are 0400.
    package var mayReadAddresses: Bool
    /// The rules for the rights of its namespaces' devices.
    package var deviceRules = DeviceRules()
}

extension RegionFacts {
    /// The facts in the sysfs directory of a region.
    package init(reading directory: borrowing SysfsDirectory) {
        let start = SysfsRegionReader.resource(directory)
        self.init(
            labelling: directory.text("nstype") == "4" ? .labelLess : .labelled,
            interleaveWays: directory.number("mappings").map(Int.init(clamping:)) ?? 1,
            numaNode: SysfsRegionReader.numaNode(directory),
            targetNode: SysfsRegionReader.targetNode(directory), start: start,
            badBlocks: SysfsRegionReader.badBlocks(directory), mayReadAddresses: start != nil)
        deviceRules = DeviceRulesFile(directory.places.rules).rules
    }

    /// The facts of an observed region, with the rules for the rights of its namespaces' devices.
    package init(_ region: Region, _ rules: DeviceRules) {
        self.init(
            labelling: region.labelling, interleaveWays: region.interleaveWays, numaNode: region.numaNode,
            targetNode: region.targetNode,
            start: region.resource, badBlocks: region.badBlocks, mayReadAddresses: region.resource != nil)
        deviceRules = rules
    }
}
