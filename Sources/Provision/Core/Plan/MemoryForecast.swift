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
    /// What the kernel needs to describe that memory, of the memory that it has: 64 bytes for each page of 4 KiB
    /// (`struct page`).
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
                plan.foretell(transition, of: planned.change, unit, observed)
                continue
            }
            guard case .configureDevice(_, .systemRAM(let online)) = planned.step,
                let range = plan.changes[planned.change].after?.dataRange
            else { continue }
            let address = plan.changes[planned.change].address
            let forecast = MemoryForecast(range, blockSize: unit)
            if forecast.blocks.isEmpty {
                plan.refusals.append(
                    Refusal(
                        .deviceUnusable, address,
                        "it would give no memory: memory comes in whole blocks of \(unit), and none lies within its "
                            + "\(ByteCount(range.upperBound - range.lowerBound))",
                        advice: "choose a size of at least \(unit * 2)"))
                continue
            }
            let node = observed.region(planned.step.region)?.targetNode
            plan.notes.append(Self.note(address, forecast, online, node))
        }
        return plan
    }

    fileprivate static func note(
        _ address: String, _ forecast: MemoryForecast, _ online: OnlinePolicy, _ node: Int?
    ) -> Note {
        let place = node.map { " on node \($0)" } ?? ""
        let zone =
            switch online {
            case .movable: "online in ZONE_MOVABLE"
            case .kernel: "online in the kernel's zone, from which it may never go offline again"
            case .none: "and stays offline"
            }
        return Note(
            .memoryForecast, address,
            "\(forecast.size)\(place) becomes memory (\(forecast.blocks.count) blocks of \(forecast.blockSize)), \(zone); "
                + "\(forecast.head) before and \(forecast.tail) after the blocks are not used; the kernel needs \(forecast.pageMap) of its "
                + "memory to describe it")
    }
}

extension Plan {
    /// Adds what becomes of a device of a dynamic region that becomes memory: the kernel takes the whole blocks of each of its ranges.
    fileprivate mutating func foretell(
        _ transition: DeviceTransition, of change: Int, _ unit: ByteCount, _ observed: Observed
    ) {
        guard let after = transition.after, case .systemRAM(let online)? = after.use else { return }
        let address = changes[change].address
        let forecasts = after.ranges.map { MemoryForecast($0, blockSize: unit) }
        let blocks = forecasts.reduce(0) { $0 + $1.blocks.count }
        guard blocks > 0 else {
            refusals.append(
                Refusal(
                    .deviceUnusable, address,
                    "it would give no memory: memory comes in whole blocks of \(unit), and none lies within its \(after.size)",
                    advice: "choose a size of at least \(unit * 2)"))
            return
        }
        let node = observed.daxRegion(transition.region)?.devices.first?.targetNode
        notes.append(
            MemoryForecastReview.note(address, MemoryForecast(forecasts, blockSize: unit), online, node))
    }
}

extension NamespaceSummary {
    /// The physical addresses of the data of a devdax namespace; nil where they are not known.
    fileprivate var dataRange: Range<UInt64>? {
        guard mode == .devdax, let resource, let usableSize,
            let offset = NamespaceGeometry.dataOffset(
                rawSize: rawSize, start: resource, mode: .devdax, map: map,
                align: align.flatMap { Alignment($0) })
        else { return nil }
        let start = resource + offset.bytes
        return start..<(start + usableSize.bytes)
    }
}
