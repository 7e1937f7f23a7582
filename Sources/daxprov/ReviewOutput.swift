import Provision
import ProvisionCore

/// Prints a review of many hosts and says how it ended.
struct ReviewOutput {
    let json: Bool
    let detailedExitcode: Bool

    /// What is kept of a host once its plan is printed.
    private struct Row: Sendable {
        var host: String
        var status: ExitStatus
        var counts: PlanCounts?
        var complaints: [FleetComplaint]
        var line: String
    }

    /// Reviews the hosts and returns the most serious of their exit codes.
    func write(
        _ hosts: [FleetHost], _ profiles: FleetProfiles, backupLimit: ByteCount
    ) throws(OperationError) -> ExitStatus {
        var worst = ExitStatus.done
        var table = FleetReport()
        let review = FleetReview(profiles, backupLimit: backupLimit)
        try review.run(hosts, summarize: row) { rows throws(OperationError) in
            for row in rows {
                if row.status.isMoreSerious(than: worst) { worst = row.status }
                if !json { table.add(row.host, counts: row.counts, complaints: row.complaints) }
            }
            if json { try Console.write(rows.map(\.line).joined()) }
        }
        if !json { try Console.write(table.text(Console.style)) }
        return worst
    }

    private func row(_ review: HostReview) -> Row {
        let report = HostReviewReport(review)
        let status = review.outcome.status(detailed: detailedExitcode)
        return Row(
            host: report.host, status: status, counts: json ? nil : report.counts,
            complaints: json ? [] : report.complaints,
            line: json ? report.json(exitStatus: status.rawValue) : "")
    }
}

extension HostReview.Outcome {
    /// The exit code that planning for this host alone would have.
    fileprivate func status(detailed: Bool) -> ExitStatus {
        switch self {
        case .planned(let report):
            guard report.plan.refusals.isEmpty else { return .refused }
            return detailed && !report.plan.changes.isEmpty ? .changesPending : .done
        case .noInventory, .noProfile(.unreadable): return .error
        case .noProfile(.invalid): return .badProfile
        }
    }
}

extension ExitStatus {
    /// The codes that planning can end with, the most serious first.
    private static let bySeriousness: [ExitStatus] = [.badProfile, .error, .refused, .changesPending, .done]

    /// Whether this one tells more of a review than another.
    func isMoreSerious(than other: ExitStatus) -> Bool {
        let order = Self.bySeriousness
        return order.firstIndex(of: self) ?? .max < order.firstIndex(of: other) ?? .max
    }
}
