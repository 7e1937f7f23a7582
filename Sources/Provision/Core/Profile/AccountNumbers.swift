/// The numbers of users and groups that profiles name, on one host.
public struct AccountNumbers: Equatable, Sendable {
    /// The users' numbers, by name.
    public var users: [String: UInt32]
    /// The groups' numbers, by name.
    public var groups: [String: UInt32]

    /// These numbers; by default none.
    public init(users: [String: UInt32] = [:], groups: [String: UInt32] = [:]) {
        self.users = users
        self.groups = groups
    }
}

extension Profile {
    /// The names of the users that own devices, where they are not numbers.
    package var namedUsers: Set<String> { names(\.owner) }
    /// The names of the groups that own devices, where they are not numbers.
    package var namedGroups: Set<String> { names(\.group) }

    private func names(_ account: KeyPath<DeviceConfiguration, String?>) -> Set<String> {
        Set(
            (regions.flatMap(\.namespaces).compactMap { $0.deviceConfiguration }
                + daxRegions.flatMap(\.devices).map(\.configuration))
                .compactMap { $0[keyPath: account] }
                .filter { DeviceConfiguration.number($0) == nil })
    }

    /// The profile with numbers in place of the names that a host knows. The other names stay, and the planner refuses them.
    package func with(_ accounts: AccountNumbers) -> Profile {
        var profile = self
        for region in profile.regions.indices {
            for item in profile.regions[region].namespaces.indices {
                profile.regions[region].namespaces[item].deviceConfiguration?.setNumbers(accounts)
            }
        }
        for region in profile.daxRegions.indices {
            for item in profile.daxRegions[region].devices.indices {
                profile.daxRegions[region].devices[item].configuration.setNumbers(accounts)
            }
        }
        return profile
    }
}

extension DeviceConfiguration {
    fileprivate mutating func setNumbers(_ accounts: AccountNumbers) {
        owner = owner.map { name in accounts.users[name].map { "\($0)" } ?? name }
        group = group.map { name in accounts.groups[name].map { "\($0)" } ?? name }
    }

    /// Refuses the accounts whose numbers are not known.
    package func refusals(at address: String, _ position: SourcePosition) -> [Refusal] {
        unknownAccounts.map { account in
            Refusal(
                .accountUnknown, address, at: position,
                "its device is for the \(account), whose number is not known here",
                advice: "create it first, or give its number")
        }
    }

    /// The rights that the node is to have; nil where none are declared, or an account's number is not known.
    package var rights: NodeRights? {
        guard hasRights, unknownAccounts.isEmpty else { return nil }
        return NodeRights(
            owner: owner.flatMap(Self.number) ?? 0, group: group.flatMap(Self.number) ?? 0,
            permissions: permissions ?? 0o600)
    }

    /// The accounts whose numbers are not known, in words: "user postgres".
    private var unknownAccounts: [String] {
        [owner.map { ("user", $0) }, group.map { ("group", $0) }].compactMap(\.self)
            .filter { Self.number($0.1) == nil }.map { "\($0.0) \($0.1)" }
    }

    /// The number that an account is given as; nil where it is a name. The largest one means "none" to the kernel (chown(2)).
    fileprivate static func number(_ account: String) -> UInt32? {
        UInt32(account).flatMap { $0 == .max ? nil : $0 }
    }
}
