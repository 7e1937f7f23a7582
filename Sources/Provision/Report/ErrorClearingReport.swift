public import ProvisionCore
import ProvisionHost

/// How a clearing of media errors ended, as a report.
public struct ErrorClearingReport: Sendable {
    private let clearance: MediaErrorClearance
    private let ending: MediaErrorClearing.Ending
    private let transaction: String?

    /// The report of an ending.
    /// - Parameter transaction: the name of the transaction that recorded it; nil where none did.
    public init(
        _ ending: MediaErrorClearing.Ending, of clearance: MediaErrorClearance, transaction: String? = nil
    ) {
        self.clearance = clearance
        self.ending = ending
        self.transaction = transaction
    }

    /// What would be cleared, for a person who is asked.
    public static func preview(_ clearance: MediaErrorClearance, _ style: TextStyle = .plain) -> String {
        guard !clearance.errors.isEmpty else { return "" }
        let heading = "Media errors of \(TerminalText.clean(clearance.address)):"
        let errors = clearance.errors.map { error in
            "  \(MediaErrorText.range(error)) (\(error.range.length), \(MediaErrorText.words(error)))"
        }
        let last =
            clearance.ranges.isEmpty
            ? [] : ["What lies in these ranges is lost, and reads as zeroes or as the firmware leaves it."]
        return ([heading] + errors + last).flatMap { TextFill.lines($0, width: style.width, indent: 4) }
            .map { $0 + "\n" }.joined()
    }

    /// The ending for a person.
    public func text(_ style: TextStyle = .plain) -> String {
        let lines: [String] =
            switch ending {
            case .unchanged: ["No media errors are listed there: nothing was done."]
            case .refused(let refusals):
                RefusalText.lines(refusals, source: "", style) + ["Nothing was touched."]
            case .ended(let ranges, let content): self.lines(ranges, content)
            case .unconfirmed(let ranges, let content, let error):
                self.lines(ranges, content) + [
                    "The end could not be recorded: \(TerminalText.clean(error.description))",
                    "daxprov recover does that; it clears nothing more.",
                ]
            }
        return lines.flatMap { TextFill.lines($0, width: style.width, indent: 2) }.map { $0 + "\n" }.joined()
    }

    private func lines(
        _ ranges: [MediaErrorClearing.Range], _ content: ErrorClearing.Content
    ) -> [String] {
        let cleared = ranges.filter { $0.error == nil }
        var lines = cleared.map { "cleared \(Self.words($0))" }
        lines += ranges.compactMap { range in
            range.error.map { "NOT cleared \(Self.words(range)): \(TerminalText.clean($0.reason))" }
        }
        let advice = Set(ranges.compactMap(\.error).compactMap(\.advice)).sorted()
        lines += advice.map { "  \(TerminalText.clean($0))" }
        if !cleared.isEmpty {
            lines.append(
                content == .zeroes
                    ? "What was cleared reads as zeroes: that was read."
                    : "What was cleared holds whatever the firmware leaves there, and was not read: write it before it is used."
            )
            lines.append("It cannot be rolled back.")
        }
        return lines
    }

    private static func words(_ range: MediaErrorClearing.Range) -> String {
        "0x\(String(range.address, radix: 16))+\(range.range.length.bytes) (\(range.range.length))"
    }

    /// One document.
    public var json: JSONNode {
        let document = JSONNode.object()
        document.set("format_version", PlanReport.formatVersion)
        document.set("tool_version", ToolVersion.current)
        document.set("outcome", outcome)
        document.set("region", clearance.region)
        document.set("namespace", clearance.namespace?.device)
        document.set("name", clearance.namespace?.name)
        document.set("raw_uuid", clearance.namespace?.labelUUID)
        document.set("errors", each: clearance.errors) { MediaErrorReport.node($0) }
        switch ending {
        case .unchanged: break
        case .refused(let refusals): document.set("refusals", each: refusals) { PlanReport.refusal($0) }
        case .ended(let ranges, let content):
            Self.describe(ranges, content, in: document)
        case .unconfirmed(let ranges, let content, let error):
            Self.describe(ranges, content, in: document)
            document.set("error", ErrorReport.json(error))
        }
        document.set("transaction", transaction)
        return document
    }

    private static func describe(
        _ ranges: [MediaErrorClearing.Range], _ content: ErrorClearing.Content, in node: borrowing JSONNode
    ) {
        node.set("ranges", each: ranges) { range in
            let item = JSONNode.object()
            item.set("address", range.address)
            item.set("offset", range.range.offset)
            item.set("length", range.range.length)
            item.set("cleared", range.error == nil)
            if let error = range.error { item.set("error", ErrorReport.json(.host(error))) }
            return item
        }
        node.set("content", content.rawValue)
    }

    private var outcome: String {
        switch ending {
        case .unchanged: "unchanged"
        case .refused: "refused"
        case .ended(let ranges, _):
            if ranges.allSatisfy({ $0.error == nil }) {
                "cleared"
            } else {
                ranges.allSatisfy { $0.error != nil } ? "failed" : "partial"
            }
        case .unconfirmed: "unconfirmed"
        }
    }
}
