public import ProvisionCore
import ProvisionHost

/// How a clearing of media errors ended, as a report.
public struct ErrorClearingReport: Sendable {
    private let clearance: MediaErrorClearance
    private let ending: MediaErrorClearing.Ending
    private let transaction: String?
    private let isAfterRecovery: Bool

    /// The report of an ending.
    /// - Parameters:
    ///   - transaction: the name of the transaction that recorded it; nil where none did.
    ///   - isAfterRecovery: whether a recovery ran first in the same run, which can have changed the host.
    public init(
        _ ending: MediaErrorClearing.Ending, of clearance: MediaErrorClearance, transaction: String? = nil,
        isAfterRecovery: Bool = false
    ) {
        self.clearance = clearance
        self.ending = ending
        self.transaction = transaction
        self.isAfterRecovery = isAfterRecovery
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
            ? []
            : [
                clearance.namespace?.mode == .sector
                    ? "Every sector is read; one that cannot be read is lost as a whole, and reads as zeroes."
                    : "What lies in these ranges is lost, and reads as zeroes or as the firmware leaves it."
            ]
        return ([heading] + errors + last).flatMap { TextFill.lines($0, width: style.width, indent: 4) }
            .map { $0 + "\n" }.joined()
    }

    /// The ending for a person.
    public func text(_ style: TextStyle = .plain) -> String {
        let lines: [String] =
            switch ending {
            case .unchanged: ["No media errors are listed there: nothing was done."]
            case .refused(let refusals):
                RefusalText.lines(refusals, source: "", style)
                    + [UntouchedText.sentence(isAfterRecovery: isAfterRecovery)]
            case .ended(let outcome): self.lines(outcome)
            case .unconfirmed(let outcome, let error):
                self.lines(outcome) + [
                    "The end could not be recorded: \(TerminalText.clean(error.account))",
                    "daxprov recover does that; it clears nothing more.",
                ]
            }
        return lines.flatMap { TextFill.lines($0, width: style.width, indent: 2) }.map { $0 + "\n" }.joined()
    }

    private func lines(_ outcome: MediaErrorClearing.Outcome) -> [String] {
        let (ranges, content) = (outcome.ranges, outcome.content)
        let cleared = ranges.filter { $0.error == nil }
        var lines = cleared.map { range in
            "cleared \(Self.words(range))"
                + (range.unread.map {
                    ", as the kernel's lists say; it was NOT read: \(TerminalText.clean($0))"
                } ?? "")
        }
        lines += ranges.compactMap { range in
            range.error.map { error in
                let undo = error.undoFailures.map { "; undoing it failed too: \($0)" }.joined()
                return "NOT cleared \(Self.words(range)): \(TerminalText.clean(error.reason + undo))"
            }
        }
        let advice = Set(ranges.compactMap(\.error).compactMap(\.advice)).sorted()
        lines += advice.map { "  \(TerminalText.clean($0))" }
        lines += lostSectors(outcome.lostSectors)
        if cleared.contains(where: { $0.unread == nil }) {
            lines.append(
                content == .zeroes
                    ? "What was cleared reads as zeroes: that was read."
                    : "What was cleared can be read, and holds whatever the firmware leaves there: write it before it is used."
            )
        }
        if !cleared.isEmpty { lines.append("It cannot be rolled back.") }
        return lines
    }

    /// The sectors that zeroes were written over, the first of them by their numbers.
    private func lostSectors(_ sectors: [Extent]) -> [String] {
        guard let first = sectors.first else { return [] }
        let shown = sectors.prefix(16).map { "\($0.offset.bytes / first.length.bytes)" }.joined(
            separator: ", ")
        let more = sectors.count > 16 ? " and more (--json has all)" : ""
        let disk = clearance.namespace?.blockDevice.map { " of /dev/\($0)" } ?? ""
        let count = sectors.count == 1 ? "1 sector" : "\(sectors.count) sectors"
        return [
            "lost: \(count) of \(first.length)\(TerminalText.clean(disk)) that could not be read; zeroes were written there: \(shown)\(more)"
        ]
    }

    private static func words(_ range: MediaErrorClearing.Range) -> String {
        "\(Hexadecimal.number(range.address))+\(range.range.length.bytes) (\(range.range.length))"
    }

    /// One document.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", PlanReport.formatVersion)
        document.set("tool_version", ToolVersion.current)
        document.set("outcome", outcome.rawValue)
        document.set("region", clearance.region)
        document.set("namespace", clearance.namespace?.device)
        document.set("name", clearance.namespace?.name)
        document.set("raw_uuid", clearance.namespace?.labelUUID)
        document.set("errors", each: clearance.errors) { MediaErrorReport.node($0) }
        switch ending {
        case .unchanged: break
        case .refused(let refusals): document.set("refusals", each: refusals) { PlanReport.refusal($0) }
        case .ended(let outcome): Self.describe(outcome, in: &document)
        case .unconfirmed(let outcome, let error):
            Self.describe(outcome, in: &document)
            document.set("error", ErrorReport.json(error))
        }
        document.set("transaction", transaction)
        return document
    }

    private static func describe(_ outcome: MediaErrorClearing.Outcome, in node: inout JSONValue) {
        node.set("ranges", each: outcome.ranges) { range in
            var item = JSONValue.object()
            item.set("address", range.address)
            item.set("offset", range.range.offset)
            item.set("length", range.range.length)
            item.set("cleared", range.error == nil)
            item.set("unread", range.unread)
            if let error = range.error { item.set("error", ErrorReport.json(error)) }
            return item
        }
        node.set("content", outcome.content.rawValue)
        guard !outcome.lostSectors.isEmpty else { return }
        node.set("lost_sectors", each: outcome.lostSectors) { sector in
            var item = JSONValue.object()
            item.set("offset", sector.offset)
            item.set("length", sector.length)
            return item
        }
    }

    /// How it ended, in a word.
    enum Outcome: String, CaseIterable {
        /// Every range is cleared.
        case cleared
        /// No error is listed there.
        case unchanged
        /// It was refused.
        case refused
        /// Some ranges are cleared.
        case partial
        /// None is.
        case failed
        /// The end could not be recorded.
        case unconfirmed
    }

    private var outcome: Outcome {
        switch ending {
        case .unchanged: .unchanged
        case .refused: .refused
        case .ended(let outcome):
            if outcome.ranges.allSatisfy({ $0.error == nil }) {
                .cleared
            } else {
                outcome.ranges.allSatisfy { $0.error != nil } ? .failed : .partial
            }
        case .unconfirmed: .unconfirmed
        }
    }
}
