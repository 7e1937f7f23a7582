/// The answer of a DIMM's smart command as libndctl gives it: numbers, and which of them mean anything.
package struct SmartData {
    /// The bits of the values that are valid.
    package var valid: UInt32
    /// The bits of the conditions that are worse than ok (`ND_SMART_…_HEALTH`).
    package var health: UInt32
    /// In the firmware's form: see ``Temperature``.
    package var mediaTemperature: UInt32
    /// In the firmware's form: see ``Temperature``.
    package var controllerTemperature: UInt32
    /// The spare capacity that is left, in percent.
    package var spares: UInt32
    /// The bits of the alarms that are raised.
    package var alarms: UInt32
    /// The part of the life that is used, in percent.
    package var lifeUsed: UInt32
    /// 0 if the last shutdown was clean.
    package var shutdownState: UInt32
    /// The number of dirty shutdowns.
    package var shutdownCount: UInt32

    /// An answer with these numbers.
    package init(
        valid: UInt32, health: UInt32 = 0, mediaTemperature: UInt32 = 0, controllerTemperature: UInt32 = 0,
        spares: UInt32 = 0, alarms: UInt32 = 0, lifeUsed: UInt32 = 0, shutdownState: UInt32 = 0,
        shutdownCount: UInt32 = 0
    ) {
        self.valid = valid
        self.health = health
        self.mediaTemperature = mediaTemperature
        self.controllerTemperature = controllerTemperature
        self.spares = spares
        self.alarms = alarms
        self.lifeUsed = lifeUsed
        self.shutdownState = shutdownState
        self.shutdownCount = shutdownCount
    }

    /// The bits of `valid`: `ND_SMART_…_VALID` of ndctl/libndctl.h.
    package enum Valid {
        package static let health: UInt32 = 1 << 0
        package static let spares: UInt32 = 1 << 1
        package static let lifeUsed: UInt32 = 1 << 2
        package static let mediaTemperature: UInt32 = 1 << 3
        package static let controllerTemperature: UInt32 = 1 << 4
        package static let shutdownCount: UInt32 = 1 << 5
        package static let alarms: UInt32 = 1 << 9
        package static let shutdownState: UInt32 = 1 << 10
    }
}

/// The answer of a DIMM's command for thresholds.
package struct SmartThresholds {
    /// The bits of the alarms that are enabled.
    package var enabled: UInt32
    /// From which its alarm is raised, in the firmware's form: see ``Temperature``.
    package var mediaTemperature: UInt32
    /// From which its alarm is raised, in the firmware's form: see ``Temperature``.
    package var controllerTemperature: UInt32
    /// At which its alarm is raised, in percent of the spare capacity.
    package var spares: UInt32

    /// An answer with these numbers.
    package init(
        enabled: UInt32, mediaTemperature: UInt32 = 0, controllerTemperature: UInt32 = 0, spares: UInt32 = 0
    ) {
        self.enabled = enabled
        self.mediaTemperature = mediaTemperature
        self.controllerTemperature = controllerTemperature
        self.spares = spares
    }
}

extension DimmHealth {
    /// Takes over what is valid of an answer.
    package mutating func take(_ data: SmartData) {
        func valid<Value>(_ bit: UInt32, _ value: Value) -> Value? { data.valid & bit == 0 ? nil : value }
        state = valid(SmartData.Valid.health, data.health).flatMap { State(conditions: $0) }
        mediaTemperature = valid(SmartData.Valid.mediaTemperature, Temperature(smart: data.mediaTemperature))
        controllerTemperature = valid(
            SmartData.Valid.controllerTemperature, Temperature(smart: data.controllerTemperature))
        spares = valid(SmartData.Valid.spares, data.spares).flatMap(Self.percentage)
        alarms = valid(SmartData.Valid.alarms, Alarm.set(data.alarms))
        lifeUsed = valid(SmartData.Valid.lifeUsed, data.lifeUsed).flatMap(Self.percentage)
        lastShutdown = valid(SmartData.Valid.shutdownState, data.shutdownState == 0 ? .clean : .dirty)
        shutdownCount = valid(SmartData.Valid.shutdownCount, data.shutdownCount)
    }

    /// All ones in the byte, or more than it holds, is no percentage.
    fileprivate static func percentage(_ number: UInt32) -> Int? { number < 0xff ? Int(number) : nil }
}

extension DimmHealth.State {
    /// The worst of the conditions whose bits are set; nil where only bits are set that mean nothing
    /// (`ND_SMART_NON_CRITICAL_HEALTH` and its like).
    fileprivate init?(conditions: UInt32) {
        if conditions & 4 != 0 {
            self = .fatal
        } else if conditions & 2 != 0 {
            self = .critical
        } else if conditions & 1 != 0 {
            self = .nonCritical
        } else if conditions == 0 {
            self = .ok
        } else {
            return nil
        }
    }
}

extension DimmHealth.Alarm {
    /// The alarms whose bits are set (`ND_SMART_SPARE_TRIP` and its like).
    fileprivate static func set(_ bits: UInt32) -> Set<DimmHealth.Alarm> {
        Set(allCases.filter { bits & $0.bit != 0 })
    }

    private var bit: UInt32 {
        switch self {
        case .spares: 1 << 0
        case .mediaTemperature: 1 << 1
        case .controllerTemperature: 1 << 2
        }
    }
}

extension DimmHealth.Thresholds {
    /// What an answer says. A threshold whose alarm is not enabled has no meaning.
    package init(_ data: SmartThresholds) {
        self.init(enabled: DimmHealth.Alarm.set(data.enabled))
        if enabled.contains(.mediaTemperature) {
            mediaTemperature = Temperature(smart: data.mediaTemperature)
        }
        if enabled.contains(.controllerTemperature) {
            controllerTemperature = Temperature(smart: data.controllerTemperature)
        }
        if enabled.contains(.spares) { spares = DimmHealth.percentage(data.spares) }
    }
}
