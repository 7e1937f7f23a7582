@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

extension UndoScenario {
    /// A random host, with two or three regions, of which the first may lie on two DIMMs, and a profile for it.
    static func setting(seed: UInt64) throws -> Setting {
        var random = RandomObserved.Generator(state: seed)
        let dimms = Bool.random(using: &random) ? ["a", "b", "c"] : ["a", "b"]
        let isInterleaved = Int.random(in: 0..<4, using: &random) == 0
        let host = try SimulatedHost(json: machine(dimms, isInterleaved: isInterleaved))
        let matches = dimms.map { $0 == "a" && isInterleaved ? "a, z" : $0 }
        let first = try profile(matches.enumerated().map { block($1, items(dimms[$0], &random)) })
        let application = Application(of: first, to: host)
        guard
            case .applied = try application.carryOut(
                application.prepare(), consent: Consent(), recordingIn: nil)
        else { throw Failed(what: "the first profile was not applied") }
        var value: UInt64 = 1
        try fill(host, &value)
        let touched = Int.random(in: 1...2, using: &random)
        var second = try profile((0..<touched).map { block(matches[$0], items(dimms[$0], &random)) })
        for index in second.regions.indices where Bool.random(using: &random) {
            second.regions[index].namespaces.removeFirst()
        }
        second.unmanaged = Bool.random(using: &random) ? .destroy : .keep
        return Setting(state: host.state, dimms: dimms, profile: second, random: random)
    }

    private static func machine(_ dimms: [String], isInterleaved: Bool) -> String {
        let all = dimms + (isInterleaved ? ["z"] : [])
        let modules = all.map { #"{"id": "\#($0)", "size": "1 GiB", "label_size": "128 KiB"}"# }
        let regions = dimms.map {
            #"{"dimms": [\#($0 == "a" && isInterleaved ? #""a", "z""# : #""\#($0)""#)]}"#
        }
        return """
            {"format_version": 1, "simulated_host": {"buses": [{
              "dimms": [\(modules.joined(separator: ", "))], "regions": [\(regions.joined(separator: ", "))]}]}}
            """
    }

    private static func block(_ dimms: String, _ items: [String]) -> String {
        "  - match: {dimms: [\(dimms)]}\n    namespaces:\(items.isEmpty ? " []" : "")\n"
            + items.map { "      - {\($0)}\n" }.joined()
    }

    /// A profile of blocks.
    static func profile(_ blocks: [String], unmanaged: String = "destroy") throws -> Profile {
        let text = "version: 1\nunmanaged: \(unmanaged)\nregions:\n" + blocks.joined()
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    private static func items(_ name: String, _ random: inout RandomObserved.Generator) -> [String] {
        let modes = ["fsdax", "devdax", "sector", "raw"]
        return ["one", "two", "three"].prefix(Int.random(in: 1...3, using: &random)).map { item in
            let mode = modes.randomElement(using: &random) ?? "raw"
            let size = [64, 96, 128].randomElement(using: &random) ?? 64
            return "name: \(name)-\(item), mode: \(mode), size: \(size) MiB"
        }
    }

    /// Writes to every active namespace, where looking looks and elsewhere; the pages by their addresses.
    @discardableResult
    static func fill(_ host: SimulatedHost, _ value: inout UInt64) throws -> [UInt64: UInt64] {
        var pages: [UInt64: UInt64] = [:]
        for region in try host.observe().regions {
            for namespace in region.namespaces where namespace.isActive {
                let size = namespace.usableSize ?? namespace.rawSize
                let places = MediaSample.offsets(in: Extent(offset: .zero, length: size))
                value += 1
                let target = NamespaceTarget(namespace, region: region.device)
                try host.write(value, to: target, at: places + [.mib(1) + .kib(4), .mib(3)])
                for (address, found) in host.state.pages where found == value { pages[address] = value }
            }
        }
        return pages
    }

    /// Every written page of a host.
    static func pages(of state: SimulatedState) -> [Page: UInt64] {
        state.pages.reduce(into: [:]) { pages, item in
            if let page = page(item.key, state) { pages[page] = item.value }
        }
    }

    static func page(_ address: UInt64, _ state: SimulatedState) -> Page? {
        for region in state.regions
        where address >= region.resource && address < region.resource + region.size.bytes {
            return Page(
                dimm: state.dimms[region.mappings[0].dimm].id, offset: address - region.resource)
        }
        return nil
    }

    /// Where a page is now; nil where its region is not there.
    func address(_ page: Page) -> UInt64? {
        host.state.region(onDimm: page.dimm).map { host.state.regions[$0].resource + page.offset }
    }

    /// What the regions of a host have, by their first DIMMs.
    static func facts(_ host: SimulatedHost) throws -> [String: RegionPicture] {
        let observed = try host.observe()
        return Dictionary(
            uniqueKeysWithValues: observed.regions.enumerated().map { number, region in
                (host.state.dimms[host.state.regions[number].mappings[0].dimm].id, RegionPicture(region))
            })
    }
}

/// What people rely on in a region, with places from its start.
struct RegionPicture: Equatable {
    /// Whether it is enabled, and has labels.
    var standing: String
    /// Its namespaces by the UUIDs of their labels.
    var namespaces: [UUID: Item] = [:]

    /// A namespace.
    struct Item: Equatable {
        var name: String
        var facts: String
        var place: Range<UInt64>
    }

    init(_ region: Region) {
        standing = "\(region.isEnabled ? "enabled" : "disabled"), \(region.labelling.rawValue)"
        var moved = region
        moved.resource = 0
        for namespace in region.namespaces {
            guard let label = namespace.labelUUID else { continue }
            let start = (namespace.resource ?? 0) - (region.resource ?? 0)
            var namespace = namespace
            namespace.resource = start
            namespaces[label] = Item(
                name: namespace.displayName, facts: HostSnapshot.describe(namespace, in: moved),
                place: start..<start + namespace.rawSize.bytes)
        }
    }
}
