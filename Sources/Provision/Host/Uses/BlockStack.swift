import SystemPackage
package import ProvisionCore

/// A block device with its partitions, and everything that is stacked on one of them: device-mapper, LVM, md and bcache
/// (sysfs `holders`), and loop devices whose backing file is the device node.
package struct BlockStack {
    /// One device of the stack.
    package struct Member: Equatable {
        /// The kernel's name of the block device, without `/dev/`.
        package var name: String
        /// Its number; nil where sysfs does not tell.
        package var node: DeviceNode?
        /// Whether it is the device itself or one of its partitions.
        package var isOwn: Bool
    }

    /// The devices, the lowest first.
    package private(set) var members: [Member] = []
    /// The devices that are stacked on it, as uses of it.
    package private(set) var uses: [Holder] = []

    /// The stack over the disk with this kernel name.
    package init(_ disk: String, loops: LoopDevices, _ places: KernelPlaces) {
        var pending = [(name: disk, isOwn: true)][...]
        while let (name, isOwn) = pending.popFirst() {
            guard !members.contains(where: { $0.name == name }),
                let directory = SysfsDirectory.ifThere("\(places.blockDevices)/\(name)", places)
            else { continue }
            let node = DeviceNode(block: directory.text("dev"))
            members.append(Member(name: name, node: node, isOwn: isOwn))
            let partitions = directory.entries().filter {
                $0.hasPrefix(name) && directory.exists("\($0)/partition")
            }
            pending += partitions.sorted().map { ($0, isOwn) }
            for holder in directory.entries("holders").sorted() {
                uses.append(Self.use(of: name, by: holder, places))
                pending.append((holder, false))
            }
            for loop in loops.backed(by: node) {
                uses.append(
                    Holder(
                        .loopDevice, of: name, "backing the loop device \(loop)",
                        advice: "losetup -d /dev/\(loop)"))
                pending.append((loop, false))
            }
        }
    }

    /// The numbers of the device itself and its partitions.
    package var ownNodes: [(name: String, node: DeviceNode)] {
        members.filter(\.isOwn).compactMap { member in member.node.map { (member.name, $0) } }
    }

    private static func use(of name: String, by holder: String, _ places: KernelPlaces) -> Holder {
        guard let directory = SysfsDirectory.ifThere("\(places.blockDevices)/\(holder)", places) else {
            return Holder(.stackedDevice, of: name, "part of \(holder)")
        }
        if let mapped = directory.text("dm/name") {
            let isVolume = directory.text("dm/uuid")?.hasPrefix("LVM-") == true
            return Holder(
                .stackedDevice, of: name,
                "part of \(holder) (\(isVolume ? "LVM volume" : "device-mapper device") \(mapped))",
                advice: isVolume ? "lvchange -an /dev/mapper/\(mapped)" : "dmsetup remove \(mapped)")
        }
        if let level = directory.text("md/level") {
            return Holder(
                .stackedDevice, of: name, "part of \(holder) (\(level) array)",
                advice: "mdadm --stop /dev/\(holder)")
        }
        return Holder(.stackedDevice, of: name, "part of \(holder)")
    }
}

/// The loop devices that are in use.
package struct LoopDevices {
    private var backing: [(loop: String, node: DeviceNode)] = []

    /// Reads which file backs each loop device. A file system's regular files are not of interest: those show as mounts.
    package init(_ places: KernelPlaces) {
        guard let directory = SysfsDirectory.ifThere(places.blockDevices, places) else { return }
        for name in directory.entries().sorted() where name.hasPrefix("loop") {
            guard let path = directory.text("\(name)/loop/backing_file"),
                let node = Self.node(path, of: name, places)
            else { continue }
            backing.append((name, node))
        }
    }

    /// The device node below a loop device. Its path need not lead there any more: the node can have been removed, or lie
    /// in another mount namespace. Then the loop device itself is asked.
    private static func node(_ path: String, of name: String, _ places: KernelPlaces) -> DeviceNode? {
        guard Linux.node(path) == nil else { return DeviceNode(path) }
        let loop = "\(places.dev)/\(name)"
        do throws(Errno) {
            return try Linux.loopBacking(loop).map { DeviceNode(blockNumber: $0) }
        } catch {
            places.note(error, loop)
            return nil
        }
    }

    /// The loop devices over a block device.
    package func backed(by node: DeviceNode?) -> [String] {
        backing.filter { $0.node == node }.map(\.loop)
    }
}
