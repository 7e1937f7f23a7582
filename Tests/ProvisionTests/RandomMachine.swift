import ProvisionCore

/// Makes simulated hosts with random DIMMs, regions and namespaces, and profiles that ask them for something. A seed
/// always makes the same.
struct RandomMachine {
    private var generator: SeededGenerator
    private var isWild: Bool

    /// - Parameter isWild: whether there may be disabled and unfinished namespaces.
    init(seed: UInt64, isWild: Bool = true) {
        generator = SeededGenerator(state: seed &* 7919 &+ 1)
        self.isWild = isWild
    }

    private struct SeededGenerator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            let mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
            return mixed ^ (mixed >> 27)
        }
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &generator)
    }

    private mutating func one<Item>(of items: [Item]) -> Item { items[number(0...items.count - 1)] }

    /// The text of a state file.
    mutating func state() -> String {
        let regions = (0..<number(1...3)).map { region($0) }
        let dimms = regions.flatMap(\.dimms).joined(separator: ", ")
        let texts = regions.map(\.text).joined(separator: ", ")
        let legacy = number(0...3) == 0 ? #", {"provider": "e820", "regions": [{"size": "2 GiB"}]}"# : ""
        return #"{"format_version": 1, "simulated_host": {"buses": [{"provider": "ACPI.NFIT", "dimms": ["#
            + dimms + #"], "regions": ["# + texts + "]}\(legacy)]}}"
    }

    private mutating func region(_ index: Int) -> (dimms: [String], text: String) {
        let ways = one(of: [1, 1, 2, 4])
        let hasLabels = number(0...4) > 0
        let size = 4096 * number(1...4)
        let ids = (0..<ways).map { "d\(index)-\($0)" }
        let label = hasLabels ? "" : #", "labels": "none""#
        let dimms = ids.map { #"{"id": "\#($0)", "size": "\#(size) MiB", "label_size": "128 KiB"\#(label)}"# }
        let names = ids.map { "\"\($0)\"" }.joined(separator: ", ")
        let namespaces = hasLabels ? namespaces(size * ways, ways, prefix: "r\(index)") : []
        let list = namespaces.joined(separator: ", ")
        return (dimms, #"{"dimms": [\#(names)], "numa_node": \#(index), "namespaces": [\#(list)]}"#)
    }

    private mutating func namespaces(_ capacity: Int, _ ways: Int, prefix: String) -> [String] {
        var offset = 0
        var texts: [String] = []
        for index in 0..<number(0...5) {
            let size = 64 * number(1...24)
            if number(0...3) == 0 { offset += 64 * number(1...8) }
            guard offset + size <= capacity else { break }
            let name = number(0...5) == 0 ? "" : #""name": "\#(one(of: names))\#(prefix)n\#(index)", "#
            texts.append(
                #"{\#(name)"size": "\#(size) MiB", "offset": "\#(offset) MiB", \#(configuration())\#(damage())}"#
            )
            offset += size
        }
        return texts
    }

    private let names = ["", "", "a b ", "true", "é", "x: y ", "# "]

    private mutating func configuration() -> String {
        switch number(0...3) {
        case 0: #""mode": "raw""#
        case 1: #""mode": "sector", "sector_size": \#(one(of: [512, 4096]))"#
        case 2: #""mode": "fsdax", "map": "\#(one(of: ["dev", "mem"]))""#
        default: #""mode": "devdax", "align": "\#(one(of: ["4 KiB", "2 MiB", "2 MiB"]))""#
        }
    }

    private mutating func damage() -> String {
        guard isWild, number(0...7) == 0 else { return "" }
        return one(of: [#", "active": false"#, #", "recorded_mode": "devdax""#])
    }

    /// The text of a profile that asks for namespaces which are there, and for others.
    mutating func profile(for observed: Observed) -> String {
        var lines = ["version: 1", "unmanaged: \(one(of: ["keep", "keep", "keep", "destroy"]))", "regions:"]
        for (index, region) in observed.regions.enumerated() where region.numaNode != nil {
            lines += [
                "  - match: {numa_node: \(region.numaNode ?? 0)}", "    labels: init", "    namespaces:",
            ]
            let named = region.namespaces.filter { namespace in
                namespace.name.map { NamespaceName($0) != nil } ?? false
            }
            for namespace in named where number(0...3) > 0 {
                let mode = namespace.mode?.rawValue ?? "raw"
                lines.append(
                    "      - {name: \"\(namespace.name ?? "")\", mode: \(mode), \(size(namespace.rawSize))}")
            }
            for extra in 0..<number(1...3) {
                let mode = one(of: ["fsdax", "devdax", "sector", "raw"])
                lines.append("      - {name: new\(index)-\(extra), mode: \(mode), \(size(.mib(64 * 7)))}")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private mutating func size(_ current: ByteCount) -> String {
        switch number(0...9) {
        case 0: "usable_size: \(number(1...40) * 16) MiB"
        case 1: "size: \(number(1...20) * 64) MiB"
        case 2: "size: 12.5%"
        case 3: "size: remaining/8"
        default: "size: \(current.bytes)"
        }
    }
}
