import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// What clearing media errors through a block device writes over: the kernel host itself, on a made tree. Its made kernel clears no list, so
/// that what was written still counts as listed.
@Suite struct KernelErrorClearingTests {
    private static let disk = "namespace0.0/block/pmem0"
    private static let pattern = [UInt8](repeating: 0xA5, count: 512)

    private let machine: MadeNvdimmMachine
    private let host: KernelHost
    private let target: NamespaceTarget

    init() throws {
        machine = try MadeNvdimmMachine()
        host = machine.host
        let layout = Layout(name: NamespaceName("pool"), mode: .raw, rawSize: .mib(64))
        let made = try host.perform(
            .create(Placement(region: "region0", layout: layout, resource: nil, usableSize: .mib(64))),
            identity: FreshIdentity(
                labelUUID: try #require(UUID("11111111-1111-4111-8111-111111111111")),
                infoBlock: try #require(UUID("22222222-2222-4222-8222-222222222222"))))
        target = NamespaceTarget(try #require(made), region: "region0")
        try list([], byDisk: [])
        for sector in UInt64(0)..<128 { try write(sector) }
    }

    private func write(_ sector: UInt64) throws {
        try machine.tree.write(Self.pattern, to: machine.media(of: "namespace0.0"), at: sector * 512)
    }

    /// What the region and the block device list, as sectors with their numbers; the namespace begins where the region does.
    private func list(_ region: [(Int, Int)], byDisk: [(Int, Int)]) throws {
        func text(_ list: [(Int, Int)]) -> String { list.map { "\($0.0) \($0.1)" }.joined(separator: "\n") }
        try machine.put("", "badblocks", text(region))
        try machine.put(Self.disk, "badblocks", text(byDisk))
    }

    private func zeroes() -> [UInt64] {
        (0..<128).filter {
            machine.tree.bytes(machine.media(of: "namespace0.0"), at: $0 * 512, 512).allSatisfy { $0 == 0 }
        }
    }

    /// Clears ranges of sectors; something happens when the second one begins.
    private func clear(
        _ sectors: [Range<UInt64>], _ meanwhile: () throws -> Void = {}
    ) throws -> [Int: ErrorClearing.Event] {
        var events: [Int: ErrorClearing.Event] = [:]
        let ranges = sectors.map {
            Extent(offset: ByteCount($0.lowerBound * 512), length: ByteCount(UInt64($0.count) * 512))
        }
        var failure: (any Error)?
        try host.clearErrors(
            ErrorClearing(region: "region0", target: target, ranges: ranges, unit: ByteCount(512))
        ) { index, event in
            if index == 1, event == .begins { do { try meanwhile() } catch { failure = error } }
            events[index] = event
            return true
        }
        if let failure { throw failure }
        return events
    }

    /// A write clears the error under it: whoever wrote there meanwhile has data there.
    @Test func whatIsNotListedAnyMoreIsLeftAsItIs() throws {
        try list([(8, 2), (64, 3)], byDisk: [(8, 2), (64, 3)])
        let events = try clear([8..<10, 64..<67]) { try list([(8, 2)], byDisk: [(8, 2)]) }
        #expect(zeroes() == [8, 9])
        guard case .unread(let why) = events[1] else {
            Issue.record("\(events)")
            return
        }
        #expect(why.contains("left as it is"))
    }

    @Test func ofARangeOnlyWhatIsStillListedIsWritten() throws {
        try list([(8, 1), (64, 3)], byDisk: [])
        _ = try clear([8..<9, 64..<67]) { try list([(65, 1)], byDisk: []) }
        #expect(zeroes() == [8, 65])
    }

    @Test func oneListIsEnough() throws {
        try list([(8, 1)], byDisk: [(64, 1)])
        _ = try clear([8..<9, 64..<65])
        #expect(zeroes() == [8, 64])
    }

    /// The device is held exclusively, which keeps out none of these.
    @Test func whoCameMeanwhileIsSeenBeforeEachRange() throws {
        try list([(8, 1), (64, 1)], byDisk: [])
        let holder = "sys/devices/ndbus0/region0/\(Self.disk)/holders/dm-0"
        let events = try clear([8..<9, 64..<65]) { try machine.tree.makeDirectory(holder) }
        #expect(zeroes() == [8])
        guard case .failed(let error) = events[1] else {
            Issue.record("\(events)")
            return
        }
        #expect(error.kind == .busy && error.reason.contains("dm-0"), "\(error)")
    }
}
