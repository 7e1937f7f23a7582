package import ProvisionCore

/// Who uses namespaces: everything that shows without touching the devices.
package struct UseSearch {
    private let places: KernelPlaces
    private let mounts: MountTable
    private let loops: LoopDevices
    private let swaps: [String]

    /// Reads what is mounted, backed by loop devices and swapped on.
    package init(_ places: KernelPlaces) {
        self.places = places
        mounts = MountTable(places)
        loops = LoopDevices(places)
        swaps = ProcText.lines("\(places.proc)/swaps", places).compactMap {
            $0.split(separator: " ").first.map { ProcText.unescaped($0) }
        }
    }

    /// The device of an active namespace.
    package struct Device {
        /// The namespace's kernel name.
        package var namespace: String
        /// The name below `/dev`.
        package var name: String
        /// Uses that are known already.
        package var uses: [Holder]
        /// What processes may have open.
        package var nodes: [(name: String, node: DeviceNode)]
    }

    /// A block device with the kernel's uses of it.
    package func block(_ disk: String, of namespace: String) -> Device {
        let stack = BlockStack(disk, loops: loops, places)
        let held = stack.members.flatMap { mountUses($0.name, $0.node) + swapUses($0.name, $0.node) }
        return Device(namespace: namespace, name: disk, uses: held + stack.uses, nodes: stack.ownNodes)
    }

    /// A character device with the kernel's uses of it.
    package static func character(
        _ device: String, below claim: String, of namespace: String, _ directory: borrowing SysfsDirectory
    ) -> Device {
        let uses = [SystemMemory.use(of: device, below: claim, directory)].compactMap(\.self)
        let node = DeviceNode(character: directory.text("\(claim)/\(device)/dev"))
        return Device(
            namespace: namespace, name: device, uses: uses, nodes: node.map { [(device, $0)] } ?? [])
    }

    /// The uses of each namespace, by kernel name, with those by processes: found in one pass for all.
    package static func uses(of devices: [Device], _ places: KernelPlaces) -> [String: [Holder]] {
        let users = ProcessScan.lastingUsers(of: Set(devices.flatMap(\.nodes).map(\.node)), places)
        var found: [String: [Holder]] = [:]
        for device in devices {
            let all = device.uses + device.nodes.flatMap { processUses($0.name, users[$0.node] ?? []) }
            if !all.isEmpty { found[device.namespace] = all }
        }
        return found
    }

    private static func processUses(_ name: String, _ users: [ProcessScan.User]) -> [Holder] {
        users.map { user in
            Holder(
                .process, of: name, "open in process \(user.id) (\(user.command))",
                advice: "stop process \(user.id)", process: user.id, command: user.command)
        }
    }

    private func mountUses(_ name: String, _ node: DeviceNode?) -> [Holder] {
        mounts.mounts(of: name, node, places, types: FileSystemTypes.onDevices(places)).map { mount in
            guard let process = mount.process else {
                return Holder(
                    .mount, of: name, "mounted at \(mount.point)", advice: "umount \(mount.point)")
            }
            let command = ProcText.command(process, places)
            return Holder(
                .mount, of: name,
                "mounted at \(mount.point) in the mount namespace of process \(process) (\(command))",
                advice: "nsenter -t \(process) -m umount \(mount.point), or stop process \(process)",
                process: process, command: command)
        }
    }

    private func swapUses(_ name: String, _ node: DeviceNode?) -> [Holder] {
        swaps.filter { $0 == "\(places.dev)/\(name)" || (node != nil && DeviceNode($0) == node) }.map {
            path in
            Holder(.swap, of: name, "in use as swap", advice: "swapoff \(path)")
        }
    }
}
