/// A number of bytes: a size, a length or an offset. Never negative.
///
/// Arithmetic traps on overflow only where both operands come from a validated host or profile; use
/// ``adding(_:)`` and ``multiplied(by:)`` where the operands are untrusted.
public struct ByteCount: Hashable, Comparable, Sendable {
    /// The number of bytes.
    public var bytes: UInt64

    /// A count of `bytes` bytes.
    public init(_ bytes: UInt64) {
        self.bytes = bytes
    }

    /// No bytes.
    public static let zero = ByteCount(0)

    /// `count` kibibytes (1024 bytes each).
    public static func kib(_ count: UInt64) -> ByteCount { ByteCount(count << 10) }
    /// `count` mebibytes (1024 KiB each).
    public static func mib(_ count: UInt64) -> ByteCount { ByteCount(count << 20) }
    /// `count` gibibytes (1024 MiB each).
    public static func gib(_ count: UInt64) -> ByteCount { ByteCount(count << 30) }

    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }

    public static func + (left: ByteCount, right: ByteCount) -> ByteCount {
        ByteCount(left.bytes + right.bytes)
    }

    public static func - (left: ByteCount, right: ByteCount) -> ByteCount {
        ByteCount(left.bytes - right.bytes)
    }

    public static func * (left: ByteCount, factor: UInt64) -> ByteCount { ByteCount(left.bytes * factor) }

    public static func / (left: ByteCount, divisor: UInt64) -> ByteCount { ByteCount(left.bytes / divisor) }

    public static func += (left: inout ByteCount, right: ByteCount) { left = left + right }
    public static func -= (left: inout ByteCount, right: ByteCount) { left = left - right }

    /// The sum, or nil where it does not fit in 64 bits.
    public func adding(_ other: ByteCount) -> ByteCount? {
        let (sum, overflow) = bytes.addingReportingOverflow(other.bytes)
        return overflow ? nil : ByteCount(sum)
    }

    /// The product, or nil where it does not fit in 64 bits.
    public func multiplied(by factor: UInt64) -> ByteCount? {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: factor)
        return overflow ? nil : ByteCount(product)
    }

    /// Whether this is a whole number of `unit`s.
    public func isMultiple(of unit: ByteCount) -> Bool { bytes.isMultiple(of: unit.bytes) }

    /// The largest multiple of `unit` that is not above this. `unit` must not be zero.
    public func roundedDown(to unit: ByteCount) -> ByteCount {
        ByteCount(bytes - bytes % unit.bytes)
    }

    /// The smallest multiple of `unit` that is not below this, or nil where it does not fit in 64 bits.
    public func roundedUp(to unit: ByteCount) -> ByteCount? {
        roundedDown(to: unit) == self ? self : roundedDown(to: unit).adding(unit)
    }
}

extension ByteCount: CustomStringConvertible {
    /// The exact value in the largest binary unit that divides it ("64 GiB", "4227858432 B").
    ///
    /// Exact always: two different counts never print alike.
    public var description: String {
        let units: [(shift: UInt64, name: String)] = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")]
        for unit in units where bytes != 0 && bytes.isMultiple(of: 1 << unit.shift) {
            return "\(bytes >> unit.shift) \(unit.name)"
        }
        return "\(bytes) B"
    }
}
