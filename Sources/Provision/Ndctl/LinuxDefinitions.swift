import CNdctl

/// What the C library gives C programs alone.
enum Linux {
    /// `O_DIRECT`: transfers past the page cache.
    static var openDirect: Int32 { daxprov_o_direct() }

    /// A device number as `/proc` and `/sys` write it: "259:1".
    static func deviceText(_ number: UInt64) -> String {
        "\(daxprov_device_major(number)):\(daxprov_device_minor(number))"
    }
}
