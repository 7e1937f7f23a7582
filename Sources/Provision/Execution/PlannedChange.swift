public import ProvisionCore
import ProvisionHost

/// What a plan does to one object, as facts: what an apply would have to do again for the plan to be the same one. The
/// words that explain a change to people are not part of it.
public struct PlannedChange: Equatable, Sendable {
    /// What it is about: `region0/wal`, or `region0` for the region's labels.
    public var address: String
    /// What happens.
    public var kind: Change.Kind
    /// The namespace before; nil where there is none.
    public var before: NamespaceSummary?
    /// The namespace after; nil where there will be none.
    public var after: NamespaceSummary?
    /// What undo brings back.
    public var reversibility: Reversibility
    /// Whether it needs consent beyond `--yes`.
    public var losesData: Bool
    /// What the namespace's block device holds; nil where it was not looked at.
    public var contents: [Signature]?
    /// What is done, in order.
    public var steps: [StepFacts]

    /// The facts of a change that is done by these steps.
    public init(_ change: Change, steps: [StepFacts]) {
        self.address = change.address
        self.kind = change.kind
        self.before = change.before
        self.after = change.after
        self.reversibility = change.reversibility
        self.losesData = change.losesData
        self.contents = change.contents
        self.steps = steps
    }

    /// The changes of a plan, each with its steps.
    static func changes(of plan: Plan) -> [PlannedChange] {
        zip(plan.changes, plan.stepsByChange).map { PlannedChange($0, steps: $1.map(StepFacts.init)) }
    }
}

/// What a step does, as facts.
public struct StepFacts: Equatable, Sendable {
    /// The word of the step's ``StepKind``.
    public var action: String
    /// The region's kernel name.
    public var region: String
    /// The kernel's name of the namespace that it acts on; nil for a creation and an initialisation of labels. It changes
    /// at every boot, and tells nothing apart: the label's UUID does.
    public var device: String?
    /// Where a creation is to lie; nil where that is not known.
    public var resource: UInt64?
    /// The capacity that a creation allocates.
    public var rawSize: ByteCount?
    /// The UUID in the label of the namespace that it acts on; nil where it has none.
    public var labelUUID: UUID?
    /// How much is saved before it; nil where nothing is.
    public var backupSize: ByteCount?
}

extension StepFacts {
    /// The facts of a step.
    init(_ step: Step) {
        self.init(action: step.kind.rawValue, region: step.region)
        if case .create(let placement) = step {
            resource = placement.resource
            rawSize = placement.layout.rawSize
        }
        if let transition = step.transition {
            resource = transition.after?.ranges.first?.lowerBound
            rawSize = transition.after?.size
        }
        device = step.target?.device ?? step.transition?.device
        labelUUID = step.target?.labelUUID
    }

    /// The facts of a step with what is saved before it.
    init(_ planned: PlannedStep) {
        self.init(planned.step)
        backupSize = planned.backup?.size
    }

    /// The facts but for the kernel's name.
    fileprivate var comparable: StepFacts {
        var facts = self
        facts.device = nil
        return facts
    }

    /// "create 2 GiB at 0x100000000".
    fileprivate var text: String {
        var words = [action]
        if let rawSize { words.append("\(rawSize)") }
        if let resource { words.append("at \(Hexadecimal.number(resource))") }
        if let labelUUID { words.append("\(labelUUID)") }
        if let backupSize { words.append("after saving \(backupSize)") }
        return words.joined(separator: " ")
    }
}

extension PlannedChange {
    /// The change is not planned any more.
    var gone: PlanDifference {
        PlanDifference(
            address: address,
            message: "the plan has '\(kind.rawValue)' for it, and that is not what it needs now")
    }

    /// The change was not in the plan.
    var added: PlanDifference {
        PlanDifference(
            address: address, message: "it needs '\(kind.rawValue)' now, and the plan does not have that")
    }

    /// The change but for the kernel's names of namespaces, for what holds a character device, which the facts of the objects say, and for
    /// what a node has by no rule of daxprov's, which is anybody's to change.
    var comparable: PlannedChange {
        var change = self
        change.before?.device = nil
        change.before?.forgetForeignRights()
        change.after?.forgetForeignRights()
        change.steps = steps.map(\.comparable)
        return change
    }

    /// What differs, each in a phrase.
    func differences(to now: PlannedChange) -> [PlanDifference] {
        var differences: [(what: String, was: String?, isNow: String?)] = []
        differences += Self.differences("before", before, now.before)
        differences += Self.differences("after", after, now.after)
        differences.append(
            ("reversibility", "\(reversibility.rawValue)", "\(now.reversibility.rawValue)"))
        differences.append(("data_loss", "\(losesData)", "\(now.losesData)"))
        differences.append(("contents", Self.text(contents), Self.text(now.contents)))
        var found = differences.filter { $0.was != $0.isNow }.map { difference in
            "its planned \(difference.what) was \(difference.was ?? "none"), "
                + "and would be \(difference.isNow ?? "none")"
        }
        if steps.map(\.comparable) != now.steps.map(\.comparable) {
            found.append(
                "its planned steps were: \(Self.text(steps)), and would be: \(Self.text(now.steps))")
        }
        return found.prefix(16).map { PlanDifference(address: address, message: $0) }
    }

    private static func text(_ steps: [StepFacts]) -> String {
        steps.isEmpty ? "none" : steps.prefix(8).map(\.text).joined(separator: ", ")
    }

    private static func text(_ contents: [Signature]?) -> String? {
        contents.map { $0.isEmpty ? "nothing recognised" : $0.map(\.description).joined(separator: "; ") }
    }

    private static func differences(
        _ place: String, _ was: NamespaceSummary?, _ now: NamespaceSummary?
    ) -> [(what: String, was: String?, isNow: String?)] {
        guard was != now else { return [] }
        guard let was, let now else {
            return [(place, was.map(PlanText.description), now.map(PlanText.description))]
        }
        return zip(was.facts, now.facts).map { old, new in ("\(place).\(old.key)", old.text, new.text) }
    }
}

extension NamespaceSummary {
    /// Its facts under the keys of the inventory, each as a text.
    fileprivate var facts: [(key: String, text: String?)] {
        facts(in: [.name, .mode, .rawSize]) + [("usable_size", usableSize?.description)]
            + facts(in: [.map, .align, .sectorSize]) + [
                ("resource", resource.map { Hexadecimal.number($0) }),
                (
                    "mappings",
                    mappings.map {
                        "\($0.map { String($0.lowerBound, radix: 16) + "-" + String($0.upperBound - 1, radix: 16) })"
                    }
                ),
                ("raw_uuid", labelUUID?.description), ("state", isActive ? "active" : "disabled"),
            ]
    }

    private func facts(in attributes: [NamespaceConfiguration.Attribute]) -> [(key: String, text: String?)] {
        attributes.map { ($0.rawValue, configuration[$0]?.description) }
    }
}

extension NamespaceSummary {
    /// Leaves of the rights what a rule gives.
    fileprivate mutating func forgetForeignRights() { rights = DeviceRights(declared: rights.rule) }
}
