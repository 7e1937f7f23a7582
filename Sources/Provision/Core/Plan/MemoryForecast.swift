/// What the memory blocks of a device will be: the whole blocks within its range (``MemoryHotplug/blocks(in:)``).
package struct MemoryForecast: Equatable {
    /// The size of a memory block.
    package var blockSize: ByteCount
    /// The numbers of the blocks.
    package var blocks: Range<UInt64>
    /// What lies before the first block, and after the last one: no memory comes of it.
    package var head: ByteCount
    package var tail: ByteCount

    /// The forecast for a physical range.
    package init(_ range: Range<UInt64>, blockSize: ByteCount) {
        let unit = blockSize.bytes
        self.blockSize = blockSize
        self.blocks = MemoryHotplug(blockSize: blockSize).blocks(in: range)
        guard !blocks.isEmpty else {
            head = ByteCount(range.upperBound - range.lowerBound)
            tail = .zero
            return
        }
        head = ByteCount(blocks.lowerBound * unit - range.lowerBound)
        tail = ByteCount(range.upperBound - blocks.upperBound * unit)
    }

    /// The forecast for several ranges: each by itself.
    fileprivate init(_ forecasts: [MemoryForecast], blockSize: ByteCount) {
        self.blockSize = blockSize
        blocks = 0..<UInt64(forecasts.reduce(0) { $0 + $1.blocks.count })
        head = forecasts.reduce(.zero) { $0 + $1.head }
        tail = forecasts.reduce(.zero) { $0 + $1.tail }
    }

    /// The memory that comes of it.
    package var size: ByteCount { blockSize * UInt64(blocks.count) }
    /// What the kernel needs to describe that memory: 64 bytes for each page of 4 KiB (`struct page`). It takes that from the memory that
    /// it has, or from the memory itself (``MemmapOnMemory``).
    package var pageMap: ByteCount { size / 64 }
}

/// Adds to a plan how much memory the devices will give that are to become system memory, and refuses those that give none.
package struct MemoryForecastReview: PlanReview {
    package let observed: Observed
    package let findings: UseReport

    /// A value of these parts.
    package init(observed: Observed, findings: UseReport) {
        self.observed = observed
        self.findings = findings
    }

    /// The plan with its notes and refusals.
    package func completed(_ plan: Plan) -> Plan {
        guard let unit = findings.memoryBlockSize, unit > .zero else { return plan }
        var plan = plan
        for planned in plan.steps {
            if let transition = planned.step.transition {
                plan.foretell(transition, of: planned.change, findings, unit, observed)
                continue
            }
            guard case .configureDevice(_, let use) = planned.step, use.isSystemRAM else { continue }
            let address = plan.changes[planned.change].address
            if let refusal = findings.refusal(of: use, address) { plan.refusals.append(refusal) }
            guard let range = plan.changes[planned.change].after?.dataRange else { continue }
            let forecast = MemoryForecast(range, blockSize: unit)
            if forecast.blocks.isEmpty {
                plan.refusals.append(
                    Self.tooSmall(address, ByteCount(range.upperBound - range.lowerBound), unit))
                continue
            }
            let node = observed.region(planned.step.region)?.targetNode
            plan.notes.append(Self.note(address, forecast, use, node))
        }
        return plan
    }

    /// The refusal of a device of this size that holds no whole memory block, which has `unit` bytes.
    fileprivate static func tooSmall(_ address: String, _ size: ByteCount, _ unit: ByteCount) -> Refusal {
        Refusal(
            .deviceUnusable, address,
            "it would give no memory: memory comes in whole blocks of \(unit), and none lies within its \(size)",
            advice: "choose a size of at least \(unit * 2)")
    }

    fileprivate static func note(
        _ address: String, _ forecast: MemoryForecast, _ use: DeviceUse, _ node: Int?
    ) -> Note {
        let place = node.map { " on node \($0)" } ?? ""
        let zone =
            switch use {
            case .systemRAM(.movable, _): "online in ZONE_MOVABLE"
            case .systemRAM(.kernel, _):
                "online in the kernel's zone, from which it may never go offline again"
            case .systemRAM(.none, _), .devdax: "and stays offline"
            }
        let map = forecast.pageMap
        let cost =
            use.hasMemmapOnMemory
            ? "\(map) of it describes it to the kernel (memmap_on_memory), so \(forecast.size - map) can be used, and none of "
                + "the kernel's other memory is needed"
            : "the kernel needs \(map) of its memory to describe it"
        return Note(
            .memoryForecast, address,
            "\(forecast.size)\(place) becomes memory (\(forecast.blocks.count) blocks of \(forecast.blockSize)), \(zone); "
                + "\(forecast.head) before and \(forecast.tail) after the blocks are not used; \(cost)")
    }
}

extension Plan {
    /// Adds what becomes of a device of a dynamic region that becomes memory: the kernel takes the whole blocks of each of its ranges.
    fileprivate mutating func foretell(
        _ transition: DeviceTransition, of change: Int, _ findings: UseReport, _ unit: ByteCount,
        _ observed: Observed
    ) {
        guard let after = transition.after, let use = after.use, use.isSystemRAM else { return }
        let address = changes[change].address
        if let refusal = findings.refusal(of: use, address) { refusals.append(refusal) }
        let forecasts = after.ranges.map { MemoryForecast($0, blockSize: unit) }
        let blocks = forecasts.reduce(0) { $0 + $1.blocks.count }
        guard blocks > 0 else {
            refusals.append(MemoryForecastReview.tooSmall(address, after.size, unit))
            return
        }
        let node = observed.daxRegion(transition.region)?.devices.first?.targetNode
        notes.append(
            MemoryForecastReview.note(address, MemoryForecast(forecasts, blockSize: unit), use, node))
    }
}

extension UseReport {
    /// Why the kernel does not put the page map of a device where a use asks for it; nil where it does, or that is not known.
    fileprivate func refusal(of use: DeviceUse, _ address: String) -> Refusal? {
        guard use.hasMemmapOnMemory else { return nil }
        switch memmapOnMemory {
        case .on, nil: return nil
        case .off:
            return Refusal(
                .deviceUnusable, address,
                "the kernel was booted without memory_hotplug.memmap_on_memory, and refuses memmap_on_memory for devices",
                advice:
                    "add memory_hotplug.memmap_on_memory=1 to its arguments and reboot, or take memmap_on_memory: true out of the profile"
            )
        case .absent:
            return Refusal(
                .deviceUnusable, address,
                "this kernel has no memmap_on_memory for dax devices (their attribute of that name)",
                advice: "take memmap_on_memory: true out of the profile, or boot Linux 6.8 or later")
        }
    }
}

extension NamespaceSummary {
    /// The physical addresses of the data of a devdax namespace; nil where they are not known.
    fileprivate var dataRange: Range<UInt64>? {
        guard mode == .devdax, let resource, let usableSize, let layout = Layout(configuration),
            let offset = NamespaceGeometry.dataOffset(of: layout, rawSize: rawSize, start: resource)
        else { return nil }
        let start = resource + offset.bytes
        return start..<(start + usableSize.bytes)
    }
}
