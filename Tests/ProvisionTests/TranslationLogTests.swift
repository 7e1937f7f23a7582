import Testing

@testable import ProvisionCore

/// What the log of a translation table tells of writes.
@Suite struct TranslationLogTests {
    /// A log as the kernel makes it, for so many lanes.
    private static func made(lanes: UInt32 = 256) -> [UInt8] {
        (0..<lanes).flatMap { lane -> [UInt8] in
            entry(lane, 5000 + lane, 5000 + lane, 1) + [UInt8](repeating: 0, count: 48)
        }
    }

    private static func entry(_ words: UInt32...) -> [UInt8] {
        words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) } }
    }

    @Test func aLogThatWasMadeIsUnused() {
        #expect(TranslationLog.isUnused(Self.made()))
    }

    /// The first write of a lane is its second entry; later ones replace the older of the two.
    @Test(arguments: [16, 32], [0, 100, 255])
    func anEntryOfAWriteTells(at place: Int, lane: Int) {
        var log = Self.made()
        let start = 64 * lane + place
        log.replaceSubrange(start..<start + 16, with: Self.entry(7, 0x8000_0007, 5000 + UInt32(lane), 2))
        #expect(!TranslationLog.isUnused(log))
    }

    @Test func whatIsNoLogIsNotUnused() {
        #expect(!TranslationLog.isUnused([]))
        #expect(!TranslationLog.isUnused([UInt8](repeating: 0, count: 16384)))
        #expect(!TranslationLog.isUnused([UInt8](repeating: 5, count: 16384)))
        #expect(!TranslationLog.isUnused(Array(Self.made().dropLast(4))))
        var other = Self.made(lanes: 1)
        other.replaceSubrange(0..<16, with: Self.entry(0, 5000, 6000, 1))
        #expect(!TranslationLog.isUnused(other))
        other.replaceSubrange(0..<16, with: Self.entry(0, 5000, 5000, 3))
        #expect(!TranslationLog.isUnused(other))
    }

    /// Right before the second info block of each arena, whatever the version of the table.
    @Test(arguments: [LabelVersion.v1_2, .v1_1])
    func theLogsLieWhereTheKernelPutsThem(labels: LabelVersion) {
        let length = ByteCount.kib(16)
        #expect(
            NamespaceGeometry.translationLogs(rawSize: .mib(64), labels: labels) == [
                Extent(offset: .mib(64) - .kib(20), length: length)
            ])
        let first = ByteCount.gib(512) + (labels == .v1_2 ? .zero : .kib(4))
        #expect(
            NamespaceGeometry.translationLogs(rawSize: .gib(512) + .mib(64), labels: labels) == [
                Extent(offset: first - .kib(20), length: length),
                Extent(offset: .gib(512) + .mib(64) - .kib(20), length: length),
            ])
        for log in NamespaceGeometry.translationLogs(rawSize: .gib(600), labels: labels) {
            let metadata = NamespaceGeometry.translationTableRanges(
                rawSize: .gib(600), sectorSize: .sectorModeDefault, labels: labels)
            #expect(metadata.contains { $0.offset <= log.offset && log.end <= $0.end })
        }
    }
}
