import ProvisionCore

/// Draws single steps for a bus as it is, among them such as no planner would make.
struct RandomStep {
    let bus: Bus

    /// A step; nil where the draw makes none here.
    func step(using generator: inout SeededGenerator) -> Step? {
        let region = generator.one(of: bus.regions)
        guard let namespace = region.namespaces.randomElement(using: &generator), generator.happens(60) else {
            return .create(placement(in: region, using: &generator))
        }
        var target = NamespaceTarget(namespace, region: region.device)
        if generator.happens(8) { spoil(&target, using: &generator) }
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<3: return .disable(target)
        case 3..<5: return .enable(target)
        case 5: return .destroy(target)
        case 6: return NamespaceName("\(region.device)-z").map { .rename(target, $0) }
        default: return .reconfigure(target, layout(of: namespace.rawSize, nil, using: &generator))
        }
    }

    private func spoil(_ target: inout NamespaceTarget, using generator: inout SeededGenerator) {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: target.labelUUID = .random(using: &generator)
        case 1: target.rawSize += .mib(16)
        case 2: target.resource = target.resource.map { $0 + 4096 }
        default: target.device += "9"
        }
    }

    private func placement(in region: Region, using generator: inout SeededGenerator) -> Placement {
        let size = size(in: region, using: &generator)
        var placement = Placement(
            region: region.device, layout: layout(of: size, nil, using: &generator), resource: nil,
            usableSize: .zero)
        if generator.happens(10) { placement.resource = region.resource.map { $0 + region.size.bytes / 2 } }
        return placement
    }

    private func size(in region: Region, using generator: inout SeededGenerator) -> ByteCount {
        let align = region.align ?? .mib(16)
        let largest = region.maxAvailableExtent ?? .zero
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: return largest + align
        case 1: return max(largest, align)
        case 2: return max(region.availableSize.roundedDown(to: align), align)
        case 3: return align + .kib(4)
        case 4: return max(align / 2, .kib(4))
        case 5: return region.size
        default: return align * UInt64.random(in: 1...max(1, min(12, .mib(256) / align)), using: &generator)
        }
    }

    private func layout(
        of size: ByteCount, _ mode: NamespaceMode?, using generator: inout SeededGenerator
    ) -> Layout {
        let drawn = generator.one(of: NamespaceMode.allCases)
        let mode = mode.flatMap { generator.happens(70) ? $0 : nil } ?? drawn
        let name = generator.one(of: "uvwxy".map(String.init))
        var layout = Layout(name: NamespaceName("probe-\(name)"), mode: mode, rawSize: size)
        switch mode {
        case .fsdax, .devdax:
            layout.map = generator.one(of: MapLocation.allCases)
            // What a kernel says of a namespace smaller than its alignment depends on its version (docs/kernels.md), and the
            // planner refuses it.
            let largest: Alignment = size < .gib(1) ? .huge : .gigantic
            layout.align = generator.one(of: [.page, .huge, .huge, largest])
        case .sector: layout.sectorSize = SectorSize(generator.one(of: SectorSize.supported))
        case .raw: layout.sectorSize = generator.one(of: [nil, SectorSize(512), SectorSize(4096)])
        }
        return layout
    }
}

extension ByteCount {
    /// How many times the other fits into this.
    fileprivate static func / (left: ByteCount, right: ByteCount) -> UInt64 { left.bytes / right.bytes }
}
