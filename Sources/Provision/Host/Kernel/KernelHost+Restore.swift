import Glibc
public import ProvisionCore

extension KernelHost: RestoringHost {
    /// See ``RestoringHost/memoryPolicy``.
    public var memoryPolicy: String? { SystemMemory.policy(places) }

    /// See ``RestoringHost/setMemoryPolicy(_:)``.
    public func setMemoryPolicy(_ policy: String) throws(OperationError) {
        try SystemMemory.setPolicy(policy, places)
    }

    /// See ``RestoringHost/bootID``.
    public var bootID: String? {
        ProcText.lines("\(places.proc)/sys/kernel/random/boot_id", places).first
    }

    /// See ``RestoringHost/readMedia(of:_:_:)``.
    public func readMedia(
        of target: NamespaceTarget, _ ranges: [Extent], _ receive: (Int, [UInt8]?) -> Bool
    ) throws(OperationError) {
        try places.checking { places throws(OperationError) in
            let home = try region(target.region, places)
            let live = try home.inactive(target, for: "look at its media")
            try RawAccess(namespace: live.device).read(ranges, in: home, receive)
        }
    }

    /// See ``RestoringHost/readPages(of:at:)``.
    public func readPages(of target: NamespaceTarget, at offsets: [ByteCount]) throws(OperationError)
        -> [[UInt8]]?
    {
        try places.checking { places throws(OperationError) -> [[UInt8]]? in
            let home = try region(target.region, places)
            let live = try home.live(target)
            guard live.isActive, let disk = home.disk(of: live) else { return nil }
            return try BlockDevicePages(disk, of: live.device, places).read(at: offsets)
        }
    }

    /// See ``RestoringHost/isUnwritten(_:)``: the kernel counts the sectors that were written
    /// (Documentation/block/stat.rst, "write sectors"), and replaces a seed when it is first enabled. It counts only where
    /// the queue says so (drivers/nvdimm/pmem.c, `pmem_submit_bio`: `blk_queue_io_stat`), which is not the default here: while
    /// ``RawAccess`` lasts, it does.
    public func isUnwritten(_ target: NamespaceTarget) throws(OperationError) -> Bool? {
        try places.checking { places throws(OperationError) in
            let home = try region(target.region, places)
            let live = try home.live(target)
            guard live.isActive else {
                // A seed, or what a seed claims, was never enabled: nobody can have reached it. Whoever unbinds a claim
                // by hand leaves one that is no seed any more.
                let seeds = ["namespace_seed", "btt_seed", "pfn_seed", "dax_seed"]
                return seeds.contains { home.directory.text($0) == live.running }
            }
            guard let disk = home.disk(of: live),
                home.directory.text("\(live.running)/block/\(disk)/queue/iostats") == "1",
                let fields = home.directory.text("\(live.running)/block/\(disk)/stat")
            else { return nil }
            let counts = fields.split(separator: " ")
            return counts.count > 6 ? counts[6] == "0" : nil
        }
    }

    /// See ``RestoringHost/isUnusedTable(of:logs:)``.
    public func isUnusedTable(of target: NamespaceTarget, logs: [Extent]) throws(OperationError) -> Bool {
        var isUnused = !logs.isEmpty
        try readMedia(of: target, logs) { _, bytes in
            isUnused = bytes.map { TranslationLog.isUnused($0) } ?? false
            return isUnused
        }
        return isUnused
    }

    /// See ``RestoringHost/sample(ofCreated:in:)``.
    public func sample(
        ofCreated namespace: Namespace, in region: String
    ) throws(OperationError) -> MediaSample? {
        if let label = namespace.labelUUID, let sample = createdSamples[label] { return sample }
        guard let size = namespace.usableSize else { return nil }
        let range = Extent(offset: .zero, length: size)
        let target = NamespaceTarget(namespace, region: region)
        guard let pages = try readPages(of: target, at: MediaSample.offsets(in: range)) else { return nil }
        return MediaSample(view: .device, range: range, pages: pages)
    }

    /// See ``RestoringHost/memoryMargins(of:)``.
    public func memoryMargins(of target: NamespaceTarget) throws(OperationError) -> MemoryMargins? {
        try places.checking { places throws(OperationError) in
            try region(target.region, places).memoryMargins(target)
        }
    }

    /// See ``RestoringHost/sample(of:in:from:)``.
    public func sample(
        of layout: DeviceLayout, in region: DaxRegionIdentity, from offset: ByteCount
    ) throws(OperationError) -> MediaSample? {
        try places.checking { places throws(OperationError) in
            try KernelDaxRegion(region, places).sample(of: layout, from: offset)
        }
    }

    /// See ``RestoringHost/removeEmptyDevices(of:besides:)``.
    public func removeEmptyDevices(
        of region: DaxRegionIdentity, besides names: Set<String>
    ) throws(OperationError) {
        try KernelDaxRegion(region, places).removeEmptyDevices(besides: names)
    }

    /// See ``RestoringHost/occupy(_:as:)``.
    public func occupy(_ placement: Placement, as label: UUID) throws(OperationError) -> NamespaceTarget {
        try places.checking { places throws(OperationError) in
            try region(placement.region, places).occupy(placement, as: label)
        }
    }

    /// See ``RestoringHost/writeMedia(of:_:)``.
    public func writeMedia(of target: NamespaceTarget, _ pieces: [MediaPiece]) throws(OperationError) {
        try places.checking { places throws(OperationError) in
            let home = try region(target.region, places)
            let live = try home.inactive(target, for: "write its media back")
            try RawAccess(namespace: live.device).write(pieces, in: home)
        }
    }

    /// See ``RestoringHost/reinstate(_:on:)``.
    public func reinstate(_ was: Namespace, on target: NamespaceTarget) throws(OperationError) -> Namespace {
        try places.checking { places throws(OperationError) in
            let home = try region(target.region, places)
            let live = try home.inactive(target, for: "bring back \(was.displayName)")
            return try home.reinstate(was, on: live.device)
        }
    }

    /// See ``RestoringHost/removeRules(for:)``.
    public func removeRules(for devices: [DeviceKey]) throws(OperationError) {
        let file = DeviceRulesFile(places.rules)
        file.removeDraft()
        for key in devices { try file.set(nil, for: key) }
        try file.removeIfEmpty()
        regions = [:]
    }

    /// See ``RestoringHost/remove(_:from:)``.
    public func remove(_ label: UUID, from device: String) throws(OperationError) {
        try places.checking { places throws(OperationError) in
            try region(device, places).remove(label)
        }
    }
}
