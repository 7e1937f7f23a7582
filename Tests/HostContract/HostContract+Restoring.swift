import ProvisionCore
import ProvisionHost

/// What undoing needs beyond steps.
extension HostContract {
    static let restoring: [HostContract] = [
        HostContract("a place that is held is nobody's, and is given back", heldPlaceIsGivenBack),
        HostContract("a place elsewhere than asked for is not held", placeElsewhereIsNotHeld),
        HostContract("media reads back as it was written", mediaReadsBack),
        HostContract("media of what is active is neither read nor written", activeMediaIsLeftAlone),
        HostContract("users see what lies on the media of a raw namespace", usersSeeTheMedia),
        HostContract("what nobody wrote to is not taken for written", unwrittenIsNotWritten),
        HostContract("a translation table that was written through is known", usedTableIsKnown),
        HostContract("a sample of what was created is the same again", samplesAreTheSameAgain),
        HostContract("a namespace comes back with its label and its info block", namespaceComesBack),
        HostContract("what is not what it was is not reinstated", otherIsNotReinstated),
        HostContract("what is not there is removed without a word", removingTwiceIsHarmless),
        HostContract("labels that nobody changed are read and written back", labelsAreWrittenBack),
    ]

    private static func heldPlaceIsGivenBack(_ region: ContractRegion) throws {
        let host = try region.restoring()
        _ = try region.create("one", 64)
        let before = try region.region()
        let label = region.identity().labelUUID
        let target = try region.occupy(64, as: label)
        let held = try require(try region.namespaces().first { $0.labelUUID == label })
        try expect(!held.isActive)
        try expect(region.target(held) == target)
        let size = try region.size(64)
        try expect(try region.region().availableSize == before.availableSize - size)
        try host.remove(label, from: region.device)
        try expect(try region.region().namespaces == before.namespaces)
        try expect(try region.region().availableSize == before.availableSize)
    }

    private static func placeElsewhereIsNotHeld(_ region: ContractRegion) throws {
        let host = try region.restoring()
        let before = try region.region()
        var placement = try region.place(64)
        placement.resource = placement.resource.map { $0 + (1 << 28) }
        let kept = placement
        let error = try region.error { () throws(OperationError) in
            _ = try host.occupy(kept, as: region.identity().labelUUID)
        }
        try expect(error.kind == .changed)
        try expect(try region.region().namespaces == before.namespaces)
        try expect(try region.region().availableSize == before.availableSize)
    }

    private static func mediaReadsBack(_ region: ContractRegion) throws {
        for layout in try ContractRegion.everyLayout(of: region.size(64)) {
            let target = region.target(try region.create(layout))
            try region.perform(.disable(target))
            let before = try region.host.current(target)
            try region.write([.mib(8): 7, .mib(8) + .kib(4): 8], to: target)
            try expect(
                try region.read([.mib(8) + .kib(4), .mib(8)], of: target)
                    == [ContractRegion.page(8), ContractRegion.page(7)])
            try expect(try region.host.current(target) == before)
            // Its users' metadata is as it was.
            try expect(try region.perform(.enable(target))?.mode == layout.mode)
        }
    }

    private static func activeMediaIsLeftAlone(_ region: ContractRegion) throws {
        let host = try region.restoring()
        let created = try region.create("one", 64, .raw)
        let target = region.target(created)
        let read = try region.error { () throws(OperationError) in
            try host.readMedia(of: target, [Extent(offset: .zero, length: MediaSample.page)]) { _, _ in true }
        }
        try expect(read.kind == .busy)
        let write = try region.error { () throws(OperationError) in
            try host.writeMedia(of: target, [MediaPiece(offset: .mib(1)) { ContractRegion.page(3) }])
        }
        try expect(write.kind == .busy)
        try expect(try region.namespaces() == [created])
    }

    private static func usersSeeTheMedia(_ region: ContractRegion) throws {
        let host = try region.restoring()
        let target = region.target(try region.create("one", 64, .raw))
        try region.perform(.disable(target))
        try expect(try host.readPages(of: target, at: [.zero]) == nil)
        try region.write([.mib(2): 5, .mib(3): 6], to: target)
        try region.perform(.enable(target))
        try expect(
            try host.readPages(of: target, at: [.mib(3), .mib(2)])
                == [ContractRegion.page(6), ContractRegion.page(5)])
        let devdax = region.target(try region.create("two", 64, .devdax))
        try expect(try host.readPages(of: devdax, at: [.zero]) == nil)
    }

    private static func unwrittenIsNotWritten(_ region: ContractRegion) throws {
        let host = try region.restoring()
        for layout in try ContractRegion.everyLayout(of: region.size(64)) {
            let target = region.target(try region.create(layout))
            try expect(try host.isUnwritten(target) != false)
        }
    }

    private static func usedTableIsKnown(_ region: ContractRegion) throws {
        let host = try region.restoring()
        let created = try region.create("one", 64, .sector)
        let target = region.target(created)
        let logs = NamespaceGeometry.translationLogs(rawSize: created.rawSize, labels: .v1_2)
        func isUnused() throws -> Bool {
            try region.perform(.disable(target))
            let isUnused = try host.isUnusedTable(of: target, logs: logs)
            try expect(try region.perform(.enable(target)) == created)
            return isUnused
        }
        try expect(try isUnused())
        // Enabling it once more, and reading, write nothing.
        _ = try host.readPages(of: target, at: [.zero, .mib(1)])
        try expect(try isUnused())
        try region.withDataArea(of: created) { area in
            try area.zero(Extent(offset: .mib(1), length: MediaSample.page))
        }
        try expect(try !isUnused())
    }

    private static func samplesAreTheSameAgain(_ region: ContractRegion) throws {
        let host = try region.restoring()
        for layout in try ContractRegion.everyLayout(of: region.size(64)) {
            let created = try region.create(layout)
            let sample = try host.sample(ofCreated: created, in: region.device)
            try expect(try host.sample(ofCreated: created, in: region.device) == sample)
            if let sample { try expect(sample.range.end <= created.rawSize) }
            if created.blockDevice != nil { try expect(sample?.view == .device) }
        }
    }

    private static func namespaceComesBack(_ region: ContractRegion) throws {
        let host = try region.restoring()
        _ = try region.create("before", 64)
        for layout in try ContractRegion.everyLayout(of: region.size(64)) {
            let was = try region.create(layout)
            let target = region.target(was)
            try region.perform(.disable(target))
            let offsets: [ByteCount] = [.zero, .kib(4)]
            let saved = try region.read(offsets, of: target)
            try region.perform(.destroy(target))
            // Something else lies there meanwhile.
            let other = try region.create("other", 64, .raw)
            try expect(other.resource == was.resource)
            try region.destroy(other)
            let place = Placement(
                region: region.device, layout: Layout(name: nil, mode: .raw, rawSize: was.rawSize),
                resource: was.resource, usableSize: was.rawSize)
            let held = try host.occupy(place, as: region.identity().labelUUID)
            try host.writeMedia(
                of: held, zip(offsets, saved).map { offset, bytes in MediaPiece(offset: offset) { bytes } })
            try expect(try host.reinstate(was, on: held).isSame(as: was))
            try expect(try region.namespaces().contains { $0.isSame(as: was) })
            try region.destroy(try require(try region.namespaces().first { $0.labelUUID == was.labelUUID }))
        }
    }

    /// Without its info block it would be a raw one.
    private static func otherIsNotReinstated(_ region: ContractRegion) throws {
        let host = try region.restoring()
        let was = try region.create("one", 64)
        try region.destroy(was)
        let raw = try region.create("other", 64, .raw)
        try expect(raw.resource == was.resource)
        try region.destroy(raw)
        let held = try region.occupy(64, as: region.identity().labelUUID)
        let error = try region.error { () throws(OperationError) in _ = try host.reinstate(was, on: held) }
        try expect(error.kind == .failed)
        try expect(try region.namespaces().count == 1)
    }

    private static func removingTwiceIsHarmless(_ region: ContractRegion) throws {
        let host = try region.restoring()
        let label = try require(try region.create("one", 64).labelUUID)
        let other = try region.create("two", 64)
        for _ in 1...2 {
            try host.remove(label, from: region.device)
            try expect(try region.namespaces() == [other])
        }
    }

    private static func labelsAreWrittenBack(_ region: ContractRegion) throws {
        let host = try region.restoring()
        for layout in try ContractRegion.everyLayout(of: region.size(64)) { try region.create(layout) }
        let before = try region.namespaces()
        let images = try host.labelImages(of: region.device)
        try expect(images.count == (try region.region().mappings.count))
        try expect(try host.labelImages(of: region.device) == images)
        try expect(try !host.labelsDisagree(in: region.device))
        try host.restoreLabels(images, of: region.device, replacing: [])
        try expect(try region.region().isEnabled)
        try region.requireSame(before)
        try expect(try host.labelImages(of: region.device).map(\.dimm) == images.map(\.dimm))
    }
}

extension ContractRegion {
    /// A page that a simulated medium can hold: one word, repeated.
    package static func page(_ word: UInt8) -> [UInt8] {
        (0..<Int(MediaSample.page.bytes)).map { $0.isMultiple(of: 8) ? word : 0 }
    }

    /// The first free place of about this many mebibytes.
    func place(_ mebibytes: UInt64) throws -> Placement {
        let region = try region()
        let size = try size(mebibytes)
        let gap = try require(ExtentMap(of: region)?.gaps.first { $0.length >= size })
        return Placement(
            region: device, layout: Layout(name: nil, mode: .raw, rawSize: size),
            resource: region.resource.map { $0 + gap.offset.bytes }, usableSize: size)
    }

    func occupy(_ mebibytes: UInt64, as label: UUID) throws -> NamespaceTarget {
        try restoring().occupy(try place(mebibytes), as: label)
    }

    /// Writes pages of one word each.
    func write(_ pages: [ByteCount: UInt8], to target: NamespaceTarget) throws {
        let pieces = pages.sorted { $0.key < $1.key }.map { offset, word in
            MediaPiece(offset: offset) { Self.page(word) }
        }
        try restoring().writeMedia(of: target, pieces)
    }

    /// Reads pages.
    func read(_ offsets: [ByteCount], of target: NamespaceTarget) throws -> [[UInt8]] {
        var pages: [[UInt8]] = []
        let ranges = offsets.map { Extent(offset: $0, length: MediaSample.page) }
        try restoring().readMedia(of: target, ranges) { index, bytes in
            guard index == pages.count, let bytes else { return false }
            pages.append(bytes)
            return true
        }
        try expect(pages.count == offsets.count)
        return pages
    }

    /// The error of something that must fail.
    func error(_ body: () throws(OperationError) -> Void) throws -> OperationError {
        do throws(OperationError) {
            try body()
        } catch {
            return error
        }
        throw ContractViolation("it succeeded")
    }
}
