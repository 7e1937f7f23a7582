public import ProvisionCore

/// How the removal of a mark ended, as a report.
public struct UnprotectionReport: Sendable {
    private let ending: Unprotection.Ending

    /// The report of this ending.
    public init(_ ending: Unprotection.Ending) {
        self.ending = ending
    }

    /// The ending for a person.
    public func text(_ style: TextStyle = .plain) -> String {
        switch ending {
        case .removed(let mark):
            let name = TerminalText.clean(mark.displayName)
            return "\(name) (label \(mark.labelUUID)) is no longer protected.\n"
        case .refused(let refusal):
            let lines = RefusalText.lines([refusal], source: "", style) + ["It stays protected."]
            return lines.map { $0 + "\n" }.joined()
        }
    }

    /// One document.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", 1)
        document.set("tool_version", ToolVersion.current)
        switch ending {
        case .removed(let mark):
            document.set("outcome", "removed")
            document.set("mark", ProtectionText.json(mark))
        case .refused(let refusal):
            document.set("outcome", "refused")
            document.set("refusals", each: [refusal]) { PlanReport.refusal($0) }
        }
        return document
    }
}
