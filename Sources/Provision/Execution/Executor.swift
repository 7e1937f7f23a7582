public import ProvisionCore
public import ProvisionHost

/// Performs steps in order: records the intent, performs, reads back, records the outcome. Stops at the first that
/// fails; undoing is ``Rollback``'s.
public struct Executor {
    private let host: any RestoringHost
    private let live: LiveObjects
    private let margins: [String: MemoryMargins]
    private let interruption: Interruption
    private let progress: (Progress) -> Void

    /// An executor on a host.
    /// - Parameters:
    ///   - observed: the host as the plan was made for it.
    ///   - margins: what must still lie outside the memory blocks of devices that become memory, by the kernel names of
    ///     their namespaces.
    ///   - interruption: asked between steps, and in the middle of a long one, whether to stop.
    ///   - progress: told what begins.
    public init(
        host: any RestoringHost, as observed: Observed, margins: [String: MemoryMargins] = [:],
        interruption: Interruption = .never, progress: @escaping (Progress) -> Void = { _ in }
    ) {
        self.host = host
        self.margins = margins
        self.live = LiveObjects(observed)
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
        var error: OperationError
        /// Whether anything was done to the host, by this step or one before it.
        var hasBegun: Bool
    }

    /// Runs the steps.
    func run(_ steps: [PlannedStep], recording: inout Recording) throws(Failure) {
        var done: [Step] = []
        var live = live
        host.interruption = interruption
        defer { host.interruption = .never }
        for (index, step) in steps.enumerated() {
            var planned = step
            planned.step = live.resolved(step.step)
            var hasBegun = index > 0
            do throws(OperationError) {
                guard !interruption.isRequested else { throw .interrupted }
                progress(.begins(planned.step, index: index, count: steps.count))
                try check(planned.step, live)
                hasBegun = true
                live.note(planned.step, try run(planned, number: index, recording: &recording))
            } catch {
                throw Failure(step: planned.step, done: done, error: error, hasBegun: hasBegun)
            }
            done.append(planned.step)
        }
    }

    private func check(_ step: Step, _ live: LiveObjects) throws(OperationError) {
        try live.check(step, on: host)
    }

    private func run(
        _ planned: PlannedStep, number: Int, recording: inout Recording
    ) throws(OperationError) -> Namespace? {
        try recording.backUp(planned, number: number)
        try note(whatGoes: planned.step, number, in: &recording)
        var generator = SystemRandomNumberGenerator()
        let identity = FreshIdentity.random(using: &generator)
        let policy = try bindsMemory(planned.step) ? recording.noteMemoryPolicy(of: host) : nil
        try recording.note(.intent(step: number, identity))
        let margins = host.memoryMargins(before: planned.step)
        let result: Namespace?
        do throws(OperationError) {
            try require(margins, before: planned.step)
            result = try host.perform(planned.step, identity: identity)
            try verify(planned.step, identity, result)
        } catch {
            try? recording.noteReturn(of: policy, on: host)
            throw error
        }

        var left =
            recording.name == nil
            ? StepResult(namespace: result)
            : try self.result(of: planned.step, result, recording.directSamples[number])
        left.margins = margins
        try recording.note(.done(step: number, left))
        return result
    }

    /// Whether a step binds the driver of memory, if only to put back what it was where it fails: new memory blocks stay offline
    /// meanwhile, whatever the kernel's policy is.
    private func bindsMemory(_ step: Step) throws(OperationError) -> Bool {
        if let transition = step.transition { return transition.bindsMemory }
        guard case .configureDevice(let target, let use) = step else { return false }
        if use.isSystemRAM { return true }
        return try host.current(target)?.daxDevice?.mode == .systemRAM
    }

    /// Refuses a device that somebody has written to since it was looked at.
    private func require(_ found: MemoryMargins?, before step: Step) throws(OperationError) {
        guard let target = step.target, let expected = margins[target.device], found != expected else {
            return
        }
        throw OperationError(
            .changed, while: "make memory of \(target.displayName)", device: target.device,
            reason: found == nil
                ? "its device cannot be looked at any more"
                : "somebody has written to its device since it was looked at",
            advice: "look at what it holds, and run it again")
    }

    /// What the step left, with what a namespace holds that is new, or runs in another way: undoing after a crash tells by that
    /// whether somebody wrote to it.
    private func result(
        of step: Step, _ found: Namespace?, _ direct: MediaSample?
    ) throws(OperationError) -> StepResult {
        if let transition = step.transition { return result(of: transition) }
        guard let found, step.kind.effects.contains(.writesMedia) else {
            return StepResult(namespace: found)
        }
        if let direct { return StepResult(namespace: found, sample: direct) }
        return StepResult(
            namespace: found, sample: try host.sample(ofCreated: found, in: step.region))
    }

    /// What a step left of a device, with what it holds where its memory is new.
    private func result(of transition: DeviceTransition) -> StepResult {
        let wasKernels = transition.before?.isKernels == true
        guard let after = transition.after, after.use == .devdax,
            wasKernels || !transition.addedRanges.isEmpty
        else { return StepResult() }
        let offset = wasKernels ? .zero : after.size - transition.addedRanges.size
        // What cannot be looked at counts as written to when it is undone.
        return StepResult(sample: try? host.sample(of: after, in: transition.region, from: offset))
    }

    /// Notes what a device holds that a step takes memory from, or makes memory of: undoing tells by that whether it is still there. What
    /// is to stay offline, another program can bring online.
    private func note(
        whatGoes step: Step, _ number: Int, in recording: inout Recording
    ) throws(OperationError) {
        guard recording.name != nil, let transition = step.transition, let before = transition.before,
            before.use == .devdax,
            !transition.releasedRanges.isEmpty || transition.after?.use?.isSystemRAM == true
        else { return }
        // What cannot be looked at (an error of the memory) is not looked at when it comes back either.
        if let sample = try? host.sample(of: before, in: transition.region, from: .zero) {
            try recording.note(.sample(step: number, sample))
        }
    }

    private func verify(_ step: Step, _ identity: FreshIdentity, _ found: Namespace?) throws(OperationError) {
        var differences = ReadBack.differences(after: step, identity: identity, found: found)
        if let transition = step.transition {
            let region = try host.daxRegion(transition.region)
            differences += [region.map { transition.shortfall(in: $0) } ?? "the region is gone"].compactMap(
                \.self)
        }
        guard !differences.isEmpty else { return }
        throw OperationError(
            .failed, while: "verify the result", device: found?.device,
            reason: "the step left something else than planned: \(differences.joined(separator: "; "))",
            advice: "run daxprov plan to see what is there now")
    }
}

extension DeviceTransition {
    /// Whether it binds the driver of memory, if only to put back what was there where it fails.
    var bindsMemory: Bool {
        [before, after].compactMap(\.self).contains { $0.use?.isSystemRAM == true || $0.isPartlyOnline }
    }
}

extension Recording {
    /// Notes the kernel's policy for new memory blocks before something that sets it to `offline` for a while. A kill there leaves
    /// `offline`, and recovery gives the noted policy back.
    /// - Returns: the noted policy; nil where it is `offline` already, or there is none.
    mutating func noteMemoryPolicy(of host: any RestoringHost) throws(OperationError) -> String? {
        guard let policy = host.memoryPolicy, policy != TransactionLog.heldPolicy else { return nil }
        try note(.memoryPolicy(policy))
        return policy
    }

    /// Notes that the policy is back, where it is: what somebody sets later must stay.
    mutating func noteReturn(of policy: String?, on host: any RestoringHost) throws(OperationError) {
        guard let policy, host.memoryPolicy == policy else { return }
        try note(.memoryPolicy(TransactionLog.heldPolicy))
    }

    /// Performs a step of undoing that may bind the driver of memory, with the policy on record meanwhile.
    mutating func perform(_ step: Step, on host: any RestoringHost) throws(OperationError) -> Namespace? {
        let policy = try noteMemoryPolicy(of: host)
        let result: Namespace?
        do throws(OperationError) {
            result = try host.perform(step, identity: .none)
        } catch {
            try? noteReturn(of: policy, on: host)
            throw error
        }
        try noteReturn(of: policy, on: host)
        return result
    }
}
