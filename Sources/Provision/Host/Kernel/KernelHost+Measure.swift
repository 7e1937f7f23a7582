import Glibc
public import ProvisionCore

extension KernelHost {
    /// See ``Host/measure(_:in:of:)``. Loads from character devices; makes files on mounted file systems; reads sysfs and `/proc`.
    /// Writes to no device.
    public func measure(_ namespace: Namespace, in region: Region, of provider: String) -> ProofMeasurement {
        guard namespace.isActive, namespace.mode != nil else { return ProofMeasurement() }
        do throws(OperationError) {
            return try places.checking { places throws(OperationError) in
                var found = try facts(of: namespace, in: region, places)
                switch namespace.mode {
                case .devdax where (namespace.daxDevice?.mode ?? .devdax) == .devdax:
                    found.device = try device(of: namespace, in: region, of: provider, places)
                case .fsdax:
                    if let disk = namespace.blockDevice {
                        FileSystemProbe(disk, places).measure(into: &found)
                    }
                default: break
                }
                return try checked(found, namespace, in: region, places)
            }
        } catch {
            return ProofMeasurement(failure: Self.reason(error))
        }
    }

    /// What attributes say.
    private func facts(
        of namespace: Namespace, in region: Region, _ places: KernelPlaces
    ) throws(OperationError) -> ProofMeasurement {
        let home = try self.region(region.device, places)
        var found = ProofMeasurement()
        found.deepFlush = home.directory.text("deep_flush").flatMap(Self.flag)
        guard let disk = namespace.blockDevice,
            let directory = SysfsDirectory.ifThere("\(places.blockDevices)/\(disk)", places)
        else { return found }
        found.queueSupportsDax = directory.text("queue/dax").flatMap(Self.flag)
        found.writeCache = directory.text("dax/write_cache").flatMap(Self.flag)
        return found
    }

    private static func flag(_ text: String) -> Bool? {
        switch text {
        case "0": false
        case "1": true
        default: nil
        }
    }

    /// What mapping the character device shows.
    private func device(
        of namespace: Namespace, in region: Region, of provider: String, _ places: KernelPlaces
    ) throws(OperationError) -> MappingOutcome? {
        let home = try self.region(region.device, places)
        guard let name = namespace.characterDevice, let claim = home.state(namespace.device).claim else {
            return nil
        }
        guard !home.isEmulated else {
            return .failed(
                ProofReason(.simulated, EmulatedMemory.unmappable("the memory of \(provider)")))
        }
        guard let node = DeviceNode(character: home.directory.text("\(claim)/\(name)/dev")),
            let size = home.directory.number("\(claim)/\(name)/size").map(ByteCount.init)
        else {
            return .failed(ProofReason(.changed, "its device went away meanwhile"))
        }
        let align = namespace.align ?? .mib(2)
        let length = max(min(ByteCount.mib(4), size.roundedDown(to: align)), align)
        guard
            let offset = CleanWindow.offset(
                of: length, align: align, in: size, avoiding: namespace.badBlocks)
        else {
            return .failed(
                ProofReason(
                    .mediaErrors, "no \(length) of it are free of known media errors: nothing is loaded"))
        }
        let descriptor = try DeviceFile.open(
            name, node, O_RDONLY | O_NOCTTY, places, while: "map", device: name)
        defer { close(descriptor) }
        return MappingProbe.device(descriptor, offset: offset, length: length, align: align)
    }

    /// The measurement, if the namespace is still what it was before.
    private func checked(
        _ found: ProofMeasurement, _ before: Namespace, in region: Region, _ places: KernelPlaces
    ) throws(OperationError) -> ProofMeasurement {
        let home = try self.region(region.device, places)
        let now = home.reader.namespace(before.device, in: home.directory)
        let isSame =
            now.map {
                $0.isSame(as: before) && $0.characterDevice == before.characterDevice
                    && $0.blockDevice == before.blockDevice && $0.daxDevice?.mode == before.daxDevice?.mode
            } ?? false
        guard isSame else {
            return ProofMeasurement(
                failure: ProofReason(.changed, "another tool changed it while it was measured: verify again"))
        }
        return found
    }

    private static func reason(_ error: OperationError) -> ProofReason {
        let code: ProofReason.Code =
            switch error.kind {
            case .notPermitted: .notPermitted
            case .changed: .changed
            case .busy, .failed, .unavailable, .record, .interrupted, .unfinished, .declined, .consentMissing:
                error.operation == "map" ? .node : .unreadable
            }
        return ProofReason(
            code, "cannot \(error.operation ?? "look at") \(error.device ?? "it"): \(error.reason)")
    }
}
