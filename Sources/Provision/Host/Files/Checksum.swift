internal import CNdctl
import Glibc
import ProvisionCore

/// CRC-32C (Castagnoli), which tells damaged records and backups from whole ones. It is no defence against malice.
package struct Checksum: Equatable {
    private var register: UInt32 = .max

    /// The checksum of what was added.
    package var value: UInt32 { ~register }

    /// The checksum of some bytes.
    package static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var checksum = Checksum()
        checksum.add(bytes)
        return checksum.value
    }

    /// Extends the checksum by these bytes: adding parts in order gives the checksum of the whole.
    package mutating func add(_ bytes: some Sequence<UInt8>) {
        let register = register
        let added = bytes.withContiguousStorageIfAvailable {
            unsafe daxprov_crc32c(register, $0.baseAddress, $0.count)
        }
        guard let added else { return add(Array(bytes)) }
        self.register = added
    }

    /// Eight hexadecimal digits.
    package static func text(_ value: UInt32) -> String {
        Hexadecimal.digits(value, count: 8)
    }
}

/// Whether two arrays hold the same bytes.
package func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe left.withUnsafeBytes { left in
        unsafe right.withUnsafeBytes { right in
            guard let first = left.baseAddress, let second = right.baseAddress else { return true }
            return unsafe memcmp(first, second, left.count) == 0
        }
    }
}
