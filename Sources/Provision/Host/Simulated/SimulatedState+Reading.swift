package import ProvisionCore

/// Reading the state file.
///
/// A file that a person wrote describes hardware and namespaces, and the host is booted from it. A file that the
/// simulator saved has `booted: true` and is taken as it is.
extension SimulatedState {
    package init(json value: JSONValue) throws(JSONError) {
        let root = JSONCursor(value)
        try root.allowOnly(["format_version", "simulated_host"])
        try root.requireFormatVersion(1)
        let host = try root.required("simulated_host")
        try host.allowOnly([
            "booted", "buses", "info_blocks", "pages", "written_tables", "boots", "busy", "fault",
            "dax_regions", "dax_binding", "memory_hotplug", "soft_reserved_kept", "device_rules", "accounts",
        ])
        self.init()
        let booted = try host.value("booted", default: false) { cursor throws(JSONError) in try cursor.bool()
        }
        for bus in try host.required("buses").elements() { try readBus(bus, booted: booted) }
        for block in try host.elements("info_blocks") {
            try readInfoBlock(block, at: try block.required("address").pageAddress())
        }
        for page in try host.elements("pages") {
            try page.allowOnly(["address", "value"])
            pages[try page.required("address").pageAddress()] = try page.required("value").hexadecimal()
        }
        for table in try host.elements("written_tables") { writtenTables.insert(try table.uuid()) }
        boots = try host.value("boots", default: 0) { boots throws(JSONError) in try boots.integer() }
        try readBusy(host)
        try readDaxRegions(host)
        try readRights(host)
        fault = try host.value("fault") { cursor throws(JSONError) in try SimulatedFault(cursor) }
        if !booted { bootWhatWasWritten() }
    }

    /// Boots, and then disables what the file says is disabled.
    private mutating func bootWhatWasWritten() {
        let disabled = regions.map { region in region.namespaces.filter { !$0.isActive }.map(\.uuid) }
        for number in regions.indices { deactivate(region: number) { _ in true } }
        boot()
        for (number, uuids) in disabled.enumerated() {
            deactivate(region: number) { uuids.contains($0.uuid) }
        }
    }

    private mutating func deactivate(region number: Int, where matches: (SimulatedNamespace) -> Bool) {
        update(region: number) { region in
            for index in region.namespaces.indices where matches(region.namespaces[index]) {
                region.namespaces[index].isActive = false
            }
        }
    }

    private mutating func readBusy(_ host: JSONCursor) throws(JSONError) {
        guard let cursor = try host.optional("busy") else { return }
        guard case .object(let object) = cursor.value else { throw cursor.error("must be an object") }
        for member in object.members {
            busy[member.key] = try cursor.required(member.key).string()
        }
    }

    /// Puts the info block that an object describes at an address.
    package mutating func readInfoBlock(_ cursor: JSONCursor, at address: UInt64) throws(JSONError) {
        try cursor.allowOnly(["address", "kind", "uuid", "parent_uuid", "map", "align", "sector_size"])
        infoBlocks[address] = SimulatedInfoBlock(
            kind: try cursor.required("kind").word(), uuid: try cursor.required("uuid").uuid(),
            parent: try cursor.value("parent_uuid") { parent throws(JSONError) in try parent.uuid() },
            map: try cursor.value("map") { map throws(JSONError) in try map.word() },
            align: try cursor.alignment("align"), sectorSize: try cursor.sectorSize("sector_size"))
    }

    private mutating func readBus(_ cursor: JSONCursor, booted: Bool) throws(JSONError) {
        try cursor.allowOnly(["provider", "scrub_state", "dimms", "regions"])
        var bus = SimulatedBus()
        bus.provider = try cursor.value("provider", default: bus.provider) { provider throws(JSONError) in
            try provider.string()
        }
        bus.scrubState = try cursor.value("scrub_state") { state throws(JSONError) in try state.word() }
        for dimm in try cursor.elements("dimms") {
            let read = try SimulatedDimm(dimm)
            guard !(dimms + bus.dimms).contains(where: { $0.id == read.id }) else {
                throw dimm.error("has the id of another DIMM, \(read.id)")
            }
            bus.dimms.append(read)
        }
        buses.append(bus)
        for region in try cursor.elements("regions") { try readRegion(region, booted: booted) }
    }
}

extension SimulatedDimm {
    package init(_ cursor: JSONCursor) throws(JSONError) {
        try cursor.allowOnly([
            "id", "handle", "phys_id", "size", "label_size", "labels", "enabled", "labelling", "flags",
            "security", "health", "firmware",
        ])
        self.init(id: try cursor.required("id").string(), size: try cursor.required("size").writtenSize())
        handle = try cursor.value("handle") { handle throws(JSONError) in try handle.integer() }
        physicalID = try cursor.value("phys_id") { id throws(JSONError) in try id.integer() }
        labelAreaSize = try cursor.value("label_size") { size throws(JSONError) in try size.writtenSize() }
        labelVersion = try Self.labels(cursor, hasArea: labelAreaSize != nil)
        isEnabled = try cursor.value("enabled", default: true) { enabled throws(JSONError) in
            try enabled.bool()
        }
        hasLabelling = try cursor.value("labelling", default: labelVersion != nil) { on throws(JSONError) in
            try on.bool()
        }
        flags = try cursor.list("flags") { flag throws(JSONError) in try flag.word() }
        security = try cursor.value("security") { security throws(JSONError) in try security.word() }
        health = try DimmHealth.of(dimm: cursor)
    }

    private static func labels(_ cursor: JSONCursor, hasArea: Bool) throws(JSONError) -> LabelVersion? {
        guard let labels = try cursor.optional("labels") else { return hasArea ? .v1_2 : nil }
        if try labels.string() == "none" { return nil }
        guard hasArea else { throw labels.error("needs a label_size") }
        guard let version = LabelVersion(rawValue: try labels.string()) else {
            throw labels.error("is none of 1.1, 1.2, none")
        }
        return version
    }
}

extension SimulatedFault {
    fileprivate init(_ cursor: JSONCursor) throws(JSONError) {
        try cursor.allowOnly(["operation", "kind", "errno"])
        let operation = try cursor.required("operation").integer(Int.self)
        let kind = try cursor.required("kind")
        switch try kind.string() {
        case "fail":
            self.init(.fail(errno: try cursor.required("errno").integer()), atOperation: operation)
        case "crash": self.init(.crash, atOperation: operation)
        case "kill": self.init(.kill, atOperation: operation)
        default: throw kind.error("is none of fail, crash, kill")
        }
    }
}
