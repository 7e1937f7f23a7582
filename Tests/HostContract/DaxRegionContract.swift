import ProvisionCore
import ProvisionHost

/// What every ``Host`` must do with the devices of a dynamic dax region. Each clause gets an empty region of at least 1 GiB that may
/// become memory, in blocks of at most 128 MiB, and may leave devices behind.
package struct DaxRegionContract: Sendable, CustomStringConvertible {
    package let description: String
    package let check: @Sendable (ContractDaxRegion) throws -> Void

    init(_ description: String, _ check: @escaping @Sendable (ContractDaxRegion) throws -> Void) {
        self.description = description
        self.check = check
    }

    /// Every clause.
    package static let clauses = steps + beyondSteps

    private static let steps: [DaxRegionContract] = [
        DaxRegionContract("a device is what it was asked to be", aDeviceReadsBack),
        DaxRegionContract("observing changes nothing", observingChangesNothing),
        DaxRegionContract("the order of ranges is the order of offsets", rangesKeepTheirOrder),
        DaxRegionContract("a device grows and is cut", aDeviceChangesItsSize),
        DaxRegionContract("a device becomes memory, and a device again", memoryComesAndGoes),
        DaxRegionContract("every step turned round is its own undo", everyStepTurnsRound),
        DaxRegionContract("rights come and go with their device", rightsComeAndGo),
        DaxRegionContract("memory of another device is not taken", memoryOfOthersIsNotTaken),
        DaxRegionContract("a device that changed is refused", changedDeviceIsRefused),
        DaxRegionContract("what the kernel refuses leaves nothing", whatIsRefusedLeavesNothing),
        DaxRegionContract("what has no driver is not given one", withoutDriverStaysSo),
    ]

    private static func aDeviceReadsBack(_ region: ContractDaxRegion) throws {
        for align in [ByteCount.kib(4), .mib(2)] {
            for use in [DeviceUse.devdax, .systemRAM(.none), .systemRAM(.movable)] {
                let layout = region.layout([0..<256], align: align, use)
                try region.perform(nil, layout)
                try expect(try region.layouts() == [layout])
                try region.perform(layout, nil)
                try expect(try region.layouts() == [])
            }
        }
    }

    private static func observingChangesNothing(_ region: ContractDaxRegion) throws {
        try region.perform(nil, region.layout([128..<384]))
        let before = try region.found()
        try expect(try region.found() == before)
    }

    private static func rangesKeepTheirOrder(_ region: ContractDaxRegion) throws {
        let layout = region.layout([512..<576, 0..<64, 128..<192])
        try region.perform(nil, layout)
        try expect(try region.layouts() == [layout])
        // Another device lies between.
        let other = region.layout([64..<128])
        try region.perform(nil, other, as: "other")
        try expect(Set(try region.layouts()) == [layout, other])
        let cut = region.layout([512..<576, 0..<64])
        try region.perform(layout, cut)
        try expect(Set(try region.layouts()) == [cut, other])
    }

    private static func aDeviceChangesItsSize(_ region: ContractDaxRegion) throws {
        var now = region.layout([0..<64])
        try region.perform(nil, now)
        let steps: [[Range<UInt64>]] = [
            [0..<128], [0..<128, 256..<320], [0..<128, 256..<512], [0..<128, 256..<264], [0..<2], [768..<832],
        ]
        for ranges in steps {
            let next = region.layout(ranges)
            try region.perform(now, next)
            try expect(try region.layouts() == [next])
            now = next
        }
    }

    private static func memoryComesAndGoes(_ region: ContractDaxRegion) throws {
        let uses = [
            DeviceUse.devdax, .systemRAM(.none), .systemRAM(.movable), .devdax, .systemRAM(.movable),
            .systemRAM(.none),
        ]
        var now = region.layout([0..<384], .devdax)
        try region.perform(nil, now)
        for use in uses.dropFirst() + uses {
            let next = region.layout([0..<384], use)
            if next == now { continue }
            try region.perform(now, next)
            try expect(try region.layouts() == [next])
            now = next
        }
    }

    private static func everyStepTurnsRound(_ region: ContractDaxRegion) throws {
        let layouts: [DeviceLayout?] = [
            nil, region.layout([0..<256]), region.layout([0..<128], align: .kib(4)),
            region.layout([256..<512, 0..<256], .systemRAM(.none)), region.layout([512..<768]),
        ]
        for before in layouts {
            if let before { try region.perform(nil, before) }
            for after in layouts where after != before {
                try region.perform(before, after)
                try expect(try region.layouts() == [after].compactMap(\.self))
                try region.perform(after, before)
                try expect(try region.layouts() == [before].compactMap(\.self))
            }
            if let before { try region.perform(before, nil) }
        }
    }

    private static func rightsComeAndGo(_ region: ContractDaxRegion) throws {
        let rights = [nil, NodeRights(owner: 7, permissions: 0o640), NodeRights(group: 8)]
        var now = region.layout([0..<64])
        try region.perform(nil, now)
        for (end, given) in [(64, 1), (64, 2), (128, 2), (32, 1), (32, 0)] {
            let next = region.layout([0..<UInt64(end)], rights: rights[given])
            try region.perform(now, next)
            try expect(try region.layouts() == [next])
            now = next
        }
        let last = region.layout([0..<32], rights: rights[1])
        try region.perform(now, last)
        try region.perform(last, nil)
        // What comes in its place is root's alone.
        try region.perform(nil, region.layout([0..<32]), as: "next")
        try expect(try region.layouts() == [region.layout([0..<32])])
    }

    private static func memoryOfOthersIsNotTaken(_ region: ContractDaxRegion) throws {
        let there = region.layout([64..<192])
        try region.perform(nil, there)
        let wanted: [[Range<UInt64>]] = [[0..<128], [128..<256], [0..<64, 190..<192], [64..<192]]
        for ranges in wanted {
            try expect(try region.failure(nil, region.layout(ranges), as: "other").kind == .changed)
            try expect(try region.layouts() == [there])
        }
    }

    private static func changedDeviceIsRefused(_ region: ContractDaxRegion) throws {
        let there = region.layout([64..<192])
        try region.perform(nil, there)
        for before in [
            region.layout([64..<128]), region.layout([64..<192], align: .kib(4)),
            region.layout([64..<192], .systemRAM(.none)), region.layout([256..<384]),
        ] {
            for after in [nil, region.layout([256..<320])] {
                try expect(try region.failure(before, after).kind == .changed)
                try expect(try region.layouts() == [there])
            }
        }
    }

    /// A kernel binds a device alone, or would bind every device without a driver with it: then the step fails, and changes nothing.
    private static func withoutDriverStaysSo(_ region: ContractDaxRegion) throws {
        let memory = region.layout([256..<512], .systemRAM(.none))
        try region.perform(nil, memory, as: "memory")
        let there = region.layout([64..<128], nil)
        try region.perform(nil, there, as: "there")
        let steps: [(before: DeviceLayout?, after: DeviceLayout?)] = [
            (nil, region.layout([128..<192])), (memory, region.layout([256..<512])),
        ]
        for step in steps {
            let old = Set(try region.layouts())
            if let error = try region.error(step.before, step.after, as: "other") {
                try expect(error.kind == .failed && error.undoFailures == [])
                try expect(Set(try region.layouts()) == old)
            }
            try expect(try region.layouts().contains(there))
        }
    }

    private static func whatIsRefusedLeavesNothing(_ region: ContractDaxRegion) throws {
        // Not a multiple of 2 MiB, and behind the end of the region.
        let start = region.identity.start
        let end = start + region.identity.size.bytes
        for range in [start..<(start + 4096 * 3), (end - (2 << 20))..<(end + (2 << 20))] {
            let layout = DeviceLayout(ranges: [range], align: .mib(2), use: .devdax)
            let error = try region.failure(nil, layout)
            try expect(error.undoFailures == [])
            try expect(try region.layouts() == [])
            try expect(try region.found().devices.allSatisfy { $0.size > .zero || $0.name.hasSuffix(".0") })
        }
    }
}
