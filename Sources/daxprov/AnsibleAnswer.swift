import Provision
import ProvisionCore

/// What an Ansible module answers: one JSON object. Ansible does not look at the exit code where it has one.
final class AnsibleAnswer {
    private var document = JSONValue.object()

    /// Whether the task failed.
    let hasFailed: Bool

    /// An answer.
    /// - Parameters:
    ///   - failed: whether the task failed.
    ///   - changed: whether the host has changed, or in check mode would change.
    ///   - message: what happened, for people.
    init(failed: Bool, changed: Bool, _ message: String) {
        hasFailed = failed
        document.set("changed", changed)
        document.set("failed", failed)
        document.set("msg", message)
    }

    /// The answer of a task that failed before it had a plan.
    convenience init(_ failure: CommandFailure) {
        let faults = failure.diagnostics.map(\.description)
        let lines = [failure.message] + faults + failure.excerpt + (failure.advice.map { [$0] } ?? [])
        // Recovery that stopped may have changed the host.
        self.init(failed: true, changed: failure.status == .partial, lines.joined(separator: "\n"))
        set("error", failure.document)
    }

    /// Adds the plan, with its notes as warnings, and where the task asks for it the comparison of the host before and
    /// after.
    func add(_ plan: PlanReport, on observed: Observed, comparing: Bool) {
        set("plan", plan.json)
        set(
            "warnings",
            .array(of: plan.plan.notes) { note in
                let advice = note.advice.map { " (\($0))" } ?? ""
                return .string(TerminalText.clean("\(note.address): \(note.message)\(advice)"))
            })
        guard comparing else { return }
        let comparison = ProfileComparison(plan.plan, on: observed)
        var diff = JSONValue.object()
        diff.set("before_header", "the host now, as a profile")
        diff.set("before", comparison.before)
        diff.set("after_header", "the host after this plan, as a profile")
        diff.set("after", comparison.after)
        diff.set("prepared", plan.text())
        set("diff", diff)
    }

    /// Adds a member.
    func set(_ key: String, _ value: JSONValue) { document.set(key, value) }

    /// The answer's text, one line.
    var text: String { document.text(.compact) + "\n" }
}
