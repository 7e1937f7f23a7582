/// The fields of inventories, with the limits that make arithmetic on them safe.
extension JSONCursor {
    /// The most elements of most lists in an inventory.
    package static let maximumCount = 4096
    /// The most namespaces of a region, and of what a plan says of namespaces: a label area of 16 MiB has slots for as
    /// many (256 bytes a label).
    package static let maximumNamespaces = 65_536
    /// The largest size in an inventory: 4096 of them add up without overflow.
    package static let maximumSize = ByteCount.gib(1 << 20)
    /// The most that the namespaces and labels of one region may take together, so that no sum of sizes overflows.
    package static let maximumTotal = ByteCount.gib(1 << 30)

    /// This value as a size of at most 1 PiB.
    package func size() throws(JSONError) -> ByteCount {
        let size = try byteCount()
        guard size <= Self.maximumSize else { throw error("\(size.bytes) is more than 1 PiB") }
        return size
    }

    /// This value as a size that something is divided by: 1 byte to 1 PiB.
    package func unit() throws(JSONError) -> ByteCount {
        let unit = try size()
        guard unit > .zero else { throw error("must not be 0") }
        return unit
    }

    /// This value as an address, or an offset, of at most 2^60.
    package func address() throws(JSONError) -> UInt64 {
        let address: UInt64 = try integer()
        guard address <= Region.maximumAddress else { throw error("\(address) is out of range") }
        return address
    }

    /// This value as a count of things.
    package func count() throws(JSONError) -> Int { Int(try integer(UInt32.self)) }

    /// This value as the number of a NUMA node or of a position.
    package func node() throws(JSONError) -> Int { Int(try integer(Int32.self)) }

    /// Whether the `state` of this object is `word`, which it is where there is none; the other word is `disabled`.
    package func state(_ word: String) throws(JSONError) -> Bool {
        guard let state = try optional("state") else { return true }
        switch try state.string() {
        case word: return true
        case "disabled": return false
        case let text: throw state.notOne(of: [word, "disabled"], text)
        }
    }

    /// Whether the `state` of this object is `enabled` or missing.
    package func isEnabled() throws(JSONError) -> Bool { try state("enabled") }

    /// The DIMM flags that this object has as `true`.
    package func flags() throws(JSONError) -> [DimmFlag] {
        var flags: [DimmFlag] = []
        for (flag, key) in Self.flagKeys where try optional(key)?.bool() == true { flags.append(flag) }
        return flags
    }

    private static let flagKeys = DimmFlag.allCases.map { ($0, "flag_\($0.rawValue)") }

    /// The elements of this array of at most `limit`.
    package func limitedElements(upTo limit: Int) throws(JSONError) -> [JSONCursor] {
        let elements = try elements()
        guard elements.count <= limit else {
            throw error("has \(elements.count) elements, more than \(limit)")
        }
        return elements
    }

    /// What `read` makes of each element of this array of at most `limit`.
    package func limitedList<Element>(
        upTo limit: Int = maximumCount, _ read: (JSONCursor) throws(JSONError) -> Element
    ) throws(JSONError) -> [Element] {
        var list: [Element] = []
        for element in try limitedElements(upTo: limit) { list.append(try read(element)) }
        return list
    }

    /// What `read` makes of each element of the array at `key`; nothing where the key is missing.
    package func limitedList<Element>(
        _ key: String, upTo limit: Int = maximumCount, _ read: (JSONCursor) throws(JSONError) -> Element
    ) throws(JSONError) -> [Element] {
        try optional(key)?.limitedList(upTo: limit, read) ?? []
    }

    /// Refuses a region whose namespaces and labels have sizes that no arithmetic should add up.
    package func requireSummable(_ region: Region) throws(JSONError) {
        var total = ByteCount.zero
        for size in region.namespaces.map(\.rawSize) + region.uninstantiated.map(\.extent.length) {
            total += size
            guard total <= Self.maximumTotal else {
                throw error("the sizes of its namespaces add up to more than \(Self.maximumTotal)")
            }
        }
    }
}
