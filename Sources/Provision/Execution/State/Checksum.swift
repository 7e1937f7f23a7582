/// CRC-32C (Castagnoli), which tells damaged records and backups from whole ones. It is no defence against malice.
struct Checksum: Equatable {
    private var register: UInt32 = .max

    /// The checksum of what was added.
    var value: UInt32 { ~register }

    /// The checksum of some bytes.
    static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var checksum = Checksum()
        checksum.add(bytes)
        return checksum.value
    }

    /// Adds bytes.
    mutating func add(_ bytes: some Sequence<UInt8>) {
        let isAdded: Void? = bytes.withContiguousStorageIfAvailable { unsafe add($0) }
        guard isAdded == nil else { return }
        for byte in bytes { register = Self.step(register, byte, Self.table) }
    }

    /// Eight bytes at a time: what each of them does to the register is in a table of its own ("slicing by 8").
    private mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
        let bytes = UnsafeRawBufferPointer(bytes)
        var register = register
        var index = 0
        unsafe Self.table.withUnsafeBufferPointer { table in
            while index + 8 <= bytes.count {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                let mixed = UInt64(littleEndian: word) ^ UInt64(register)
                var next: UInt32 = 0
                for place in 0..<8 {
                    let byte = Int(truncatingIfNeeded: mixed >> UInt64(8 * place)) & 0xff
                    next ^= unsafe table[256 * (7 - place) + byte]
                }
                register = next
                index += 8
            }
        }
        while index < bytes.count {
            register = unsafe Self.step(register, bytes[index], Self.table)
            index += 1
        }
        self.register = register
    }

    private static func step(_ register: UInt32, _ byte: UInt8, _ table: [UInt32]) -> UInt32 {
        table[Int((register ^ UInt32(byte)) & 0xff)] ^ (register >> 8)
    }

    /// Eight tables of 256: the first for a byte that is the last, the next for one with one more byte behind it, ...
    private static let table: [UInt32] = {
        var table: [UInt32] = (0..<256).map { index in
            (0..<8).reduce(UInt32(index)) { value, _ in
                value & 1 == 1 ? 0x82f6_3b78 ^ (value >> 1) : value >> 1
            }
        }
        for index in 256..<2048 {
            let before = table[index - 256]
            table.append(table[Int(before & 0xff)] ^ (before >> 8))
        }
        return table
    }()

    /// Eight hexadecimal digits.
    static func text(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
