import CNdctl

/// What the C library gives C programs alone.
enum Linux {
    /// `O_DIRECT`: transfers past the page cache.
    static var openDirect: Int32 { daxprov_o_direct() }

    /// Reserves the blocks of a file's first bytes without changing its size (fallocate(2)). Returns 0 or an errno.
    static func reserve(_ descriptor: Int32, _ length: Int) -> Int32 {
        daxprov_reserve(descriptor, Int64(length)) == 0 ? 0 : daxprov_errno()
    }

    /// The type of file that a path leads to, and its device number; nil where there is no file. Does not wait for the
    /// server of a network file system.
    static func node(_ path: String) -> (kind: UInt32, number: UInt64)? {
        var number: UInt64 = 0
        let kind = unsafe daxprov_node(path, &number)
        return kind == 0 ? nil : (kind, number)
    }

    /// A device number as `/proc` and `/sys` write it: "259:1".
    static func deviceText(_ number: UInt64) -> String {
        "\(daxprov_device_major(number)):\(daxprov_device_minor(number))"
    }

    /// The device number that such a text stands for; nil where it is none.
    static func deviceNumber(_ text: String) -> UInt64? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let major = UInt32(parts[0]), let minor = UInt32(parts[1]) else { return nil }
        return daxprov_device_number(major, minor)
    }
}
