/// Reads the output of `ndctl list` in every shape it has (ndctl/list.c `list_display`, util/json.c
/// `util_display_json_array`): an array of buses, regions, DIMMs or namespaces; an object of two or more of these
/// kinds; the one element alone (`-u`); nothing.
///
/// ndctl lists less than daxprov observes: ``SavedInventory/limits`` says what is missing and what was worked out.
package enum NdctlListReader {
    /// Reads a document; nil is an empty output, which says that there is nothing.
    package static func read(_ document: JSONValue?) throws(JSONError) -> SavedInventory {
        guard let document else {
            return SavedInventory(observed: Observed(buses: []), limits: InventoryLimits([.nothingListed]))
        }
        var listing = NdctlListing()
        try listing.collect(JSONCursor(document))
        return listing.inventory
    }
}

/// The kinds of elements that `ndctl list` prints.
private enum NdctlKind {
    case bus
    case dimm
    case region
    case namespace

    /// The kind of an element, told by its device name.
    init(_ element: JSONCursor) throws(JSONError) {
        guard let device = try element.optional("dev")?.string() else {
            let keys = try [element.optional("chardev"), element.optional("path")]
            throw element.error(
                keys.contains { $0 != nil }
                    ? "is of 'daxctl list'; an inventory is the output of 'ndctl list'" : "has no 'dev'")
        }
        let kinds: [(String, NdctlKind)] = [
            ("ndbus", .bus), ("nmem", .dimm), ("region", .region), ("namespace", .namespace),
        ]
        guard let kind = kinds.first(where: { device.hasPrefix($0.0) })?.1 else {
            throw element.error("'\(TerminalText.clean(device))' is no bus, DIMM, region or namespace")
        }
        self = kind
    }
}

/// What has been read so far.
package struct NdctlListing {
    private var buses: [Bus] = []
    private var loose = Bus(
        device: "ndbus0", provider: unknownProvider, scrubState: nil, dimms: [], regions: [])
    private var limits: Set<InventoryLimit> = []

    /// Reads the root: an array, one element, or an object of arrays.
    package mutating func collect(_ root: JSONCursor) throws(JSONError) {
        switch root.value {
        case .array:
            for element in try root.limitedElements() { try add(element) }
        case .object where try root.optional("dev") != nil:
            try add(root)
        case .object:
            let keys = ["dimms", "regions", "namespaces"]
            var lists: [JSONCursor] = []
            for key in keys { if let list = try root.optional(key) { lists.append(list) } }
            guard !lists.isEmpty else { throw root.error("is no output of 'ndctl list'") }
            for list in lists { for element in try list.limitedElements() { try add(element) } }
        default: throw root.error("must be an array or an object, not \(root.value.kind)")
        }
        for region in loose.regions { try root.requireSummable(region) }
    }

    /// What stands for the provider of a bus that is not listed.
    package static let unknownProvider = "unknown"
    /// The providers whose regions never have DIMMs.
    private static let dimmless = ["e820", "virtio-pmem"]

    /// The host, sorted as an observed one is, and what is not known of it.
    package var inventory: SavedInventory {
        var all = limits
        var buses = buses
        if buses.isEmpty, loose.dimms.isEmpty, loose.regions.isEmpty { all.insert(.nothingListed) }
        if !loose.dimms.isEmpty || !loose.regions.isEmpty {
            buses.append(loose)
            all.insert(.busesNotListed)
        }
        if !buses.isEmpty {
            all.formUnion([.noReadOnlyState, .noUsage, .noAddresses, .noLabelAreas, .noConfiguredModes])
            all.insert(.disabledMayBeMissing)
        }
        let regions = buses.flatMap(\.regions)
        if regions.contains(where: { $0.capabilities.isEmpty }) { all.insert(.noCapabilities) }
        if !regions.isEmpty, regions.allSatisfy({ $0.numaNode == nil && $0.targetNode == nil }) {
            all.insert(.noNodes)
        }
        let mayHaveDimms = buses.contains { bus in
            !bus.regions.isEmpty && !Self.dimmless.contains(bus.provider)
        }
        if mayHaveDimms, buses.allSatisfy(\.dimms.isEmpty) { all.insert(.dimmsNotListed) }
        ListedCapacity.review(&buses, &all)
        let sorted = buses.map(\.sortedByDevice).sorted { $0.device.deviceNumber < $1.device.deviceNumber }
        return SavedInventory(observed: Observed(buses: sorted), limits: InventoryLimits(all))
    }

    private mutating func add(_ element: JSONCursor) throws(JSONError) {
        switch try NdctlKind(element) {
        case .bus: try addBus(element)
        case .dimm: loose.dimms.append(try NdctlRecords.dimm(element))
        case .region: loose.regions.append(try NdctlRecords.region(element, &limits))
        case .namespace: try Self.add(namespace: element, to: &loose, &limits)
        }
    }

    private mutating func addBus(_ element: JSONCursor) throws(JSONError) {
        var bus = try NdctlRecords.bus(element)
        for dimm in try element.optional("dimms")?.limitedElements() ?? [] {
            bus.dimms.append(try NdctlRecords.dimm(dimm))
        }
        for region in try element.optional("regions")?.limitedElements() ?? [] {
            bus.regions.append(try NdctlRecords.region(region, &limits))
        }
        for namespace in try element.optional("namespaces")?.limitedElements() ?? [] {
            try Self.add(namespace: namespace, to: &bus, &limits)
        }
        for region in bus.regions { try element.requireSummable(region) }
        buses.append(bus)
    }

    /// Adds a namespace that is listed without its region, which its own name tells.
    private static func add(
        namespace element: JSONCursor, to bus: inout Bus, _ limits: inout Set<InventoryLimit>
    ) throws(JSONError) {
        let name = try element.required("dev").string()
        let device = "region" + name.drop { !$0.isNumber }.prefix { $0.isNumber }
        let index = bus.regions.firstIndex { $0.device == device }
        let labelling: RegionLabelling = try element.toldUUID("uuid") == .none ? .labelLess : .labelled
        let unlisted = Region(device: device, size: .zero, align: nil, labelling: labelling)
        let namespace = try NdctlRecords.namespace(
            element, in: index.map { bus.regions[$0] } ?? unlisted, &limits)
        guard let namespace else { return }
        if index == nil {
            bus.regions.append(unlisted)
            limits.insert(.regionNotListed(device))
        }
        bus.regions[index ?? bus.regions.endIndex - 1].namespaces.append(namespace)
    }
}

extension Bus {
    fileprivate var sortedByDevice: Bus {
        var bus = self
        bus.dimms.sort { $0.device.deviceNumber < $1.device.deviceNumber }
        bus.regions.sort { $0.device.deviceNumber < $1.device.deviceNumber }
        for index in bus.regions.indices {
            bus.regions[index].namespaces.sort { $0.device.deviceNumber < $1.device.deviceNumber }
        }
        return bus
    }
}

extension String {
    /// The number at the end of a device name: 12 of "nmem12", 3 of "namespace0.3"; the largest where there is none.
    fileprivate var deviceNumber: UInt64 {
        UInt64(reversed().prefix { $0.isNumber }.reversed().map(String.init).joined()) ?? .max
    }
}
