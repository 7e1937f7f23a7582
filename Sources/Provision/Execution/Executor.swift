/// Performs a plan's steps in order, reads each back, and undoes what it can when one fails.
public struct Executor {
    private let host: any Host
    private let before: Observed
    private let progress: (Progress) -> Void

    /// An executor of plans that were made from this observation of the host.
    public init(host: any Host, before: Observed, progress: @escaping (Progress) -> Void = { _ in }) {
        self.host = host
        self.before = before
        self.progress = progress
    }

    /// A step that was performed, with what it left.
    public struct Done: Equatable, Sendable {
        /// The step.
        public var step: Step
        /// The namespace that it left; nil where it left none.
        public var result: Namespace?
    }

    /// What is told while a plan runs.
    public enum Progress: Sendable {
        /// A step begins: its index among all.
        case begins(Step, index: Int, count: Int)
        /// A step is taken back.
        case undoes(Step)
    }

    /// How a run ended.
    public enum Outcome: Sendable {
        /// Every step was performed and read back.
        case done([Done])
        /// A step failed; these had been done before, and stand.
        case partial(done: [Done], failed: Step, HostError)
        /// A step failed; those done before were taken back.
        case undone(failed: Step, HostError)
    }

    /// Runs the steps. Stops at the first that fails; takes back those before it where all of them can be.
    public func run(_ steps: [Step]) -> Outcome {
        var generator = SystemRandomNumberGenerator()
        var done: [Done] = []
        for (index, step) in steps.enumerated() {
            progress(.begins(step, index: index, count: steps.count))
            let identity = FreshIdentity.random(using: &generator)
            do throws(HostError) {
                let result = try host.perform(step, identity: identity)
                done.append(Done(step: step, result: result))
                try verify(step, identity, result)
            } catch {
                return undo(done, failed: step, error)
            }
        }
        return .done(done)
    }

    private func verify(_ step: Step, _ identity: FreshIdentity, _ found: Namespace?) throws(HostError) {
        let differences = ReadBack.differences(after: step, identity: identity, found: found)
        guard !differences.isEmpty else { return }
        throw HostError(
            .failed, while: "verify the result", device: found?.device,
            reason: "the step left something else than planned: \(differences.joined(separator: "; "))",
            advice: "run daxprov plan to see what is there now")
    }

    private func undo(_ done: [Done], failed: Step, _ cause: HostError) -> Outcome {
        var inverse: [Step] = []
        for item in done.reversed() {
            guard
                let steps = Inverse.steps(of: item.step, result: item.result, before: original(of: item.step))
            else { return .partial(done: done, failed: failed, cause) }
            inverse += steps
        }
        var error = cause
        for step in inverse {
            progress(.undoes(step))
            do throws(HostError) {
                var generator = SystemRandomNumberGenerator()
                _ = try host.perform(step, identity: .random(using: &generator))
            } catch let failure {
                error.undoFailures.append("\(failure)")
                return .partial(done: done, failed: failed, error)
            }
        }
        return .undone(failed: failed, error)
    }

    private func original(of step: Step) -> Namespace? {
        switch step {
        case .disable(let target), .destroy(let target), .reconfigure(let target, _), .rename(let target, _),
            .enable(let target), .activate(let target, _):
            before.regions.first { $0.device == target.region }?
                .namespaces.first { $0.device == target.device }
        case .initializeLabels, .create: nil
        }
    }
}
