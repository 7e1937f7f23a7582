/// One application of a profile to a host: observe, plan, ask, execute, and plan again to see that nothing is left.
public struct Application {
    private let profile: Profile
    private let host: any Host

    /// The application of a profile to a host.
    public init(of profile: Profile, to host: any Host) {
        self.profile = profile
        self.host = host
    }

    /// A host as observed, with the plan for it.
    public struct Prepared: Sendable {
        /// The observation.
        public var observed: Observed
        /// The plan that was made from it.
        public var plan: Plan
    }

    /// How an application ended.
    public enum Ending: Sendable {
        /// The host already was as the profile says.
        case unchanged
        /// The plan cannot be applied; nothing was touched.
        case refused([Refusal])
        /// Every step was done, and the plan for the result is empty.
        case applied([Executor.Done])
        /// Every step was done, and the plan for the result is not empty.
        case incomplete([Executor.Done], remaining: Plan)
        /// A step failed, and the host is as before.
        case undone(failed: Step, HostError)
        /// A step failed, and the host is neither as before nor as the profile says.
        case partial(done: [Executor.Done], failed: Step, HostError)
    }

    /// Observes the host and plans. Touches nothing.
    public func prepare() throws(HostError) -> Prepared {
        let observed = try host.observe()
        return Prepared(observed: observed, plan: Planner.plan(profile, on: observed))
    }

    /// Carries out a prepared plan under the given consent, and observes the host once more.
    public func carryOut(
        _ prepared: Prepared, consent: Consent, progress: @escaping (Executor.Progress) -> Void
    ) throws(HostError) -> Ending {
        let refusals = prepared.plan.refusals + consent.refusals(for: prepared.plan)
        guard refusals.isEmpty else { return .refused(refusals) }
        guard !prepared.plan.changes.isEmpty else { return .unchanged }
        let uses = try refusalsForUse(in: prepared.plan)
        guard uses.isEmpty else { return .refused(uses) }
        let executor = Executor(host: host, before: prepared.observed, progress: progress)
        switch executor.run(prepared.plan.steps.map(\.step)) {
        case .done(let done): return try verified(done)
        case .partial(let done, let failed, let error):
            return .partial(done: done, failed: failed, error)
        case .undone(let failed, let error):
            return verifiedUndo(prepared.observed, failed: failed, error)
        }
    }

    /// A refusal for every namespace that the plan takes offline and that somebody uses: found before the first step,
    /// since steps before the one that would fail may not be undoable.
    private func refusalsForUse(in plan: Plan) throws(HostError) -> [Refusal] {
        var refusals: [Refusal] = []
        for planned in plan.steps {
            guard case .disable(let target) = planned.step else { continue }
            do throws(HostError) {
                try host.requireUnused(target)
            } catch {
                guard error.kind == .busy else { throw error }
                refusals.append(
                    Refusal(
                        .busy, plan.changes[planned.change].address, error.description, advice: error.advice))
            }
        }
        return refusals
    }

    private func verified(_ done: [Executor.Done]) throws(HostError) -> Ending {
        let remaining = Planner.plan(profile, on: try host.observe())
        return remaining.isEmpty ? .applied(done) : .incomplete(done, remaining: remaining)
    }

    private func verifiedUndo(_ before: Observed, failed: Step, _ cause: HostError) -> Ending {
        var error = cause
        do throws(HostError) {
            guard HostFacts(try host.observe()) != HostFacts(before) else {
                return error.undoFailures.isEmpty
                    ? .undone(failed: failed, error) : .partial(done: [], failed: failed, error)
            }
            error.undoFailures.append("the host is not as it was before: compare daxprov inventory")
        } catch let failure {
            error.undoFailures.append("the host could not be observed again: \(failure)")
        }
        return .partial(done: [], failed: failed, error)
    }
}
