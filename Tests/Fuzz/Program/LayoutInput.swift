@testable import ProvisionCore
@testable import ProvisionHost

/// A host and a profile made up from bytes: every input is well formed, so that the fuzzer's changes reach the planner.
enum LayoutInput {
    static func run(_ input: [UInt8]) {
        var bytes = ByteSource(input)
        let ways = bytes.one(of: [1, 1, 2, 3, 4, 6])
        let grid = ways % 3 == 0 ? 16 * ways : 16
        let units = 4 + bytes.number(below: 60)
        let host = hostText(&bytes, ways: ways, grid: grid, units: units)
        let profiles = (0..<2).map { _ in profileText(&bytes, grid: grid, units: units) }
        guard let simulated = try? SimulatedHost(json: host), let observed = try? simulated.observe() else {
            return
        }
        for text in profiles {
            guard let profile = try? ProfileReader.read(Array(text.utf8), source: "input") else { continue }
            HostInput.apply(profile, to: simulated, isSound: !observed.isOverAllocated)
        }
    }

    private static func hostText(_ bytes: inout ByteSource, ways: Int, grid: Int, units: Int) -> String {
        let labels = bytes.one(of: ["1.2", "1.2", "1.2", "1.1", "none"])
        let names = (0..<ways).map { "\"d\($0)\"" }
        let dimms = names.map {
            #"{"id": \#($0), "size": "\#(units * grid / ways) MiB", "label_size": "128 KiB", "labels": "\#(labels)"}"#
        }
        var namespaces: [String] = []
        var offset = 0
        while labels != "none", namespaces.count < 6, bytes.number(below: 4) > 0 {
            offset += bytes.number(below: 3)
            let size = 1 + bytes.number(below: 8)
            guard offset + size <= units else { break }
            namespaces.append(
                #"{"name": "\#(bytes.one(of: Self.names))", "size": "\#(size * grid) MiB", "#
                    + #""offset": "\#(offset * grid) MiB", \#(bytes.one(of: configurations))}"#)
            offset += size
        }
        return #"{"format_version": 1, "simulated_host": {"buses": [{"provider": "ACPI.NFIT", "dimms": ["#
            + dimms.joined(separator: ", ") + #"], "regions": [{"dimms": ["# + names.joined(separator: ", ")
            + #"], "numa_node": 0, "namespaces": ["# + namespaces.joined(separator: ", ") + "]}]}]}}"
    }

    private static let names = ["a", "b", "c", "d", "e", "f", ""]
    private static let configurations = [
        #""mode": "raw""#, #""mode": "sector", "sector_size": 512"#,
        #""mode": "sector", "sector_size": 4096"#,
        #""mode": "fsdax", "map": "dev""#, #""mode": "fsdax", "map": "mem""#, #""mode": "devdax""#,
        #""mode": "devdax", "align": "4 KiB", "active": false"#,
        #""mode": "fsdax", "recorded_mode": "devdax""#,
    ]

    private static func profileText(_ bytes: inout ByteSource, grid: Int, units: Int) -> String {
        var lines = [
            "version: 1", "unmanaged: \(bytes.one(of: ["keep", "destroy"]))", "regions:",
            "  - match: {numa_node: 0}",
            "    labels: \(bytes.one(of: ["require", "init"]))", "    namespaces:",
        ]
        for name in names.prefix(1 + bytes.number(below: 6)) {
            lines.append(
                "      - {name: \(name), \(mode(&bytes)), \(size(&bytes, grid: grid, units: units))}")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func mode(_ bytes: inout ByteSource) -> String {
        bytes.one(of: [
            "mode: raw", "mode: sector", "mode: sector, sector_size: 512", "mode: fsdax",
            "mode: fsdax, map: mem",
            "mode: fsdax, align: 4 KiB", "mode: devdax", "mode: devdax, align: 4 KiB",
            "mode: devdax, align: 1 GiB",
            "mode: devdax, map: mem", "mode: devdax, protect: true",
        ])
    }

    private static func size(_ bytes: inout ByteSource, grid: Int, units: Int) -> String {
        switch bytes.number(below: 8) {
        case 0: "usable_size: \(1 + bytes.number(below: units * grid)) MiB"
        case 1: "size: \(1 + bytes.number(below: 50))%"
        case 2: "size: remaining"
        case 3: "size: remaining/\(2 + bytes.number(below: 4))"
        default: "size: \((1 + bytes.number(below: max(units / 2, 1))) * grid) MiB"
        }
    }
}

/// Numbers from the bytes of an input; 0 behind its end.
struct ByteSource {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        self.bytes = bytes[...]
    }

    mutating func number(below limit: Int) -> Int {
        let high = limit > 256 ? Int(bytes.popFirst() ?? 0) << 8 : 0
        return (high + Int(bytes.popFirst() ?? 0)) % limit
    }

    mutating func one<Item>(of items: [Item]) -> Item { items[number(below: items.count)] }
}
