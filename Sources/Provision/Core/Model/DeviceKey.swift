/// What a udev rule finds a device-dax device by: what stays through boots and new numbers.
public enum DeviceKey: Hashable, Sendable {
    /// The UUID of the info block of its namespace.
    case infoBlock(UUID)
    /// Its memory, in the order of the offsets in it: a device of a dynamic dax region.
    case memory([Range<UInt64>])
}

extension DeviceKey: Comparable {
    /// Info blocks by their UUIDs, then memory by its addresses.
    public static func < (left: DeviceKey, right: DeviceKey) -> Bool {
        switch (left, right) {
        case (.infoBlock(let left), .infoBlock(let right)): left.description < right.description
        case (.infoBlock, .memory): true
        case (.memory, .infoBlock): false
        case (.memory(let left), .memory(let right)):
            left.lexicographicallyPrecedes(right) {
                ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound)
            }
        }
    }
}
