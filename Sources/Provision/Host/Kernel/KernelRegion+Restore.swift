package import ProvisionCore

extension KernelRegion {
    /// Gives an inactive, unclaimed namespace the label that another had, and brings it online if that was online.
    package func reinstate(_ was: Namespace, on device: String) throws(OperationError) -> Namespace {
        try endRawAccess(device)
        if isLabelled {
            try clearUnfinished(was.labelUUID, besides: device)
            try relabel(device, as: was)
        }
        let result = was.isActive ? try bringOnline(device) : try readBack(device)
        guard result.isSame(as: was) else {
            throw OperationError(
                .failed, while: "bring back \(was.displayName)", device: device,
                reason: "it came up as \(result.mode?.rawValue ?? "unknown") \(result.rawSize)"
                    + (result.infoBlockUUID == was.infoBlockUUID ? "" : " with another info block"))
        }
        return result
    }

    /// Clears an object that has the UUID without capacity: a UUID can be given only once.
    private func clearUnfinished(_ label: UUID?, besides device: String) throws(OperationError) {
        guard let label else { return }
        for other in namespaceDevices where other != device {
            guard directory.text("\(other)/uuid").flatMap(UUID.init) == label,
                directory.number("\(other)/size") ?? 0 == 0
            else { continue }
            try store("0", in: "\(other)/size", "clear an unfinished creation")
        }
    }

    /// Allocates a place, and enables it once past any info block: the kernel offers the next namespace object only then.
    func occupy(_ placement: Placement, as label: UUID) throws(OperationError) -> NamespaceTarget {
        let namespace = try idleNamespace()
        do throws(OperationError) {
            try allocate(namespace, placement.layout, label)
            try requirePlace(namespace, placement.resource)
            try RawAccess(namespace: namespace).enableOnce(in: self)
            return NamespaceTarget(try readBack(namespace), region: device)
        } catch {
            throw error.adding(undoFailures: release(namespace, createdAs: label))
        }
    }

    /// The kernel names of the region's namespace objects.
    package var namespaceDevices: [String] {
        directory.entries().filter { $0.hasPrefix("namespace") && $0.last?.isNumber == true }
    }

    private func takeOfflineUnlessUsed(_ device: String) throws(OperationError) {
        let live = state(device)
        let guarding = live.isActive ? try UseGuard.unused(live, in: self) : nil
        try takeOffline(device, isHeld: true)
        extendLifetime(guarding)
        try endRawAccess(device)
    }

    /// The mode is cleared while the UUID changes, and set last: until then no info block counts.
    private func relabel(_ device: String, as was: Namespace) throws(OperationError) {
        var current = Label(reading: device, in: self)
        let wanted = label(of: was, replacing: current)
        if current.holderClass != wanted.holderClass, !current.holderClass.isEmpty {
            try store("", in: "\(device)/holder_class", "clear the mode")
            current.holderClass = ""
        }
        try write(wanted, over: current, to: device, isOld: true)
    }

    private func label(of was: Namespace, replacing current: Label) -> Label {
        var label = current
        label.uuid = was.labelUUID?.description ?? ""
        label.name = was.name ?? ""
        label.holderClass = was.recordedMode?.holderClass ?? ""
        let wanted = was.mode == .raw ? was.sectorSize ?? 512 : 512
        if wanted != current.sectorSize ?? 512 { label.sectorSize = wanted }
        return label
    }

    /// Removes the namespace with a label UUID, in whatever state a creation left it.
    package func remove(_ label: UUID) throws(OperationError) {
        for device in namespaceDevices where directory.text("\(device)/uuid").flatMap(UUID.init) == label {
            try takeOfflineUnlessUsed(device)
            try free(device)
        }
    }
}
