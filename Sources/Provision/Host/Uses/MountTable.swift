import Glibc

/// What is mounted, in every mount namespace that a visible process lives in.
package struct MountTable {
    /// A mount of a file system.
    package struct Mount: Equatable {
        /// The device number of the file system.
        package var number: String
        /// Where it is mounted.
        package var point: String
        /// The type of the file system.
        package var type: String
        /// What is mounted, in the words of whoever mounted it: a device node's path for most that lie on one.
        package var source: String
        /// A process that sees it; nil where this one does.
        package var process: Int?
        /// The options of the file system, the same at all of its mount points, with commas between them.
        package var options = ""
    }

    /// The mounts, this process's own first.
    package private(set) var mounts: [Mount] = []

    /// Reads the mounts of this process, and of one process in each other mount namespace.
    package init(_ places: KernelPlaces) {
        mounts = Self.parse(ProcText.lines("\(places.proc)/self/mountinfo", places), process: nil)
        var seen = Set([Self.namespace(of: "self", places)])
        for process in ProcText.processes(places).sorted() {
            let namespace = Self.namespace(of: "\(process)", places)
            guard namespace != nil, seen.insert(namespace).inserted else { continue }
            mounts += Self.parse(
                ProcText.lines("\(places.proc)/\(process)/mountinfo", places), process: process)
        }
    }

    /// The mounts in the lines of this process's `mountinfo`.
    package init(_ lines: [String]) {
        mounts = Self.parse(lines, process: nil)
    }

    /// The mounts on a block device. A mount that other namespaces have as well is listed once.
    ///
    /// The kernel's number of the device decides. A file system of several devices has a number that is none of theirs:
    /// there its source tells, but only of a type that lies on block devices. Anybody can mount a `tmpfs` in a
    /// namespace of their own, and call its source as they like.
    /// - Parameter types: the types that lie on block devices; nil where they are not known.
    package func mounts(
        of name: String, _ node: DeviceNode?, _ places: KernelPlaces,
        types: @autoclosure () -> Set<String>?
    ) -> [Mount] {
        var found: [Mount] = []
        for mount in mounts where !found.contains(where: { $0.point == mount.point }) {
            if mount.number == node?.text || mount.comesFrom(name, node, places, types: types()) {
                found.append(mount)
            }
        }
        return found
    }

    private static func namespace(of process: String, _ places: KernelPlaces) -> String? {
        guard let directory = SysfsDirectory.ifThere("\(places.proc)/\(process)/ns", places) else {
            return nil
        }
        return directory.linkTarget("mnt")
    }

    /// The lines of a `mountinfo` file: mount id, parent, number, root, point, options, optional fields, a hyphen, type,
    /// source, options of the file system (proc(5)).
    package static func parse(_ lines: [String], process: Int?) -> [Mount] {
        lines.compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 4 else { return nil }
            // Behind the optional fields, of which there can be any number.
            let tail = fields.firstIndex(of: "-").map { fields[($0 + 1)...] } ?? []
            return Mount(
                number: String(fields[2]), point: ProcText.unescaped(fields[4]),
                type: tail.first.map { ProcText.unescaped($0) } ?? "",
                source: tail.dropFirst().first.map { ProcText.unescaped($0) } ?? "", process: process,
                options: tail.dropFirst(2).first.map { ProcText.unescaped($0) } ?? "")
        }
    }
}

extension MountTable.Mount {
    /// Its option for DAX: `always` (which ext4 also writes as `dax` alone), `never`, `inode`; nil where it shows none.
    package var daxOption: String? {
        for option in options.split(separator: ",") {
            if option == "dax" { return "always" }
            if option.hasPrefix("dax=") { return String(option.dropFirst("dax=".count)) }
        }
        return nil
    }

    /// Whether its number is one that the kernel made up for a file system on no device, or on several.
    private var hasNumberOfItsOwn: Bool { number.hasPrefix("0:") }

    /// Whether its source, and nothing else, says that it lies on this device.
    fileprivate func comesFrom(
        _ name: String, _ node: DeviceNode?, _ places: KernelPlaces, types: @autoclosure () -> Set<String>?
    ) -> Bool {
        guard hasNumberOfItsOwn, source.hasPrefix("/") else { return false }
        // A type of FUSE has a second word: fuseblk.ntfs.
        let kind = String(type.prefix { $0 != "." })
        guard types()?.contains(kind) ?? true else { return false }
        return source == "\(places.dev)/\(name)" || (node != nil && DeviceNode(source) == node)
    }
}

/// The types of file systems that the kernel knows.
package enum FileSystemTypes {
    /// Those that lie on block devices (`/proc/filesystems` calls the others `nodev`); nil where the kernel does not tell.
    package static func onDevices(_ places: KernelPlaces) -> Set<String>? {
        parse(ProcText.lines("\(places.proc)/filesystems", places))
    }

    package static func parse(_ lines: [String]) -> Set<String>? {
        guard !lines.isEmpty else { return nil }
        return Set(
            lines.compactMap { line in
                let fields = line.split(whereSeparator: \.isWhitespace)
                return fields.count == 1 ? String(fields[0]) : nil
            })
    }
}
