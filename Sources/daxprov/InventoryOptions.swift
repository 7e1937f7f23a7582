import ArgumentParser
import Provision
import ProvisionCore
import ProvisionHost
import SystemPackage

/// The options that plan for hosts which are not here.
struct InventoryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Plan for the host of a saved inventory: what 'daxprov inventory --json' or 'ndctl list -BDRNv' printed; "
                + "- reads standard input. May be repeated.",
            valueName: "file"),
        completion: .file())
    var inventory: [String] = []

    @Option(
        help: ArgumentHelp(
            "Review the hosts of all saved inventories DIR/HOST.json. May be repeated.", valueName: "dir"),
        completion: .directory)
    var inventoryDir: [String] = []

    @Option(
        help: ArgumentHelp(
            "Plan for each host with DIR/HOST.yaml; with the profile argument, if there is one, where that is missing.",
            valueName: "dir"),
        completion: .directory)
    var profileDir: String?

    /// Whether the answer is a review of many hosts rather than the plan of one.
    var isReview: Bool { inventory.count > 1 || !inventoryDir.isEmpty || profileDir != nil }

    /// Whether any host is named that is not here.
    var areGiven: Bool { !inventory.isEmpty || !inventoryDir.isEmpty }

    /// Fails where options contradict each other.
    func validate(profile: String?, isSimulated: Bool) throws {
        if isSimulated, areGiven {
            throw ValidationError("--simulate and --inventory exclude each other")
        }
        if profileDir != nil, !areGiven {
            throw ValidationError("--profile-dir needs --inventory or --inventory-dir")
        }
        if profile == nil, profileDir == nil {
            throw ValidationError("Missing expected argument '<profile>'")
        }
        let readers = ([profile].compactMap(\.self) + inventory).count { $0 == "-" }
        if readers > 1 { throw ValidationError("only one of profile and inventory can be standard input") }
        if isReview, inventory.contains("-") {
            throw ValidationError("a review needs files: standard input gives a host no name")
        }
    }

    /// The hosts of a review. What was left out is said on stderr.
    func hosts() throws(CommandFailure) -> [FleetHost] {
        do throws(FleetError) {
            let hosts = try FleetHosts(
                files: inventory.map { FilePath($0) }, directories: inventoryDir.map { FilePath($0) })
            for entry in hosts.skipped {
                Console.diagnose(
                    "daxprov: \(TerminalText.clean(entry.path)) \(entry.reason), and was left out")
            }
            return hosts.hosts
        } catch {
            throw CommandFailure(error)
        }
    }

    /// The profiles of a review.
    func profiles(otherwise: Profile?) throws -> FleetProfiles {
        if let profileDir { return .byHost(directory: FilePath(profileDir), otherwise: otherwise) }
        guard let otherwise else { throw ValidationError("Missing expected argument '<profile>'") }
        return .one(otherwise)
    }
}

/// Reading a saved inventory for a command.
enum InventoryFile {
    /// The inventory at a path; `-` is standard input.
    static func read(_ path: String) throws(CommandFailure) -> SavedInventory {
        do throws(SavedInventoryError) {
            return try SavedInventory.read(contentsOf: FilePath(path))
        } catch {
            var failure = CommandFailure(.error, error.description, advice: error.advice)
            if let excerpt = error.excerpt { failure.excerpt = [excerpt.line, excerpt.marker] }
            throw failure
        }
    }
}

extension CommandFailure {
    /// Why hosts cannot be reviewed.
    fileprivate init(_ error: FleetError) {
        switch error {
        case .unreadable(let directory, let reason):
            self.init(.error, "cannot list the directory \(directory): \(reason)")
        case .tooMany(let directory):
            self.init(
                .error, "\(directory) has more than \(FleetHosts.maximumCount) inventories",
                advice: "review them in parts")
        case .empty(let directory, let skipped):
            let others = skipped.prefix(4).map { "; \($0.path) \($0.reason)" }.joined()
            self.init(
                .error, "\(directory) has no inventory\(others)",
                advice: "save what daxprov inventory --json prints on each host as \(directory)/HOST.json")
        case .nameUsedTwice(let name, let first, let second):
            self.init(
                .usage, "two inventories are of a host \(name): \(first) and \(second)",
                advice: "a host is called as its inventory's file: give each one inventory")
        }
    }
}
