/// The health of a DIMM in the words of reports.
extension DimmHealth {
    /// What is not well, each in a phrase; empty where nothing is known to be wrong.
    package var trouble: [String] {
        var words: [String] = []
        if let state, state != .ok { words.append("health \(state.rawValue)") }
        for alarm in Alarm.allCases where alarms?.contains(alarm) == true {
            words.append("alarm of \(alarm.words)")
        }
        if lastShutdown == .dirty { words.append("last shutdown dirty") }
        return words
    }

    /// Everything that is known, each in a phrase.
    package var facts: [String] {
        var words = [
            state.map { "health \($0.rawValue)" }, lifeUsed.map { "life used \($0)%" },
            spares.map { "spares \($0)%" + limit(thresholds?.spares.map { "\($0)%" }) },
            mediaTemperature.map {
                "media \($0)" + limit(thresholds?.mediaTemperature?.description)
            },
            controllerTemperature.map {
                "controller \($0)"
                    + limit(thresholds?.controllerTemperature?.description)
            },
            lastShutdown.map { "last shutdown \($0.rawValue)" },
            (shutdownCount ?? dirtyShutdowns).map { "dirty shutdowns \($0)" },
        ].compactMap { $0 }
        if let alarms {
            let raised = Alarm.allCases.filter(alarms.contains).map(\.words)
            words.append(raised.isEmpty ? "no alarm" : "alarm of \(raised.joined(separator: " and "))")
        }
        if let firmware {
            words.append("firmware \(Hexadecimal.number(firmware.current))")
            if let next = firmware.next {
                words.append("\(Hexadecimal.number(next)) from the next power cycle on")
            }
        }
        return words
    }

    /// At which value an alarm is raised, where that is enabled.
    private func limit(_ threshold: String?) -> String {
        threshold.map { " (alarm at \($0))" } ?? ""
    }
}

extension DimmHealth.Alarm {
    /// What is watched.
    fileprivate var words: String {
        switch self {
        case .mediaTemperature: "media temperature"
        case .controllerTemperature: "controller temperature"
        case .spares: "spares"
        }
    }
}

extension Dimm {
    /// What is not well with it, each in a phrase: its flags, what its firmware reports, and that the firmware did not
    /// answer; empty where nothing is known to be wrong.
    package var trouble: [String] {
        let unread = health?.unread == .failed ? ["health could not be read"] : []
        return flags.map(\.rawValue) + (health?.trouble ?? []) + unread
    }
}
