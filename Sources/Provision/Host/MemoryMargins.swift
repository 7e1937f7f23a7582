package import ProvisionCore

/// What lies on a device before its first memory block and after its last one, as a checksum of some pages.
///
/// The kernel never writes there, whatever it does with the memory. So these places tell, as far as was looked, whether
/// somebody has written to the device since it became memory: as a device of an earlier boot, say.
public struct MemoryMargins: Equatable, Sendable {
    /// The CRC-32C of the pages' checksums, in the order of ``offsets(in:blockSize:)``.
    public var sum: UInt32

    /// Margins with this checksum.
    public init(sum: UInt32) {
        self.sum = sum
    }

    /// The margins of which these are the pages' checksums.
    package init(pages: [UInt32]) {
        var checksum = Checksum()
        for page in pages { checksum.add((0..<4).map { UInt8(truncatingIfNeeded: page >> (8 * $0)) }) }
        sum = checksum.value
    }

    /// Where the pages lie, from the start of a device with these physical addresses; none where memory blocks cover all of it.
    package static func offsets(in range: Range<UInt64>, blockSize: ByteCount) -> [ByteCount] {
        let forecast = MemoryForecast(range, blockSize: blockSize)
        let size = ByteCount(range.upperBound - range.lowerBound)
        let margins = [
            Extent(offset: .zero, length: forecast.head),
            Extent(offset: size - forecast.tail, length: forecast.tail),
        ]
        return margins.flatMap { MediaSample.offsets(in: $0) }
    }
}
