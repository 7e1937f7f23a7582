import SystemPackage
public import ProvisionCore
public import ProvisionHost

/// A device that daxprov made memory, and that is to be memory after a boot as well: the kernel forgets drivers then.
public struct KeptDevice: Equatable, Sendable {
    /// What its namespace is known by: the label's UUID, or the info block's where it has no label.
    public var key: UUID
    /// The UUID of the info block, which another use of the namespace gives anew.
    public var infoBlock: UUID
    /// The namespace's name then; nil where it had none.
    public var name: String?
    /// Which region it lies in; nil where that was not known.
    public var region: RegionIdentity?
    /// The namespace's capacity.
    public var rawSize: ByteCount
    /// How its memory is online.
    public var online: OnlinePolicy
    /// Whether its memory blocks hold their own page map.
    public var memmapOnMemory: Bool
    /// What lay outside its memory blocks right before it became memory; nil where that was not looked at, or there is no
    /// such place.
    public var margins: MemoryMargins?

    /// What is to be kept of a namespace whose device is memory; nil of any other, and where UUIDs are not known.
    init?(_ namespace: Namespace, in region: RegionIdentity?, margins: MemoryMargins?) {
        guard case .systemRAM(let online, let memmapOnMemory)? = namespace.deviceUse,
            let key = namespace.keptKey,
            let infoBlock = namespace.infoBlockUUID
        else { return nil }
        self.key = key
        self.infoBlock = infoBlock
        self.name = namespace.name
        self.region = region
        self.rawSize = namespace.rawSize
        self.online = online
        self.memmapOnMemory = memmapOnMemory
        self.margins = margins
    }

    /// What people know the namespace by.
    public var displayName: String { name ?? key.description }

    /// What its device is to be used as.
    var use: DeviceUse { .systemRAM(online, memmapOnMemory: memmapOnMemory) }
}

extension Namespace {
    /// What a kept device of it is known by; nil where it has no UUID.
    var keptKey: UUID? { labelUUID ?? infoBlockUUID }
}

/// The kept devices: a file each, in the directory `devices` of the state directory.
public struct KeptDeviceStore: Sendable {
    /// The name of the directory.
    static let directory: FilePath.Component = "devices"

    private let records: StateRecords<KeptDevice>

    /// The kept devices in a state directory.
    public init(_ directory: StateDirectory) {
        records = StateRecords(directory, Self.directory)
    }

    /// What is kept.
    public typealias Kept = FoundRecords<KeptDevice>

    /// What is kept. Writes nothing.
    public func kept() throws(OperationError) -> Kept { try records.found() }

    /// Keeps devices, durably, in place of what was kept of the same namespaces.
    func keep(_ devices: [KeptDevice]) throws(OperationError) {
        try records.write(devices)
    }

    /// Keeps nothing of a namespace any more, durably.
    func forget(_ key: UUID) throws(OperationError) {
        try records.remove(key)
    }
}

extension FoundRecords<KeptDevice> {
    /// The kept devices.
    public var devices: [KeptDevice] { records }
}

extension KeptDevice: StateRecord {
    /// The device as its file has it, and a journal.
    var json: JSONValue {
        var node = JSONValue.object()
        node.set("format_version", 1)
        node.set("key", key)
        node.set("uuid", infoBlock)
        node.set("name", name)
        if let region { node.set("region", region.json) }
        node.set("raw_size", rawSize)
        node.set("online", online.rawValue)
        node.setFlag("memmap_on_memory", if: memmapOnMemory)
        node.set("margins", margins?.sum)
        return node
    }

    init(_ cursor: JSONCursor) throws(JSONError) {
        try cursor.requireFormatVersion(1)
        key = try cursor.required("key").uuid()
        infoBlock = try cursor.required("uuid").uuid()
        name = try cursor.optional("name")?.string()
        region = try cursor.optional("region").map { region throws(JSONError) in try RegionIdentity(region) }
        rawSize = try cursor.required("raw_size").size()
        online = try cursor.required("online").word()
        memmapOnMemory = try cursor.optional("memmap_on_memory")?.bool() ?? false
        margins = try cursor.optional("margins").map { sum throws(JSONError) in
            MemoryMargins(sum: try sum.integer())
        }
    }
}
