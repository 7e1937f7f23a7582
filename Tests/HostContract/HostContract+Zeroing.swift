import ProvisionCore
import ProvisionHost

/// Filling the data of a namespace with zeroes.
extension HostContract {
    static let zeroing: [HostContract] = [
        HostContract("zeroed data is zero, and nothing beside it changes", dataIsZeroed),
        HostContract("a range of the data is zeroed on the media, and no more", rangeIsZeroed),
        HostContract("what is used is not zeroed", usedIsNotZeroed),
        HostContract("what is offline or has changed is not zeroed", otherIsNotZeroed),
    ]

    /// Sectors of 512 bytes take eight times as many writes, and show no more.
    private static func layouts(_ region: ContractRegion) throws -> [Layout] {
        try ContractRegion.everyLayout(of: region.size(32)).filter {
            $0.mode != .sector || $0.sectorSize == SectorSize.sectorModeDefault
        }
    }

    /// What is written to the media of each namespace, from its start.
    private static let words: [ByteCount: UInt8] = [.mib(16): 7, .mib(24): 8]

    /// Where that lies in the data. A translation table maps its data elsewhere.
    private static func places(in namespace: Namespace) -> [ByteCount] {
        let start = namespace.dataRange.offset
        return namespace.mode == .sector ? [] : [.mib(16) - start, .mib(24) - start]
    }

    private static func dataIsZeroed(_ region: ContractRegion) throws {
        let host = try region.restoring()
        let last = try region.size(32) - MediaSample.page
        let before = region.target(try region.written(region.layout("before", 32, .raw), [last: 9]))
        let gap = try region.create("gap", 32)
        let behind = region.target(try region.written(region.layout("behind", 32, .raw), [.zero: 9]))
        try region.destroy(gap)
        for layout in try layouts(region) {
            let written = try region.written(layout, words)
            try expect(written.mode == layout.mode)
            try expect(written.resource == gap.resource)
            try expect(try region.perform(.zero(region.target(written))) == written)
            try region.withDataArea(of: written) { area in
                try expect(area.size == written.usableSize)
                let sampled = MediaSample.offsets(in: Extent(offset: .zero, length: area.size))
                let sums = try area.sums(at: sampled + places(in: written))
                try expect(sums.allSatisfy { $0 == MediaSample.zeroPage })
            }
            try expect(try host.readPages(of: before, at: [last]) == [ContractRegion.page(9)])
            try expect(try host.readPages(of: behind, at: [.zero]) == [ContractRegion.page(9)])
            try region.destroy(written)
        }
    }

    private static func rangeIsZeroed(_ region: ContractRegion) throws {
        let pages = [ContractRegion.page(7), ContractRegion.page(8)]
        let sums: [UInt32?] = pages.map { Checksum.of($0) }
        for layout in try layouts(region) where layout.mode != .sector {
            let written = try region.written(layout, words)
            let target = region.target(written)
            let places = places(in: written)
            try region.withDataArea(of: written) { area in
                try expect(try area.sums(at: places) == sums)
                try area.zero(Extent(offset: places[0], length: MediaSample.page))
                try area.makeDurable()
                try area.requireAlone()
                try expect(try area.sums(at: places) == [MediaSample.zeroPage, sums[1]])
                area.forgetPartitions()
            }
            try region.perform(.disable(target))
            try expect(
                try region.read([.mib(16), .mib(24)], of: target) == [ContractRegion.page(0), pages[1]])
            try expect(try region.perform(.enable(target)) == written)
            try region.destroy(written)
        }
    }

    private static func usedIsNotZeroed(_ region: ContractRegion) throws {
        let hardware = try require(region.hardware)
        for mode in [NamespaceMode.fsdax, .sector, .raw] {
            let used = try region.create("\(mode)", 32, mode)
            let target = region.target(used)
            let stop = try hardware.use(used)
            defer { stop() }
            try expect(try region.failure(of: .zero(target)).kind == .busy)
            try expect(try region.refusal(of: used).kind == .busy)
            try expect(try region.host.current(target) == used)
            stop()
            try expect(try region.perform(.zero(target)) == used)
        }
    }

    private static func otherIsNotZeroed(_ region: ContractRegion) throws {
        for mode in [NamespaceMode.fsdax, .devdax] {
            let created = try region.create("\(mode)", 32, mode)
            let target = region.target(created)
            var others = [created, created, created]
            others[0].name = "other"
            others[1].infoBlockUUID = region.identity().infoBlock
            others[2].labelUUID = region.identity().labelUUID
            for other in others { try expect(try region.refusal(of: other).kind == .changed) }
            try expect(try region.failure(of: .zero(region.target(others[2]))).kind == .changed)
            let disabled = try require(try region.perform(.disable(target)))
            try expect(try region.refusal(of: disabled).kind == .changed)
            try expect(try region.failure(of: .zero(target)).kind == .changed)
            try expect(try region.perform(.enable(target)) == created)
        }
    }
}

extension ContractRegion {
    /// A new namespace with pages of one word each on its media, as it is when it is enabled again.
    func written(_ layout: Layout, _ pages: [ByteCount: UInt8]) throws -> Namespace {
        let target = target(try create(layout))
        try perform(.disable(target))
        try write(pages, to: target)
        return try require(try perform(.enable(target)))
    }

    /// Opens the data area of an active namespace as long as the body runs.
    func withDataArea(of namespace: Namespace, _ body: (any DataArea) throws -> Void) throws {
        try body(try restoring().openDataArea(of: namespace, in: device))
    }
    /// The error of opening a data area that must be refused.
    func refusal(of namespace: Namespace) throws -> OperationError {
        let host = try restoring()
        return try error { () throws(OperationError) in
            _ = try host.openDataArea(of: namespace, in: device)
        }
    }
}
