public import ProvisionCore

extension SimulatedHost {
    /// See ``RestoringHost/openDataArea(of:in:)``.
    public func openDataArea(
        of namespace: Namespace, in region: String
    ) throws(OperationError) -> any DataArea {
        let id = try resolve(NamespaceTarget(namespace, region: region))
        let start = state.dataStart(of: id) ?? state.deviceRange(of: id)?.lowerBound
        guard let now = try readBack(id), now.isActive, now.isSame(as: namespace), let start,
            let size = now.usableSize
        else {
            throw OperationError(
                .changed, while: "zero \(id)", device: id.description, reason: "another tool has changed it")
        }
        if let use = try use(of: id) {
            throw OperationError(
                .busy, while: "zero \(id)", device: use.device, reason: use.text, advice: "end that use first"
            )
        }
        return SimulatedDataArea(host: self, id: id, start: start, size: size)
    }
}

/// The data area of a namespace of a simulated host. That of sector mode is taken to lie where the namespace does,
/// apart from its info blocks.
private final class SimulatedDataArea: DataArea {
    private let host: SimulatedHost
    private let id: SimulatedNamespaceID
    private let start: UInt64
    let size: ByteCount

    init(host: SimulatedHost, id: SimulatedNamespaceID, start: UInt64, size: ByteCount) {
        self.host = host
        self.id = id
        self.start = start
        self.size = size
    }

    func zero(_ range: Extent) throws(OperationError) {
        var first = start + range.offset.bytes
        let end = start + range.end.bytes
        if let table = host.state.table(of: id) { host.state.writtenTables.insert(table) }
        let kept = host.state.isSector(id) ? host.state.infoBlocks.keys.sorted() : []
        for block in kept where block >= first && block < end {
            if block > first { try host.store(.zeroMedia(address: first, ByteCount(block - first))) }
            first = block + UInt64(SimulatedState.page)
        }
        if end > first { try host.store(.zeroMedia(address: first, ByteCount(end - first))) }
    }

    func makeDurable() throws(OperationError) {}

    func sums(at offsets: [ByteCount]) throws(OperationError) -> [UInt32?] {
        host.state.dataPages(of: id, from: start, at: offsets).map { Checksum.of($0) }
    }

    func requireAlone() throws(OperationError) {
        guard let use = try host.use(of: id) else { return }
        throw OperationError(
            .busy, while: "zero \(id)", device: use.device, reason: use.text, advice: "end that use first")
    }

    func forgetPartitions() {}
}
