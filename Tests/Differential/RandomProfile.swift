import ProvisionCore

/// Writes random profiles for a bus as it is: some declarations mean what is there, others ask for something new.
struct RandomProfile {
    let bus: Bus
    private var percentage = 0
    private var hasRemaining = false
    private var names: Set<String> = []

    init(for bus: Bus) {
        self.bus = bus
    }

    /// A profile's text.
    mutating func text(using generator: inout SeededGenerator) -> String {
        var lines = ["version: 1", "unmanaged: \(generator.happens(60) ? "destroy" : "keep")", "regions:"]
        var regions = bus.regions.filter { _ in generator.happens(70) }
        if regions.isEmpty { regions = [generator.one(of: bus.regions)] }
        for region in regions { lines += block(region, using: &generator) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The profile under which nothing is left.
    static func empty(for bus: Bus) -> String {
        let blocks = bus.regions.map { "  - match: {region: \(number($0))}\n    namespaces: []\n" }
        return "version: 1\nunmanaged: destroy\nregions:\n" + blocks.joined()
    }

    private static func number(_ region: Region) -> Substring { region.device.dropFirst("region".count) }

    private mutating func block(_ region: Region, using generator: inout SeededGenerator) -> [String] {
        percentage = 0
        hasRemaining = false
        var items: [String] = []
        for namespace in region.namespaces.shuffled(using: &generator) where generator.happens(60) {
            guard let item = declaration(of: namespace, in: region, using: &generator) else { continue }
            items.append(item)
        }
        for _ in 0..<Int.random(in: items.isEmpty ? 1...4 : 0...2, using: &generator) {
            let name = freshName(region, using: &generator)
            items.append("name: \(name), " + layout(in: region, using: &generator))
        }
        if generator.happens(30) { items.shuffle(using: &generator) }
        let head = "  - match: {region: \(Self.number(region))}"
        guard !items.isEmpty else { return [head, "    namespaces: []"] }
        return [head, "    namespaces:"] + items.map { "      - {\($0)}" }
    }

    private mutating func freshName(_ region: Region, using generator: inout SeededGenerator) -> String {
        let letters = "abcdefghijkl".map(String.init)
        let owner = generator.happens(3) ? generator.one(of: bus.regions) : region
        for _ in 0..<100 {
            let name = "\(owner.device)-\(generator.one(of: letters))"
            if names.insert(name).inserted { return name }
        }
        return "\(region.device)-\(names.count)"
    }
}

// MARK: - What is there

extension RandomProfile {
    /// A declaration that means an existing namespace; nil where it has no name that can be declared.
    private mutating func declaration(
        of namespace: Namespace, in region: Region, using generator: inout SeededGenerator
    ) -> String? {
        guard let name = namespace.name, names.insert(name).inserted else { return nil }
        var item = "name: \(name), "
        if generator.happens(12) {
            let new = freshName(region, using: &generator)
            item = "name: \(new), renamed_from: \(name), "
        }
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<5: return item + kept(namespace, using: &generator)
        case 5..<7: return item + reconfigured(namespace, in: region, using: &generator)
        default: return item + layout(in: region, using: &generator)
        }
    }

    private func kept(_ namespace: Namespace, using generator: inout SeededGenerator) -> String {
        var item = "mode: \((namespace.mode ?? .raw).rawValue), size: \(namespace.rawSize.bytes)"
        guard generator.happens(30) else { return item }
        if let map = namespace.map { item += ", map: \(map.rawValue)" }
        if let align = namespace.align { item += ", align: \(align.bytes)" }
        return item
    }

    private func reconfigured(
        _ namespace: Namespace, in region: Region, using generator: inout SeededGenerator
    ) -> String {
        let mode = generator.one(of: NamespaceMode.allCases)
        return Self.keys(of: mode, using: &generator) + ", size: \(namespace.rawSize.bytes)"
    }
}

// MARK: - What is new

extension RandomProfile {
    /// Mapping a large range takes the kernel long, so most of the large namespaces are raw.
    private mutating func layout(in region: Region, using generator: inout SeededGenerator) -> String {
        let mode = generator.one(of: [.raw, .raw, .raw, .sector, .fsdax, .devdax] as [NamespaceMode])
        let size =
            mode == .raw || generator.happens(15)
            ? anySize(in: region, using: &generator) : smallSize(in: region, using: &generator)
        return Self.keys(of: mode, using: &generator) + ", " + size
    }

    /// The mode with what belongs to it, or with some of that.
    private static func keys(of mode: NamespaceMode, using generator: inout SeededGenerator) -> String {
        var keys = ["mode: \(mode.rawValue)"]
        switch mode {
        case .fsdax, .devdax:
            if generator.happens(80) { keys.append("map: \(generator.one(of: ["dev", "mem", "mem"]))") }
            if generator.happens(60) {
                let aligns = ["4 KiB", "2 MiB", "2 MiB", "4 KiB"]
                keys.append("align: \(generator.happens(4) ? "1 GiB" : generator.one(of: aligns))")
            }
        case .sector:
            if generator.happens(60) {
                keys.append("sector_size: \(generator.one(of: SectorSize.supported))")
            }
        case .raw:
            if generator.happens(30) { keys.append("sector_size: \(generator.one(of: [512, 4096]))") }
        }
        return keys.joined(separator: ", ")
    }

    private mutating func anySize(in region: Region, using generator: inout SeededGenerator) -> String {
        switch Int.random(in: 0..<12, using: &generator) {
        case 0..<2:
            let percent = Int.random(in: 1...35, using: &generator)
            guard percentage + percent <= 100 else { break }
            percentage += percent
            return "size: \(percent)%"
        case 2..<5:
            guard !hasRemaining else { break }
            hasRemaining = true
            return "size: \(generator.one(of: ["remaining", "remaining", "remaining/2", "remaining/3"]))"
        case 5: return "size: \(Int.random(in: 1...40_000, using: &generator) * 4096)"
        case 6: return "size: \(fixedSize(in: region, upTo: region.size, using: &generator).bytes)"
        default: break
        }
        return smallSize(in: region, using: &generator)
    }

    private func smallSize(in region: Region, using generator: inout SeededGenerator) -> String {
        if generator.happens(35) {
            return "usable_size: \(Int.random(in: 1...60_000, using: &generator) * 1024)"
        }
        return "size: \(fixedSize(in: region, upTo: .mib(64), using: &generator).bytes)"
    }

    /// A multiple of the usual allocation unit, or only of the region's alignment.
    private func fixedSize(
        in region: Region, upTo limit: ByteCount, using generator: inout SeededGenerator
    ) -> ByteCount {
        let align = region.align ?? .mib(16)
        let large = max(align, .mib(2) * UInt64(region.interleaveWays))
        let unit = generator.happens(20) ? align : large
        let most = max(1, min(region.size, limit).bytes / unit.bytes)
        let low = generator.happens(10) ? 1 : max(1, min(most, ByteCount.mib(16).bytes / unit.bytes))
        return unit * UInt64.random(in: low...most, using: &generator)
    }
}
