import Glibc

/// The proof that nobody uses an active namespace, and for a block device the means to keep it so: while this
/// lives, the device cannot be mounted.
struct UseGuard: ~Copyable {
    private let exclusive: ExclusiveOpen?

    private init(exclusive: consuming ExclusiveOpen?) {
        self.exclusive = exclusive
    }

    /// Looks for users of a namespace; throws ``HostError/Kind/busy`` with their names.
    static func unused(
        _ live: KernelRegion.Live, in region: borrowing KernelRegion
    ) throws(HostError) -> UseGuard {
        guard live.claim?.hasPrefix("dax") == true else {
            return UseGuard(exclusive: try holdBlockDevice(of: live, region))
        }
        try requireUnusedCharacterDevice(of: live, region)
        return UseGuard(exclusive: nil)
    }

    private static func holdBlockDevice(
        of live: KernelRegion.Live, _ region: borrowing KernelRegion
    ) throws(HostError) -> ExclusiveOpen? {
        guard let disk = region.directory.entries("\(live.running)/block").first else { return nil }
        let node = DeviceNode("/dev/\(disk)")
        let held: ExclusiveOpen
        do {
            held = try ExclusiveOpen("/dev/\(disk)", O_RDONLY, while: "disable", device: live.device)
        } catch {
            guard error.kind == .busy else { throw error }
            let partitions = region.directory.entries("\(live.running)/block/\(disk)").filter {
                $0.hasPrefix(disk)
            }
            let holders = region.directory.entries("\(live.running)/block/\(disk)/holders")
            let uses = BlockDeviceUses.find(disks: [disk] + partitions, holders: holders)
            let reason = uses.isEmpty ? "something holds it exclusively" : uses.joined(separator: ", ")
            throw busy(live, "\(disk): \(reason)")
        }
        if let node { try requireNoProcess(live, disk, node) }
        return held
    }

    private static func requireUnusedCharacterDevice(
        of live: KernelRegion.Live, _ region: borrowing KernelRegion
    ) throws(HostError) {
        let claim = live.running
        guard let device = SysfsNamespaceReader.characterDevice(of: claim, region.directory) else { return }
        if region.directory.linkTarget("\(claim)/\(device)/driver") == "kmem" {
            let blocks = MemoryBlocks.online(
                from: region.directory.number("\(claim)/\(device)/resource"),
                size: region.directory.number("\(claim)/\(device)/size"))
            guard blocks.isEmpty else {
                throw busy(
                    live, "\(device) is system memory, and \(blocks.count) of its memory blocks are online",
                    advice: "take them offline: daxctl offline-memory \(device)")
            }
        }
        if let node = DeviceNode("/dev/\(device)") { try requireNoProcess(live, device, node) }
    }

    /// A process that opened the device only for a moment, as udev does with every new block device, is waited for.
    private static func requireNoProcess(
        _ live: KernelRegion.Live, _ name: String, _ node: DeviceNode
    ) throws(HostError) {
        var users = node.users()
        for _ in 0..<10 where !users.isEmpty {
            usleep(100_000)
            users = node.users()
        }
        guard !users.isEmpty else { return }
        let names = users.prefix(5).map { "process \($0.id) (\($0.command))" }.joined(separator: ", ")
        let more = users.count > 5 ? " and \(users.count - 5) more" : ""
        throw busy(live, "\(name) is open in \(names)\(more)")
    }

    private static func busy(
        _ live: KernelRegion.Live, _ reason: String, advice: String = "stop what uses it"
    ) -> HostError {
        HostError(.busy, while: "disable", device: live.device, reason: reason, advice: advice, errno: EBUSY)
    }
}

extension KernelRegion {
    /// Throws with the users' names where somebody uses the namespace; an inactive one has no users.
    func requireUnused(_ target: NamespaceTarget) throws(HostError) {
        let live = try live(target)
        if live.isActive { _ = try UseGuard.unused(live, in: self) }
    }
}

/// What holds a block device exclusively, in words.
enum BlockDeviceUses {
    /// The mounts, swap areas and stacked devices on the given block devices (names below `/dev`).
    static func find(disks: [String], holders: [String]) -> [String] {
        let names = Set(disks.map { "/dev/\($0)" })
        let numbers = Set(disks.compactMap { DeviceNode("/dev/\($0)")?.text })
        var uses = holders.map { "part of \($0)" }
        uses += mountPoints(ProcText.lines("/proc/self/mountinfo"), numbers).map { "mounted at \($0)" }
        let swaps = ProcText.lines("/proc/swaps").compactMap {
            $0.split(separator: " ").first.map(String.init)
        }
        uses += swaps.filter(names.contains).map { _ in "in use as swap" }
        if uses.isEmpty { uses = foreignMounts(numbers) }
        return uses
    }

    /// The mount points in the lines of a `mountinfo` file whose device is one of `numbers` ("259:1").
    static func mountPoints(_ lines: [String], _ numbers: Set<String>) -> [String] {
        lines.compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 4, numbers.contains(String(fields[2])) else { return nil }
            return ProcText.unescaped(fields[4])
        }
    }

    private static func foreignMounts(_ numbers: Set<String>) -> [String] {
        for process in ProcText.processes() {
            let points = mountPoints(ProcText.lines("/proc/\(process)/mountinfo"), numbers)
            guard let first = points.first else { continue }
            return ["mounted at \(first) for process \(process) (\(ProcText.command(process)))"]
        }
        return []
    }
}

/// The memory blocks of the kernel's memory hotplug (`/sys/devices/system/memory`).
enum MemoryBlocks {
    private static let root = "/sys/devices/system/memory"

    /// The numbers of the online blocks in a physical range. A range that cannot be read counts as all online.
    static func online(from start: UInt64?, size: UInt64?) -> [UInt64] {
        guard let directory = try? SysfsDirectory(root),
            let unit = directory.text("block_size_bytes").flatMap({ UInt64($0, radix: 16) }), unit > 0
        else { return [] }
        guard let start, let size, size > 0 else { return [0] }
        return (start / unit...(start + size - 1) / unit).filter {
            directory.text("memory\($0)/state") == "online"
        }
    }
}
