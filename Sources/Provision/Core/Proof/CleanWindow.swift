/// A range of a device that can be loaded from without meeting a media error that is known: the load would be answered with a
/// machine check.
public enum CleanWindow {
    /// The offset of the first such range, a multiple of `align`; nil where there is none.
    /// - Parameters:
    ///   - length: its length, a multiple of `align`, which is not zero.
    ///   - errors: the errors, in units of 512 bytes from the start of the device.
    public static func offset(
        of length: ByteCount, align: ByteCount, in size: ByteCount, avoiding errors: [BadBlocks]
    ) -> ByteCount? {
        var start: UInt64 = 0
        let known = errors.filter { $0.offset < size.bytes / 512 }.sorted { $0.offset < $1.offset }
        for error in known {
            let first = error.offset * 512
            let end = first + UInt64(error.length) * 512
            guard first < start + length.bytes, end > start else { continue }
            start = (end + align.bytes - 1) / align.bytes * align.bytes
        }
        let (end, overflow) = start.addingReportingOverflow(length.bytes)
        return overflow || end > size.bytes || length == .zero ? nil : ByteCount(start)
    }
}
