package import ProvisionCore

/// How the state file writes its values: sizes as text a person can read, addresses in hexadecimal.
extension JSONCursor {
    /// Refuses every key but these: a misspelt key must not be ignored in a file that people write.
    package func allowOnly(_ keys: [String]) throws(JSONError) {
        guard case .object(let object) = value else { return }
        for member in object.members where !keys.contains(member.key) {
            throw error("has the unknown key '\(member.key)'; known: \(keys.joined(separator: ", "))")
        }
    }

    /// A number of bytes, or a text such as "16 GiB".
    package func writtenSize() throws(JSONError) -> ByteCount {
        guard case .string(let text) = value else { return try limited(try byteCount()) }
        return try limited(try size(writtenAs: text))
    }

    private func size(writtenAs text: String) throws(JSONError) -> ByteCount {
        do throws(SizeTextError) {
            return try ByteCount(parsing: text)
        } catch let problem {
            throw error("'\(text)' is not a size: \(problem.reason)")
        }
    }

    private func limited(_ size: ByteCount) throws(JSONError) -> ByteCount {
        guard size <= .gib(1 << 20) else { throw error("is more than 1024 TiB, the most that is simulated") }
        return size
    }

    /// A physical address: a number, or a text such as "0x100000000".
    package func writtenAddress() throws(JSONError) -> UInt64 {
        let address = try hexadecimal()
        guard address < 1 << 52 else { throw error("is no physical address: they end at 0xfffffffffffff") }
        return address
    }

    /// The address of a page of the media.
    package func pageAddress() throws(JSONError) -> UInt64 {
        let address = try writtenAddress()
        guard address.isMultiple(of: MediaSample.page.bytes) else {
            throw error("is no address of a page: they are multiples of 4 KiB")
        }
        return address
    }

    /// A number, or a text such as "0xfeed".
    package func hexadecimal() throws(JSONError) -> UInt64 {
        guard case .string(let text) = value else { return try integer() }
        guard text.hasPrefix("0x"), let number = UInt64(text.dropFirst(2), radix: 16) else {
            throw error("'\(text)' is not a hexadecimal number: write such as \"0x100000000\"")
        }
        return number
    }

    /// The value at `key`, or the default where the key is missing.
    package func value<Value>(
        _ key: String, default value: Value, _ read: (JSONCursor) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        guard let member = try optional(key) else { return value }
        return try read(member)
    }

    /// The value at `key`; nil where the key is missing.
    package func value<Value>(
        _ key: String, _ read: (JSONCursor) throws(JSONError) -> Value
    ) throws(JSONError) -> Value? {
        guard let member = try optional(key) else { return nil }
        return try read(member)
    }

    /// The alignment at `key`; nil where the key is missing.
    package func alignment(_ key: String) throws(JSONError) -> Alignment? {
        try value(key) { member throws(JSONError) in
            guard let align = Alignment(try member.writtenSize()) else {
                throw member.error("is not a power of two of at least 4 KiB")
            }
            return align
        }
    }

    /// The sector size at `key`; nil where the key is missing.
    package func sectorSize(_ key: String) throws(JSONError) -> SectorSize? {
        try value(key) { member throws(JSONError) in
            guard let size = SectorSize(try member.integer()) else {
                throw member.error(
                    "is none of \(SectorSize.supported.map(\.description).joined(separator: ", "))")
            }
            return size
        }
    }
}
