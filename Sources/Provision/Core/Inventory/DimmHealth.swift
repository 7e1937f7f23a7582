/// What the firmware of a DIMM tells of its health. Nil is "unknown": never the same as good, or as 0.
///
/// The firmware says which of its values are valid (`ND_SMART_…_VALID`, include/ndctl/libndctl.h); the others have no
/// meaning and are nil here.
public struct DimmHealth: Equatable, Sendable {
    /// The worst of the conditions that the firmware reports.
    public var state: State?
    /// How much of the DIMM's life is used, in percent.
    public var lifeUsed: Int?
    /// How much of the spare capacity is left, in percent.
    public var spares: Int?
    /// The temperature of the media.
    public var mediaTemperature: Temperature?
    /// The temperature of the controller.
    public var controllerTemperature: Temperature?
    /// The alarms that are raised.
    public var alarms: Set<Alarm>?
    /// At which values alarms are raised.
    public var thresholds: Thresholds?
    /// How the last shutdown went.
    public var lastShutdown: Shutdown?
    /// The dirty shutdowns that the firmware counts now.
    public var shutdownCount: UInt32?
    /// The dirty shutdowns that the kernel read when it found the DIMM (`nfit/dirty_shutdown`).
    public var dirtyShutdowns: UInt32?
    /// The DIMM's firmware.
    public var firmware: Firmware?
    /// Why the firmware tells no health at all; nil where it answered.
    public var unread: Unread?

    /// Health of which nothing is known but what is set afterwards.
    public init(unread: Unread? = nil) {
        self.unread = unread
    }

    /// The state of a DIMM, from good to bad, in ndctl's words.
    public enum State: String, CaseIterable, Comparable, Sendable {
        /// Nothing is reported.
        case ok
        /// Maintenance is needed.
        case nonCritical = "non-critical"
        /// Persistence or performance may be lost.
        case critical
        /// Data may be lost, or is.
        case fatal

        public static func < (left: State, right: State) -> Bool { left.severity < right.severity }

        private var severity: Int {
            switch self {
            case .ok: 0
            case .nonCritical: 1
            case .critical: 2
            case .fatal: 3
            }
        }
    }

    /// A value that the firmware watches.
    public enum Alarm: CaseIterable, Sendable {
        case mediaTemperature
        case controllerTemperature
        case spares
    }

    /// When alarms are raised. A threshold of an alarm that is not enabled is nil.
    public struct Thresholds: Equatable, Sendable {
        /// The alarms that are enabled.
        public var enabled: Set<Alarm>
        /// The media temperature from which its alarm is raised.
        public var mediaTemperature: Temperature?
        /// The controller temperature from which its alarm is raised.
        public var controllerTemperature: Temperature?
        /// The spare capacity, in percent, below which its alarm is raised.
        public var spares: Int?

        /// Thresholds of these alarms, without values.
        public init(enabled: Set<Alarm>) {
            self.enabled = enabled
        }
    }

    /// How a shutdown went.
    public enum Shutdown: String, CaseIterable, Sendable {
        /// Everything was flushed to the media.
        case clean
        /// What was written last may be lost.
        case dirty
    }

    /// The versions of a DIMM's firmware: numbers of its vendor.
    public struct Firmware: Equatable, Sendable {
        /// The one that runs.
        public var current: UInt64
        /// The one that runs from the next power cycle or activation on; nil where there is none, or it is not known.
        public var next: UInt64?

        /// Firmware of this version.
        public init(current: UInt64, next: UInt64? = nil) {
            self.current = current
            self.next = next
        }
    }

    /// Why the firmware tells no health.
    public enum Unread: String, CaseIterable, Sendable {
        /// The DIMM, or its kernel driver, has no command for it.
        case unsupported
        /// Only root may ask.
        case notPermitted = "not_permitted"
        /// The command failed.
        case failed
    }
}

/// A temperature in sixteenths of a degree Celsius, as the firmware counts.
public struct Temperature: Hashable, Sendable, CustomStringConvertible {
    /// Sixteenths of a degree Celsius, above or below zero.
    public let sixteenths: Int

    /// A temperature of these sixteenths of a degree.
    public init(sixteenths: Int) {
        self.sixteenths = sixteenths
    }

    /// The temperature that a health command's number means: bit 15 is the sign of the 15 bits below it
    /// (ndctl/lib/smart.c, `ndctl_decode_smart_temperature`).
    package init(smart number: UInt32) {
        let magnitude = Int(number & 0x7fff)
        self.init(sixteenths: number & 0x8000 == 0 ? magnitude : -magnitude)
    }

    /// Degrees Celsius, exactly.
    public var celsius: Double { Double(sixteenths) / 16 }

    /// Degrees Celsius as a decimal number without an exponent and without zeros at its end: `23`, `-0.0625`.
    public var decimal: String {
        let (whole, rest) = sixteenths.magnitude.quotientAndRemainder(dividingBy: 16)
        let sign = sixteenths < 0 ? "-" : ""
        guard rest != 0 else { return "\(sign)\(whole)" }
        var digits = String(rest * 625)
        digits = String(repeating: "0", count: 4 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(sign)\(whole).\(digits)"
    }

    public var description: String { "\(decimal) C" }
}
