extension KernelHost: RestoringHost {
    /// See ``RestoringHost/readMedia(of:_:)``.
    public func readMedia(of target: NamespaceTarget, _ range: Extent) throws(HostError) -> [UInt8] {
        try ReadFailures.checking { () throws(HostError) in
            let home = try region(target.region)
            let live = try home.inactive(target, for: "save its media")
            return try RawAccess(namespace: live.device).read(range, in: home)
        }
    }

    /// See ``RestoringHost/occupy(_:as:)``.
    public func occupy(_ placement: Placement, as label: UUID) throws(HostError) -> NamespaceTarget {
        try ReadFailures.checking { () throws(HostError) in
            try region(placement.region).occupy(placement, as: label)
        }
    }

    /// See ``RestoringHost/writeMedia(of:_:contents:)``.
    public func writeMedia(
        of target: NamespaceTarget, _ saved: [SavedRange],
        contents: (SavedRange) throws(HostError) -> [UInt8]
    ) throws(HostError) {
        try ReadFailures.checking { () throws(HostError) in
            let home = try region(target.region)
            let live = try home.inactive(target, for: "write its media back")
            try home.write(saved, to: live.device, startingAt: target.resource, contents)
        }
    }

    /// See ``RestoringHost/restore(_:contents:)``.
    public func restore(
        _ restoration: Restoration, contents: (SavedRange) throws(HostError) -> [UInt8]
    ) throws(HostError) -> Namespace {
        try ReadFailures.checking { () throws(HostError) in
            try region(restoration.region).restore(restoration, contents: contents)
        }
    }

    /// See ``RestoringHost/remove(_:from:)``.
    public func remove(_ label: UUID, from device: String) throws(HostError) {
        try ReadFailures.checking { () throws(HostError) in try region(device).remove(label) }
    }
}

extension KernelRegion {
    /// Brings a namespace back, in place where it still has its extent, and by allocating it anew where not.
    ///
    /// In place: offline, the old label, the saved media, online again. Its neighbours never notice.
    func restore(
        _ restoration: Restoration, contents: (SavedRange) throws(HostError) -> [UInt8]
    ) throws(HostError) -> Namespace {
        let was = restoration.namespace
        let device = try present(restoration)
        if let device, let found = reader.namespace(device, in: directory), found.isSame(as: was),
            restoration.saved.isEmpty
        {
            return found
        }
        let namespace: String
        if let device {
            try takeOfflineUnlessUsed(device)
            if isLabelled { try relabel(device, as: was) }
            namespace = device
        } else {
            namespace = try allocateAnew(was, restoration)
        }
        return try finish(namespace, restoration, contents)
    }

    private func finish(
        _ namespace: String, _ restoration: Restoration, _ contents: (SavedRange) throws(HostError) -> [UInt8]
    ) throws(HostError) -> Namespace {
        let was = restoration.namespace
        try write(restoration.saved, to: namespace, startingAt: was.resource, contents)
        let result = was.isActive ? try bringOnline(namespace) : try readBack(namespace)
        guard result.isSame(as: was) else {
            throw HostError(
                .failed, while: "bring back \(was.displayName)", device: namespace,
                reason: "it came up as \(result.mode?.rawValue ?? "unknown") \(result.rawSize)"
                    + (result.infoBlockUUID == was.infoBlockUUID ? "" : " with another info block"))
        }
        return result
    }

    /// Allocates a place, and enables it once past any info block: the kernel offers the next namespace object only then.
    fileprivate func occupy(_ placement: Placement, as label: UUID) throws(HostError) -> NamespaceTarget {
        let namespace = try idleNamespace()
        do throws(HostError) {
            try allocate(namespace, placement.layout, label)
            try requirePlace(namespace, placement.resource)
            try RawAccess(namespace: namespace).enableOnce(in: self)
            return NamespaceTarget(try readBack(namespace), region: device)
        } catch {
            throw error.adding(undoFailures: release(namespace, createdAs: label))
        }
    }

    /// Writes saved ranges to the media of an inactive namespace that begins at an address.
    fileprivate func write(
        _ saved: [SavedRange], to namespace: String, startingAt start: UInt64?,
        _ contents: (SavedRange) throws(HostError) -> [UInt8]
    ) throws(HostError) {
        guard !saved.isEmpty else { return }
        try withoutActuallyEscaping(contents) { contents throws(HostError) in
            let pieces = saved.map { range in
                (
                    offset: ByteCount(range.address - (start ?? range.address)),
                    bytes: { () throws(HostError) in try contents(range) }
                )
            }
            try RawAccess(namespace: namespace).write(pieces, in: self)
        }
    }

    /// The namespace object that holds the extent now, under its own or a later label UUID; nil where none does. Objects
    /// that have such a UUID without capacity are cleared: a UUID can be given only once.
    private func present(_ restoration: Restoration) throws(HostError) -> String? {
        let was = restoration.namespace
        guard isLabelled else { return was.device }
        let labels = restoration.aliases.union(was.labelUUID.map { [$0] } ?? [])
        for device in namespaceDevices {
            guard let uuid = directory.text("\(device)/uuid").flatMap(UUID.init), labels.contains(uuid) else {
                continue
            }
            let size = directory.number("\(device)/size") ?? 0
            if size == was.rawSize.bytes, directory.number("\(device)/resource") == was.resource {
                return device
            }
            guard size == 0 else {
                throw HostError(
                    .changed, while: "bring back \(was.displayName)", device: device,
                    reason: "a namespace with its UUID lies elsewhere, or has another size",
                    advice: "compare daxprov inventory with daxprov history")
            }
            try store("0", in: "\(device)/size", "clear an unfinished creation")
        }
        return nil
    }

    /// The kernel names of the region's namespace objects.
    var namespaceDevices: [String] {
        directory.entries().filter { $0.hasPrefix("namespace") && $0.last?.isNumber == true }
    }

    private func takeOfflineUnlessUsed(_ device: String) throws(HostError) {
        let live = state(device)
        let guarding = live.isActive ? try UseGuard.unused(live, in: self) : nil
        try takeOffline(device)
        extendLifetime(guarding)
        if directory.text("\(device)/force_raw") == "1" {
            try store("0", in: "\(device)/force_raw", "end raw access")
        }
    }

    /// The mode is cleared while the UUID changes, and set last: until then no info block counts.
    private func relabel(_ device: String, as was: Namespace) throws(HostError) {
        var current = Label(reading: device, in: self)
        let wanted = label(of: was, replacing: current)
        if current.holderClass != wanted.holderClass, !current.holderClass.isEmpty {
            try store("", in: "\(device)/holder_class", "clear the mode")
            current.holderClass = ""
        }
        try write(wanted, over: current, to: device)
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

    private func allocateAnew(_ was: Namespace, _ restoration: Restoration) throws(HostError) -> String {
        let device = try idleNamespace()
        let label = label(of: was, replacing: Label(reading: device, in: self))
        do throws(HostError) {
            try allocate(device, label, was.rawSize)
            let resource = directory.number("\(device)/resource")
            guard resource == was.resource else {
                throw HostError(
                    .changed, while: "bring back \(was.displayName)", device: device,
                    reason: "the kernel put it at 0x\(String(resource ?? 0, radix: 16))",
                    advice: "somebody else uses its old place: see daxprov inventory")
            }
        } catch {
            throw error.adding(undoFailures: release(device, createdAs: was.labelUUID))
        }
        return device
    }

    /// Removes the namespace with a label UUID, in whatever state a creation left it.
    func remove(_ label: UUID) throws(HostError) {
        for device in namespaceDevices where directory.text("\(device)/uuid").flatMap(UUID.init) == label {
            try takeOfflineUnlessUsed(device)
            try free(device)
        }
    }
}

extension Namespace {
    /// Whether this is what the other was, in everything that people rely on.
    fileprivate func isSame(as other: Namespace) -> Bool {
        resource == other.resource && rawSize == other.rawSize && labelUUID == other.labelUUID
            && name == other.name && isActive == other.isActive && mode == other.mode && map == other.map
            && align == other.align && infoBlockUUID == other.infoBlockUUID && sectorSize == other.sectorSize
    }
}
