public import ProvisionCore
import ProvisionHost

/// What a review says of one host: a row of the table, and a line of JSON.
public struct HostReviewReport: Sendable {
    /// The host's name.
    public let host: String
    /// The review.
    private let outcome: HostReview.Outcome

    /// The report of a review.
    public init(_ review: HostReview) {
        self.host = review.host
        self.outcome = review.outcome
    }

    /// How many of each there are; nil where there is no plan.
    public var counts: PlanCounts? {
        guard case .planned(let report) = outcome else { return nil }
        return PlanCounts(report.plan)
    }

    /// Why the host has no plan, or why its plan is refused, each once; and where its inventory is not its own.
    public var complaints: [FleetComplaint] {
        let kind: FleetComplaint.Kind = counts == nil ? .error : .refused
        var complaints: [FleetComplaint] = []
        for reason in reasons {
            let complaint = FleetComplaint(kind: kind, reason: TerminalText.clean(reason))
            if !complaints.contains(complaint) { complaints.append(complaint) }
        }
        guard let origin, origin.contradicts(host), let name = origin.hostName else { return complaints }
        let note = "the inventory was taken on the host \(TerminalText.clean(name))"
        return complaints + [FleetComplaint(kind: .note, reason: note)]
    }

    /// Where and when the inventory was taken; nil where that is not known.
    private var origin: InventoryOrigin? {
        guard case .planned(let report) = outcome else { return nil }
        return report.origin
    }

    private var reasons: [String] {
        switch outcome {
        case .planned(let report): report.plan.refusals.map { "\($0.address): \($0.message)" }
        case .noInventory(let error): ["\(error)"]
        case .noProfile(.unreadable(let profile)):
            ["cannot read the profile \(profile.source): \(profile.reason)"]
        case .noProfile(.invalid(let diagnostics)):
            diagnostics.map { "\($0.source):\($0.position.line):\($0.position.column): \($0.message)" }
        }
    }

    /// One object on one line, with a newline at its end: the counts first, then the whole plan.
    public func json(exitStatus: Int32) -> String {
        var node = JSONValue.object()
        node.set("host", host)
        node.set("exit_status", exitStatus)
        node.set("host_name", origin?.hostName)
        node.set("time", origin?.time)
        switch outcome {
        case .planned(let report):
            let counts = PlanCounts(report.plan)
            node.set("changes", counts.json)
            node.set("data_loss", counts.losses > 0)
            node.set("refusals", counts.refusals)
            node.set("plan", report.json)
        case .noInventory, .noProfile:
            node.set("errors", each: reasons) { .string($0) }
        }
        return node.text(.compact) + "\n"
    }
}

/// One thing that is wrong with a host of a review.
public struct FleetComplaint: Hashable, Sendable {
    /// How bad it is.
    public var kind: Kind
    /// What is wrong, safe for a terminal.
    public var reason: String

    /// How bad a complaint is.
    public enum Kind: String, Sendable {
        /// There is no plan.
        case error
        /// The plan cannot be carried out.
        case refused
        /// The plan is there, and something about it is odd.
        case note
    }

    /// A complaint of a kind.
    public init(kind: Kind, reason: String) {
        self.kind = kind
        self.reason = reason
    }
}

/// How many changes of each kind a plan has, or several have.
public struct PlanCounts: Equatable, Sendable {
    /// Namespaces to be created.
    public private(set) var create = 0
    /// Changes in place: of labels, names, states and configurations.
    public private(set) var change = 0
    /// Namespaces to be destroyed and created anew.
    public private(set) var replace = 0
    /// Namespaces to be destroyed.
    public private(set) var destroy = 0
    /// Reasons why a plan is refused.
    public private(set) var refusals = 0
    /// Changes that put data out of reach.
    public private(set) var losses = 0

    /// None.
    public init() {}

    /// Those of a plan.
    public init(_ plan: Plan) {
        for change in plan.changes {
            switch change.kind {
            case .create: create += 1
            case .initializeLabels, .rename, .enable, .reconfigure, .configureDevice, .resizeDevice:
                self.change += 1
            case .replace: replace += 1
            case .destroy: destroy += 1
            }
            if change.losesData { losses += 1 }
        }
        refusals = Set(plan.refusals.map { [$0.address, $0.message] }).count
    }

    /// Adds those of another plan.
    public static func += (left: inout PlanCounts, right: PlanCounts) {
        left.create += right.create
        left.change += right.change
        left.replace += right.replace
        left.destroy += right.destroy
        left.refusals += right.refusals
        left.losses += right.losses
    }

    /// Whether there is anything to do.
    public var hasChanges: Bool { create + change + replace + destroy > 0 }

    fileprivate var json: JSONValue {
        var node = JSONValue.object()
        node.set("create", create)
        node.set("change", change)
        node.set("replace", replace)
        node.set("destroy", destroy)
        return node
    }

    fileprivate var cells: [String] {
        [create, change, replace, destroy, refusals, losses].map { $0 == 0 ? "" : String($0) }
    }
}

/// What a review says of all hosts, as a table with totals.
public struct FleetReport: Sendable {
    private var rows: [(host: String, counts: PlanCounts?)] = []
    /// The hosts of each complaint, and the complaints in the order in which they came up.
    private var hosts: [FleetComplaint: [String]] = [:]
    private var complaints: [FleetComplaint] = []

    /// A report of no host yet.
    public init() {}

    /// Adds what a person reads of one host.
    public mutating func add(_ host: String, counts: PlanCounts?, complaints: [FleetComplaint]) {
        rows.append((host, counts))
        for complaint in complaints {
            if hosts[complaint] == nil { self.complaints.append(complaint) }
            hosts[complaint, default: []].append(TerminalText.clean(host))
        }
    }

    /// The table, why hosts are refused or have no plan, and the sum.
    public func text(_ style: TextStyle = .plain) -> String {
        let titles = ["CREATE", "CHANGE", "REPLACE", "DESTROY", "REFUSED", "DATA LOSS"]
        var table = TextTable(
            [TextTable.Column("HOST", .left, .cut(least: 8))] + titles.map { TextTable.Column($0, .right) })
        for row in rows {
            table.add(
                [TerminalText.clean(row.host)] + (row.counts?.cells ?? titles.map { _ in "error" }))
        }
        let lines = table.lines(width: style.width)
        let body = zip(lines.dropFirst(), rows).map { line, row in paint(line, row.counts, style) }
        let reasons = complaints.map { complaint in
            style.paint(text(complaint), complaint.kind == .note ? .change : .loss)
        }
        let parts = [lines[0]] + body + [""] + reasons + (reasons.isEmpty ? [] : [""]) + [summary]
        return parts.map { $0 + "\n" }.joined()
    }

    /// The hosts that it concerns, the first eight by name, and what is wrong.
    private func text(_ complaint: FleetComplaint) -> String {
        let names = hosts[complaint] ?? []
        let rest = names.count > 8 ? " and \(names.count - 8) more" : ""
        let shown = names.prefix(8).joined(separator: ", ") + rest
        return "\(shown): \(complaint.kind.rawValue): \(complaint.reason)"
    }

    private func paint(_ line: String, _ counts: PlanCounts?, _ style: TextStyle) -> String {
        guard let counts, counts.refusals == 0, counts.losses == 0 else { return style.paint(line, .loss) }
        return counts.hasChanges ? style.paint(line, .change) : line
    }

    /// The sums of the columns, refused hosts included.
    private var summary: String {
        let planned = rows.compactMap(\.counts)
        let total = planned.reduce(into: PlanCounts()) { $0 += $1 }
        let refused = planned.count { $0.refusals > 0 }
        let pending = planned.count { $0.refusals == 0 && $0.hasChanges }
        let errors = rows.count - planned.count
        return "\(rows.count) hosts: \(planned.count - refused - pending) as the profile says, "
            + "\(pending) with changes, \(refused) refused, \(errors) in error. "
            + "Changes: \(total.create) to create, \(total.change) to change, \(total.replace) to replace, "
            + "\(total.destroy) to destroy; \(total.losses) lose data."
    }
}
