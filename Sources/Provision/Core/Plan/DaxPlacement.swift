/// Sizes and places of the devices of a dynamic dax region.
///
/// The kernel would choose places itself, and has put devices where they cannot be mapped, or into another's memory
/// (drivers/dax/bus.c, `alloc_dev_dax_range`, checks no start against an alignment of 1 GiB). So every range is chosen here, and given
/// to the kernel as one. What a device has stays where it is.
package struct DaxPlacement {
    package let region: DaxRegion
    package let matching: DaxDeviceMatching
    /// The size of the kernel's memory blocks; nil where it is not known.
    package let blockSize: ByteCount?

    /// What no driver maps in smaller pieces (include/linux/memremap.h, `memremap_compat_align`).
    package static let smallestUnit = ByteCount.mib(2)

    /// The memory that nobody has, and that can be had.
    private var free: [Range<UInt64>] = []
    /// What the declarations come to, in their order.
    package private(set) var layouts: [DeviceLayout] = []
    package private(set) var refusals: [Refusal] = []

    package init(_ matching: DaxDeviceMatching, in region: DaxRegion, blockSize: ByteCount?) {
        self.region = region
        self.matching = matching
        self.blockSize = blockSize
        place()
    }

    private func align(of entry: DaxDeviceMatching.Entry) -> ByteCount {
        entry.declaration.align?.size ?? entry.base?.align ?? region.align ?? Self.smallestUnit
    }

    private func unit(of entry: DaxDeviceMatching.Entry) -> ByteCount {
        max(align(of: entry), Self.smallestUnit)
    }

    private mutating func place() {
        let kept =
            matching.others.flatMap { $0.mappings ?? [] }.map(\.range)
            + matching.forgotten.flatMap(\.layout.ranges)
        guard let whole = region.range else { return }
        let lost = region.strandedRanges.map { $0.clamped(to: whole) }
        let available = [whole].subtracting(kept + lost)
        guard let sizes = sizes(within: available.size) else { return }
        let bases = zip(matching.entries, sizes).map { entry, size in
            (entry.base?.ranges ?? []).prefix(bytes: size)
        }
        guard requireAligned(bases) else { return }
        free = available.subtracting(bases.flatMap(\.self))
        var placed: [Int: [Range<UInt64>]] = [:]
        // What names its place comes first, and what takes the rest last.
        let order = matching.entries.indices.sorted { (rank($0), $0) < (rank($1), $1) }
        for index in order {
            let entry = matching.entries[index]
            guard let ranges = ranges(of: entry, sizes[index], bases[index]) else { return }
            placed[index] = ranges
        }
        layouts = matching.entries.indices.map { index in
            let entry = matching.entries[index]
            return DeviceLayout(
                ranges: placed[index] ?? [], align: align(of: entry), use: entry.wantedUse,
                rights: entry.wantedRights)
        }
    }

    private func rank(_ index: Int) -> Int {
        let declaration = matching.entries[index].declaration
        if declaration.start != nil { return 0 }
        if case .remaining = declaration.size { return 2 }
        return 1
    }

    // MARK: - Sizes

    /// The size of each; for what takes the rest, the most that it can be.
    private mutating func sizes(within available: ByteCount) -> [ByteCount]? {
        var fixed: [Int: ByteCount] = [:]
        for (index, entry) in matching.entries.enumerated() {
            let unit = unit(of: entry)
            switch entry.declaration.size {
            case .raw(let size), .usable(let size):
                guard size.isMultiple(of: unit) else {
                    refuse(unaligned(size, unit, entry))
                    continue
                }
                fixed[index] = size
            case .fraction(let part): fixed[index] = part.of(region.size).roundedDown(to: unit)
            case .remaining: continue
            }
            if fixed[index] == .zero {
                refuse(
                    refusal(
                        .sizeTooSmall, entry,
                        "\(part(entry)) of \(region.name) is less than \(unit), the least that a device can have"
                    ))
            }
        }
        guard refusals.isEmpty else { return nil }
        // The sum of what is read from a profile can be more than there are numbers.
        let sum = fixed.values.reduce(ByteCount.zero as ByteCount?) { $0?.adding($1) }
        guard let sum, sum <= available else {
            refuse(tooMuch(sum, available))
            return nil
        }
        let rest = available - sum
        return matching.entries.indices.map { index in
            if let size = fixed[index] { return size }
            guard case .remaining(let divisor) = matching.entries[index].declaration.size else {
                return .zero
            }
            return (rest / UInt64(divisor)).roundedDown(to: unit(of: matching.entries[index]))
        }
    }

    private func part(_ entry: DaxDeviceMatching.Entry) -> String {
        if case .fraction(let part) = entry.declaration.size { "\(part)" } else { "the size" }
    }

    // MARK: - Places

    /// An alignment that a device gets must hold for the memory that it keeps.
    private mutating func requireAligned(_ bases: [[Range<UInt64>]]) -> Bool {
        for (entry, ranges) in zip(matching.entries, bases) {
            let unit = unit(of: entry).bytes
            if let start = entry.declaration.start, let first = ranges.first, first.lowerBound != start {
                refuse(
                    refusal(
                        .notSupported, entry,
                        "it begins at \(Hexadecimal.number(first.lowerBound)), and the profile says \(Hexadecimal.number(start)): a device is not moved",
                        advice: "leave out start:, or give the device at that place another name"))
            }
            guard
                let odd = ranges.first(where: {
                    !$0.lowerBound.isMultiple(of: unit) || !$0.upperBound.isMultiple(of: unit)
                })
            else { continue }
            refuse(
                refusal(
                    .notSupported, entry,
                    "\(Hexadecimal.number(odd.lowerBound)) to \(Hexadecimal.number(odd.upperBound - 1)) of it is not on multiples of \(ByteCount(unit)), "
                        + "and could not be mapped so",
                    advice: "choose a smaller align, or give a new device that alignment"))
        }
        return refusals.isEmpty
    }

    /// The memory of a device: what it keeps, and what it gets.
    private mutating func ranges(
        of entry: DaxDeviceMatching.Entry, _ size: ByteCount, _ kept: [Range<UInt64>]
    ) -> [Range<UInt64>]? {
        let unit = unit(of: entry)
        var wanted = size
        if case .remaining = entry.declaration.size {
            let most = kept.size + free.reduce(.zero) { $0 + usable($1, unit) }
            wanted = min(size, most)
            guard wanted > .zero else {
                refuse(
                    refusal(
                        .noCapacity, entry, "nothing is left of \(region.name) for it",
                        advice: "make the other sizes smaller\(besides)"))
                return nil
            }
        }
        let missing = wanted - min(kept.size, wanted)
        guard missing > .zero else { return kept.prefix(bytes: wanted) }
        if kept.isEmpty, let start = entry.declaration.start {
            return pinned(entry, start, missing, unit)
        }
        var added: [Range<UInt64>] = []
        var left = missing
        if let end = kept.last?.upperBound, let next = free.first(where: { $0.lowerBound == end }) {
            let length = min(left, usable(next, unit))
            take(end..<(end + length.bytes), into: &added, &left)
        }
        if left > .zero, let whole = single(left, unit, isMemory: entry.declaration.use != .devdax) {
            take(whole, into: &added, &left)
        }
        for range in free where left > .zero {
            let start = Self.roundedUp(range.lowerBound, unit)
            let length = min(left, usable(range, unit))
            take(start..<(start + length.bytes), into: &added, &left)
        }
        guard left == .zero else {
            refuse(noRoom(entry, missing, unit))
            return nil
        }
        return (kept + added).joined
    }

    private mutating func pinned(
        _ entry: DaxDeviceMatching.Entry, _ start: UInt64, _ size: ByteCount, _ unit: ByteCount
    ) -> [Range<UInt64>]? {
        let (end, overflow) = start.addingReportingOverflow(size.bytes)
        let range = start..<(overflow ? start : end)
        guard start.isMultiple(of: unit.bytes) else {
            refuse(
                refusal(
                    .startMisaligned, entry, "\(Hexadecimal.number(start)) is no multiple of \(unit)",
                    advice:
                        "the next ones are \(Hexadecimal.number(start / unit.bytes * unit.bytes)) and \(Hexadecimal.number(Self.roundedUp(start, unit)))"
                ))
            return nil
        }
        guard !range.isEmpty, free.contains(where: { $0.clamped(to: range) == range }) else {
            refuse(
                refusal(
                    .noExtent, entry, "\(size) at \(Hexadecimal.number(start)) is not free",
                    advice: foreign(at: start).map { advice(on: $0, to: entry) } ?? "free is \(freeText)"))
            return nil
        }
        free = free.subtracting([range])
        return [range]
    }

    /// How a declaration would mean a device of another tool that begins where it asks for its own. A name that the record has for what is gone
    /// never means somebody's device.
    private func advice(on found: DaxRegion.Device, to entry: DaxDeviceMatching.Entry) -> String {
        let begins = "\(found.name) begins there and has \(found.size)"
        let name = entry.declaration.name.text
        guard region.recorded.contains(where: { $0.name == name }) else {
            return "\(begins): size: \(found.size) means that device"
        }
        return
            "\(begins); the record has \(name) elsewhere: another name and size: \(found.size) mean that device"
    }

    /// The device of another tool that begins at an address; nil where there is none.
    private func foreign(at start: UInt64) -> DaxRegion.Device? {
        matching.others.first { $0.recordedName == nil && $0.mappings?.first?.range.lowerBound == start }
    }

    /// The first place for all of it. What becomes memory begins with a memory block where it can, since what lies before the first
    /// whole block gives none.
    private func single(_ size: ByteCount, _ unit: ByteCount, isMemory: Bool) -> Range<UInt64>? {
        let grids = isMemory ? [blockSize.map { max($0, unit) }, unit].compactMap(\.self) : [unit]
        for grid in grids {
            for range in free {
                let start = Self.roundedUp(range.lowerBound, grid)
                if start < range.upperBound, range.upperBound - start >= size.bytes {
                    return start..<(start + size.bytes)
                }
            }
        }
        return nil
    }

    private mutating func take(
        _ range: Range<UInt64>, into taken: inout [Range<UInt64>], _ left: inout ByteCount
    ) {
        guard !range.isEmpty else { return }
        taken.append(range)
        free = free.subtracting([range])
        left -= ByteCount(UInt64(range.count))
    }

    private func usable(_ range: Range<UInt64>, _ unit: ByteCount) -> ByteCount {
        let start = Self.roundedUp(range.lowerBound, unit)
        guard start < range.upperBound else { return .zero }
        return ByteCount(range.upperBound - start).roundedDown(to: unit)
    }

    private static func roundedUp(_ address: UInt64, _ unit: ByteCount) -> UInt64 {
        (address + unit.bytes - 1) / unit.bytes * unit.bytes
    }

    // MARK: - Refusals

    private mutating func refuse(_ refusal: Refusal) { refusals.append(refusal) }

    private func refusal(
        _ code: Refusal.Code, _ entry: DaxDeviceMatching.Entry, _ message: String, advice: String? = nil
    ) -> Refusal {
        Refusal(
            code, "\(region.name)/\(entry.declaration.name.text)", at: entry.declaration.position, message,
            advice: advice)
    }

    private func unaligned(
        _ size: ByteCount, _ unit: ByteCount, _ entry: DaxDeviceMatching.Entry
    ) -> Refusal {
        let below = size.roundedDown(to: unit)
        let near = [below > .zero ? below : nil, size.roundedUp(to: unit)].compactMap(\.self)
        return refusal(
            .sizeNotAligned, entry, "\(size) is no multiple of \(unit)",
            advice: "the nearest sizes are \(near.map(\.description).joined(separator: " and "))")
    }

    private func tooMuch(_ sum: ByteCount?, _ available: ByteCount) -> Refusal {
        Refusal(
            .noCapacity, region.name, at: matching.entries.first?.declaration.position,
            "its devices ask for \(sum.map(\.description) ?? "more than there can be"), and \(region.name) has \(available) for them",
            advice: "make sizes smaller\(besides)")
    }

    private func noRoom(
        _ entry: DaxDeviceMatching.Entry, _ missing: ByteCount, _ unit: ByteCount
    ) -> Refusal {
        refusal(
            .noExtent, entry, "\(missing) in multiples of \(unit) are not free in \(region.name)",
            advice: "free is \(freeText)\(besides)")
    }

    private var freeText: String {
        guard !free.isEmpty else { return "nothing" }
        return free.prefix(6).map { "\(ByteCount(UInt64($0.count))) at \(Hexadecimal.number($0.lowerBound))" }
            .joined(separator: ", ")
    }

    /// Who else has memory there.
    private var besides: String {
        let names = matching.others.map { $0.recordedName ?? $0.name } + matching.forgotten.map(\.name)
        return names.isEmpty
            ? "" : ", or remove what the profile does not name (\(names.joined(separator: ", ")))"
    }

}
