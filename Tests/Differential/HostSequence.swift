import Provision
import ProvisionCore
import ProvisionHost

/// A sequence of profiles and single steps on the kernel and on a simulated host that mirrors it, from empty regions
/// to empty regions.
struct HostSequence {
    private let name: String
    private let kernel = KernelHost()
    private let isVerbose: Bool
    private var simulated: SimulatedHost
    private var generator: SeededGenerator
    private var hasUsualAligns = true
    private let start = ContinuousClock.now

    /// What was done so far, for the report of a divergence.
    private(set) var history: [String] = []
    /// The simulated host's state before the last action.
    private(set) var state = ""
    /// What was done so far, counted.
    private(set) var tally: Tally

    /// Brings the regions to their state after boot, and mirrors them. The regions must be empty.
    init(bus name: String, generator: SeededGenerator, tally: Tally, isVerbose: Bool) throws {
        self.name = name
        self.generator = generator
        self.tally = tally
        self.isVerbose = isVerbose
        try KernelRegions.restart(of: name)
        var bus = try Self.find(name, in: kernel.observe())
        for index in bus.regions.indices {
            let usual = SequenceAlign.usual(of: bus.regions[index])
            let align = SequenceAlign.draw(for: bus.regions[index], using: &self.generator)
            if align != usual { hasUsualAligns = false }
            guard align != bus.regions[index].align else { continue }
            try KernelRegions.setAlign(align, of: bus.regions[index].device)
            bus.regions[index].align = align
        }
        simulated = try MirroredHost.make(bus)
    }

    /// Runs the sequence. Throws a ``Divergence`` where the hosts disagree.
    mutating func run() throws {
        for _ in 0..<Int.random(in: 1...3, using: &generator) { try act() }
        try apply(RandomProfile.empty(for: simulatedBus()))
        try compare(Self.find(name, in: kernel.observe()))
        let rest = try simulatedBus().regions.flatMap(\.namespaces).map(\.device)
        try Divergence.check("what is left at the end", kernel: rest, simulated: [])
    }

    private mutating func act() throws {
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<55:
            var profile = RandomProfile(for: try simulatedBus())
            try apply(profile.text(using: &generator))
        case 55..<60 where hasUsualAligns:
            try restart()
        default:
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                if let step = RandomStep(bus: try simulatedBus()).step(using: &generator) {
                    try perform(step)
                }
            }
        }
    }

    private mutating func record(_ action: String) {
        state = simulated.json
        history.append(action)
        if isVerbose { say("\(start.duration(to: .now)) \(action)") }
    }

    /// Both hosts must show the same.
    private func compare(_ bus: Bus) throws {
        try Divergence.check("the hosts", kernel: Facts.lines(bus), simulated: Facts.lines(simulatedBus()))
    }

    /// The bus as the simulated host shows it; actions are drawn for it.
    private func simulatedBus() throws -> Bus { try Self.find(name, in: simulated.observe()) }

    private static func find(_ bus: String, in observed: Observed) throws -> Bus {
        guard let found = observed.buses.first(where: { $0.device == bus }) else {
            throw OperationError(
                .unavailable, while: "find the bus", device: bus, reason: "there is no such bus")
        }
        return found
    }
}

// MARK: - Actions

extension HostSequence {
    private mutating func apply(_ text: String) throws {
        record("profile:\n\(text)")
        let profile = try ProfileReader.read(Array(text.utf8), source: "random")
        let applications = (Application(of: profile, to: kernel), Application(of: profile, to: simulated))
        let prepared = (try applications.0.prepare(), try applications.1.prepare())
        let view = try Self.find(name, in: prepared.0.observed)
        try compare(view)
        try Divergence.check(
            "the plans", kernel: Facts.lines(prepared.0.plan, bus: view),
            simulated: Facts.lines(prepared.1.plan, bus: view))
        count(prepared.0.plan)
        let consent = Consent(allowDestroy: Set(prepared.0.plan.changes.map(\.address)))
        let endings = (
            try applications.0.carryOut(prepared.0, consent: consent, recordingIn: nil),
            try applications.1.carryOut(prepared.1, consent: consent, recordingIn: nil)
        )
        try Divergence.check("the endings", kernel: Facts.lines(endings.0), simulated: Facts.lines(endings.1))
        if endings.0.isUnexpected(of: prepared.0.plan) {
            throw Divergence(
                occasion: "an accepted plan failed", kernel: Facts.lines(endings.0), simulated: [])
        }
        if case .incomplete = endings.0 { tally.count("enabling showed more to do") }
    }

    private mutating func count(_ plan: Plan) {
        if let refusal = plan.refusals.first {
            tally.count("profile refused: \(refusal.code.rawValue)")
        } else {
            tally.count(plan.changes.isEmpty ? "profile without change" : "profile applied")
            for change in plan.changes { tally.count("change: \(change.kind.rawValue)") }
        }
    }

    /// Performs a step that was drawn for the simulated host on both hosts.
    private mutating func perform(_ step: Step) throws {
        let bus = try Self.find(name, in: kernel.observe())
        try compare(bus)
        record("step: \(Facts.line(step))")
        let identity = FreshIdentity.random(using: &generator)
        let twin = step.retargeted(from: try simulatedBus(), to: bus)
        let results = (Self.result(twin, identity, kernel), Self.result(step, identity, simulated))
        let occasion =
            "the results (kernel: \(Facts.reason(results.0)); simulated: \(Facts.reason(results.1)))"
        try Divergence.check(occasion, kernel: Facts.lines(results.0), simulated: Facts.lines(results.1))
        if case .failure = results.0 { tally.count("step refused") } else { tally.count("step done") }
    }

    private static func result(
        _ step: Step, _ identity: FreshIdentity, _ host: any Host
    ) -> Result<Namespace?, OperationError> {
        do throws(OperationError) {
            return .success(try host.perform(step, identity: identity))
        } catch {
            return .failure(error)
        }
    }

    private mutating func restart() throws {
        record("restart of the regions")
        tally.count("restart")
        try KernelRegions.restart(of: name)
        try simulated.reboot()
        for region in try Self.find(name, in: kernel.observe()).regions {
            let seed = region.namespaces.first { $0.device == region.namespaceSeed }
            if let seed, seed.isActive { try free(seed, of: region) }
        }
    }

    /// The kernel names the seed of a region after it has begun to probe the region's namespaces. Where the first was
    /// enabled before, it stays the seed, and nothing can be created until it is enabled again: by luck, so that the
    /// simulated host cannot do the same. A plan must get past it.
    private mutating func free(_ seed: Namespace, of region: Region) throws {
        record("free the seed \(seed.device)")
        tally.count("restart that left an active seed")
        let text = """
            version: 1
            regions:
              - match: {region: \(region.device.dropFirst("region".count))}
                namespaces:
                  - {name: behind-the-seed, mode: raw, size: \((region.align ?? .mib(16)).bytes)}
            """
        let profile = try ProfileReader.read(Array(text.utf8), source: "seed")
        for host in [kernel, simulated] as [any RestoringHost] {
            let application = Application(of: profile, to: host)
            let prepared = try application.prepare()
            guard prepared.plan.refusals.isEmpty else {
                if host === kernel { try restart(seed, of: region) }
                continue
            }
            let ending = try application.carryOut(prepared, consent: Consent(), recordingIn: nil)
            if ending.isUnexpected(of: prepared.plan) {
                throw Divergence(
                    occasion: "a plan for an active seed failed", kernel: Facts.lines(ending), simulated: [])
            }
            let made = try Self.find(name, in: host.observe()).regions.flatMap(\.namespaces)
                .first { $0.name == "behind-the-seed" }
            guard let target = made.map({ NamespaceTarget($0, region: region.device) }) else { continue }
            for step in [Step.disable(target), .destroy(target)] {
                _ = try host.perform(step, identity: .random(using: &generator))
            }
        }
    }

    private mutating func restart(_ namespace: Namespace, of region: Region) throws {
        let target = NamespaceTarget(namespace, region: region.device)
        for step in [Step.disable(target), .enable(target)] {
            _ = try kernel.perform(step, identity: .random(using: &generator))
        }
    }
}

extension Step {
    /// The same step on the other host, where the same namespace has another UUID. A UUID that no namespace has stays.
    fileprivate func retargeted(from own: Bus, to other: Bus) -> Step {
        retargeted { target in
            var twin = target
            let namespace = own.regions.flatMap(\.namespaces).first { $0.labelUUID == target.labelUUID }
            let same = other.regions.flatMap(\.namespaces).first { $0.device == namespace?.device }
            if let same { twin.labelUUID = same.labelUUID }
            return twin
        }
    }
}

extension Application.Ending {
    /// Whether a plan that was accepted did not come to pass.
    ///
    /// An inactive namespace does not show its map, alignment and sector size. Once it is enabled, more may be left
    /// to do for it: that, and nothing else, is a reason for an accepted plan to leave something.
    fileprivate func isUnexpected(of plan: Plan) -> Bool {
        switch self {
        case .unchanged, .refused, .applied: return false
        case .stale, .unproven, .unconfirmed, .undone, .partial: return true
        case .incomplete(_, let remaining):
            let enabled = plan.changes.filter { $0.kind == .enable }.map(\.address)
            return !remaining.refusals.isEmpty
                || !remaining.changes.allSatisfy { $0.kind == .reconfigure && enabled.contains($0.address) }
        }
    }
}
