import SystemPackage
package import ProvisionCore

/// The capacity of a device-dax device as system memory (the driver `kmem`).
package enum SystemMemory {
    /// The use of a device by a driver other than `device_dax`; nil where there is none.
    ///
    /// The kernel refuses no unbind. With a block online the memory is stranded until the next boot; with all of them
    /// offline the unbind succeeds, and takes away what somebody configured as memory.
    package static func use(
        of device: String, below claim: String, _ directory: borrowing SysfsDirectory
    ) -> Holder? {
        guard let driver = directory.linkTarget("\(claim)/\(device)/driver"), driver != "device_dax" else {
            return nil
        }
        guard driver == "kmem" else {
            return Holder(.systemMemory, of: device, "bound to the driver \(driver)")
        }
        let online = MemoryBlocks.online(
            from: directory.number("\(claim)/\(device)/resource"),
            size: directory.number("\(claim)/\(device)/size"), directory.places)
        return use(of: device, onlineIn: MemoryBlocks.zones(of: online, directory.places))
    }

    /// The use of a device as system memory, by the zones of its blocks that are online.
    ///
    /// Blocks in ZONE_MOVABLE can go offline. Those in another zone hold the kernel's own pages, which it does not move:
    /// taking them offline fails as a rule (mm/memory_hotplug.c, `offline_pages`), and a reboot is what gives them back.
    package static func use(of device: String, onlineIn zones: [String]) -> Holder {
        let back = "daxctl reconfigure-device --mode=devdax \(device)"
        guard !zones.isEmpty else {
            return Holder(
                .systemMemory, of: device, "system memory, of which no block is online", advice: back)
        }
        let fixed = zones.filter { $0 != "Movable" }
        guard let zone = fixed.first else {
            return Holder(
                .systemMemory, of: device,
                "system memory, and \(zones.count) of its memory blocks are online",
                advice: "daxctl offline-memory \(device), then \(back)")
        }
        return Holder(
            .systemMemory, of: device,
            "system memory, and \(fixed.count) of its \(zones.count) online memory blocks are in the kernel's zone \(zone)",
            advice:
                "the kernel does not give such memory back: keep \(device) from becoming system memory at the next "
                + "boot, and reboot")
    }

    /// What the kernel does with new memory blocks; nil where it has no memory hotplug.
    package static func policy(_ places: KernelPlaces) -> String? {
        guard let directory = SysfsDirectory.ifThere(places.memoryBlocks, places) else { return nil }
        return directory.text(policyAttribute)
    }

    /// Changes what the kernel does with new memory blocks.
    package static func setPolicy(_ policy: String, _ places: KernelPlaces) throws(OperationError) {
        do throws(Errno) {
            try SysfsDirectory(places.memoryBlocks, places).write(policy, to: policyAttribute)
        } catch {
            throw .system(
                error.rawValue, while: "set the policy for new memory blocks to \(policy)", device: "memory")
        }
    }

    /// The attribute with what the kernel does with new memory blocks.
    package static let policyAttribute = "auto_online_blocks"
}

/// The memory blocks of the kernel's memory hotplug (`/sys/devices/system/memory`).
package enum MemoryBlocks {
    /// The size of a memory block; nil where the kernel has no memory hotplug.
    package static func size(_ places: KernelPlaces) -> ByteCount? {
        guard let directory = SysfsDirectory.ifThere(places.memoryBlocks, places) else { return nil }
        return hotplug(directory)?.blockSize
    }

    /// How the kernel takes memory in; nil where it does not. The policy is not read.
    package static func hotplug(_ directory: borrowing SysfsDirectory) -> MemoryHotplug? {
        guard let unit = directory.text("block_size_bytes").flatMap({ UInt64($0, radix: 16) }), unit > 0
        else {
            return nil
        }
        return MemoryHotplug(blockSize: ByteCount(unit))
    }

    /// The zone of each of these blocks (`valid_zones`, of which an online block shows the one it is in). Where that
    /// cannot be told, the block counts as one that can go offline.
    package static func zones(of blocks: [UInt64], _ places: KernelPlaces) -> [String] {
        guard let directory = SysfsDirectory.ifThere(places.memoryBlocks, places) else {
            return blocks.map { _ in "Movable" }
        }
        return blocks.map { zone(of: $0, directory) ?? "Movable" }
    }

    /// The zone of an online block; nil where the kernel does not tell one.
    package static func zone(of block: UInt64, _ directory: borrowing SysfsDirectory) -> String? {
        let zones = directory.text("memory\(block)/valid_zones")?.split(separator: " ") ?? []
        return zones.count == 1 && zones[0] != "none" ? String(zones[0]) : nil
    }

    /// The numbers of the online blocks in a physical range. A range that cannot be read counts as online.
    ///
    /// The driver adds whole blocks alone (drivers/dax/kmem.c, `dax_kmem_range`), so those at the edges are not its.
    package static func online(from start: UInt64?, size: UInt64?, _ places: KernelPlaces) -> [UInt64] {
        guard let directory = SysfsDirectory.ifThere(places.memoryBlocks, places),
            let hotplug = hotplug(directory)
        else {
            return []
        }
        guard let start, let size, size > 0 else { return [0] }
        return hotplug.blocks(in: start..<(start + size)).filter {
            directory.text("memory\($0)/state") != "offline" && directory.exists("memory\($0)")
        }
    }
}
