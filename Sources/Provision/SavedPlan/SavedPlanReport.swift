public import ProvisionCore

/// A saved plan as a report, with what is known of its staleness.
public struct SavedPlanReport: Sendable {
    /// The saved plan.
    public let saved: SavedPlan
    /// What differs on the host now; nil where the host could not be looked at.
    public let differences: [PlanDifference]?

    /// The report of a saved plan.
    public init(_ saved: SavedPlan, differences: [PlanDifference]?) {
        self.saved = saved
        self.differences = differences
    }

    /// The plan for a person.
    public func text(_ style: TextStyle = .plain) -> String {
        let source = TerminalText.clean(saved.profile.source)
        let heading = "Saved plan of \(source), by daxprov \(TerminalText.clean(saved.toolVersion)):\n\n"
        return heading + PlanReport(of: saved).text(style) + staleness(style).map { $0 + "\n" }.joined()
    }

    private func staleness(_ style: TextStyle) -> [String] {
        guard let differences else {
            return ["Whether it is stale is not known: the host was not looked at."]
        }
        guard !differences.isEmpty else { return ["The host is what it was made for."] }
        return StaleText.differences(differences, style) + ["It is stale: apply would refuse it. Plan again."]
    }

    /// One document: the file's, with `stale` and `differences` where they are known.
    public var json: JSONValue {
        var document = saved.document
        document.set("stale", differences.map { !$0.isEmpty })
        if let differences { document.set("differences", each: differences) { StaleText.json($0) } }
        return document
    }
}
