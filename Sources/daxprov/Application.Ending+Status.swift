import Provision
import ProvisionCore
import ProvisionHost

extension Application.Ending {
    /// The exit code that says how it ended. Where nothing had been done, the cause of the failure says it best.
    func status(of plan: Plan) -> ExitStatus {
        switch self {
        case .unchanged, .applied: .done
        // What was done stays done, as where the host is not as the profile says.
        case .unproven(let done, _): done.isEmpty ? .error : .partial
        case .refused: .refused
        case .stale: .stale
        case .incomplete, .unconfirmed, .partial: .partial
        case .undone(let failed, let error, _):
            error.kind.undoneStatus(
                afterNothing: plan.steps.first?.step == failed && !error.hasStored)
        }
    }
}

extension ApplyUseCase.Result {
    /// The exit code that says how the apply ended.
    var status: ExitStatus { report.ending.status(of: prepared.plan) }
}

extension OperationError.Kind {
    /// The exit code of a run that this error ended, and that was undone: after anything had been written it is always the
    /// same. A store that the kernel refuses with EBUSY is a failure like another; found by looking, it is a refusal.
    fileprivate func undoneStatus(afterNothing: Bool) -> ExitStatus {
        guard afterNothing else { return .rolledBack }
        return switch self {
        case .busy: .refused
        case .changed: .stale
        case .notPermitted: .notPermitted
        case .failed, .unavailable, .record, .interrupted, .unfinished, .declined, .consentMissing:
            .rolledBack
        }
    }
}
