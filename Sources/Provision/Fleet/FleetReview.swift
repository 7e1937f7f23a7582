public import SystemPackage
public import ProvisionCore
public import ProvisionHost

/// Which profile each host of a review is planned for.
public enum FleetProfiles: Sendable {
    /// One for all.
    case one(Profile)
    /// `DIRECTORY/HOST.yaml`, or the other profile for hosts that have none there.
    case byHost(directory: FilePath, otherwise: Profile?)
}

/// A host with what became of its plan.
public struct HostReview: Sendable {
    /// The host's name.
    public let host: String
    /// The plan, or why there is none.
    public let outcome: Outcome

    /// What became of the plan.
    public enum Outcome: Sendable {
        /// It was made.
        case planned(PlanReport)
        /// Its inventory cannot be read.
        case noInventory(SavedInventoryError)
        /// Its profile cannot be read, or is wrong.
        case noProfile(ProfileError)
    }
}

/// Plans for many hosts from their saved inventories.
public struct FleetReview: Sendable {
    private let profiles: FleetProfiles
    private let backupLimit: ByteCount
    private static let batch = 1024

    /// A review of hosts against these profiles.
    /// - Parameter backupLimit: the most that is saved of one namespace to make undo bring it back.
    public init(_ profiles: FleetProfiles, backupLimit: ByteCount = Planner.defaultBackupLimit) {
        self.profiles = profiles
        self.backupLimit = backupLimit
    }

    /// Plans for the hosts on all processors, and hands over what `summarize` makes of each, many at a time, in the
    /// order of the hosts. What a host leaves behind is small: no more than one batch of plans is held at once.
    public func run<Summary: Sendable, Failure: Error>(
        _ hosts: [FleetHost], summarize: @escaping @Sendable (HostReview) -> Summary,
        deliver: ([Summary]) throws(Failure) -> Void
    ) throws(Failure) {
        var rest = hosts[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Self.batch))
            rest = rest.dropFirst(batch.count)
            try deliver(ParallelMap.results(of: batch) { summarize(review($0)) })
        }
    }

    /// Plans for one host.
    func review(_ host: FleetHost) -> HostReview {
        do throws(ProfileError) {
            let profile = try profile(for: host)
            do throws(SavedInventoryError) {
                let inventory = try SavedInventory.read(contentsOf: host.inventory)
                guard !inventory.limits.contains(.nothingListed) else {
                    throw SavedInventoryError(
                        source: host.inventory.string,
                        reason: "it is empty, so it says of no host what it has",
                        advice: "\(InventoryLimit.nothingListed.remedy)")
                }
                return HostReview(
                    host: host.name,
                    outcome: .planned(PlanReport(of: profile, on: inventory, backupLimit: backupLimit)))
            } catch {
                return HostReview(host: host.name, outcome: .noInventory(error))
            }
        } catch {
            return HostReview(host: host.name, outcome: .noProfile(error))
        }
    }

    private func profile(for host: FleetHost) throws(ProfileError) -> Profile {
        switch profiles {
        case .one(let profile): return profile
        case .byHost(let directory, let otherwise):
            let path = directory.appending("\(host.name).yaml")
            if let otherwise, !RegularFile(path).exists { return otherwise }
            return try ProfileReader.read(contentsOf: path)
        }
    }
}
