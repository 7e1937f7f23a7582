/// Performs steps in order: records the intent, performs, reads back, records the outcome. Stops at the first that
/// fails; undoing is ``Rollback``'s.
public struct Executor {
    private let host: any RestoringHost
    private let interruption: Interruption
    private let progress: (Progress) -> Void

    /// An executor on a host.
    /// - Parameters:
    ///   - interruption: asked between steps whether to stop.
    ///   - progress: told what begins.
    public init(
        host: any RestoringHost, interruption: Interruption = .never,
        progress: @escaping (Progress) -> Void = { _ in }
    ) {
        self.host = host
        self.interruption = interruption
        self.progress = progress
    }

    /// What is told while a plan runs.
    public enum Progress: Sendable {
        /// A step begins: its index among all.
        case begins(Step, index: Int, count: Int)
        /// Something is undone.
        case undoes(String)
    }

    /// A step that failed, and why.
    struct Failure: Error {
        var step: Step
        var done: [Step]
        var error: ExecutionError
    }

    /// Runs the steps.
    func run(_ steps: [PlannedStep], recording: inout Recording) throws(Failure) {
        var done: [Step] = []
        for (index, planned) in steps.enumerated() {
            do throws(ExecutionError) {
                guard !interruption.isRequested else { throw .interrupted }
                progress(.begins(planned.step, index: index, count: steps.count))
                try run(planned, number: index, recording: &recording)
            } catch {
                throw Failure(step: planned.step, done: done, error: error)
            }
            done.append(planned.step)
        }
    }

    private func run(
        _ planned: PlannedStep, number: Int, recording: inout Recording
    ) throws(ExecutionError) {
        try recording.backUp(planned, number: number)
        var generator = SystemRandomNumberGenerator()
        let identity = FreshIdentity.random(using: &generator)
        try recording.note(.intent(step: number, identity))
        do throws(HostError) {
            let result = try host.perform(planned.step, identity: identity)
            try verify(planned.step, identity, result)
        } catch {
            throw .host(error)
        }
        try recording.note(.done(step: number))
    }

    private func verify(_ step: Step, _ identity: FreshIdentity, _ found: Namespace?) throws(HostError) {
        let differences = ReadBack.differences(after: step, identity: identity, found: found)
        guard !differences.isEmpty else { return }
        throw HostError(
            .failed, while: "verify the result", device: found?.device,
            reason: "the step left something else than planned: \(differences.joined(separator: "; "))",
            advice: "run daxprov plan to see what is there now")
    }
}
