public import ProvisionCore

/// A plan and what it relies on, to be compared with the host at another moment.
public struct PlanBasis: Equatable, Sendable {
    /// The live objects that the plan touches: its regions, their DIMMs, and the namespaces and dax devices that its steps act on.
    public var objects: [ObjectFingerprint]
    /// The changes with their steps.
    public var changes: [PlannedChange]
    /// The version of the facts that the objects were described with.
    public var factsVersion: Int

    /// These objects and changes.
    init(objects: [ObjectFingerprint], changes: [PlannedChange], factsVersion: Int) {
        self.objects = objects
        self.changes = changes
        self.factsVersion = factsVersion
    }

    /// The basis of a plan that was made from an observation.
    public init(of plan: Plan, on observed: Observed) {
        objects = Self.touched(by: plan, on: observed)
        changes = PlannedChange.changes(of: plan)
        factsVersion = ObjectFingerprint.factsVersion
    }

    private static func touched(by plan: Plan, on observed: Observed) -> [ObjectFingerprint] {
        let regions = Set(plan.steps.map(\.step.region))
        let targets = Set(plan.steps.compactMap { $0.step.target?.device })
        var objects: [ObjectFingerprint] = []
        for bus in observed.buses {
            let touched = bus.regions.filter { regions.contains($0.device) }
            objects += bus.dimms(under: touched).map { ObjectFingerprint($0) }
            for region in touched {
                objects.append(ObjectFingerprint(region))
                objects += region.namespaces.filter { targets.contains($0.device) }
                    .map { ObjectFingerprint($0, in: region.device) }
            }
        }
        // A closure: a key path that ends in an optional makes Swift 6.3's library copy memory onto itself.
        let transitions = plan.steps.compactMap { $0.step.transition }
        for region in observed.daxRegions {
            let steps = transitions.filter { $0.region == region.identity }
            guard !steps.isEmpty else { continue }
            objects.append(ObjectFingerprint(region))
            // What the plan leaves as it is may change.
            let changed = steps.compactMap { $0.before.flatMap { region.device(of: $0.ranges) } }
            objects += region.devices.filter { changed.contains($0) }
                .compactMap { ObjectFingerprint($0, in: region) }
        }
        return objects
    }
}

/// One thing that is not as a plan relies on.
public struct PlanDifference: Equatable, Sendable {
    /// What it is about: `region0`, `region0/wal`, `nmem0`.
    public var address: String
    /// What was, and what is.
    public var message: String
}

extension PlanBasis {
    /// What is different now, when the same profile gives this plan for this observation; empty where nothing is.
    public func differences(to plan: Plan, on observed: Observed) -> [PlanDifference] {
        let (then, now) = (renumbered(observed), PlanBasis(of: plan, on: observed))
        return then.objectDifferences(now, observed) + then.changeDifferences(now)
            + plan.refusals.map { PlanDifference(address: $0.address, message: "refused now: \($0.message)") }
    }

    private func objectDifferences(_ now: PlanBasis, _ observed: Observed) -> [PlanDifference] {
        let everything = Dictionary(
            Self.everything(observed).map { (Self.key($0), $0) }, uniquingKeysWith: { _, last in last })
        var differences: [PlanDifference] = []
        for object in objects {
            guard let found = everything[Self.key(object)] else {
                differences.append(
                    PlanDifference(address: object.address, message: "the \(object.kind.rawValue) is gone"))
                continue
            }
            differences += object.differences(to: found, factsVersion: factsVersion).map {
                PlanDifference(address: object.address, message: $0)
            }
        }
        let known = Set(objects.map(Self.key))
        return differences
            + now.objects.filter { $0.kind.since <= factsVersion && !known.contains(Self.key($0)) }.map {
                PlanDifference(
                    address: $0.address, message: "the plan was not made for this \($0.kind.rawValue)")
            }
    }

    private func changeDifferences(_ now: PlanBasis) -> [PlanDifference] {
        let (old, new) = (changes, now.changes)
        var differences: [PlanDifference] = []
        for change in old {
            guard let same = new.first(where: { $0.address == change.address && $0.kind == change.kind })
            else {
                differences.append(change.gone)
                continue
            }
            differences += change.differences(to: same)
        }
        for change in new
        where !old.contains(where: { $0.address == change.address && $0.kind == change.kind }) {
            differences.append(change.added)
        }
        if differences.isEmpty, old.map(\.comparable) != new.map(\.comparable) {
            differences.append(PlanDifference(address: "plan", message: "its changes come in another order"))
        }
        return differences
    }

    private static func key(_ object: ObjectFingerprint) -> String {
        "\(object.kind.rawValue) \(object.identity)"
    }

    /// Every object of the host.
    static func everything(_ observed: Observed) -> [ObjectFingerprint] {
        var objects: [ObjectFingerprint] = []
        for bus in observed.buses {
            objects += bus.dimms.map { ObjectFingerprint($0) }
            for region in bus.regions {
                objects.append(ObjectFingerprint(region))
                objects += region.namespaces.map { ObjectFingerprint($0, in: region.device) }
            }
        }
        for region in observed.daxRegions where region.kind == .dynamic {
            objects.append(ObjectFingerprint(region))
            objects += region.devices.compactMap { ObjectFingerprint($0, in: region) }
        }
        return objects
    }
}
