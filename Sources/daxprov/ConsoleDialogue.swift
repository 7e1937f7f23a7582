import Provision
import ProvisionCore

/// What use cases ask on the terminal and tell on stderr.
struct ConsoleDialogue: Dialogue {
    /// Whether a plan is shown before it is asked about: it has not been yet.
    var introduces = false

    var canAsk: Bool { Question.isPossible }

    func introduce(_ plan: PlanReport) {
        if introduces { Console.diagnose(plan.text()) }
    }

    func confirm(_ question: String) throws(OperationError) {
        try Question.confirm(question)
    }

    func agree(_ requests: [ConsentRequest], to consent: Consent) throws(OperationError) -> Consent {
        try Question.agree(requests, to: consent)
    }

    func tell(_ line: String) {
        Console.diagnose("daxprov: \(TerminalText.clean(line))")
    }

    func tell(_ error: OperationError) {
        Console.diagnose(CommandFailure(error).text)
    }

    func show(_ progress: Executor.Progress) {
        Console.show(progress)
    }
}
