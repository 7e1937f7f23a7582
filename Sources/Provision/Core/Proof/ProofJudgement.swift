/// The verdict on a namespace. Pure: the same measurement has the same verdict.
public struct ProofJudgement: Equatable, Sendable {
    /// What was proven.
    public private(set) var verdict: ProofVerdict
    /// Why, at least one.
    public private(set) var reasons: [ProofReason]
    /// Whether that is what a namespace of its mode is for: devdax proven, or memory that is all online; fsdax proven;
    /// sector and raw not DAX.
    public private(set) var passes: Bool
    /// The mapping that the verdict rests on; nil where it rests on none.
    public private(set) var mapping: MappingMeasurement?
    /// What makes a store durable; nil where that is not known.
    public private(set) var flush: ProofFlush?

    /// Judges a namespace.
    /// - Parameter device: its device as dax regions show it; nil where it has none.
    public init(
        _ namespace: Namespace, in region: Region, device: DaxRegion.Device? = nil,
        _ measurement: ProofMeasurement
    ) {
        self.init(.notProven, [])
        let found = Self.judge(namespace, device, measurement)
        self = found
        flush = Self.flush(found.verdict, region.persistenceDomain)
    }

    /// Judges a device of a dynamic dax region by what it is used as. Nothing of it is mapped.
    public init(_ device: DaxRegion.Device) {
        self =
            device.mode == .systemRAM
            ? Self.judgeMemory(device.holder, device)
            : ProofJudgement(.notProven, [ProofReason(.driver, "its device is not system memory")])
    }

    private init(
        _ verdict: ProofVerdict, _ reasons: [ProofReason], passes: Bool = false,
        mapping: MappingMeasurement? = nil
    ) {
        self.verdict = verdict
        self.reasons = reasons
        self.passes = passes
        self.mapping = mapping
    }

    private static func judge(
        _ namespace: Namespace, _ device: DaxRegion.Device?, _ measurement: ProofMeasurement
    ) -> ProofJudgement {
        if let failure = measurement.failure { return ProofJudgement(.notProven, [failure]) }
        guard namespace.isActive, let mode = namespace.mode else {
            return ProofJudgement(.notProven, [ProofReason(.disabled, "it is disabled")])
        }
        switch mode {
        case .sector, .raw: return judgeBlocks(namespace, mode, measurement)
        case .devdax: return judgeDevice(namespace, device, measurement)
        case .fsdax: return judgeFiles(namespace, measurement)
        }
    }

    /// What a program must do after a store.
    private static func flush(_ verdict: ProofVerdict, _ domain: PersistenceDomain) -> ProofFlush? {
        switch verdict {
        case .proven, .provenPerFile: domain == .cpuCache ? ProofFlush.none : .cpuCache
        case .provenWithoutSync, .notDax: .sync
        case .systemMemory, .notProven: nil
        }
    }
}

// MARK: - Sector and raw

extension ProofJudgement {
    private static func judgeBlocks(
        _ namespace: Namespace, _ mode: NamespaceMode, _ measurement: ProofMeasurement
    ) -> ProofJudgement {
        guard measurement.queueSupportsDax != true else {
            return ProofJudgement(
                .notProven,
                [ProofReason(.queue, "its block device says that it supports DAX, which this mode does not")])
        }
        let words =
            mode == .sector
            ? "a namespace in sector mode is never DAX: its block translation table copies each sector"
            : "a namespace in raw mode is not DAX: files on it are in the page cache"
        var reasons = [ProofReason(.mode, words)]
        if case .lacksInfoBlock(let recorded) = namespace.unfinished {
            reasons.append(
                ProofReason(
                    .infoBlock,
                    "its label records \(recorded.rawValue), and it runs raw: its info block is missing or unreadable"
                ))
        }
        return ProofJudgement(.notDax, reasons, passes: reasons.count == 1)
    }
}

// MARK: - Devdax

extension ProofJudgement {
    private static func judgeDevice(
        _ namespace: Namespace, _ device: DaxRegion.Device?, _ measurement: ProofMeasurement
    ) -> ProofJudgement {
        let holder = namespace.daxDevice ?? DaxDevice(.devdax)
        switch holder.mode {
        case .systemRAM: return judgeMemory(holder, device)
        case .disabled:
            let words =
                holder.isStranded
                ? "no driver holds its device, and its memory is still the kernel's: only a reboot gives it back"
                : "no driver holds its device: daxctl enable-device binds one"
            return ProofJudgement(.notProven, [ProofReason(.driver, words)])
        case .other:
            return ProofJudgement(
                .notProven, [ProofReason(.driver, "its device has the driver \(holder.driver ?? "unknown")")])
        case .devdax: break
        }
        switch measurement.device {
        case nil:
            return ProofJudgement(.notProven, [ProofReason(.node, "it has no character device")])
        case .failed(let reason): return ProofJudgement(.notProven, [reason])
        case .measured(let mapping):
            var judgement = judge(mapping, of: "the device", within: namespace)
            guard judgement.verdict == .proven, let align = namespace.align else { return judgement }
            if let pages = mapping.touch?.pages, pages != .uniform(align) {
                judgement.verdict = .notProven
                judgement.passes = false
                judgement.reasons.append(
                    ProofReason(.smallPages, "its alignment is \(align), and its pages are \(pages.words)"))
            }
            return judgement
        }
    }

    private static func judgeMemory(_ holder: DaxDevice, _ device: DaxRegion.Device?) -> ProofJudgement {
        let node = device?.targetNode.map { " of node \($0)" } ?? ""
        var reasons = [
            ProofReason(
                .systemMemory, "its device is the kernel's memory\(node) (driver kmem): nobody can map it")
        ]
        guard let memory = holder.memory else {
            reasons.append(ProofReason(.memoryOffline, "whether its memory blocks are online is not known"))
            return ProofJudgement(.systemMemory, reasons)
        }
        let zones = Set(device?.memoryBlocks?.compactMap(\.zone) ?? []).sorted()
        let zone = zones.isEmpty ? "" : ", in the zone \(zones.joined(separator: " and "))"
        let isWhole = memory.total > 0 && memory.online == memory.total
        reasons.append(
            ProofReason(
                isWhole ? .systemMemory : .memoryOffline,
                "\(memory.online) of its \(memory.total) memory blocks are online\(zone)"))
        return ProofJudgement(.systemMemory, reasons, passes: isWhole)
    }
}

// MARK: - Fsdax

extension ProofJudgement {
    private static func judgeFiles(_ namespace: Namespace, _ measurement: ProofMeasurement) -> ProofJudgement
    {
        if measurement.queueSupportsDax == false {
            return ProofJudgement(
                .notDax, [ProofReason(.queue, "its block device does not support DAX (queue/dax is 0)")])
        }
        let judged = measurement.fileSystems.map { judge($0, within: namespace) }
        if let decided = judged.first(where: { $0.verdict != .notProven }) { return decided }
        let reasons = judged.flatMap(\.reasons) + measurement.unmeasured
        guard reasons.isEmpty else { return ProofJudgement(.notProven, reasons) }
        let able =
            measurement.queueSupportsDax == true
            ? "the block device supports DAX" : "the block device does not say"
        return ProofJudgement(
            .notProven,
            [
                ProofReason(
                    .notMounted,
                    "no file system is mounted, and a file system decides: \(able); mount ext4 or xfs with -o dax=always"
                )
            ])
    }

    private static func judge(_ system: FileSystemMeasurement, within namespace: Namespace) -> ProofJudgement
    {
        let place = "\(system.type) at \(system.mountPoint)"
        switch system.file {
        case .failed(let reason): return ProofJudgement(.notProven, [reason])
        case .measured(let mapping):
            let plain = judge(mapping, of: "a file on \(place)", within: namespace)
            // Where files need the attribute, the root's own says nothing of other directories.
            if plain.verdict == .proven, system.daxOption != "always" {
                return perFile(plain.reasons, plain.mapping)
            }
            guard plain.verdict == .notDax, let attributed = system.attributedFile else { return plain }
            return judge(attributed, beside: plain, place, within: namespace)
        }
    }

    /// The verdict on a file system whose files are not DAX of themselves.
    private static func judge(
        _ attributed: MappingOutcome, beside plain: ProofJudgement, _ place: String,
        within namespace: Namespace
    ) -> ProofJudgement {
        switch attributed {
        case .failed(let reason):
            return ProofJudgement(.notProven, plain.reasons + [reason], mapping: plain.mapping)
        case .measured(let mapping):
            let found = judge(mapping, of: "a file with the DAX attribute on \(place)", within: namespace)
            guard found.verdict == .proven else {
                return found.verdict == .notDax
                    ? ProofJudgement(.notDax, plain.reasons + found.reasons, mapping: plain.mapping) : found
            }
            return perFile(found.reasons + plain.reasons, mapping)
        }
    }

    private static func perFile(_ reasons: [ProofReason], _ mapping: MappingMeasurement?) -> ProofJudgement {
        let words =
            "only files with the DAX attribute are DAX, and those of directories that had it when they were made: mount with "
            + "-o dax=always, or set it on each directory (xfs_io -c 'chattr +x')"
        return ProofJudgement(
            .provenPerFile, reasons + [ProofReason(.attributeOnly, words)], mapping: mapping)
    }
}

// MARK: - A mapping

extension ProofJudgement {
    private static func judge(
        _ mapping: MappingMeasurement, of what: String, within namespace: Namespace
    ) -> ProofJudgement {
        if let address = mapping.address, let start = namespace.resource,
            address < start || address - start >= namespace.rawSize.bytes
        {
            let place = String(address, radix: 16)
            return ProofJudgement(
                .notProven,
                [ProofReason(.foreignMemory, "\(what) lies at 0x\(place), which is outside the namespace")],
                mapping: mapping)
        }
        guard mapping.isSynchronous else {
            guard mapping.isDax == true else {
                return ProofJudgement(
                    .notDax, [ProofReason(.pageCache, "\(what) is in the page cache: MAP_SYNC was refused")],
                    mapping: mapping)
            }
            let words = "\(what) is DAX, and MAP_SYNC was refused: only fsync or msync make stores durable"
            return ProofJudgement(.provenWithoutSync, [ProofReason(.noMapSync, words)], mapping: mapping)
        }
        guard mapping.isDax != false else {
            let words = "\(what) was mapped with MAP_SYNC, and statx does not call it DAX"
            return ProofJudgement(.notProven, [ProofReason(.noMapSync, words)], mapping: mapping)
        }
        return ProofJudgement(
            .proven, [ProofReason(.mapSync, "\(what) was mapped with MAP_SYNC")], passes: true,
            mapping: mapping)
    }
}

extension MappingMeasurement.Touch.Pages {
    /// "of 2 MiB".
    public var words: String {
        switch self {
        case .uniform(let size): "of \(size)"
        case .mixed: "of 2 MiB and of 4 KiB"
        case .unknown: "of unknown size"
        }
    }
}
