extension InventoryLimit {
    /// The limit as a stable word for programs.
    public var code: String {
        switch self {
        case .nothingListed: "nothing_listed"
        case .busesNotListed: "buses_not_listed"
        case .dimmsNotListed: "dimms_not_listed"
        case .regionNotListed: "region_not_listed"
        case .namespacesNotListed: "namespaces_not_listed"
        case .capacityNotListed: "capacity_not_listed"
        case .noRegionAlign: "no_region_align"
        case .noAddresses: "no_addresses"
        case .disabledMayBeMissing: "disabled_may_be_missing"
        case .noLabelAreas: "no_label_areas"
        case .noConfiguredModes: "no_configured_modes"
        case .noCapabilities: "no_capabilities"
        case .noReadOnlyState: "no_read_only_state"
        case .noNodes: "no_nodes"
        case .noUsage: "no_usage"
        case .roundedSizes: "rounded_sizes"
        case .noInterleaveSetID: "no_interleave_set_id"
        case .noLabelUUID: "no_label_uuid"
        case .derivedRawSize: "derived_raw_size"
        case .noRawSize: "no_raw_size"
        case .mediaErrorsNotListed: "media_errors_not_listed"
        case .noContentState: "no_content_state"
        }
    }

    /// The device that it is about; nil where it is about the whole inventory.
    public var device: String? {
        switch self {
        case .regionNotListed(let device), .namespacesNotListed(let device), .capacityNotListed(let device),
            .noRegionAlign(let device), .noInterleaveSetID(let device), .noLabelUUID(let device),
            .derivedRawSize(let device), .noRawSize(let device), .mediaErrorsNotListed(let device),
            .noContentState(let device):
            device
        case .nothingListed, .busesNotListed, .dimmsNotListed, .noAddresses, .disabledMayBeMissing,
            .noLabelAreas,
            .noConfiguredModes, .noCapabilities, .noReadOnlyState, .noNodes, .noUsage, .roundedSizes:
            nil
        }
    }

    /// What is not known, in a clause that names no device.
    public var subject: String {
        switch self {
        case .nothingListed: "anything at all: the listing is empty"
        case .busesNotListed: "the buses"
        case .dimmsNotListed: "the DIMMs"
        case .regionNotListed: "the capacity of regions that are not listed themselves"
        case .namespacesNotListed: "the namespaces"
        case .capacityNotListed: "what takes a part of the capacity"
        case .noRegionAlign: "the alignment of regions"
        case .noAddresses: "where namespaces and free ranges lie"
        case .disabledMayBeMissing: "disabled namespaces"
        case .noLabelAreas: "label areas and free label slots"
        case .noConfiguredModes: "the modes that labels record"
        case .noCapabilities: "the modes and alignments that the kernel offers"
        case .noReadOnlyState: "which regions are read-only"
        case .noNodes: "NUMA nodes"
        case .noUsage: "what is in use, what devices hold, and what is protected"
        case .roundedSizes: "exact sizes"
        case .noInterleaveSetID: "interleave sets"
        case .noLabelUUID: "label UUIDs"
        case .derivedRawSize: "raw sizes, which were worked out from usable sizes"
        case .noRawSize: "raw sizes"
        case .mediaErrorsNotListed: "media errors, which are counted only"
        case .noContentState: "whether label-less namespaces were ever written"
        }
    }

    /// How that limits what a plan promises.
    public var consequence: String {
        switch self {
        case .nothingListed: "whether the host has persistent memory, or the command failed, is not known"
        case .busesNotListed: "conditions on the provider cannot be judged"
        case .dimmsNotListed: "conditions on DIMMs cannot be judged, and their health is not looked at"
        case .regionNotListed: "nothing is planned in them"
        case .namespacesNotListed, .capacityNotListed:
            "no namespace is planned to be created, or all others destroyed"
        case .noRegionAlign: "only what stays as it is is planned"
        case .noAddresses:
            "no address is promised, and what depends on one is refused; regions are taken to start at a multiple "
                + "of 2 MiB"
        case .disabledMayBeMissing: "one with a declared name would be enabled, not created"
        case .noLabelAreas: "label areas are taken to be there, with v1.2 labels and room for every namespace"
        case .noConfiguredModes: "a creation that did not finish is not recognised"
        case .noCapabilities: "every mode and alignment is taken to be offered"
        case .noReadOnlyState: "every region is taken to be writable"
        case .noNodes: "conditions on numa_node cannot be judged"
        case .noUsage: "apply looks at the host, and refuses to touch what is in use or protected"
        case .roundedSizes: "the roundest sizes are taken, and a change of size may be none"
        case .noInterleaveSetID: "conditions on iset_id cannot be judged there"
        case .noLabelUUID: "the namespace is named by what else is known of it"
        case .derivedRawSize:
            "they are exact for what ndctl and daxprov create, and add up to the region's size"
        case .noRawSize: "only what stays as it is by its usable size is planned"
        case .mediaErrorsNotListed: "where they lie is not shown"
        case .noContentState: "they are taken to hold data, so that label indexes need consent"
        }
    }

    /// What lifts the limit: an option of `ndctl list`, or where it has none, daxprov's own inventory.
    public var remedy: String {
        switch self {
        case .nothingListed: "ndctl list -BDRNvi, as root, and look at its exit code"
        case .busesNotListed: "ndctl list -B lists them"
        case .dimmsNotListed: "ndctl list -D lists them"
        case .regionNotListed: "ndctl list -R lists them"
        case .namespacesNotListed: "ndctl list -N lists them, and with -i the disabled ones"
        case .capacityNotListed, .disabledMayBeMissing: "ndctl list -i lists disabled namespaces"
        case .noRegionAlign:
            "ndctl list -R lists it from ndctl 68 and Linux 5.7 on"
        case .noCapabilities: "ndctl list -C lists them"
        case .noNodes: "ndctl list -v lists them"
        case .roundedSizes, .noInterleaveSetID: "ndctl list without -u lists them"
        case .noLabelUUID: "ndctl list -v lists them"
        case .mediaErrorsNotListed: "ndctl list -M lists them"
        case .noRawSize, .derivedRawSize, .noLabelAreas, .noConfiguredModes, .noReadOnlyState:
            "no option of ndctl list lists them; daxprov inventory --json does"
        case .noAddresses, .noContentState:
            "no option of ndctl list lists them; daxprov inventory --json does, run as root"
        case .noUsage: "nothing that is saved tells; daxprov plan on the host does"
        }
    }
}

extension InventoryLimit: CustomStringConvertible {
    /// What is not known, and of what, in one line.
    public var description: String { device.map { "\($0): \(subject)" } ?? subject }
}

extension SavedInventory {
    /// What is not known to a plan made from this inventory: what it does not say, what no inventory says, and what
    /// the user who took it was not shown.
    public var planningLimits: InventoryLimits {
        guard !observed.buses.isEmpty else { return limits }
        var more: [InventoryLimit] = [.noUsage]
        let regions = observed.regions.filter(\.isEnabled)
        if regions.contains(where: { $0.resource == nil }) { more.append(.noAddresses) }
        for region in regions where region.labelling == .labelLess && !region.mappings.isEmpty {
            let unseen = region.namespaces.filter { $0.mode == .raw && $0.hasContent == nil }
            more += unseen.map { .noContentState($0.device) }
        }
        return limits.union(more)
    }
}
