import ProvisionCore
import ProvisionHost

/// Media errors, on a machine that has none.
extension HostContract {
    static let clearing: [HostContract] = [
        HostContract("what no list of errors has is not written to", cleanRangeIsLeft),
        HostContract("nothing is cleared of what is used, offline or another", otherIsNotCleared),
        HostContract("without media errors no list has any", listsAreEmpty),
        HostContract("a scrub is as the bus shows it", scrubIsAsShown),
    ]

    /// What is written to the media of each namespace, from its start; it is cleared in this order.
    private static let words: [ByteCount: UInt8] = [.mib(16): 7, .mib(24): 8]
    private static let places: [ByteCount] = [.mib(16), .mib(24)]

    /// Has the body try what is written to a namespace of each mode whose block device is cleared by writing to it.
    private static func forEachWritten(
        _ region: ContractRegion, _ body: (Namespace, ErrorClearing) throws -> Void
    ) throws {
        let host = try region.restoring()
        for mode in [NamespaceMode.raw, .fsdax] {
            let written = try region.written(region.layout("\(mode)", 32, mode), words)
            // Where nothing can be cleared, there is nothing to ask.
            guard let unit = try host.clearingUnit(in: region.region(), for: written) else { return }
            try expect(MediaSample.page.isMultiple(of: unit))
            try body(written, try region.clearing(places, of: written))
        }
    }

    private static func cleanRangeIsLeft(_ region: ContractRegion) throws {
        try forEachWritten(region) { written, clearing in
            try expect(try region.told(of: clearing, upTo: 1) == [Told(0, .begins)])
            let told = try region.told(of: clearing)
            try expect(told.map(\.range) == [0, 0, 1, 1])
            for each in told {
                switch each.event {
                case .begins, .unread: break
                case .cleared, .lost, .failed: try expect(false)
                }
            }
            try expect(
                try region.pages(places, of: written) == [ContractRegion.page(7), ContractRegion.page(8)])
            try expect(try region.namespaces().contains(written))
        }
    }

    private static func otherIsNotCleared(_ region: ContractRegion) throws {
        let host = try region.restoring()
        let hardware = try require(region.hardware)
        try forEachWritten(region) { written, clearing in
            func refusal(of clearing: ErrorClearing) throws -> OperationError.Kind {
                try region.error { () throws(OperationError) in
                    try host.clearErrors(clearing) { _, _ in true }
                }.kind
            }
            let stop = try hardware.use(written)
            defer { stop() }
            try expect(try refusal(of: clearing) == .busy)
            stop()
            var other = clearing
            other.target?.labelUUID = region.identity().labelUUID
            try expect(try refusal(of: other) == .changed)
            let target = region.target(written)
            try region.perform(.disable(target))
            try expect(try refusal(of: clearing) == .changed)
            try region.perform(.enable(target))
            try expect(
                try region.pages(places, of: written) == [ContractRegion.page(7), ContractRegion.page(8)])
        }
    }

    private static func listsAreEmpty(_ region: ContractRegion) throws {
        for mode in [NamespaceMode.raw, .fsdax] { try region.create(region.layout("\(mode)", 32, mode)) }
        let observed = try region.host.observe()
        guard observed.regions.allSatisfy(\.badBlocks.isEmpty) else { return }
        let lists = try region.host.mediaErrorLists(of: observed)
        try expect(lists.truncated.isEmpty)
        try expect(lists.blockDevices.values.allSatisfy(\.isEmpty))
        // A simulated host tells no addresses.
        for namespace in try region.namespaces() {
            guard let address = lists.dataAddresses[namespace.device] else { continue }
            try expect(try address == region.dataRange(of: namespace).lowerBound)
        }
        try expect(try region.host.observe() == observed)
    }

    private static func scrubIsAsShown(_ region: ContractRegion) throws {
        let host = try region.restoring()
        let bus = try region.bus()
        guard bus.scrubState != .active else { return }
        guard bus.scrubState == .idle else {
            _ = try region.error { () throws(OperationError) in _ = try host.scrub(of: bus.device) }
            return
        }
        let progress = try host.scrub(of: bus.device)
        try expect(!progress.isRunning)
        try expect(try host.scrub(of: bus.device) == progress)
    }
}

/// What a clearing of media errors told of one of its ranges.
private struct Told: Equatable {
    var range: Int
    var event: ErrorClearing.Event

    init(_ range: Int, _ event: ErrorClearing.Event) {
        self.range = range
        self.event = event
    }
}

extension ContractRegion {
    /// The bus that it is on.
    func bus() throws -> Bus {
        try require(
            try host.observe().buses.first { bus in bus.regions.contains { $0.device == device } })
    }

    /// The clearing of a page each at these places of a namespace, from its start.
    fileprivate func clearing(_ places: [ByteCount], of namespace: Namespace) throws -> ErrorClearing {
        let first = try require(try region().resource)
        let start = ByteCount(try require(namespace.resource) - first)
        return ErrorClearing(
            region: device, target: target(namespace),
            ranges: places.map { Extent(offset: start + $0, length: MediaSample.page) },
            unit: try restoring().clearingUnit(in: region(), for: namespace) ?? MediaSample.page)
    }

    /// What a clearing tells, as long as it is to go on.
    fileprivate func told(of clearing: ErrorClearing, upTo count: Int = .max) throws -> [Told] {
        var told: [Told] = []
        try restoring().clearErrors(clearing) { range, event in
            told.append(Told(range, event))
            return told.count < count
        }
        return told
    }

    /// What users see of the pages at these places of the media of a namespace.
    fileprivate func pages(_ places: [ByteCount], of namespace: Namespace) throws -> [[UInt8]]? {
        let start = namespace.dataRange.offset
        return try restoring().readPages(of: target(namespace), at: places.map { $0 - start })
    }
}
