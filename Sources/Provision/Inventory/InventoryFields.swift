/// The fields of inventories, with the limits that make arithmetic on them safe.
extension JSONCursor {
    /// The most elements of a list in an inventory: more than any label area has slots for in practice.
    static let maximumCount = 4096
    /// The largest size in an inventory: 4096 of them add up without overflow.
    static let maximumSize = ByteCount.gib(1 << 20)

    /// This value as a size of at most 1 PiB.
    func size() throws(JSONError) -> ByteCount {
        let size = try byteCount()
        guard size <= Self.maximumSize else { throw error("\(size.bytes) is more than 1 PiB") }
        return size
    }

    /// This value as a size that something is divided by: 1 byte to 1 PiB.
    func unit() throws(JSONError) -> ByteCount {
        let unit = try size()
        guard unit > .zero else { throw error("must not be 0") }
        return unit
    }

    /// This value as an address, or an offset, of at most 2^60.
    func address() throws(JSONError) -> UInt64 {
        let address: UInt64 = try integer()
        guard address <= Region.maximumAddress else { throw error("\(address) is out of range") }
        return address
    }

    /// This value as a count of things.
    func count() throws(JSONError) -> Int { Int(try integer(UInt32.self)) }

    /// This value as the number of a NUMA node or of a position.
    func node() throws(JSONError) -> Int { Int(try integer(Int32.self)) }

    /// Whether the `state` of this object is `word`, which it is where there is none; the other word is `disabled`.
    func state(_ word: String) throws(JSONError) -> Bool {
        guard let state = try optional("state") else { return true }
        switch try state.string() {
        case word: return true
        case "disabled": return false
        default: throw state.error("is none of \(word), disabled")
        }
    }

    /// Whether the `state` of this object is `enabled` or missing.
    func isEnabled() throws(JSONError) -> Bool { try state("enabled") }

    /// The DIMM flags that this object has as `true`.
    func flags() throws(JSONError) -> [DimmFlag] {
        var flags: [DimmFlag] = []
        for (flag, key) in Self.flagKeys where try optional(key)?.bool() == true { flags.append(flag) }
        return flags
    }

    private static let flagKeys = DimmFlag.allCases.map { ($0, "flag_\($0.rawValue)") }

    /// What `read` makes of each element of this array of at most 4096.
    func limitedList<Element>(
        _ read: (JSONCursor) throws(JSONError) -> Element
    ) throws(JSONError) -> [Element] {
        let elements = try elements()
        guard elements.count <= Self.maximumCount else {
            throw error("has \(elements.count) elements, more than \(Self.maximumCount)")
        }
        var list: [Element] = []
        for element in elements { list.append(try read(element)) }
        return list
    }

    /// What `read` makes of each element of the array at `key`; nothing where the key is missing.
    func limitedList<Element>(
        _ key: String, _ read: (JSONCursor) throws(JSONError) -> Element
    ) throws(JSONError) -> [Element] {
        try optional(key)?.limitedList(read) ?? []
    }
}
