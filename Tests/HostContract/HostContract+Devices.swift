import ProvisionCore
import ProvisionHost

/// The devices of devdax namespaces: as memory, and whose they are.
extension HostContract {
    static let devices: [HostContract] = [
        HostContract("a device becomes memory, and a device again", deviceBecomesMemory),
        HostContract("what is memory stays online, and is not zeroed", memoryStaysOnline),
        HostContract("the policy for new memory is held, and given back", policyIsGivenBack),
        HostContract("what lies beside memory blocks tells of writes", marginsTellOfWrites),
        HostContract("rights are given, changed and taken", rightsAreGivenAndTaken),
        HostContract("a rule stays while its namespace is offline", rulesStay),
        HostContract("rules are removed, and the rights of nodes stay", rulesAreRemoved),
        HostContract("what has no device is given neither use nor rights", onlyDevicesAreConfigured),
    ]

    private static func deviceBecomesMemory(_ region: ContractRegion) throws {
        let created = try region.create("one", 384, .devdax)
        let target = region.target(created)
        defer { _ = try? region.perform(.configureDevice(target, .devdax)) }
        let before = try region.namespaces()
        guard try region.canBecomeMemory(created) else {
            for use in [DeviceUse.systemRAM(.none), .systemRAM(.movable)] {
                try expect(try region.failure(of: .configureDevice(target, use)).kind == .failed)
                try expect(try region.namespaces() == before)
            }
            return
        }
        let uses: [DeviceUse] = [
            .systemRAM(.none), .systemRAM(.movable), .systemRAM(.none), .devdax, .systemRAM(.movable),
            .devdax,
        ]
        for use in uses {
            let configured = try require(try region.perform(.configureDevice(target, use)))
            try expect(configured.deviceUse == use)
            try expect(configured.withoutDevice == created.withoutDevice)
            try expect(try region.host.current(target)?.deviceUse == use)
            // It is that already.
            try expect(try region.perform(.configureDevice(target, use)) == configured)
        }
        try expect(try region.namespaces() == before)
    }

    private static func memoryStaysOnline(_ region: ContractRegion) throws {
        let created = try region.create("one", 384, .devdax)
        let target = region.target(created)
        guard try region.canBecomeMemory(created) else { return }
        defer { _ = try? region.perform(.configureDevice(target, .devdax)) }
        try region.perform(.configureDevice(target, .systemRAM(.none)))
        let before = try region.namespaces()
        let uses = try region.host.examine(UseQuery(targets: [target])).uses
        try expect(uses[created.device]?.isEmpty == false)
        for step in [Step.disable(target), .zero(target)] {
            try expect(try region.failure(of: step).kind == .busy)
            try expect(try region.namespaces() == before)
        }
        try region.perform(.configureDevice(target, .devdax))
        try expect(try region.perform(.disable(target))?.isActive == false)
    }

    private static func policyIsGivenBack(_ region: ContractRegion) throws {
        let host = try region.restoring()
        guard let was = host.memoryPolicy else { return }
        defer { try? host.setMemoryPolicy(was) }
        let created = try region.create("one", 384, .devdax)
        let target = region.target(created)
        defer { _ = try? region.perform(.configureDevice(target, .devdax)) }
        let becomesMemory = try region.canBecomeMemory(created)
        for policy in ["online", "online_movable", "offline"] {
            try host.setMemoryPolicy(policy)
            try expect(host.memoryPolicy == policy)
            guard becomesMemory else { continue }
            for use in [DeviceUse.systemRAM(.movable), .devdax] {
                try expect(try region.perform(.configureDevice(target, use))?.deviceUse == use)
                try expect(host.memoryPolicy == policy)
            }
        }
        let error = try region.error { () throws(OperationError) in try host.setMemoryPolicy("sideways") }
        try expect(error.kind == .failed)
        try expect(host.memoryPolicy == "offline")
    }

    private static func marginsTellOfWrites(_ region: ContractRegion) throws {
        let host = try region.restoring()
        let created = try region.create("one", 384, .devdax)
        let target = region.target(created)
        guard let unit = try region.memoryBlockSize() else {
            try expect(try host.memoryMargins(of: target) == nil)
            return
        }
        let start = try require(created.resource)
        let data = try region.dataRange(of: created)
        let blocks = MemoryHotplug(blockSize: unit).blocks(in: data)
        func margins(with word: UInt8, at address: UInt64) throws -> MemoryMargins {
            try region.perform(.disable(target))
            try region.write([ByteCount(address - start): word], to: target)
            try region.perform(.enable(target))
            let found = try require(try host.memoryMargins(of: target))
            try expect(try host.memoryMargins(of: target) == found)
            return found
        }
        let first = try margins(with: 11, at: data.lowerBound)
        try expect(try margins(with: 12, at: data.lowerBound) != first)
        try expect(try margins(with: 11, at: data.lowerBound) == first)
        guard try region.canBecomeMemory(created) else { return }
        // What lies in a memory block is the kernel's to write.
        try expect(try margins(with: 13, at: blocks.lowerBound * unit.bytes) == first)
        defer { _ = try? region.perform(.configureDevice(target, .devdax)) }
        for use in [DeviceUse.systemRAM(.none), .systemRAM(.movable)] {
            try region.perform(.configureDevice(target, use))
            try expect(try host.memoryMargins(of: target) == nil)
        }
        try region.perform(.configureDevice(target, .devdax))
        try expect(try host.memoryMargins(of: target) == first)
    }

    private static func rightsAreGivenAndTaken(_ region: ContractRegion) throws {
        let created = try region.create("one", 64, .devdax)
        let target = region.target(created)
        defer { _ = try? region.perform(.setRights(target, DeviceRights.none)) }
        let other = try region.create("two", 64, .devdax)
        let declared: [NodeRights?] = [
            NodeRights(owner: 7, permissions: 0o640), NodeRights(group: 8), nil,
            NodeRights(permissions: 0o666),
            nil,
        ]
        for rights in declared.map({ DeviceRights(declared: $0) }) {
            var expected = created
            expected.rights = rights
            try expect(try region.perform(.setRights(target, rights)) == expected)
            try expect(try region.host.current(target)?.rights == rights)
            let observed = try require(try region.namespaces().first { $0.device == created.device })
            try expect(observed.rights == rights)
            try expect(try region.host.current(region.target(other))?.rights == other.rights)
        }
    }

    private static func rulesStay(_ region: ContractRegion) throws {
        let host = try region.restoring()
        let created = try region.create("one", 64, .devdax)
        let target = region.target(created)
        let key = DeviceKey.infoBlock(try require(created.infoBlockUUID))
        defer { try? host.removeRules(for: [key]) }
        let rights = DeviceRights(declared: NodeRights(owner: 7))
        try region.perform(.setRights(target, rights))
        try region.perform(.disable(target))
        let enabled = try require(try region.perform(.enable(target)))
        // Whether its new node has the rights already is up to whoever handles events.
        try expect(enabled.rights.rule == rights.rule)
        try expect(try region.perform(.setRights(target, rights))?.rights == rights)
    }

    private static func rulesAreRemoved(_ region: ContractRegion) throws {
        let host = try region.restoring()
        let rights = DeviceRights(declared: NodeRights(owner: 7, permissions: 0o640))
        var keys: [DeviceKey] = []
        var targets: [NamespaceTarget] = []
        defer { try? host.removeRules(for: keys) }
        for name in ["one", "two"] {
            let created = try region.create(name, 64, .devdax)
            let target = region.target(created)
            keys.append(.infoBlock(try require(created.infoBlockUUID)))
            targets.append(target)
            try region.perform(.setRights(target, rights))
        }
        func found() throws -> [DeviceRights?] { try targets.map { try region.host.current($0)?.rights } }
        let bare = DeviceRights(node: rights.node)
        for _ in 1...2 {
            try host.removeRules(for: [keys[0], .infoBlock(region.identity().infoBlock)])
            try expect(try found() == [bare, rights])
        }
        try host.removeRules(for: keys)
        try expect(try found() == [bare, bare])
    }

    private static func onlyDevicesAreConfigured(_ region: ContractRegion) throws {
        let off = region.target(try region.create("off", 64, .devdax))
        try region.perform(.disable(off))
        let files = region.target(try region.create("files", 64, .fsdax))
        var changed = region.target(try region.create("one", 64, .devdax))
        changed.labelUUID = region.identity().labelUUID
        let rights = DeviceRights(declared: NodeRights(owner: 7))
        let before = try region.namespaces()
        for target in [off, files, changed] {
            for step in [Step.configureDevice(target, .systemRAM(.none)), .setRights(target, rights)] {
                let kind = try region.failure(of: step).kind
                try expect(kind == .changed || target != changed && kind == .failed)
                try expect(try region.namespaces() == before)
            }
        }
    }
}

extension ContractRegion {
    /// The size of memory blocks; nil where there is no memory hotplug.
    func memoryBlockSize() throws -> ByteCount? {
        try host.examine(UseQuery(targets: [], readsMemoryPolicy: true)).memoryBlockSize
    }

    /// The physical addresses of the data of an active namespace.
    func dataRange(of namespace: Namespace) throws -> Range<UInt64> {
        let resource = try require(namespace.resource)
        let size = try require(namespace.usableSize)
        let start = resource + namespace.dataRange.offset.bytes
        return start..<(start + size.bytes)
    }

    /// Whether the device of a devdax namespace can become memory on this machine.
    func canBecomeMemory(_ namespace: Namespace) throws -> Bool {
        guard try region().targetNode != nil, let unit = try memoryBlockSize() else { return false }
        let data = try dataRange(of: namespace)
        return !MemoryHotplug(blockSize: unit).blocks(in: data).isEmpty
    }
}

extension Namespace {
    /// The same, but for what its device is used as.
    fileprivate var withoutDevice: Namespace {
        var namespace = self
        namespace.daxDevice = nil
        return namespace
    }
}
