import CNdctl
import Glibc
package import SystemPackage

/// What the C library gives C programs alone.
package enum Linux {
    /// `O_DIRECT`: transfers past the page cache.
    package static var openDirect: Int32 { daxprov_o_direct() }

    /// Reserves the blocks of a file's first bytes without changing its size (fallocate(2)). Returns 0 or an errno.
    package static func reserve(_ descriptor: Int32, _ length: Int) -> Int32 {
        daxprov_reserve(descriptor, Int64(length)) == 0 ? 0 : daxprov_errno()
    }

    /// Locks a file for whoever has this open file description, if nobody else does (`F_OFD_SETLK`). Returns 0 or an errno.
    package static func lock(_ descriptor: Int32) -> Int32 {
        daxprov_lock(descriptor) == 0 ? 0 : daxprov_errno()
    }

    /// Whether another open file description holds that lock; nil where that cannot be asked.
    package static func isLocked(_ descriptor: Int32) -> Bool? {
        switch daxprov_is_locked(descriptor) {
        case 0: false
        case 1: true
        default: nil
        }
    }

    /// Whether this process may look into the processes of others (`CAP_SYS_PTRACE`).
    package static var mayTrace: Bool { daxprov_may_trace() }

    /// An extended attribute of a file, which is not followed where it is a link; nil where it has none. Throws an errno
    /// that says neither.
    package static func attribute(_ name: String, of path: String) throws(Errno) -> [UInt8]? {
        try unsafe value { unsafe daxprov_attribute(path, name, $0, $1) }
    }

    /// The same of an open file.
    package static func attribute(_ name: String, of descriptor: Int32) throws(Errno) -> [UInt8]? {
        try unsafe value { unsafe daxprov_attribute_of(descriptor, name, $0, $1) }
    }

    private static func value(
        _ read: (UnsafeMutableRawPointer?, UInt64) -> Int64
    ) throws(Errno) -> [UInt8]? {
        // The longest value that Linux has (XATTR_SIZE_MAX).
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let length = unsafe bytes.withUnsafeMutableBytes { unsafe read($0.baseAddress, UInt64($0.count)) }
        guard length < 0 else { return Array(bytes.prefix(Int(length))) }
        switch daxprov_errno() {
        case ENODATA, EOPNOTSUPP: return nil
        case let code: throw Errno(rawValue: code)
        }
    }

    /// The type of file that a path leads to, and its device number; nil where there is no file. Does not wait for the
    /// server of a network file system.
    package static func node(_ path: String) -> (kind: UInt32, number: UInt64)? {
        var number: UInt64 = 0
        let kind = unsafe daxprov_node(path, &number)
        return kind == 0 ? nil : (kind, number)
    }

    /// The number of the block device that the loop device at a path lies on; nil where it lies on a file, or on nothing
    /// any more. Throws an errno that says neither.
    package static func loopBacking(_ path: String) throws(Errno) -> UInt64? {
        let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        defer { close(descriptor) }
        var number: UInt64 = 0
        switch unsafe daxprov_loop_backing(descriptor, &number) {
        case 0: return nil
        case 1: return number
        default:
            let code = daxprov_errno()
            guard code != ENXIO else { return nil }
            throw Errno(rawValue: code)
        }
    }

    /// A device number as `/proc` and `/sys` write it: "259:1".
    package static func deviceText(_ number: UInt64) -> String {
        "\(daxprov_device_major(number)):\(daxprov_device_minor(number))"
    }

    /// The device number that such a text stands for; nil where it is none.
    package static func deviceNumber(_ text: String) -> UInt64? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let major = UInt32(parts[0]), let minor = UInt32(parts[1]) else { return nil }
        return daxprov_device_number(major, minor)
    }
}
