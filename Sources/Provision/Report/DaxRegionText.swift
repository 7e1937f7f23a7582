import ProvisionCore

/// A dax region for a person: a summary, the map, its devices and what is free, what is wrong.
struct DaxRegionText {
    private let region: DaxRegion
    private let namespace: Namespace?
    private let width: Int?

    /// - Parameters:
    ///   - namespace: the namespace that a static region is the memory of; nil where none is known.
    ///   - width: the columns there are; nil: lines are as long as they are.
    init(_ region: DaxRegion, of namespace: Namespace? = nil, width: Int? = nil) {
        self.region = region
        self.namespace = namespace
        self.width = width
    }

    /// Whether there is something to show that the namespaces do not: a region whose devices are made and removed, or a
    /// device that is not used as one.
    static func shows(_ region: DaxRegion) -> Bool {
        region.kind == .dynamic || region.devices.contains { $0.mode != .devdax }
    }

    var lines: [String] {
        var lines = TextFill.lines(summary, width: width, indent: 4) + [capacity]
        if region.kind == .dynamic { lines += map ?? ["(no map: the addresses are not known)"] }
        lines += [""] + table.lines(width: width)
        let warnings = self.warnings
        if !warnings.isEmpty { lines += [""] + warnings }
        return lines
    }

    private var summary: String {
        var facts = [region.size.brief]
        if let align = region.align { facts.append("align \(align.brief)") }
        if let start = region.start { facts.append("at \(Hexadecimal.number(start))") }
        facts.append(region.kind.rawValue)
        if let owner { facts.append(owner) }
        return "\(TerminalText.clean(region.name)): \(facts.joined(separator: ", "))"
    }

    /// What it is a part of; nil where it is none, or that is not known.
    private var owner: String? {
        if let namespace { return "namespace \(TerminalText.clean(namespace.displayName))" }
        guard let name = region.cxlRegionName else { return nil }
        let memdevs = (region.cxl?.targets ?? []).map { target in
            "\(TerminalText.clean(target.memdev)) (serial \(target.serial))"
        }
        return "CXL \(TerminalText.clean(name))"
            + (memdevs.isEmpty ? "" : " on \(memdevs.joined(separator: ", "))")
    }

    private var capacity: String {
        guard region.kind == .dynamic else { return "one device spans the region" }
        let largest =
            free?.map { UInt64($0.count) }.max().map { ", largest range \(ByteCount($0).brief)" } ?? ""
        return "free \((region.availableSize ?? .zero).brief)\(largest)"
    }

    /// What can be given to devices; nil where it is not known.
    private var free: [Range<UInt64>]? {
        region.freeRanges?.flatMap { $0.subtracting(region.strandedRanges) }
    }

    /// What the kernel counts as free and uses as its memory.
    private var lost: [Range<UInt64>] {
        guard let free = region.freeRanges else { return [] }
        return region.strandedRanges.flatMap { stranded in
            free.filter { $0.overlaps(stranded) }.map { $0.clamped(to: stranded) }
        }
    }

    private func letter(_ index: Int) -> Character { RegionMap.letters[index % RegionMap.letters.count] }

    /// The picture; nil where an address is not known.
    private var map: [String]? {
        guard let range = region.range, let free else { return nil }
        var drawn = free.map { ($0, Character(".")) } + lost.map { ($0, Character("#")) }
        for (index, device) in region.devices.enumerated() {
            drawn += (device.mappings ?? []).map { ($0.range, letter(index)) }
        }
        let segments = drawn.filter { $0.0.lowerBound >= range.lowerBound && !$0.0.isEmpty }.map {
            part, fill in
            RegionMap.Segment(
                extent: Extent(
                    offset: ByteCount(part.lowerBound - range.lowerBound),
                    length: ByteCount(UInt64(part.count))),
                fill: fill)
        }
        guard !segments.isEmpty else { return nil }
        return RegionMap.draw(segments.sorted { $0.extent < $1.extent }, width ?? RegionMap.width)
    }

    private var table: TextTable {
        var table = TextTable([
            .init("", .left), .init("DEVICE", .left), .init("SIZE", .right),
            .init("ALIGN", .right, .below(rank: 2, word: "align")),
            .init("NODE", .right, .below(rank: 3, word: "node")),
            .init("STATE", .left, .below(rank: 4, word: "state")),
            .init("ADDRESSES", .left, .below(rank: 1, word: "at")),
        ])
        for (index, device) in region.devices.enumerated() {
            table.add([
                (device.mappings ?? []).isEmpty || region.kind == .static ? "" : String(letter(index)),
                TerminalText.clean(device.recordedName.map { "\($0) (\(device.name))" } ?? device.name),
                device.size.brief, device.align?.brief ?? "",
                device.targetNode.map(String.init) ?? "", state(of: device),
                (device.mappings ?? []).map { Self.text($0.range) }.joined(separator: ", "),
            ])
        }
        guard region.kind == .dynamic else { return table }
        let rest = (free ?? []).map { ($0, ".", "") } + lost.map { ($0, "#", "system memory until a reboot") }
        for (range, mark, state) in rest.sorted(by: { $0.0.lowerBound < $1.0.lowerBound }) {
            table.add([mark, "free", ByteCount(UInt64(range.count)).brief, "", "", state, Self.text(range)])
        }
        return table
    }

    private func state(of device: DaxRegion.Device) -> String {
        if device.size == .zero { return "no memory" }
        return device.holder.deviation.map(TerminalText.clean) ?? "active"
    }

    private var warnings: [String] {
        var warnings: [String] = []
        for device in region.devices {
            let name = TerminalText.clean(device.name)
            let fixed = (device.memoryBlocks ?? []).filter {
                $0.areOnline && $0.zone != nil && $0.zone != "Movable"
            }
            if let zone = fixed.first?.zone, device.mode == .systemRAM {
                let count = fixed.reduce(0) { $0 + $1.numbers.count }
                warnings.append(
                    "! \(name): memory blocks in the zone \(TerminalText.clean(zone)): \(count); the kernel can rarely "
                        + "take such blocks offline")
            }
            if device.isStranded {
                warnings.append("! \(name): the kernel uses its memory until a reboot")
            }
        }
        if !lost.isEmpty {
            warnings.append("! the kernel uses free memory of the region (#) until a reboot")
        }
        return warnings
    }

    private static func text(_ range: Range<UInt64>) -> String {
        "\(Hexadecimal.number(range.lowerBound))-\(Hexadecimal.number(range.upperBound - 1))"
    }
}
