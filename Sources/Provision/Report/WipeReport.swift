public import ProvisionCore

/// How wipes came out, as a report.
public struct WipeReport: Sendable {
    private let outcomes: [Wiping.Outcome]
    private let refusals: [Refusal]
    private let notBegun: [NotBegun]

    /// A namespace that was to be wiped after others, and of which nothing was written.
    public struct NotBegun: Sendable {
        /// The namespace.
        public var target: WipeTarget
        /// Why it could not be begun; nil where that of another one ended the command.
        public var error: OperationError?

        /// A value of these parts.
        public init(_ target: WipeTarget, _ error: OperationError? = nil) {
            self.target = target
            self.error = error
        }
    }

    /// How it ended, in a word.
    public enum Ending: String, CaseIterable, Sendable {
        /// All were zeroed.
        case wiped
        /// It was refused, and nothing was begun.
        case refused
        /// One of them failed, or could not be begun.
        case failed
        /// A signal stopped it.
        case interrupted
    }

    /// The report of wipes that were begun, in their order.
    /// - Parameter notBegun: those that were to come after them.
    public init(_ outcomes: [Wiping.Outcome], notBegun: [NotBegun] = []) {
        self.outcomes = outcomes
        self.notBegun = notBegun
        refusals = []
    }

    /// The report of a refusal: nothing was begun.
    public init(refused refusals: [Refusal]) {
        outcomes = []
        notBegun = []
        self.refusals = refusals
    }

    /// How it ended.
    public var ending: Ending {
        guard refusals.isEmpty else { return .refused }
        if outcomes.contains(where: { $0.failure != nil }) || notBegun.contains(where: { $0.error != nil }) {
            return .failed
        }
        return notBegun.isEmpty && outcomes.allSatisfy { $0.record.end == .wiped } ? .wiped : .interrupted
    }

    /// The outcomes for a person.
    public func text(_ style: TextStyle = .plain) -> String {
        let lines =
            RefusalText.lines(refusals, source: "", style)
            + (outcomes.flatMap { Self.lines($0) } + notBegun.flatMap { Self.lines($0) }).flatMap {
                TextFill.lines(TerminalText.clean($0), width: style.width, indent: 4)
            }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func lines(_ item: NotBegun) -> [String] {
        guard let error = item.error else {
            return ["\(item.target.address): not begun, nothing of it was zeroed"]
        }
        return ["\(item.target.address): not begun, nothing of it was zeroed: \(error.account)"]
            + (error.advice.map { ["  \($0)"] } ?? [])
    }

    private static func lines(_ outcome: Wiping.Outcome) -> [String] {
        let target = outcome.target
        let resumed = outcome.resumedAt.map { ", from \($0.brief) on" } ?? ""
        let speed =
            outcome.bytes > .zero
            ? " in \(WipeText.seconds(outcome.milliseconds)), \(outcome.rate.perSecond)" : ""
        let what = "\(outcome.bytes.brief)\(resumed)\(speed)"
        if let failure = outcome.failure {
            return ["\(target.address): failed: \(failure.account)"]
                + (failure.advice.map { ["  \($0)"] } ?? []) + ["  \(WipeText.unfinished(outcome.record))"]
        }
        if outcome.isInterrupted {
            return [
                "\(target.address): stopped by a signal; zeroed: \(what)",
                "  \(WipeText.unfinished(outcome.record))",
            ]
        }
        return [
            "\(target.address): zeroed \(what); \(outcome.sampledPages) pages read back are zero (\(outcome.record.id))"
        ]
            + (target.remark.map { ["  \($0)"] } ?? [])
    }

    /// One document.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", 1)
        document.set("tool_version", ToolVersion.current)
        document.set("outcome", ending.rawValue)
        if !refusals.isEmpty { document.set("refusals", each: refusals) { PlanReport.refusal($0) } }
        document.set("wipes", each: outcomes) { Self.json($0) }
        if !notBegun.isEmpty { document.set("not_begun", each: notBegun) { Self.json($0) } }
        return document
    }

    private static func json(_ item: NotBegun) -> JSONValue {
        var node = JSONValue.object()
        node.set("address", item.target.address)
        node.set("dev", item.target.namespace.device)
        node.set("raw_uuid", item.target.namespace.labelUUID)
        node.set("error", item.error?.description)
        node.set("advice", item.error?.advice)
        return node
    }

    private static func json(_ outcome: Wiping.Outcome) -> JSONValue {
        var node = WipeText.json(outcome.record)
        let namespace = outcome.target.namespace
        node.set("dev", namespace.device)
        node.set("node", (namespace.characterDevice ?? namespace.blockDevice).map { "/dev/\($0)" })
        node.set("resumed_at", outcome.resumedAt)
        node.set("bytes", outcome.bytes)
        node.set("seconds", .double(Double(outcome.milliseconds) / 1000))
        node.set("bytes_per_second", outcome.rate)
        node.set("sampled_pages", outcome.sampledPages)
        node.set("remark", outcome.target.remark)
        if let failure = outcome.failure {
            node.set("error", failure.description)
            node.set("advice", failure.advice)
        }
        return node
    }
}

/// Wipes in words.
public enum WipeText {
    /// How it ended, or how far it came.
    static func state(_ wipe: WipeRecord) -> String {
        switch wipe.end {
        case .wiped: "zeroed, cannot be undone"
        case .restarted: "stopped at \(wipe.offset.brief), begun anew later"
        case .abandoned: "given up at \(wipe.offset.brief)"
        case nil: "unfinished at \(wipe.offset.brief) of \(wipe.size.brief)"
        }
    }

    /// How far one came that did not end, and what to do.
    public static func unfinished(_ wipe: WipeRecord) -> String {
        let more = wipe.failure.map { " (\($0))" } ?? ""
        let place =
            wipe.scope == .all
            ? "the first \(wipe.offset.brief) of \(wipe.size.brief) are zero" : "its ends may not be zero"
        return "\(wipe.id) of \(wipe.address) has not ended: \(place), the rest may hold old data\(more). "
            + "Run daxprov wipe \(ShellText.quoted(wipe.word))\(wipe.scope == .ends ? " --discard-only" : "") to go on, "
            + "or daxprov recover --abandon \(wipe.id) to leave it so."
    }

    /// Why one cannot be undone.
    public static func irreversible(_ wipe: WipeRecord) -> String {
        "\(wipe.id) is a wipe of \(wipe.address), and what it zeroed was saved nowhere: it cannot be undone"
    }

    /// How far a wipe came, in a line.
    /// - Parameter rate: the bytes in a second, of the last seconds.
    public static func progress(_ progress: Wiping.Progress, rate: ByteCount) -> String {
        let percent = progress.total > .zero ? progress.done.bytes / max(progress.total.bytes / 100, 1) : 100
        let left = rate > .zero ? (progress.total - progress.done).bytes / rate.bytes : 0
        return
            "\(progress.address): \(progress.done.brief) of \(progress.total.brief) (\(min(percent, 100)) %), "
            + "\(rate.perSecond), \(left / 60):\(left % 60 < 10 ? "0" : "")\(left % 60) left"
    }

    /// "1.2 s".
    static func seconds(_ milliseconds: UInt64) -> String {
        "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }

    /// A wipe as an object.
    static func json(_ wipe: WipeRecord) -> JSONValue {
        var node = JSONValue.object()
        node.set("id", wipe.id)
        node.set("address", wipe.address)
        node.set("time", wipe.time)
        node.set("ended_time", wipe.ended)
        node.set("outcome", wipe.end?.rawValue ?? "unfinished")
        node.set("scope", wipe.scope.rawValue)
        node.set("mode", wipe.mode.rawValue)
        node.set("raw_uuid", wipe.labelUUID)
        node.set("uuid", wipe.infoBlock)
        node.set("size", wipe.size)
        if wipe.scope == .all { node.set("zeroed_size", wipe.offset) }
        node.set("reversibility", Reversibility.irreversible.rawValue)
        node.set("failure", wipe.failure)
        return node
    }
}

extension ByteCount {
    /// So many bytes in a second: "1.5 GiB/s", rounded.
    fileprivate var perSecond: String {
        let units: [(shift: UInt64, name: String)] = [(30, "GiB"), (20, "MiB"), (10, "KiB")]
        guard let unit = units.first(where: { bytes >> $0.shift > 0 }) else { return "\(bytes) B/s" }
        let tenths = (bytes >> (unit.shift - 10)) * 10 / 1024
        return "\(tenths / 10).\(tenths % 10) \(unit.name)/s"
    }
}
