package import Glibc

/// A POSIX access control list, as the kernel gives it (include/uapi/linux/posix_acl_xattr.h): a version, then entries of
/// tag, permissions and id, little-endian.
package struct AccessList {
    /// The extended attribute that has it. A file without one has its mode alone.
    package static let name = "system.posix_acl_access"

    private struct Entry {
        var tag: UInt16
        var permissions: UInt16
        var id: UInt32
    }

    // include/uapi/linux/posix_acl.h
    private static let user: UInt16 = 0x02, groupOwner: UInt16 = 0x04, group: UInt16 = 0x08,
        mask: UInt16 = 0x10
    private static let write: UInt16 = 0x02

    private var entries: [Entry] = []

    /// The list in an attribute's value; nil where that is none of version 2.
    package init?(_ bytes: [UInt8]) {
        func number(_ at: Int, _ count: Int) -> UInt32 {
            (0..<count).reduce(0) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) }
        }
        guard bytes.count >= 4, (bytes.count - 4).isMultiple(of: 8), number(0, 4) == 2 else { return nil }
        for at in stride(from: 4, to: bytes.count, by: 8) {
            entries.append(
                Entry(
                    tag: UInt16(number(at, 2)), permissions: UInt16(number(at + 2, 2)), id: number(at + 4, 4))
            )
        }
    }

    /// Somebody who may write and is not trusted; nil where nobody is. The mask limits all but the owner and everybody,
    /// whom the mode shows (acl(5)).
    /// - Parameters:
    ///   - owningGroup: the file's own group in words; nil where that is trusted.
    ///   - isTrusted: whether a user is.
    package func writer(owningGroup: String?, isTrusted: (uid_t) -> Bool) -> String? {
        let limit = entries.first { $0.tag == Self.mask }?.permissions ?? ~0
        for entry in entries where entry.permissions & limit & Self.write != 0 {
            switch entry.tag {
            case Self.user where !isTrusted(entry.id): return "user \(entry.id)"
            case Self.group: return "group \(entry.id)"
            case Self.groupOwner where owningGroup != nil: return owningGroup
            default: continue
            }
        }
        return nil
    }
}
