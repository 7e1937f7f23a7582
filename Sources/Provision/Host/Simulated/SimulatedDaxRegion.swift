import Glibc
public import ProvisionCore

/// A dynamic dax region of a simulated host.
package struct SimulatedDaxRegion: DaxRegionStores {
    package let host: SimulatedHost
    package let identity: DaxRegionIdentity

    package func region() throws(OperationError) -> DaxRegion {
        guard let found = try host.daxRegion(identity) else {
            throw OperationError(
                .changed, while: "look at the dax region", reason: "the region \(identity) is not there")
        }
        return found
    }

    private func device(_ name: String) throws(OperationError) -> DaxRegion.Device {
        guard let found = try region().devices.first(where: { $0.name == name }) else {
            throw OperationError(.changed, while: "look at the device", device: name, reason: "it is gone")
        }
        return found
    }

    package func create() throws(OperationError) -> String {
        let before = Set(try region().devices.map(\.name))
        try host.store(.dax(.create(start: identity.start)))
        return try region().devices.map(\.name).first { !before.contains($0) } ?? ""
    }

    package func delete(_ device: String) throws(OperationError) { try host.store(.dax(.delete(device))) }

    package func setAlign(_ align: ByteCount, of device: String) throws(OperationError) {
        try host.store(.dax(.align(device, align)))
    }

    package func setSize(_ size: ByteCount, of device: String) throws(OperationError) {
        try host.store(.dax(.size(device, size)))
    }

    package func map(_ range: Range<UInt64>, to device: String) throws(OperationError) {
        guard try self.device(device).driver == nil else {
            throw OperationError(
                .changed, while: "change the memory of \(device)", device: device, reason: "it has a driver")
        }
        try host.store(.dax(.map(device, range)))
    }

    package func requireAlone(_ device: String) throws(OperationError) {
        guard try self.device(device).mode == .systemRAM else { return }
        try requireNoOtherUnbound(device, as: .devdax)
    }

    package func release(_ device: String) throws(OperationError) {
        let found = try self.device(device)
        guard found.driver != nil else { return }
        try blocksOffline(found)
        do throws(OperationError) {
            try host.store(.dax(.driver(device, nil)))
        } catch {
            guard host.isAlive, let was = found.holder.use, was.isOnline else { throw error }
            do throws(OperationError) { try host.store(.dax(.driver(device, was))) } catch let undo {
                throw error.adding(undoFailures: [undo])
            }
            throw error
        }
    }

    /// Memory blocks are offline whenever the driver changes.
    private func blocksOffline(_ device: DaxRegion.Device) throws(OperationError) {
        guard device.mode == .systemRAM, device.memory.map({ $0.online > 0 }) ?? false else { return }
        let isOn = device.memmapOnMemory == true
        try host.store(.dax(.driver(device.name, .systemRAM(.none, memmapOnMemory: isOn))))
    }

    package func use(_ device: String, as use: DeviceUse) throws(OperationError) {
        let found = try self.device(device)
        guard found.holder.use != use else { return }
        let isRebound =
            found.mode != .systemRAM || !use.isSystemRAM
            || (found.memmapOnMemory ?? false) != use.hasMemmapOnMemory
        if isRebound { try requireNoOtherUnbound(device, as: use) }
        try host.holdingMemoryPolicy(if: use.isSystemRAM && isRebound) { () throws(OperationError) in
            try change(found, to: use, isRebound: isRebound)
        }
    }

    private func change(
        _ found: DaxRegion.Device, to use: DeviceUse, isRebound: Bool
    ) throws(OperationError) {
        let (device, was) = (found.name, found.holder.use)
        try blocksOffline(found)
        if isRebound, found.driver != nil { try host.store(.dax(.driver(device, nil))) }
        do throws(OperationError) {
            if use.isOnline { try host.store(.dax(.driver(device, use.offline))) }
            try host.store(.dax(.driver(device, use)))
        } catch {
            guard host.isAlive, let was else { throw error }
            do throws(OperationError) {
                try host.store(.dax(.driver(device, nil)))
                try requireNoOtherUnbound(device, as: was)
                try host.store(.dax(.driver(device, was)))
            } catch let undo {
                throw error.adding(undoFailures: [undo])
            }
            throw error
        }
    }

    /// Throws where giving a device its driver would give another the same.
    private func requireNoOtherUnbound(_ device: String, as use: DeviceUse) throws(OperationError) {
        guard host.state.mayTakeOthersAlong(use) else { return }
        let other = host.state.daxRegions.flatMap(\.devices).first {
            $0.name != device && $0.driver == nil && $0.size > .zero
        }
        guard let other else { return }
        throw OperationError(
            .failed, while: "configure the device", device: device,
            reason: DeviceHindrance.takesAlong(
                other.name, as: use.isSystemRAM ? "memory" : "open to programs"))
    }

    package func zero(_ device: String) throws(OperationError) { try host.store(.dax(.zero(device))) }

    package func resetNode(of device: String) throws(OperationError) { try give(.rootsAlone, to: device) }

    package func setRule(
        _ rights: NodeRights?, for ranges: [Range<UInt64>], as name: String
    ) throws(OperationError) {
        guard host.state.deviceRules[.memory(ranges)] != rights else { return }
        try host.store(.dax(.rule(ranges, rights)))
    }

    package func give(_ rights: NodeRights, to device: String) throws(OperationError) {
        guard try self.device(device).rights.node != rights else { return }
        try host.store(.dax(.rights(device, rights)))
    }

    package func requireUnused(_ device: String) throws(OperationError) {
        guard let use = host.daxUse(of: device) else { return }
        throw OperationError(
            .busy, while: "change the device", device: device, reason: use.text, advice: "end that use first")
    }
}

extension SimulatedHost {
    /// Looks the region up; see ``Host/daxRegion(_:)``.
    public func daxRegion(_ identity: DaxRegionIdentity) throws(OperationError) -> DaxRegion? {
        try requireAlive(while: "look at the dax region")
        return state.daxRegions.first { $0.identity == identity }
    }

    /// See ``RestoringHost/sample(of:in:from:)``.
    public func sample(
        of layout: DeviceLayout, in region: DaxRegionIdentity, from offset: ByteCount
    ) throws(OperationError) -> MediaSample? {
        guard let device = try daxRegion(region)?.device(of: layout.ranges), device.mode == .devdax,
            offset < device.size
        else { return nil }
        let range = Extent(offset: offset, length: device.size - offset)
        let pages = MediaSample.offsets(in: range).compactMap { layout.address(at: $0) }
            .map { state.media(from: $0, length: MediaSample.page) }
        return MediaSample(view: .device, range: range, pages: pages)
    }

    /// See ``RestoringHost/removeEmptyDevices(of:besides:)``.
    public func removeEmptyDevices(
        of region: DaxRegionIdentity, besides names: Set<String>
    ) throws(OperationError) {
        try SimulatedDaxRegion(host: self, identity: region).removeEmptyDevices(besides: names)
    }

    /// Writes to pages of a device of a dynamic dax region, as a program that has mapped it does.
    /// - Parameter offsets: from the start of the device; multiples of the page size.
    public func write(_ value: UInt64, toDevice device: String, at offsets: [ByteCount])
        throws(OperationError)
    {
        let found = state.daxRegions.flatMap(\.devices).first { $0.name == device }
        guard let found, found.mode == .devdax, let layout = found.layout else {
            throw OperationError(
                .failed, while: "map the device", device: device, reason: "it cannot be opened")
        }
        for address in offsets.compactMap({ layout.address(at: $0) }) { state.pages[address] = value }
    }

    /// What lies on pages of a device, by its offsets: the number that was written, or zero.
    public func read(device: String, at offsets: [ByteCount]) -> [UInt64]? {
        let found = state.daxRegions.flatMap(\.devices).first { $0.name == device }
        guard let found, found.mode == .devdax, let layout = found.layout else { return nil }
        return offsets.compactMap { layout.address(at: $0) }.map { state.pages[$0] ?? 0 }
    }

    /// What the state lists as the use of a device.
    package func daxUse(of device: String) -> Holder? {
        guard let holder = [device, "/dev/\(device)"].compactMap({ state.busy[$0] }).first else { return nil }
        return Holder(.exclusiveOpen, of: device, "in use: \(holder)")
    }
}

extension DeviceLayout {
    /// The physical address of an offset in the device; nil behind its end.
    package func address(at offset: ByteCount) -> UInt64? {
        var left = offset.bytes
        for range in ranges {
            if left < UInt64(range.count) { return range.lowerBound + left }
            left -= UInt64(range.count)
        }
        return nil
    }
}
