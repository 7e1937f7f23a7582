package import ProvisionCore
package import ProvisionHost

/// A dynamic dax region of a host under test, with the steps that tests take in it.
package struct ContractDaxRegion {
    package let host: any Host
    package let identity: DaxRegionIdentity
    /// What is done to the host beside steps; nil where a test does without.
    package let hardware: (any ContractDaxHardware)?

    package init(
        host: any Host, identity: DaxRegionIdentity, hardware: (any ContractDaxHardware)? = nil
    ) {
        self.host = host
        self.identity = identity
        self.hardware = hardware
    }

    /// The host, which can undo as well.
    func restoring() throws -> any RestoringHost { try require(host as? any RestoringHost) }

    package func found() throws -> DaxRegion { try require(try host.daxRegion(identity)) }

    /// What is there, in the order of the kernel's names.
    package func layouts() throws -> [DeviceLayout] {
        try found().devices.filter { $0.size > .zero }.compactMap(\.layout)
    }

    /// A device of these parts of the region, in mebibytes.
    func layout(
        _ mebibytes: [Range<UInt64>], align: ByteCount = .mib(2), _ use: DeviceUse? = .devdax,
        rights: NodeRights? = nil
    ) -> DeviceLayout {
        DeviceLayout(
            ranges: mebibytes.map { part in
                (identity.start + part.lowerBound << 20)..<(identity.start + part.upperBound << 20)
            }, align: align, use: use, rights: DeviceRights(declared: rights))
    }

    private func transition(
        _ before: DeviceLayout?, _ after: DeviceLayout?, _ name: String
    ) throws -> Step {
        let region = try found()
        return .setDevice(
            DeviceTransition(
                region: identity, regionName: region.name, name: name,
                device: before.flatMap { region.device(of: $0.ranges) }?.name, before: before, after: after,
                zeroes: true))
    }

    package func perform(_ before: DeviceLayout?, _ after: DeviceLayout?, as name: String = "one") throws {
        _ = try host.perform(transition(before, after, name), identity: Self.identity())
    }

    /// The error of a step; nil where it succeeds.
    func error(
        _ before: DeviceLayout?, _ after: DeviceLayout?, as name: String = "one"
    ) throws -> OperationError? {
        let step = try transition(before, after, name)
        let outcome = Result { () throws(OperationError) in try host.perform(step, identity: Self.identity())
        }
        switch outcome {
        case .success: return nil
        case .failure(let error): return error
        }
    }

    /// The error of a step that must fail.
    func failure(
        _ before: DeviceLayout?, _ after: DeviceLayout?, as name: String = "one"
    ) throws -> OperationError {
        guard let error = try self.error(before, after, as: name) else {
            throw ContractViolation("the step succeeded: \(name)")
        }
        return error
    }

    /// Takes all devices away.
    package func empty() throws {
        for device in try found().devices where device.size > .zero {
            let layout = try require(device.layout)
            try perform(layout, nil, as: device.name)
        }
    }

    private static func identity() -> FreshIdentity {
        var generator = SystemRandomNumberGenerator()
        return .random(using: &generator)
    }
}
