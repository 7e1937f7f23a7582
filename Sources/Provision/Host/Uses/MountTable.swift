import Glibc

/// What is mounted, in every mount namespace that a visible process lives in.
struct MountTable {
    /// A mount of a file system.
    struct Mount: Equatable {
        /// The device number of the file system.
        var number: String
        /// Where it is mounted.
        var point: String
        /// What is mounted: a device node's path for most that lie on one.
        var source: String
        /// A process that sees it; nil where this one does.
        var process: Int?
    }

    /// The mounts, this process's own first.
    private(set) var mounts: [Mount] = []

    /// Reads the mounts of this process, and of one process in each other mount namespace.
    init() {
        mounts = Self.parse(ProcText.lines("/proc/self/mountinfo"), process: nil)
        var seen = Set([Self.namespace(of: "self")])
        for process in ProcText.processes().sorted() {
            let namespace = Self.namespace(of: "\(process)")
            guard namespace != nil, seen.insert(namespace).inserted else { continue }
            mounts += Self.parse(ProcText.lines("/proc/\(process)/mountinfo"), process: process)
        }
    }

    /// The mounts on a block device. A file system of several devices has a number that is none of theirs: there its
    /// source tells. A mount that other namespaces have as well is listed once.
    func mounts(of name: String, _ node: DeviceNode?) -> [Mount] {
        var found: [Mount] = []
        for mount in mounts where mount.number == node?.text || mount.source == "/dev/\(name)" {
            if !found.contains(where: { $0.point == mount.point }) { found.append(mount) }
        }
        return found
    }

    private static func namespace(of process: String) -> String? {
        guard let directory = SysfsDirectory.ifThere("/proc/\(process)/ns") else { return nil }
        return directory.linkTarget("mnt")
    }

    /// The lines of a `mountinfo` file: mount id, parent, number, root, point, options, optional fields, a hyphen, type,
    /// source (proc(5)).
    static func parse(_ lines: [String], process: Int?) -> [Mount] {
        lines.compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 4 else { return nil }
            let tail = fields.firstIndex(of: "-").map { fields[($0 + 1)...] } ?? []
            return Mount(
                number: String(fields[2]), point: ProcText.unescaped(fields[4]),
                source: tail.dropFirst().first.map { ProcText.unescaped($0) } ?? "", process: process)
        }
    }
}
