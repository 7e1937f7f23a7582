/// A namespace that a profile protects.
public struct ProtectedName: Equatable, Sendable {
    /// Its region, on the host for which the profile was planned.
    public var region: RegionThen
    /// Its name; nil where the profile finds it by its UUID alone.
    public var name: String?
    /// The UUID by which the profile finds it.
    public var uuid: UUID?

    /// A value of these parts.
    package init(region: RegionThen, name: String? = nil, uuid: UUID? = nil) {
        self.region = region
        self.name = name
        self.uuid = uuid
    }
}
