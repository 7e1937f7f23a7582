import ProvisionCore

/// The metrics of DIMMs. What the firmware does not tell has no line: 0 is a value.
extension StatusMetrics {
    func addDimms(of observed: Observed, to page: inout Page) {
        let dimms = observed.buses.flatMap(\.dimms)
        func add(
            _ name: String, _ help: String, type: String = "gauge",
            _ value: (Dimm, DimmHealth) -> String?
        ) {
            page.add(
                "dimm_\(name)", help, type: type,
                decimals: dimms.compactMap { dimm in
                    dimm.health.flatMap { value(dimm, $0) }.map { (Self.labels(dimm), $0) }
                })
        }
        func addWords(
            _ name: String, _ help: String, _ words: (Dimm) -> [(label: Label, isSo: Bool)]
        ) {
            page.add(
                "dimm_\(name)", help,
                decimals: dimms.flatMap { dimm in
                    words(dimm).map { (Self.labels(dimm) + [$0.label], $0.isSo ? "1" : "0") }
                })
        }
        addWords("flag", "A condition that a DIMM reports.") { dimm in
            dimm.flags.map { (("flag", $0.rawValue), true) }
        }
        addWords("health", "Whether a DIMM is in a state, as its firmware tells.") { dimm in
            guard let found = dimm.health?.state else { return [] }
            return DimmHealth.State.allCases.map { (("state", $0.rawValue), $0 == found) }
        }
        addWords("alarm", "Whether the firmware of a DIMM raises an alarm.") { dimm in
            guard let raised = dimm.health?.alarms else { return [] }
            return DimmHealth.Alarm.allCases.map { (("alarm", Self.word($0)), raised.contains($0)) }
        }
        add("life_used_ratio", "How much of a DIMM's life is used.") { $1.lifeUsed.map(Self.ratio) }
        add("spares_ratio", "How much of a DIMM's spare capacity is left.") { $1.spares.map(Self.ratio) }
        add("media_temperature_celsius", "The temperature of a DIMM's media.") {
            $1.mediaTemperature.map(\.decimal)
        }
        add("controller_temperature_celsius", "The temperature of a DIMM's controller.") {
            $1.controllerTemperature.map(\.decimal)
        }
        add("shutdowns_dirty_total", "The dirty shutdowns that a DIMM counts.", type: "counter") {
            ($1.shutdownCount ?? $1.dirtyShutdowns).map { "\($0)" }
        }
    }

    private static func labels(_ dimm: Dimm) -> [Label] {
        [("dimm", dimm.device), ("id", dimm.uniqueID ?? "")]
    }

    private static func word(_ alarm: DimmHealth.Alarm) -> String {
        switch alarm {
        case .mediaTemperature: "media_temperature"
        case .controllerTemperature: "controller_temperature"
        case .spares: "spares"
        }
    }

    /// A percentage as a part of 1: `0.03`.
    static func ratio(_ percent: Int) -> String {
        let (whole, rest) = percent.quotientAndRemainder(dividingBy: 100)
        guard rest != 0 else { return "\(whole)" }
        return rest % 10 == 0 ? "\(whole).\(rest / 10)" : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}
