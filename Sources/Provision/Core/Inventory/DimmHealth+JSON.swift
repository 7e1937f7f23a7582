/// The health of a DIMM as an object, in inventories and simulated hosts: the keys of `ndctl list -DH` and
/// `-F` (ndctl/json-smart.c, ndctl/json.c), where ndctl has one. What is not known has no key.
extension DimmHealth {
    /// The health as an object, without the firmware.
    package var json: JSONValue { node(asNdctls: false) }

    /// The health as `ndctl list -H` prints it; nil where ndctl prints none.
    package var ndctlJSON: JSONValue? {
        if unread == .unsupported { return nil }
        return node(asNdctls: true)
    }

    private func node(asNdctls isNdctls: Bool) -> JSONValue {
        var node = JSONValue.object()
        if isNdctls, unread != nil {
            node.set("health_state", "unknown")
            return node
        }
        node.set("unknown", unread?.rawValue)
        node.set("health_state", state?.rawValue)
        node.set("temperature_celsius", mediaTemperature)
        node.set("controller_temperature_celsius", controllerTemperature)
        node.set("spares_percentage", spares)
        if let alarms {
            for alarm in Alarm.allCases {
                node.set(alarm.key, .bool(alarms.contains(alarm)))
            }
        }
        if let thresholds {
            for alarm in Alarm.allCases {
                node.set(alarm.enabledKey, .bool(thresholds.enabled.contains(alarm)))
            }
            node.set("temperature_threshold", thresholds.mediaTemperature)
            node.set("controller_temperature_threshold", thresholds.controllerTemperature)
            node.set("spares_threshold", thresholds.spares)
        }
        node.set("life_used_percentage", lifeUsed)
        node.set("shutdown_state", lastShutdown?.rawValue)
        node.set("shutdown_count", shutdownCount)
        if !isNdctls { node.set("dirty_shutdown", dirtyShutdowns) }
        return node
    }

    /// Adds the health, and the firmware where it is known, to a DIMM's object.
    package func set(inDimm node: inout JSONValue) {
        node.set("health", json)
        if let firmware { node.set("firmware", firmware.json) }
    }

    /// The health that `health` and `firmware` of a DIMM's object describe; nil where it has neither.
    package static func of(dimm node: JSONCursor) throws(JSONError) -> DimmHealth? {
        let found = try node.optional("health")
        let firmware = try node.optional("firmware")
        guard found != nil || firmware != nil else { return nil }
        var health = DimmHealth()
        if let found { try health.read(found) }
        if let firmware { health.firmware = try Firmware(firmware) }
        return health
    }

    private mutating func read(_ node: JSONCursor) throws(JSONError) {
        unread = try node.optional("unknown")?.word()
        if let field = try node.optional("health_state") {
            // ndctl's word where the command failed.
            if try field.string() == "unknown" {
                unread = unread ?? .failed
            } else {
                state = try field.word()
            }
        }
        mediaTemperature = try node.optional("temperature_celsius")?.temperature()
        controllerTemperature = try node.optional("controller_temperature_celsius")?.temperature()
        spares = try node.optional("spares_percentage")?.percentage()
        alarms = try node.alarms(\.key)
        if let enabled = try node.alarms(\.enabledKey) {
            var thresholds = Thresholds(enabled: enabled)
            thresholds.mediaTemperature = try node.optional("temperature_threshold")?.temperature()
            thresholds.controllerTemperature = try node.optional("controller_temperature_threshold")?
                .temperature()
            thresholds.spares = try node.optional("spares_threshold")?.percentage()
            self.thresholds = thresholds
        }
        lifeUsed = try node.optional("life_used_percentage")?.percentage()
        lastShutdown = try node.optional("shutdown_state")?.word()
        shutdownCount = try node.optional("shutdown_count")?.integer()
        dirtyShutdowns = try node.optional("dirty_shutdown")?.integer()
    }
}

extension DimmHealth.Firmware {
    /// The versions as an object, under ndctl's keys.
    package var json: JSONValue {
        var node = JSONValue.object()
        node.set("current_version", current)
        node.set("next_version", next)
        return node
    }

    /// The versions that an object describes; nil where ndctl could not read the one that runs.
    fileprivate init?(_ node: JSONCursor) throws(JSONError) {
        guard let current = try Self.version(node, "current_version") else { return nil }
        self.init(current: current, next: try Self.version(node, "next_version"))
    }

    /// A version: a number, or with `ndctl list -u` hexadecimal digits. ndctl writes -1 where it could not be read.
    private static func version(_ node: JSONCursor, _ key: String) throws(JSONError) -> UInt64? {
        guard let field = try node.optional(key) else { return nil }
        if case .integer(-1) = field.value { return nil }
        if case .string = field.value {
            let number = try field.hexadecimal(UInt64.self)
            return number == .max ? nil : number
        }
        let number: UInt64 = try field.integer()
        return number == .max ? nil : number
    }
}

extension DimmHealth.Alarm {
    /// ndctl's key for whether the alarm is raised.
    var key: String {
        switch self {
        case .mediaTemperature: "alarm_temperature"
        case .controllerTemperature: "alarm_controller_temperature"
        case .spares: "alarm_spares"
        }
    }

    /// ndctl's key for whether the alarm is enabled.
    var enabledKey: String {
        switch self {
        case .mediaTemperature: "alarm_enabled_media_temperature"
        case .controllerTemperature: "alarm_enabled_ctrl_temperature"
        case .spares: "alarm_enabled_spares"
        }
    }
}

extension JSONValue {
    /// Adds a temperature in degrees Celsius; nothing where it is nil.
    fileprivate mutating func set(_ key: String, _ temperature: Temperature?) {
        if let temperature { set(key, JSONValue.double(temperature.celsius)) }
    }
}

extension JSONCursor {
    /// This value as a temperature: degrees Celsius, in sixteenths, at most 2047 above or below zero.
    fileprivate func temperature() throws(JSONError) -> Temperature {
        let celsius: Double
        switch value {
        case .integer(let number): celsius = Double(number)
        case .double(let number): celsius = number
        case .null, .bool, .string, .array, .object: throw error("must be a number, not \(value.kind)")
        }
        guard (-2047.9375...2047.9375).contains(celsius) else { throw error("\(celsius) is out of range") }
        return Temperature(sixteenths: Int((celsius * 16).rounded()))
    }

    /// This value as a part of a hundred. Firmware that counts on beyond the end of a DIMM's life says up to 255.
    fileprivate func percentage() throws(JSONError) -> Int { Int(try integer(UInt8.self)) }

    /// The alarms whose keys are true; nil where none of the keys is there.
    fileprivate func alarms(
        _ key: (DimmHealth.Alarm) -> String
    ) throws(JSONError) -> Set<DimmHealth.Alarm>? {
        var found: Set<DimmHealth.Alarm>?
        for alarm in DimmHealth.Alarm.allCases {
            guard let isSet = try optional(key(alarm))?.bool() else { continue }
            found = found ?? []
            if isSet { found?.insert(alarm) }
        }
        return found
    }
}
