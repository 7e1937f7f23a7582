import ProvisionCore

/// A region for a person: a summary, the map, the namespaces, what is wrong.
struct RegionText {
    private let region: Region
    private let width: Int?
    private let shows: (Namespace) -> Bool
    private let map: RegionMap?
    private let dimmIDs: [String]

    /// - Parameters:
    ///   - dimmIDs: the unique ids of the region's DIMMs, in the order of their positions; empty where one has none.
    ///   - width: the columns there are; nil: lines are as long as they are.
    ///   - shows: which namespaces are listed. The map shows all.
    init(
        _ region: Region, dimmIDs: [String] = [], width: Int? = nil,
        shows: @escaping (Namespace) -> Bool = { _ in true }
    ) {
        self.region = region
        self.dimmIDs = dimmIDs
        self.width = width
        self.shows = shows
        self.map = RegionMap(region, width: width ?? RegionMap.width)
    }

    var lines: [String] {
        var lines =
            TextFill.lines(summary, width: width, indent: 4)
            + identity.flatMap { TextFill.lines($0, width: width, indent: 4) } + [capacity]
        if !region.isEnabled { lines.append("! disabled: its namespaces cannot be seen") }
        if region.isReadOnly { lines.append("! read-only: its namespaces cannot be changed") }
        if let map { lines += map.lines } else if region.isEnabled { lines.append(mapIsMissing) }
        if region.namespaces.contains(where: shows) { lines += [""] + table.lines(width: width) }
        lines += errors
        return lines
    }

    private var summary: String {
        var facts = [region.size.brief]
        if let align = region.align { facts.append("align \(align.brief)") }
        facts.append(interleave)
        if let cxl = region.cxl {
            facts.append("interleave granularity \(cxl.granularity.brief)")
        }
        facts.append("persistence \(region.persistenceDomain.rawValue)")
        if let node = region.numaNode { facts.append("NUMA node \(node)") }
        if let node = region.targetNode, node != region.numaNode { facts.append("target node \(node)") }
        facts.append(region.labelling.word)
        return "\(TerminalText.clean(region.device)): \(facts.joined(separator: ", "))"
    }

    /// What a profile can match the region by after a reboot, as a profile writes it; no line where there is nothing.
    private var identity: [String] {
        var conditions: [String] = []
        if let cookie = region.interleaveSetID, cookie != 0 {
            conditions.append("iset_id: \(Hexadecimal.number(cookie))")
        }
        if !dimmIDs.isEmpty {
            conditions.append("dimms: [\(dimmIDs.map(YamlScalar.identifier).joined(separator: ", "))]")
        }
        return conditions.isEmpty ? [] : [TerminalText.clean(conditions.joined(separator: ", "))]
    }

    private var interleave: String {
        let dimms = region.mappings.map { TerminalText.clean($0.dimm) }.joined(separator: " ")
        switch region.mappings.count {
        case 0: return "no DIMMs"
        case 1: return "on \(dimms)"
        default: return "\(region.mappings.count)-way on \(dimms)"
        }
    }

    private var capacity: String {
        guard region.labelling == .labelled else { return "one namespace spans the region" }
        let largest = region.maxAvailableExtent.map { ", largest namespace possible \($0.brief)" } ?? ""
        return "free \(region.availableSize.brief)\(largest)"
    }

    private var mapIsMissing: String {
        if region.labelling == .labelLess, region.namespaces.isEmpty { return "(no map: no namespace)" }
        return region.resource == nil
            ? "(no map: the addresses can be read by root only)" : "(no map: an address is not known)"
    }

    private var table: TextTable {
        var table = TextTable([
            .init("", .left), .init("NAME", .left, .cut(least: 8)), .init("MODE", .left),
            .init("SIZE", .right), .init("USABLE", .right, .below(rank: 5, word: "usable")),
            .init("MAP", .left, .below(rank: 4, word: "map")),
            .init("ALIGN/SECTOR", .right, .below(rank: 3, word: "align/sector")),
            .init("STATE", .left, .below(rank: 6, word: "state")), .init("DEVICE", .left),
            .init("NAMESPACE", .left, .below(rank: 2, word: "")),
            .init("LABEL UUID", .left, .below(rank: 1, word: "label")),
        ])
        for (index, namespace) in region.namespaces.enumerated() where shows(namespace) {
            table.add(cells(namespace, letter: map?.legend[index]))
        }
        return table
    }

    private func cells(_ namespace: Namespace, letter: Character?) -> [String] {
        [
            letter.map { String($0) } ?? "",
            TerminalText.clean(namespace.name ?? ""),
            namespace.mode?.rawValue ?? "",
            namespace.rawSize.brief,
            namespace.usableSize?.brief ?? "",
            namespace.map?.rawValue ?? "",
            namespace.align?.brief ?? namespace.sectorSize.map { "\($0) B" } ?? "",
            state(of: namespace),
            TerminalText.clean(namespace.blockDevice ?? namespace.characterDevice ?? ""),
            TerminalText.clean(namespace.device),
            namespace.labelUUID?.description ?? "",
        ]
    }

    private func state(of namespace: Namespace) -> String {
        switch namespace.unfinished {
        case .neverEnabled: "unfinished: never enabled"
        case .lacksInfoBlock(let mode): "unfinished: no \(mode.rawValue) info block"
        case nil: namespace.isActive ? namespace.daxDevice?.deviation ?? "active" : "disabled"
        }
    }

    private var errors: [String] {
        var errors: [String] = []
        for namespace in region.namespaces where shows(namespace) {
            let name = TerminalText.clean(namespace.displayName)
            if let extents = namespace.extents, extents != 1 {
                errors.append(
                    "! \(name): has \(extents) extents per DIMM instead of one; its data is not safe")
            }
            if !namespace.badBlocks.isEmpty {
                errors.append("! media errors in \(name): \(ranges(namespace.badBlocks))")
            }
        }
        for label in region.uninstantiated {
            errors.append(
                "! label \(TerminalText.clean(label.displayName)) on \(label.dimms.joined(separator: " ")) takes "
                    + "\(label.extent.length) at \(label.extent.offset) (#), and the kernel makes no namespace of it"
            )
        }
        errors += located
        if !region.badBlocks.isEmpty {
            errors.append("! media errors in the region: \(ranges(region.badBlocks))")
        }
        return errors.isEmpty ? [] : [""] + errors
    }

    /// The errors that no namespace lists: in metadata and in sector mode; and what errors do to other namespaces.
    private var located: [String] {
        guard !region.badBlocks.isEmpty else { return [] }
        let bus = Bus(device: "", provider: "", scrubState: .idle, dimms: [], regions: [region])
        let errors = MediaErrorSurvey(of: Observed(buses: [bus])).errors
        let unlisted = errors.compactMap { error -> String? in
            guard let namespace = error.namespace, shows(namespace), let offset = error.namespaceOffset,
                error.isMetadata || namespace.mode == .sector
            else { return nil }
            let name = TerminalText.clean(namespace.displayName)
            return
                "! media errors in the \(MediaErrorText.words(error)) of \(name): \(error.range.length) at \(offset)"
        }
        return unlisted + MediaErrorText.blocking(errors).map { TerminalText.clean("! \($0)") }
    }

    /// The ranges in bytes from the start of what lists them: "1024 B at 4 KiB", the first four of them.
    private func ranges(_ badBlocks: [BadBlocks]) -> String {
        let shown = badBlocks.prefix(4).map { range in
            let length = ByteCount(UInt64(range.length) * 512)
            let start = ByteCount(range.offset).multiplied(by: 512)?.description ?? "unit \(range.offset)"
            return "\(length) at \(start)"
        }
        let rest = badBlocks.count - shown.count
        return (shown + (rest > 0 ? ["\(rest) more"] : [])).joined(separator: ", ")
    }
}
