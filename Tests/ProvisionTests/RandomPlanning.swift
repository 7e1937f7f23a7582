import ProvisionCore

/// Random small regions and profiles for them. Equal seeds give equal cases.
struct RandomPlanning {
    var generator: RandomObserved.Generator

    /// The start of every region: a multiple of 1 GiB.
    static let start: UInt64 = 1 << 32
    static let names = ["a", "b", "c", "d", "e", "f", "g"]

    init(seed: UInt64) {
        generator = RandomObserved.Generator(state: seed)
    }

    /// What a region is made of.
    struct Hardware {
        var ways: Int
        var grid: ByteCount
        var capacity: ByteCount
        /// How far the region begins behind a multiple of the grid on its DIMMs.
        var skew: ByteCount
        var slots: Int
        var labels: LabelVersion
    }

    mutating func hardware() -> Hardware {
        let ways = one(of: [1, 1, 2, 3, 4, 6])
        let usual = ByteCount.mib(ways % 3 == 0 ? UInt64(16 * ways) : 16)
        let grid = chance(4) ? usual * one(of: [1, 2, 4]) : usual
        let isSkewed = chance(8)
        return Hardware(
            ways: ways, grid: grid,
            capacity: grid * UInt64(number(in: 4...40)) + (isSkewed ? grid / 2 : .zero),
            skew: isSkewed ? grid / 2 : .zero, slots: chance(6) ? number(in: 0...4) : 500,
            labels: chance(6) ? .v1_1 : .v1_2)
    }

    /// A profile of one block, whose sizes are about what the region has.
    mutating func profile(for hardware: Hardware, unmanaged: UnmanagedPolicy) -> Profile {
        var names = Self.names.shuffled(using: &generator)
        var divisors = shares()
        let count = number(in: 0...5)
        let declarations = (0..<count).map { index in
            declaration(names.removeLast(), line: index + 5, hardware, divisors: &divisors)
        }
        let block = RegionBlock(
            match: RegionMatch(region: 0), namespaces: declarations,
            position: SourcePosition(line: 3, column: 5))
        return Profile(source: "random", unmanaged: unmanaged, regions: [block])
    }

    private mutating func declaration(
        _ name: String, line: Int, _ hardware: Hardware, divisors: inout [Int]
    ) -> NamespaceDeclaration {
        let mode = one(of: NamespaceMode.allCases)
        let isDirect = mode.isDirectAccess
        let align = isDirect && chance(2) ? (chance(12) ? Alignment.gigantic : one(of: [.page, .huge])) : nil
        let unit =
            AllocationUnit.size(regionAlign: hardware.grid, align: align ?? .page, ways: hardware.ways)
            ?? hardware.grid
        return NamespaceDeclaration(
            name: NamespaceName(name), mode: mode, size: size(unit, hardware, divisors: &divisors),
            align: align, map: isDirect && chance(2) ? one(of: MapLocation.allCases) : nil,
            sectorSize: mode == .sector && chance(2) ? SectorSize(one(of: [512, 4096])) : nil,
            isProtected: chance(12), position: SourcePosition(line: line, column: 9))
    }

    private mutating func size(
        _ unit: ByteCount, _ hardware: Hardware, divisors: inout [Int]
    ) -> SizeRequest {
        let units = max(Int(hardware.capacity.bytes / unit.bytes), 1)
        switch number(in: 0...9) {
        case 0...4: return .raw(unit * UInt64(number(in: 1...max(units / 3, 1))))
        case 5: return .usable(.mib(UInt64(number(in: 1...200))))
        case 6:
            let percentage = Percentage(millionths: UInt64(number(in: 1...25)) * 1_000_000)
            return percentage.map { .fraction($0) } ?? .raw(unit)
        default: return divisors.popLast().map { .remaining(divisor: $0) } ?? .raw(unit)
        }
    }

    /// Divisors of shares that come to at most the whole.
    private mutating func shares() -> [Int] {
        one(of: [[1], [1], [2, 2], [3, 3, 3], [6, 3, 2], [4], [2], [5, 4], []])
    }

    mutating func one<Item>(of items: [Item]) -> Item { items[number(in: 0...items.count - 1)] }

    mutating func number(in range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    /// True once in `times`.
    mutating func chance(_ times: Int) -> Bool { number(in: 1...times) == 1 }
}

extension RandomPlanning {
    /// A region of this hardware with up to six namespaces in it, some of them named as profiles name theirs.
    mutating func region(_ hardware: Hardware) -> Region {
        var region = Region(
            device: "region0", size: hardware.capacity, align: hardware.grid, resource: Self.start,
            mappings: (0..<hardware.ways).map { way in
                Mapping(
                    dimm: "nmem\(way)", offset: (hardware.grid + hardware.skew) / UInt64(hardware.ways),
                    length: hardware.capacity / UInt64(hardware.ways), position: way)
            })
        let names = Self.names.shuffled(using: &generator)
        for index in 0..<number(in: 0...6) {
            let offset = hardware.skew + hardware.grid * UInt64(number(in: 0...40))
            let length = hardware.grid * UInt64(number(in: 1...6))
            let extent = Extent(offset: offset, length: length)
            guard extent.end <= hardware.capacity else { continue }
            guard !region.namespaces.contains(where: { region.extent(of: $0)?.overlaps(extent) ?? true })
            else {
                continue
            }
            region.namespaces.append(namespace(names[index], extent, index, hardware))
        }
        return region
    }

    private mutating func namespace(
        _ name: String, _ extent: Extent, _ index: Int, _ hardware: Hardware
    ) -> Namespace {
        var layout = Layout(name: NamespaceName(name), mode: .raw, rawSize: extent.length)
        if hardware.labels == .v1_2 {
            layout.mode = one(of: NamespaceMode.allCases)
            layout.map = layout.mode.isDirectAccess ? one(of: MapLocation.allCases) : nil
            layout.align = layout.mode.isDirectAccess ? one(of: [.page, .huge]) : nil
            layout.sectorSize = layout.mode == .sector ? .sectorModeDefault : nil
        }
        var namespace = Namespace(
            layout, device: "namespace0.\(index)", resource: Self.start + extent.offset.bytes,
            labels: hardware.labels, uuid: .random(using: &generator))
        namespace.isActive = !chance(6)
        return namespace
    }

    /// A host with this region alone.
    static func observed(_ region: Region, _ hardware: Hardware) -> Observed {
        let dimms = (0..<hardware.ways).map { way in
            Dimm(
                device: "nmem\(way)", uniqueID: "dimm-\(way)",
                labelArea: LabelArea(
                    size: .kib(128), version: hardware.labels, slots: 510, availableSlots: hardware.slots))
        }
        return Observed(buses: [
            Bus(device: "ndbus0", provider: "ACPI.NFIT", scrubState: nil, dimms: dimms, regions: [region])
        ])
    }
}

extension Namespace {
    /// The namespace that a layout gives when it is enabled at an address.
    init(_ layout: Layout, device: String, resource: UInt64, labels: LabelVersion, uuid: UUID) {
        self.init(
            device: device, resource: resource, rawSize: layout.rawSize, extents: 1, mode: layout.mode,
            recordedMode: layout.mode == .raw ? nil : layout.mode,
            usableSize: NamespaceGeometry.usableSize(
                rawSize: layout.rawSize, start: resource, mode: layout.mode, map: layout.map,
                align: layout.align, sectorSize: layout.sectorSize, labels: labels),
            map: layout.map, align: layout.align?.size,
            sectorSize: layout.sectorSize?.bytes ?? (layout.mode == .raw ? 512 : nil),
            name: layout.name?.text, labelUUID: uuid)
    }
}
