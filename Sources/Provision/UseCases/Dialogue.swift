public import ProvisionCore

/// The person or program that a use case is carried out for: who can be asked, and is told what happens meanwhile.
public protocol Dialogue {
    /// Whether somebody can be asked.
    var canAsk: Bool { get }

    /// Shows the plan that the next question is about, unless it has been shown.
    func introduce(_ plan: PlanReport)

    /// Returns when somebody says yes.
    /// - Throws: an error of the kind `declined` where nobody does, or nobody can be asked.
    func confirm(_ question: String) throws(OperationError)

    /// The consent with all that was asked for, after somebody agreed to each of it by its name.
    /// - Throws: an error of the kind `declined` where somebody did not, or nobody can be asked.
    func agree(_ requests: [ConsentRequest], to consent: Consent) throws(OperationError) -> Consent

    /// Tells what belongs to no report.
    func tell(_ line: String)

    /// Tells an error that stops nothing.
    func tell(_ error: OperationError)

    /// Tells what begins.
    func show(_ progress: Executor.Progress)
}
