/// What has to happen for the host to be as the profile says. Made by ``Planner``; plain data.
public struct Plan: Equatable, Sendable {
    /// The differences: by region, in the order of the profile.
    public var changes: [Change]
    /// The steps in the order of execution, each with the change it belongs to.
    public var steps: [PlannedStep]
    /// The namespaces that already are as declared.
    public var unchanged: [String]
    /// The namespaces that no line of the profile names, and that stay.
    public var unmanaged: [UnmanagedNamespace]
    /// Why the plan cannot be applied; empty where it can.
    public var refusals: [Refusal]
    /// What an administrator should know before it is applied.
    public var notes: [Note] = []
    /// The proofs that an apply ends with, whether it changes anything or not.
    public var proofs: [PlannedProof] = []

    /// A value of these parts.
    package init(
        changes: [Change], steps: [PlannedStep], unchanged: [String], unmanaged: [UnmanagedNamespace],
        refusals: [Refusal], notes: [Note] = []
    ) {
        self.changes = changes
        self.steps = steps
        self.unchanged = unchanged
        self.unmanaged = unmanaged
        self.refusals = refusals
        self.notes = notes
    }

    /// The steps of every change, in order.
    public var stepsByChange: [[PlannedStep]] {
        steps.reduce(into: Array(repeating: [], count: changes.count)) { $0[$1.change].append($1) }
    }

    /// Whether the host already is as the profile says.
    public var isEmpty: Bool { changes.isEmpty && refusals.isEmpty }
}

/// A step of a plan.
public struct PlannedStep: Equatable, Sendable {
    /// The index of its change in ``Plan/changes``.
    public var change: Int
    /// What is done.
    public var step: Step
    /// What is saved before the step, so that undo can bring it back; nil where nothing is.
    public var backup: Backup?

    /// A step of the change at an index.
    public init(change: Int, step: Step, backup: Backup? = nil) {
        self.change = change
        self.step = step
        self.backup = backup
    }
}

/// A namespace that no line of the profile names.
public struct UnmanagedNamespace: Equatable, Sendable {
    /// Where it is: `region0/NAME`, with the label's UUID or the kernel's name where it has no name.
    public var address: String
    /// What it is.
    public var summary: NamespaceSummary

    /// A namespace at an address.
    public init(address: String, summary: NamespaceSummary) {
        self.address = address
        self.summary = summary
    }
}

/// What is saved of an inactive namespace before a step: what that step or a later one writes over.
public struct Backup: Equatable, Sendable {
    /// The namespace.
    public var target: NamespaceTarget
    /// The ranges, from its start.
    public var ranges: [Extent]

    /// Ranges of a namespace; nil where there are none.
    public init?(of target: NamespaceTarget, ranges: [Extent]) {
        guard !ranges.isEmpty else { return nil }
        self.target = target
        self.ranges = ranges
    }

    /// How much is saved.
    public var size: ByteCount { ranges.reduce(.zero) { $0 + $1.length } }
}
