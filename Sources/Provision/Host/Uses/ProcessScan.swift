import Glibc

/// Which processes have a device open or mapped.
///
/// What no process shows is not found: a descriptor on its way through a socket, or registered with io_uring. Which
/// processes are not shown, ``Sight`` tells.
package enum ProcessScan {
    /// A process that has a device open or mapped.
    package struct User: Equatable {
        /// The process id.
        package var id: Int
        /// Its command (`/proc/ID/comm`).
        package var command: String
    }

    /// The other processes that use each of the devices, as far as this user may see them: one pass for all devices.
    package static func users(of nodes: Set<DeviceNode>, _ places: KernelPlaces) -> [DeviceNode: [User]] {
        guard !nodes.isEmpty else { return [:] }
        let own = ProcText.own(places) ?? Int(getpid())
        var users: [DeviceNode: [User]] = [:]
        for process in ProcText.processes(places).sorted() where process != own {
            let used = used(by: process, among: nodes, places)
            guard !used.isEmpty else { continue }
            let user = User(id: process, command: ProcText.command(process, places))
            for node in used { users[node, default: []].append(user) }
        }
        return users
    }

    /// The same, but one that opened a device only for a moment, as udev does with every new block device, is waited
    /// for: a second at most.
    package static func lastingUsers(of nodes: Set<DeviceNode>, _ places: KernelPlaces) -> [DeviceNode:
        [User]]
    {
        var users = users(of: nodes, places)
        for _ in 0..<10 where !users.isEmpty {
            usleep(100_000)
            users = Self.users(of: nodes, places)
        }
        return users
    }

    private static func used(
        by process: Int, among nodes: Set<DeviceNode>, _ places: KernelPlaces
    ) -> Set<DeviceNode> {
        var used: Set<DeviceNode> = []
        for place in tables(of: process, places) {
            guard let directory = SysfsDirectory.ifThere(place, places) else { continue }
            for file in directory.entries("fd") {
                if let node = DeviceNode("\(place)/fd/\(file)"), nodes.contains(node) { used.insert(node) }
            }
            used.formUnion(mapped(place, process, among: nodes, places))
        }
        return used
    }

    /// Where a process's files and mappings are listed. One whose first thread has ended has no executable, and shows
    /// them below its other threads; a kernel thread has one thread, no executable, and nothing open.
    private static func tables(of process: Int, _ places: KernelPlaces) -> [String] {
        let place = "\(places.proc)/\(process)"
        guard let directory = SysfsDirectory.ifThere(place, places) else { return [] }
        if directory.linkTarget("exe") != nil { return [place] }
        let threads = directory.entries("task")
        return threads.count > 1 ? threads.map { "\(place)/task/\($0)" } : []
    }

    /// A mapping outlives its file descriptor. The line names the node's path; the link has its number. A device-dax
    /// mapping is always shared; other private mappings are of libraries, and there are many.
    private static func mapped(
        _ place: String, _ process: Int, among nodes: Set<DeviceNode>, _ places: KernelPlaces
    ) -> [DeviceNode] {
        ProcText.lines("\(place)/maps", places).compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count == 6, let path = fields.last, path.first == "/" || path.contains(" /") else {
                return nil
            }
            guard fields[1].last == "s" || path.contains("/dev/") else { return nil }
            guard let node = DeviceNode("\(places.proc)/\(process)/map_files/\(fields[0])"),
                nodes.contains(node)
            else { return nil }
            return node
        }
    }
}
