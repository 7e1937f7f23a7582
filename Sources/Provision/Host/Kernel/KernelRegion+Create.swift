package import ProvisionCore

extension KernelRegion {
    /// Allocates, configures and enables a new namespace.
    ///
    /// Name, sector size and holder class are set while the object has no UUID, so that nothing is written to the
    /// label area for them; the size store then writes one label that says everything (namespace_devs.c,
    /// `nd_namespace_label_update`). A crash in between leaves nothing, or an allocation that the journalled UUID
    /// and the recorded mode tell apart from a raw namespace.
    ///
    /// A devdax device can only be mapped, where a media error ends the process: so what lies there is looked at before,
    /// past any info block.
    /// - Parameter look: gets the sample of a devdax namespace's media.
    package func create(
        _ placement: Placement, identity: FreshIdentity, look: (MediaSample) -> Void
    ) throws(OperationError) -> Namespace {
        guard isLabelled else {
            throw OperationError(
                .failed, while: "create a namespace", device: device,
                reason: "the region has no labels: its one namespace spans it")
        }
        let namespace = try idleNamespace()
        do {
            try allocate(namespace, placement.layout, identity.labelUUID)
            try requirePlace(namespace, placement.resource)
            if placement.layout.mode == .raw {
                var nobodys: [(offset: ByteCount, bytes: [UInt8])] = []
                try RawAccess(namespace: namespace)
                    .wipeInfoBlocks(of: placement.layout.rawSize, in: self, noting: &nobodys)
            }
            if placement.layout.mode == .devdax { look(try sample(namespace, for: placement)) }
            try configureAndEnable(namespace, placement.layout, identity.infoBlock)
            let created = try readBack(namespace)
            try verify(created, against: placement.layout, identity: identity, resource: placement.resource)
            return created
        } catch {
            let isOurs = holds(namespace, placement.layout, identity)
            let label = isOurs ? directory.text("\(namespace)/uuid").flatMap(UUID.init) : identity.labelUUID
            throw error.adding(undoFailures: release(namespace, createdAs: label))
        }
    }

    private func sample(_ namespace: String, for placement: Placement) throws(OperationError) -> MediaSample {
        let range = placement.layout.dataRange(at: placement.resource)
        var pages: [[UInt8]] = []
        let places = MediaSample.offsets(in: range).map { Extent(offset: $0, length: MediaSample.page) }
        try RawAccess(namespace: namespace).read(places, in: self) { _, bytes in
            pages.append(bytes ?? [])
            return true
        }
        return MediaSample(view: .media, range: range, pages: pages)
    }

    /// A namespace object without capacity: number 0 where that is idle, as ndctl does, else the seed.
    ///
    /// The kernel makes a new seed when the current one is first enabled, so a seed that somebody configured and
    /// never enabled blocks every further creation except in an idle number 0.
    package func idleNamespace() throws(OperationError) -> String {
        let zero = "namespace\(Sysfs.number(device)).0"
        if directory.number("\(zero)/size") == 0, !directory.exists("\(zero)/driver") { return zero }
        guard let seed = directory.text("namespace_seed") else {
            throw OperationError(
                .failed, while: "create a namespace", device: device,
                reason: "the kernel offers no further namespace in this region",
                advice: "see the kernel log (dmesg)")
        }
        // The last thing that becomes true of a new device, that its region can find it, shows nowhere.
        waitForProbe()
        guard directory.number("\(seed)/size") == 0 else {
            throw OperationError(
                .failed, while: "create a namespace", device: device,
                reason:
                    "\(seed) is configured but was never enabled, and the kernel offers another one only then",
                advice: "enable or destroy \(seed)")
        }
        return seed
    }

    package func allocate(_ namespace: String, _ layout: Layout, _ label: UUID) throws(OperationError) {
        var described = Label(reading: namespace, in: self)
        described.uuid = label.description
        described.name = layout.name?.text ?? ""
        described.holderClass = layout.mode.holderClass
        // A recycled object, or a seed that a failed creation left, keeps the sector size that it was given.
        let current = described.sectorSize
        described.sectorSize = Self.sectorSize(for: layout.ofNewNamespace, replacing: current) ?? current
        try allocate(namespace, described, layout.rawSize)
    }

    /// Gives an idle namespace object a label and capacity.
    package func allocate(_ namespace: String, _ label: Label, _ size: ByteCount) throws(OperationError) {
        if directory.text("\(namespace)/uuid") != nil {
            // A UUID without a size: a creation that stopped there. Size 0 clears it.
            try requireLeft(namespace)
            try store("0", in: "\(namespace)/size", "clear an unfinished creation")
        }
        try store(label.name, in: "\(namespace)/alt_name", "set the name")
        if let sectors = label.sectorSize, sectors != currentSectorSize(namespace) {
            try store(String(sectors), in: "\(namespace)/sector_size", "set the sector size")
        }
        try store(label.holderClass, in: "\(namespace)/holder_class", "set the mode")
        try store(label.uuid, in: "\(namespace)/uuid", "set the label UUID")
        guard (directory.number("\(namespace)/size") ?? 0) == 0 else { throw .taken(namespace) }
        try store(String(size.bytes), in: "\(namespace)/size", "allocate \(size)")
        guard directory.text("\(namespace)/uuid") == label.uuid else { throw .taken(namespace) }
    }

    /// Refuses a place other than the planned one before anything is written to the media there.
    package func requirePlace(_ namespace: String, _ resource: UInt64?) throws(OperationError) {
        let actual = directory.number("\(namespace)/resource")
        guard let resource, let actual, actual != resource else { return }
        throw OperationError(
            .changed, while: "allocate the capacity", device: namespace,
            reason: "the kernel put it at \(Hexadecimal.number(actual)), not at "
                + "\(Hexadecimal.number(resource)) as planned",
            advice: "another tool changed the region: plan again")
    }

    /// Claims an unclaimed namespace as the layout says, and binds the driver. Raw namespaces have no claim.
    package func configureAndEnable(
        _ namespace: String, _ layout: Layout, _ infoBlock: UUID
    ) throws(OperationError) {
        guard let attribute = layout.mode.seedAttribute else { return try bind(namespace) }
        // A tool that died while it looked at the media has left it, and the next enable would come up raw.
        try endRawAccess(namespace)
        guard let claim = directory.text(attribute) else {
            throw OperationError(
                .failed, while: "claim \(namespace)", device: device,
                reason: "the kernel has no \(attribute): it does not support \(layout.mode.rawValue) here")
        }
        waitFor(claim)
        let other = directory.text("\(claim)/namespace")
        guard other != namespace else { throw .taken(namespace) }
        if other != nil || directory.text("\(claim)/uuid") != nil { try requireLeft(claim) }
        if let other {
            // An idle seed that claims a namespace is a creation that stopped there: with it, nobody gets a new one.
            try store("", in: "\(claim)/namespace", "release \(other) from an unfinished creation")
        }
        if let map = layout.map {
            try store(map == .dev ? "pmem" : "ram", in: "\(claim)/mode", "set the place of the page map")
        }
        if let align = layout.align {
            try store(String(align.size.bytes), in: "\(claim)/align", "set the alignment")
        }
        if layout.mode == .sector, let sectors = layout.sectorSize {
            try store(String(sectors.bytes), in: "\(claim)/sector_size", "set the sector size")
        }
        try store(infoBlock.description, in: "\(claim)/uuid", "set the info block's UUID")
        try store(namespace, in: "\(claim)/namespace", "claim \(namespace)")
        try bind(claim)
    }

    /// The sector size that the label must be given, or nil where it has that.
    ///
    /// The label's size is the logical sector of raw and fsdax block devices, for which it is 0 (meaning 512), 512
    /// or 4096. A recycled object keeps the one it had. Sector mode keeps its size in the info block instead.
    package static func sectorSize(for layout: Layout, replacing current: UInt32?) -> UInt32? {
        let effective = current ?? 512
        let wanted = layout.mode == .raw ? layout.sectorSize?.bytes ?? effective : 512
        return wanted == effective ? nil : wanted
    }

    /// The sector size in the label; nil where it says none.
    package func currentSectorSize(_ namespace: String) -> UInt32? {
        directory.text("\(namespace)/sector_size").flatMap(SysfsNamespaceReader.selected)
    }

    /// Checks that a namespace is what it was to become.
    package func verify(
        _ namespace: Namespace, against layout: Layout, identity: FreshIdentity, resource: UInt64?
    ) throws(OperationError) {
        let label = isLabelled ? identity.labelUUID : nil
        let claimed = layout.mode != .raw
        try namespace.require(namespace.isActive, "it is not active")
        try namespace.require(layout, in: [.mode, .rawSize])
        try namespace.require(namespace.labelUUID == label, "its label has another UUID")
        try namespace.require(
            !isLabelled || namespace.extents == 1, "it has \(namespace.extents ?? 0) extents on a DIMM")
        if isLabelled { try namespace.require(layout, in: [.name]) }
        try namespace.require(
            !claimed || namespace.infoBlockUUID == identity.infoBlock, "its info block has another UUID")
        try namespace.require(layout, in: [.map, .align, .sectorSize])
        if let resource, let actual = namespace.resource {
            try namespace.require(
                actual == resource,
                "the kernel put it at \(Hexadecimal.number(actual)), not at \(Hexadecimal.number(resource))"
            )
        }
    }

    /// Takes back a creation, however far it came, and says what of that failed.
    ///
    /// A size store that failed may have reached the label area all the same, so size 0 is stored in any case; it
    /// also clears the UUID of an object that got no capacity.
    package func release(_ namespace: String, createdAs label: UUID?) -> [OperationError] {
        if let uuid = directory.text("\(namespace)/uuid"), UUID(uuid) != label {
            return [
                OperationError(
                    .changed, while: "undo the creation", device: namespace,
                    reason: "it has become another namespace meanwhile: it is left alone")
            ]
        }
        do {
            try takeOffline(namespace)
            try free(namespace)
            return []
        } catch {
            return [error]
        }
    }

    /// Whether the object of a failed creation is ours although another tool may have changed its label UUID: our claim
    /// holds it, as the info block's UUID tells, or it runs as the raw namespace that we named. Nobody else can name or
    /// enable it then.
    private func holds(_ namespace: String, _ layout: Layout, _ identity: FreshIdentity) -> Bool {
        if let claim = directory.text("\(namespace)/holder") {
            return directory.text("\(claim)/uuid").flatMap(UUID.init) == identity.infoBlock
        }
        return layout.mode == .raw && directory.exists("\(namespace)/driver") && layout.name != nil
            && directory.text("\(namespace)/alt_name") == layout.name?.text
            && directory.number("\(namespace)/size") == layout.rawSize.bytes
    }

    /// Releases the capacity of an inactive, unclaimed namespace.
    package func free(_ namespace: String) throws(OperationError) {
        do {
            try store("0", in: "\(namespace)/size", "release the capacity")
        } catch {
            // ENXIO and ENOENT: there was no allocation any more.
            guard (directory.number("\(namespace)/size") ?? 0) == 0 else { throw error }
        }
        guard (directory.number("\(namespace)/size") ?? 0) == 0 else {
            throw OperationError(
                .failed, while: "release the capacity", device: namespace,
                reason: "it still has its size", advice: "see the kernel log (dmesg)")
        }
    }
}

extension OperationError {
    /// Another tool chose the same idle object: the kernel has no lock for it before it is enabled.
    fileprivate static func taken(_ namespace: String) -> OperationError {
        OperationError(
            .changed, while: "create a namespace", device: namespace,
            reason: "another tool took the same namespace object at the same time",
            advice: "wait until it has ended, and plan again")
    }
}

extension Namespace {
    /// Why it is not what a layout asks for in one of these attributes, the first of them; nil where it is that. Page map and
    /// alignment must be missing where the layout has none; the kernel chooses a sector size that is not asked for.
    package func mismatch(
        _ layout: Layout, in attributes: [NamespaceConfiguration.Attribute]
    ) -> String? {
        let isOpen = layout.sectorSize == nil
        let wrong = configuration.differences(
            to: layout.configuration, in: attributes.filter { $0 != .sectorSize || !isOpen }
        ).first
        return wrong.map { attribute, found, _ in
            switch attribute {
            case .name: "its label has another name"
            case .mode: "it came up as \(found?.description ?? "nothing")"
            case .rawSize: "its size is \(rawSize)"
            case .map, .align: "its alignment or page map is not the one asked for"
            case .sectorSize: "its sector size is not the one asked for"
            }
        }
    }

    fileprivate func require(
        _ layout: Layout, in attributes: [NamespaceConfiguration.Attribute]
    ) throws(OperationError) {
        if let mismatch = mismatch(layout, in: attributes) { try require(false, mismatch) }
    }

    fileprivate func require(_ condition: Bool, _ complaint: String) throws(OperationError) {
        guard !condition else { return }
        throw OperationError(
            .failed, while: "verify the result", device: device, reason: complaint,
            advice: "see the kernel log (dmesg)")
    }
}

extension NamespaceMode {
    /// The mode in the words of the attribute `holder_class`; raw has none.
    package var holderClass: String {
        switch self {
        case .fsdax: "pfn"
        case .devdax: "dax"
        case .sector: "btt"
        case .raw: ""
        }
    }

    /// The region's attribute that names the idle instance that can claim a namespace; raw needs none.
    fileprivate var seedAttribute: String? {
        switch self {
        case .fsdax: "pfn_seed"
        case .devdax: "dax_seed"
        case .sector: "btt_seed"
        case .raw: nil
        }
    }
}

extension Layout {
    /// The layout with the sector size that a new raw namespace has where none is asked for: not the one that a
    /// recycled object still has.
    package var ofNewNamespace: Layout {
        var layout = self
        if mode == .raw, sectorSize == nil { layout.sectorSize = SectorSize(512) }
        return layout
    }
}
