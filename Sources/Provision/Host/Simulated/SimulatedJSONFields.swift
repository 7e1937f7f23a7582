/// How the state file writes its values: sizes as text a person can read, addresses in hexadecimal.
extension JSONCursor {
    /// Refuses every key but these: a misspelt key must not be ignored in a file that people write.
    func allowOnly(_ keys: [String]) throws(JSONError) {
        guard case .object(let object) = value else { return }
        for member in object.members where !keys.contains(member.key) {
            throw error("has the unknown key '\(member.key)'; known: \(keys.joined(separator: ", "))")
        }
    }

    /// A number of bytes, or a text such as "16 GiB".
    func size() throws(JSONError) -> ByteCount {
        guard case .string(let text) = value else { return try byteCount() }
        guard let size = ByteCount(simulated: text) else {
            throw error("'\(text)' is not a size: write a number of bytes, or such as \"16 GiB\"")
        }
        return size
    }

    /// A number, or a text such as "0x100000000".
    func address() throws(JSONError) -> UInt64 {
        guard case .string(let text) = value else { return try integer() }
        guard text.hasPrefix("0x"), let address = UInt64(text.dropFirst(2), radix: 16) else {
            throw error("'\(text)' is not an address: write such as \"0x100000000\"")
        }
        return address
    }

    /// The value at `key`, or the default where the key is missing.
    func value<Value>(
        _ key: String, default value: Value, _ read: (JSONCursor) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        guard let member = try optional(key) else { return value }
        return try read(member)
    }

    /// The value at `key`; nil where the key is missing.
    func value<Value>(
        _ key: String, _ read: (JSONCursor) throws(JSONError) -> Value
    ) throws(JSONError) -> Value? {
        guard let member = try optional(key) else { return nil }
        return try read(member)
    }

    /// The alignment at `key`; nil where the key is missing.
    func alignment(_ key: String) throws(JSONError) -> Alignment? {
        try value(key) { member throws(JSONError) in
            guard let align = Alignment(try member.size()) else {
                throw member.error("is not a power of two of at least 4 KiB")
            }
            return align
        }
    }

    /// The sector size at `key`; nil where the key is missing.
    func sectorSize(_ key: String) throws(JSONError) -> SectorSize? {
        try value(key) { member throws(JSONError) in
            guard let size = SectorSize(try member.integer()) else {
                throw member.error(
                    "is none of \(SectorSize.supported.map(\.description).joined(separator: ", "))")
            }
            return size
        }
    }
}

extension ByteCount {
    /// The size that the description of a ``ByteCount`` gives; nil for any other text.
    init?(simulated text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        let units: [Substring: UInt64] = ["B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40]
        guard parts.count == 2, let number = UInt64(parts[0]), let shift = units[parts[1]] else { return nil }
        guard let size = ByteCount(number).multiplied(by: 1 << shift) else { return nil }
        self = size
    }
}
