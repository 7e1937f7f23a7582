package import ProvisionCore
package import ProvisionHost

/// A region of a host under test, with the steps that tests take in it.
package struct ContractRegion {
    package let host: any Host
    package let device: String
    /// What is done to the host beside steps; nil where a test does without.
    package let hardware: (any ContractHardware)?

    package init(host: any Host, device: String, hardware: (any ContractHardware)? = nil) {
        self.host = host
        self.device = device
        self.hardware = hardware
    }

    /// The host, which can undo as well.
    package func restoring() throws -> any RestoringHost { try require(host as? any RestoringHost) }

    package func region() throws -> Region {
        try require(try host.observe().regions.first { $0.device == device })
    }

    package func namespaces() throws -> [Namespace] { try region().namespaces }

    package func target(_ namespace: Namespace) -> NamespaceTarget {
        NamespaceTarget(namespace, region: device)
    }

    package func identity() -> FreshIdentity {
        var generator = SystemRandomNumberGenerator()
        return .random(using: &generator)
    }

    @discardableResult
    package func perform(_ step: Step) throws -> Namespace? {
        try host.perform(step, identity: identity())
    }

    /// The error of a step that must fail.
    func failure(of step: Step) throws -> OperationError {
        let outcome = Result { () throws(OperationError) in try host.perform(step, identity: identity()) }
        switch outcome {
        case .success: throw ContractViolation("the step succeeded: \(step)")
        case .failure(let error): return error
        }
    }

    /// About this many mebibytes: rounded up to what a 2 MiB alignment and the region allow.
    package func size(_ mebibytes: UInt64) throws -> ByteCount {
        let region = try region()
        let align = try require(region.align)
        let unit = try require(
            AllocationUnit.size(regionAlign: align, align: .huge, ways: region.interleaveWays))
        return try require(ByteCount.mib(mebibytes).roundedUp(to: unit))
    }

    package func layout(_ name: String, _ mebibytes: UInt64, _ mode: NamespaceMode = .fsdax) throws -> Layout
    {
        let isDirect = mode.isDirectAccess
        return Layout(
            name: NamespaceName(name), mode: mode, map: isDirect ? .dev : nil,
            align: isDirect ? .huge : nil, sectorSize: mode == .sector ? .sectorModeDefault : nil,
            rawSize: try size(mebibytes))
    }

    package func placement(_ layout: Layout) -> Placement {
        Placement(region: device, layout: layout, resource: nil, usableSize: .zero)
    }

    @discardableResult
    package func create(_ layout: Layout) throws -> Namespace {
        try require(try perform(.create(placement(layout))))
    }

    @discardableResult
    package func create(_ name: String, _ mebibytes: UInt64, _ mode: NamespaceMode = .fsdax) throws
        -> Namespace
    {
        try create(layout(name, mebibytes, mode))
    }

    package func destroy(_ namespace: Namespace) throws {
        let target = target(namespace)
        try perform(.disable(target))
        try perform(.destroy(target))
    }

    package func usableSize(of namespace: Namespace, _ layout: Layout) -> ByteCount? {
        namespace.resource.flatMap {
            NamespaceGeometry.usableSize(
                rawSize: namespace.rawSize, start: $0, mode: layout.mode, map: layout.map,
                align: layout.align,
                sectorSize: layout.sectorSize)
        }
    }

    /// One layout for each thing that a mode can be asked for.
    package static func everyLayout(of size: ByteCount) throws -> [Layout] {
        var layouts: [Layout] = []
        for mode in [NamespaceMode.fsdax, .devdax] {
            for map in MapLocation.allCases {
                for align in [Alignment.page, .huge] {
                    let name = "\(mode)-\(map)-\(align.size.bytes)"
                    layouts.append(
                        Layout(
                            name: NamespaceName(name), mode: mode, map: map, align: align,
                            rawSize: size))
                }
            }
        }
        for bytes in [512, 4096] as [UInt32] {
            let sectorSize = try require(SectorSize(bytes))
            for mode in [NamespaceMode.sector, .raw] {
                let name = NamespaceName("\(mode)-\(bytes)")
                layouts.append(Layout(name: name, mode: mode, sectorSize: sectorSize, rawSize: size))
            }
        }
        return layouts
    }
}
