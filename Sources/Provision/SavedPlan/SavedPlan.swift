public import ProvisionCore

/// A plan in a file, to be looked at and applied later.
///
/// Its profile is the source of truth: an apply plans it again on the live host. Objects and changes only say what
/// must come out again, so that nothing that a file claims is ever carried out because the file claims it.
public struct SavedPlan: Equatable, Sendable {
    /// The version of the program that saved it.
    public var toolVersion: String
    /// The profile's text, whole.
    public var profileText: String
    /// The profile that the text writes.
    public var profile: Profile
    /// The most that is saved of one namespace to make undo bring it back.
    public var backupLimit: ByteCount
    /// What the plan relies on, and its changes as facts.
    public var basis: PlanBasis
    /// The plan as it is shown: without steps.
    public var shown: Plan
    /// The fingerprint of the whole host, as in the plan's document.
    public var fingerprint: String

    /// The plan that was prepared for a profile.
    public init(
        _ prepared: Application.Prepared, of profile: Profile, text: String, backupLimit: ByteCount
    ) {
        self.toolVersion = ToolVersion.current
        self.profileText = text
        self.profile = profile
        self.profile.source = TerminalText.clean(profile.source)
        self.backupLimit = backupLimit
        self.basis = PlanBasis(of: prepared.plan, on: prepared.observed)
        var shown = prepared.plan
        shown.steps = []
        shown.notes = []  // of that moment: an apply looks again
        for index in shown.changes.indices {
            // The document has them in one text.
            let reason = shown.changes[index].reasons.joined(separator: "; ")
            shown.changes[index].reasons = reason.isEmpty ? [] : [reason]
        }
        self.shown = shown
        self.fingerprint = HostSnapshot(prepared.observed).fingerprint
    }

    init(
        toolVersion: String, profileText: String, profile: Profile, backupLimit: ByteCount,
        basis: PlanBasis, shown: Plan, fingerprint: String
    ) {
        self.toolVersion = toolVersion
        self.profileText = profileText
        self.profile = profile
        self.backupLimit = backupLimit
        self.basis = basis
        self.shown = shown
        self.fingerprint = fingerprint
    }
}

/// Why a saved plan cannot be read.
public enum SavedPlanError: Error, Equatable, Sendable, CustomStringConvertible {
    /// It is not what daxprov saves: where, and why.
    case malformed(JSONError)
    /// The profile in it is wrong.
    case profile([Diagnostic])

    /// The reason in one line.
    public var description: String {
        switch self {
        case .malformed(let error): error.description
        case .profile(let diagnostics): diagnostics.first?.message ?? "its profile is wrong"
        }
    }
}
