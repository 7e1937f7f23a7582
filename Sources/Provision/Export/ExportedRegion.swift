import ProvisionCore

/// A region on its way into an exported profile.
struct ExportedRegion {
    private let region: Region
    private let match: RegionMatch?
    private let position: SourcePosition
    private var comments: [String]
    private var namespaces: [ExportedNamespace]
    private var isDeclared: Bool

    /// The region with a declaration for every namespace that a profile can declare.
    init(_ region: Region, on bus: Bus, of inventory: SavedInventory, identities: Identities) {
        self.region = region
        let observed = inventory.observed
        let isBusKnown =
            !inventory.limits.contains(.busesNotListed) || bus.provider != NdctlListing.unknownProvider
        let (match, comment) = ExportedMatch.of(
            region, on: bus, provider: isBusKnown ? bus.provider : nil, among: observed)
        self.match = match
        self.comments = [comment].compactMap(\.self)
        self.isDeclared = match != nil
        let index = observed.regions.firstIndex { $0.device == region.device } ?? 0
        self.position = SourcePosition(line: index + 1, column: 1)
        self.namespaces = region.namespaces.map { namespace in
            ExportedNamespace(namespace, in: region, identities: identities, limits: inventory.limits)
        }
        if region.labelling == .labelLess {
            comments.append("it has no labels: one namespace, without name and of the region's size")
        }
        if inventory.limits.contains(.namespacesNotListed(region.device)) {
            withdrawAll("its namespaces are not listed")
        }
        if inventory.limits.contains(.capacityNotListed(region.device)) {
            comments.append("something takes capacity here that is not listed")
        }
        if region.isReadOnly { withdraw("the region is read-only") }
        if !region.isEnabled { withdrawAll("the region is disabled") }
    }

    /// The block of the profile; nil where the region cannot be declared.
    var block: RegionBlock? {
        guard isDeclared, let match else { return nil }
        return RegionBlock(
            match: match, namespaces: namespaces.compactMap(\.declaration), position: position)
    }

    /// Takes out what the planner complains of: the namespaces at these addresses, or everything where a complaint is
    /// of the region. Returns whether anything was.
    mutating func withdraw(_ problems: [(address: String, reason: String)]) -> Bool {
        var found = false
        for (address, reason) in problems where isDeclared {
            if address == region.device {
                found = true
                if namespaces.contains(where: { $0.declaration != nil }) {
                    withdraw(reason)
                } else {
                    withdrawAll(reason)
                }
            } else if let index = namespaces.firstIndex(where: { $0.address == address }) {
                if namespaces[index].declaration != nil {
                    namespaces[index].withdraw(reason)
                } else {
                    withdrawAll(reason)
                }
                found = true
            }
        }
        return found
    }

    /// Adds what daxctl's files ask of its namespaces' devices, and returns whether the profile then asks for what the host
    /// is not (``ExportedNamespace/add(_:takingOver:)``).
    mutating func add(_ effects: [DaxctlEffect], takingOver: Bool) -> Bool {
        guard isDeclared else { return false }
        var isOther = false
        for index in namespaces.indices where namespaces[index].add(effects, takingOver: takingOver) {
            isOther = true
        }
        return isOther
    }

    /// Leaves the region out, with its namespaces.
    mutating func withdrawAll(_ reason: String) {
        guard isDeclared else { return }
        withdraw(reason)
        isDeclared = false
    }

    private mutating func withdraw(_ reason: String) {
        comments.append(reason)
        for index in namespaces.indices { namespaces[index].withdraw(nil) }
    }

    /// The lines of the profile's text.
    var lines: [String] {
        let notes = namespaces.filter { $0.declaration == nil }.flatMap(\.comments)
        let title = "\(region.device): \(region.size == .zero ? "size not listed" : "\(region.size)")"
        guard let block else {
            return (["\(title), left out"] + comments + notes).map { "  # " + TerminalText.clean($0) }
        }
        let heading = ([title] + comments).map { "  # " + TerminalText.clean($0) }
        let items = namespaces.flatMap(\.lines)
        let opening = ["  - match: {\(ExportedMatch.text(block.match))}"]
        let list = block.namespaces.isEmpty ? ["    namespaces: []"] : ["    namespaces:"]
        return heading + opening + list + items
    }
}

/// The conditions that find a region again.
enum ExportedMatch {
    /// The interleave set's cookie, else the DIMMs, else the kernel's number with the provider: the first that fits
    /// this region alone. The text says where the number may not last.
    ///
    /// A condition whose value is not known is left out.
    static func of(
        _ region: Region, on bus: Bus, provider: String?, among observed: Observed
    ) -> (RegionMatch?, String?) {
        var stable: [RegionMatch] = []
        if let cookie = region.interleaveSetID, cookie != 0 {
            stable.append(RegionMatch(interleaveSetID: cookie))
        }
        let ids = bus.dimms(under: region).compactMap(\.uniqueID)
        if !ids.isEmpty, ids.count == region.mappings.count, Set(ids).count == ids.count,
            ids.allSatisfy(isSayable)
        {
            stable.append(RegionMatch(dimms: ids))
        }
        if let match = stable.first(where: { isUnique($0, in: observed) }) { return (match, nil) }
        guard region.device.hasPrefix("region"), let number = Int32(region.device.dropFirst(6)), number >= 0
        else {
            return (nil, "it has no name that a profile could match it by")
        }
        let provider = provider.flatMap { isSayable($0) ? $0 : nil }
        let match = RegionMatch(region: Int(number), provider: provider)
        guard isUnique(match, in: observed) else { return (nil, "no condition matches it alone") }
        return (match, "nothing else tells it from others, and the kernel may number regions anew at a boot")
    }

    /// The conditions as YAML, in braces.
    static func text(_ match: RegionMatch) -> String {
        var parts: [String] = []
        if let number = match.region { parts.append("region: \(number)") }
        if let cookie = match.interleaveSetID { parts.append("iset_id: \(Hexadecimal.number(cookie))") }
        if let dimms = match.dimms {
            parts.append("dimms: [\(dimms.map(YamlScalar.text).joined(separator: ", "))]")
        }
        if let provider = match.provider { parts.append("provider: \(YamlScalar.text(provider))") }
        return parts.joined(separator: ", ")
    }

    private static func isUnique(_ match: RegionMatch, in observed: Observed) -> Bool {
        observed.buses.reduce(0) { count, bus in
            count + bus.regions.count { match.matches($0, on: bus) }
        } == 1
    }

    private static func isSayable(_ text: String) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy(PrintableText.isHarmless)
    }
}
