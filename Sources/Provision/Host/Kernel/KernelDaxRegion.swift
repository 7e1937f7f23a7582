import SystemPackage
package import ProvisionCore

/// A dynamic dax region of the kernel: its stores, by sysfs alone. libdaxctl loses their errors, and takes a device of several ranges
/// for one (daxctl/lib/libdaxctl.c, `memblock_in_dev`).
package struct KernelDaxRegion: DaxRegionStores {
    private let identity: DaxRegionIdentity
    private let places: KernelPlaces

    /// The region with these addresses.
    package init(_ identity: DaxRegionIdentity, _ places: KernelPlaces) {
        self.identity = identity
        self.places = places
    }

    package func region() throws(OperationError) -> DaxRegion {
        guard let found = find() else {
            throw OperationError(
                .changed, while: "look at the dax region", reason: "the region \(identity) is not there",
                advice: "see daxprov inventory")
        }
        return found
    }

    /// The region with these addresses; nil where there is none.
    package func find() -> DaxRegion? {
        Observed.find(identity, among: DaxRegionReader(places).read().regions)
    }

    /// Checksums of pages of a device; nil where there is no such device that programs could map.
    package func sample(
        of layout: DeviceLayout, from offset: ByteCount
    ) throws(OperationError) -> MediaSample? {
        guard let region = find(), let device = region.device(of: layout.ranges),
            device.driver == KernelDaxDevice.deviceDriver, offset < device.size
        else { return nil }
        let range = Extent(offset: offset, length: device.size - offset)
        let opened = try KernelDaxDevice.open(
            device.name, at: path(of: device.name, region), with: layout.ranges, places)
        let sums = try opened.sums(of: MediaSample.offsets(in: range), while: "look at what it holds")
        return MediaSample(view: .device, range: range, sums: sums)
    }

    private func path(of device: String, _ region: DaxRegion) -> String {
        "\(places.sysfs)/devices\(region.path)/\(device)"
    }

    private func open(_ name: String) throws(OperationError) -> KernelDaxDevice {
        let region = try region()
        let device = region.devices.first { $0.name == name }
        guard let ranges = device?.mappings?.map(\.range) else {
            throw OperationError(.changed, while: "look at the device", device: name, reason: "it is gone")
        }
        return try KernelDaxDevice.open(name, at: path(of: name, region), with: ranges, places)
    }

    // MARK: - Stores

    package func create() throws(OperationError) -> String {
        let before = Set(try region().devices.map(\.name))
        try store("1", in: "dax_region/create", while: "make a device")
        let after = try region()
        let made = after.devices.map(\.name).filter { !before.contains($0) }
        guard made.count == 1 else {
            throw OperationError(
                .changed, while: "make a device", device: after.name,
                reason: made.isEmpty
                    ? "the kernel made none" : "somebody else made one too (\(made.joined(separator: ", ")))",
                advice: "plan again when nobody else changes the region")
        }
        return made[0]
    }

    package func delete(_ device: String) throws(OperationError) {
        try store(device, in: "dax_region/delete", while: "remove \(device)")
    }

    package func setAlign(_ align: ByteCount, of device: String) throws(OperationError) {
        try requireNoDriver(device)
        try store("\(align.bytes)", in: "\(device)/align", while: "set the alignment of \(device)")
    }

    package func setSize(_ size: ByteCount, of device: String) throws(OperationError) {
        try requireNoDriver(device)
        try store("\(size.bytes)", in: "\(device)/size", while: "set the size of \(device)")
    }

    package func map(_ range: Range<UInt64>, to device: String) throws(OperationError) {
        // A range for a bound device is taken, and its first use is an oops.
        try requireNoDriver(device)
        let text = "\(Hexadecimal.number(range.lowerBound))-\(Hexadecimal.number(range.upperBound - 1))"
        try store(text, in: "\(device)/mapping", while: "give \(device) \(text)")
    }

    package func requireAlone(_ device: String) throws(OperationError) { try open(device).requireAlone() }

    package func release(_ device: String) throws(OperationError) {
        try open(device).release()
    }

    package func use(_ device: String, as use: DeviceUse) throws(OperationError) {
        try open(device).use(as: use)
    }

    package func zero(_ device: String) throws(OperationError) {
        try open(device).zero()
    }

    package func resetNode(of device: String) throws(OperationError) {
        do throws(OperationError) {
            try give(.rootsAlone, to: device)
        } catch {
            // The boot unit may not change owners. It clears no memory either: nothing new shows.
            guard error.kind == .notPermitted else { throw error }
        }
    }

    package func give(_ rights: NodeRights, to device: String) throws(OperationError) {
        // Rights that look right can have an access list beside them.
        guard KernelDaxDevice.rights(of: device, places) != nil || rights != .rootsAlone else { return }
        // An event that began when the driver was bound would end after us.
        if rights != .rootsAlone { try DeviceEvents.settle(readingRules: false, places) }
        let opened = try open(device)
        do throws(OperationError) {
            try opened.give(rights)
        } catch {
            // Where we may not change owners, udev has come to it by our rule, and an administrator's own rule wins.
            let rule = DeviceRulesFile(places.rules).rule(for: .memory(opened.ranges))
            guard error.kind == .notPermitted, DeviceEvents.areHandled(places), rule?.rights == rights
            else { throw error }
        }
    }

    package func setRule(
        _ rights: NodeRights?, for ranges: [Range<UInt64>], as name: String
    ) throws(OperationError) {
        let file = DeviceRulesFile(places.rules)
        let key = DeviceKey.memory(ranges)
        // What is not daxprov's has no rule of ours.
        if rights == nil, file.fault != nil { return }
        guard file.rule(for: key)?.rights != rights else { return }
        try file.set(rights.map { DeviceRules.Rule($0, for: name) }, for: key, places) {}
    }

    package func requireUnused(_ device: String) throws(OperationError) {
        if let obstacle = Sight.obstacle(places) { throw obstacle }
        let uses = Self.users(of: [device], places)[device] ?? []
        guard uses.isEmpty else {
            throw OperationError(
                .busy, while: "change the device", device: device, reason: uses.summary, advice: uses.advice)
        }
    }

    /// Who has devices open or mapped, by their names.
    package static func users(of devices: [String], _ places: KernelPlaces) -> [String: [Holder]] {
        UseSearch.uses(
            of: devices.compactMap { device in
                let directory = SysfsDirectory.ifThere("\(places.daxDevices)/\(device)", places)
                let node = DeviceNode(character: directory?.text("dev"))
                return node.map {
                    UseSearch.Device(namespace: device, name: device, uses: [], nodes: [(device, $0)])
                }
            }, places)
    }

    private func requireNoDriver(_ device: String) throws(OperationError) {
        let directory = SysfsDirectory.ifThere("\(places.daxDevices)/\(device)", places)
        guard let driver = directory?.linkTarget("driver") else { return }
        throw OperationError(
            .changed, while: "change the memory of \(device)", device: device,
            reason: "the driver \(driver) has taken it meanwhile",
            advice: "find out what binds drivers here, and plan again")
    }

    private func store(
        _ value: String, in attribute: String, while operation: String
    ) throws(OperationError) {
        let region = try region()
        do throws(Errno) {
            try SysfsDirectory("\(places.sysfs)/devices\(region.path)", places).write(value, to: attribute)
        } catch {
            throw .system(error.rawValue, while: operation, device: region.name)
        }
    }
}
