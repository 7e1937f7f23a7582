import Glibc
package import SystemPackage
public import ProvisionCore

extension KernelHost {
    /// See ``Host/examine(_:)``. Reads `/proc`, sysfs and the starts of block devices; writes nothing.
    public func examine(_ query: UseQuery) throws(OperationError) -> UseReport {
        try places.checking { places throws(OperationError) in try find(query, places) }
    }

    private func find(_ query: UseQuery, _ places: KernelPlaces) throws(OperationError) -> UseReport {
        var findings = UseReport()
        if let directory = query.stateDirectory {
            findings.stateDevices = FileSystemDevices.below(directory, places)
        }
        let agents =
            query.readsMemoryPolicy || query.readsDaxctlConf ? MemoryAgents(below: places.root) : nil
        if query.readsDaxctlConf, let agents { findings.add(agents) }
        if query.readsMemoryPolicy {
            findings.memoryPolicy = SystemMemory.policy(places)
            findings.memoryRules = (agents?.memoryRules ?? []).filter(\.bringsOnline).map(\.file)
            findings.memoryBlockSize = MemoryBlocks.size(places)
            findings.memmapOnMemory = MemmapAttribute.support(places)
        }
        for device in query.initializedRegions {
            findings.contentLooks[device] = try look(at: device, places)
        }
        try findLabels(query, &findings)
        if query.readsSystemMemory { findings.systemMemory = SystemMemoryRanges.read(places) }
        if query.readsDeviceRules {
            findings.deviceRulesFault = DeviceRulesFile(places.rules).fault.map { "\(places.rules): \($0)" }
        }
        guard !query.targets.isEmpty || !query.devices.isEmpty else { return findings }
        findings.obstacle = Sight.obstacle(places)
        if query.claimsDevices, let obstacle = findings.obstacle { throw obstacle }
        let search = UseSearch(places)
        var devices: [UseSearch.Device] = []
        for target in query.targets {
            let home = try region(target.region, places)
            let live = try home.live(target)
            guard live.isActive else { continue }
            if let device = home.characterDevice(of: live) {
                devices.append(device)
            } else if let disk = home.disk(of: live) {
                devices.append(search.block(disk, of: live.device))
                if DeviceNode("\(places.dev)/\(disk)") == nil { findings.missingNodes[live.device] = disk }
                findings.contents[live.device] = try SignatureProbe.signatures(disk, places)
            }
        }
        findings.uses = UseSearch.uses(of: devices, places)
        for (device, uses) in KernelDaxRegion.users(of: query.devices, places) {
            findings.uses[device] = uses
        }
        if query.claimsDevices {
            for device in devices where findings.uses[device.namespace] == nil {
                findings.uses[device.namespace] = try Self.refusedClaim(device, places)
            }
        }
        return findings
    }

    /// What an exclusive open finds beyond the lists; nil where nobody holds the device.
    private static func refusedClaim(
        _ device: UseSearch.Device, _ places: KernelPlaces
    ) throws(OperationError) -> [Holder]? {
        guard !device.name.hasPrefix("dax") else { return nil }
        do {
            _ = try ExclusiveOpen(
                block: device.name, O_RDONLY, places, while: "disable", device: device.namespace)
            return nil
        } catch {
            guard error.kind == .busy else { throw error }
            return [.exclusive(device.name)]
        }
    }
}

/// The block devices that a file lies on.
package enum FileSystemDevices {
    /// The kernel names of the devices below the file system that holds `path`, or would hold it: the device of the
    /// file system, what that is stacked on, and the disk of a partition. Nothing where it lies on none.
    package static func below(_ path: FilePath, _ places: KernelPlaces) -> [String] {
        var place = path
        var status = stat()
        while unsafe stat(place.string, &status) != 0 {
            let code = errno
            places.note(Errno(rawValue: code), place.string)
            guard code == ENOENT, place.removeLastComponent() else { return [] }
            if place.isEmpty { place = "." }
        }
        let number = Linux.deviceText(UInt64(status.st_dev))
        var found: [String] = []
        var pending = devices(number, places)
        while let name = pending.popLast() {
            guard !found.contains(name) else { continue }
            found.append(name)
            guard let directory = SysfsDirectory.ifThere("\(places.blockDevices)/\(name)", places) else {
                continue
            }
            pending += directory.entries("slaves")
            if directory.exists("partition"), let disk = disk(of: name, places) { pending.append(disk) }
            guard let file = directory.text("loop/backing_file") else { continue }
            let device = DeviceNode(file).map { devices($0.text, places) }
            pending += device ?? below(FilePath(file), places)
        }
        return found
    }

    /// The device with a number. A file system of several devices has a number of its own: its source tells one.
    private static func devices(_ number: String, _ places: KernelPlaces) -> [String] {
        if let name = name(number, places) { return [name] }
        let mounts = MountTable.parse(
            ProcText.lines("\(places.proc)/self/mountinfo", places), process: nil)
        let types = FileSystemTypes.onDevices(places)
        let sources = mounts.filter { $0.number == number && types?.contains($0.type) ?? true }.compactMap {
            DeviceNode($0.source)?.text
        }
        return Set(sources).compactMap { name($0, places) }
    }

    private static func name(_ number: String, _ places: KernelPlaces) -> String? {
        guard let directory = SysfsDirectory.ifThere("\(places.sysfs)/dev/block", places) else { return nil }
        return directory.linkTarget(number)
    }

    /// The disk of a partition: the directory above it in the tree of devices.
    private static func disk(of partition: String, _ places: KernelPlaces) -> String? {
        let above = "\(places.blockDevices)/\(partition)/.."
        guard let directory = SysfsDirectory.ifThere(above, places) else { return nil }
        return directory.text("dev").flatMap { name($0, places) }
    }
}
