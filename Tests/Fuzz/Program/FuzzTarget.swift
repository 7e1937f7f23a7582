/// What is fuzzed: everything that reads what others may have written, and the planner on what was read.
enum FuzzTarget: String, CaseIterable {
    /// The text of a profile.
    case profile
    /// The lines of a journal, each with its checksum put right.
    case journal
    /// A saved inventory in daxprov's form.
    case inventory
    /// A saved inventory in the form of `ndctl list`.
    case ndctl
    /// A DIMM's label area, its checksums put right.
    case labels
    /// The state file of a simulated host, and an apply on it.
    case simulated
    /// A saved plan.
    case saved
    /// A profile and a host in one text.
    case plan
    /// A host and a profile made up from bytes, always well formed.
    case layout
    /// Files of daxctl's configuration, and of udev's rules.
    case conf

    /// Runs the target on one input. What must not happen ends the process.
    func run(_ input: [UInt8]) {
        switch self {
        case .profile: ProfileInput.run(input)
        case .journal: JournalInput.run(input)
        case .inventory: InventoryInput.run(input)
        case .ndctl: InventoryInput.runNdctl(input)
        case .labels: LabelInput.run(input)
        case .simulated: HostInput.runSimulated(input)
        case .saved: SavedPlanInput.run(input)
        case .plan: HostInput.runPlan(input)
        case .layout: LayoutInput.run(input)
        case .conf: ConfInput.run(input)
        }
    }
}
