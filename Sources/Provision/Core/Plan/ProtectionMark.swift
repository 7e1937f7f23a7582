/// That a namespace is protected, whatever the profile says now: set by the apply of a profile with `protect: true`,
/// and removed by `daxprov unprotect` alone.
public struct ProtectionMark: Equatable, Sendable {
    /// The UUID in the namespace's label: what a mark is known by.
    public var labelUUID: UUID
    /// The namespace's name then; nil where it had none, or the mark cannot be read.
    public var name: String?
    /// The profile that protected it; nil where the mark cannot be read.
    public var source: String?
    /// The region that it lay in; nil where the mark does not tell: it cannot be read, or an older version wrote it.
    public var region: RegionIdentity?

    /// A mark.
    public init(labelUUID: UUID, name: String?, source: String?, region: RegionIdentity? = nil) {
        self.labelUUID = labelUUID
        self.name = name
        self.source = source
        self.region = region
    }

    /// What people know the namespace by.
    public var displayName: String { name ?? labelUUID.description }
}

extension ProtectionMark {
    /// The refusal of what would change or destroy the namespace.
    package func refusal(_ address: String) -> Refusal {
        let by =
            source.map { "since \($0) was applied, which said protect: true" } ?? "by a mark that is damaged"
        return Refusal(
            .protected, address, "it is protected \(by)",
            advice: "if the change is meant: daxprov unprotect \(displayName)")
    }
}
