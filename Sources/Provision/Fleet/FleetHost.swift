public import SystemPackage

/// A host of a review: its name and where its saved inventory is.
public struct FleetHost: Equatable, Sendable {
    /// The name: that of the inventory's file, without `.json`.
    public let name: String
    /// The saved inventory.
    public let inventory: FilePath

    /// The host whose inventory is the file at `path`.
    public init(inventory path: FilePath) {
        let file = path.lastComponent?.string ?? path.string
        self.name = file.hasSuffix(".json") ? String(file.dropLast(".json".count)) : file
        self.inventory = path
    }
}

/// Why hosts cannot be reviewed at all.
public enum FleetError: Error, Equatable, Sendable {
    /// The directory cannot be listed.
    case unreadable(directory: String, reason: String)
    /// The directory holds more inventories than ``FleetHosts/maximumCount``.
    case tooMany(directory: String)
    /// The directory holds no inventory; these entries are none.
    case empty(directory: String, skipped: [SkippedEntry])
    /// Two inventories give this name to a host.
    case nameUsedTwice(name: String, first: String, second: String)
}

/// An entry of a directory that looks like an inventory and was left out.
public struct SkippedEntry: Equatable, Sendable {
    /// Its path.
    public let path: String
    /// Why it was left out, in a clause: "is no regular file".
    public let reason: String
}

/// The hosts of a review.
public struct FleetHosts: Equatable, Sendable {
    /// The most inventories in one directory.
    public static let maximumCount = 100_000

    /// The hosts in the natural order of their names: host2 before host10.
    public let hosts: [FleetHost]
    /// The entries of the directories that were left out, in the order of their paths.
    public let skipped: [SkippedEntry]

    /// The hosts of these files and of the inventories in these directories.
    ///
    /// Of a directory the regular files whose names end in `.json` count, but for those whose names begin with a dot;
    /// links are not followed. What ends in `.json` in whatever case and does not count is reported.
    public init(files: [FilePath], directories: [FilePath]) throws(FleetError) {
        var hosts = files.map(FleetHost.init)
        var skipped: [SkippedEntry] = []
        for directory in directories {
            let listing = try InventoryDirectory(directory)
            hosts += listing.files.map(FleetHost.init)
            skipped += listing.skipped
        }
        hosts.sort { NaturalOrder.precedes($0.name, $1.name) }
        for (first, second) in zip(hosts, hosts.dropFirst()) where first.name == second.name {
            throw .nameUsedTwice(
                name: first.name, first: first.inventory.string, second: second.inventory.string)
        }
        self.hosts = hosts
        self.skipped = skipped.sorted { $0.path < $1.path }
    }
}
