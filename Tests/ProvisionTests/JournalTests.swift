import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

@Suite struct JournalTests {
    private let header = JournalHeader(
        id: "000001-20261122T120000Z", time: 1, toolVersion: "1", source: "p.yaml",
        before: Observed(buses: []),
        steps: [
            JournalStep(
                kind: .create, region: "region0", device: nil, phrase: "create wal in region0",
                reversibility: .lossless, reversibilityReason: "undo deletes it")
        ])

    private func journal(_ scratch: ScratchDirectory, _ records: [JournalRecord]) throws -> FilePath {
        let path = scratch.path.appending("journal")
        var journal = try Journal.create(path, header)
        for record in records { try journal.append(record) }
        return path
    }

    private func contents(_ path: FilePath) throws -> [UInt8] {
        try StateFile.contents(path, limit: 1 << 20)
    }

    private func replace(_ path: FilePath, with bytes: [UInt8]) throws {
        let file = try FileDescriptor.open(path, .writeOnly, options: .truncate)
        try file.closeAfter { _ = try file.writeAll(bytes) }
    }

    private static var errors: [OperationError] {
        let kinds: [OperationError.Kind] = [.notPermitted, .busy, .changed, .failed, .unavailable]
        var stored = OperationError(
            .failed, while: "set the size", device: "namespace0.0", reason: "No space",
            advice: "ask for less", errno: 28,
            undoFailures: ["release it (namespace0.0): gone"])
        stored.hasStored = true
        let loss = Loss(address: "region0/wal", words: ["wal", "uuid"], consequence: "would be destroyed")
        return kinds.map { OperationError($0, while: "look", reason: "why") } + [
            stored, .interrupted, .consentMissing([loss]),
        ]
            + OperationError.RecordKind.allCases.map { OperationError(record: $0, "no file") }
    }

    /// The error of a step that failed can be told later as it was told then.
    @Test func theErrorOfAStepIsKeptWhole() throws {
        let scratch = try ScratchDirectory()
        let records = Self.errors.enumerated().map { number, error in
            JournalRecord.undo(reason: "it failed", failure: StepFailure(step: number, error: error))
        }
        let path = try journal(scratch, records)
        #expect(try Journal.records(in: contents(path), path) == [.begin(header)] + records)
    }

    private var everyRecord: [JournalRecord] {
        var generator = SystemRandomNumberGenerator()
        return [
            .labels(SavedLabels(dimm: "8089", file: "labels-1", checksum: 7)),
            .range(
                step: 0,
                SavedRange(
                    place: .offset(.mib(4), region: nil), length: .kib(8), file: "media-0-0", checksum: 9)),
            .intent(step: 0, .random(using: &generator)), .done(step: 0),
            .sample(
                step: 0,
                MediaSample(view: .media, range: Extent(offset: .mib(2), length: .kib(8)), sums: [1, .max])),
            .done(step: 0, StepResult(namespace: Namespace(device: "namespace0.0", rawSize: .mib(64)))),
            .undo(reason: "the test \"says\" so", agreed: ["wal"]),
            .foundMemory(online: [4096..<8192], offline: [0..<4096]), .memoryStays([0..<8192]),
            .look(step: 0, device: "namespace0.0"),
            .accounted(step: 0, [Extent(offset: .zero, length: .kib(8))]),
            .placeholder(
                .random(using: &generator), .offset(.mib(64), region: RegionThen(device: "region0"))),
            .kept(
                [
                    KeptDevice(
                        Namespace(
                            device: "namespace0.0", rawSize: .mib(64), mode: .devdax,
                            labelUUID: .random(using: &generator),
                            infoBlockUUID: .random(using: &generator),
                            daxDevice: DaxDevice(usedAs: .systemRAM(.none))),
                        in: .place(provider: "e820", cookie: nil, start: 1 << 32, size: .gib(1)),
                        margins: MemoryMargins(sum: 5)),
                    KeptDevice(
                        Namespace(
                            device: "namespace1.0", rawSize: .mib(64), mode: .devdax,
                            labelUUID: .random(using: &generator), infoBlockUUID: .random(using: &generator),
                            daxDevice: DaxDevice(usedAs: .systemRAM(.movable))),
                        in: .interleaveSet([
                            RegionIdentity.Share(dimm: "a", position: 1, offset: .zero, length: .mib(64)),
                            RegionIdentity.Share(dimm: "b", position: nil, offset: .mib(1), length: .mib(64)),
                        ]), margins: nil),
                ].compactMap(\.self)),
            .placeholder(.random(using: &generator), .address(5)),
            .returned(.random(using: &generator), bootID: nil),
            .returned(.random(using: &generator), bootID: "a boot"),
            .expected(
                step: 0,
                MediaSample(view: .media, range: Extent(offset: .mib(2), length: .kib(8)), sums: [1, .max])),
            .labelsRestored(RegionThen(device: "region1")),
            .end(.rolledBack, after: Observed(buses: [])),
        ]
    }

    @Test func whatIsAppendedIsReadBack() throws {
        let scratch = try ScratchDirectory()
        let records = everyRecord
        let path = try journal(scratch, records)
        #expect(try Journal.records(in: contents(path), path) == [.begin(header)] + records)
    }

    @Test func aTailTornAtAnyByteIsIgnoredAndOverwritten() throws {
        let scratch = try ScratchDirectory()
        let path = try journal(scratch, [.done(step: 0)])
        let whole = try contents(path)
        let firstLine = try #require(whole.firstIndex(of: 10)) + 1
        for length in firstLine..<whole.count {
            try replace(path, with: Array(whole[..<length]))
            #expect(try Journal.records(in: contents(path), path) == [.begin(header)], "cut at \(length)")
            var reopened = try Journal.reopen(path)
            try reopened.append(.undo(reason: "again"))
            let records = try Journal.records(in: contents(path), path)
            #expect(records == [.begin(header), .undo(reason: "again")], "cut at \(length)")
        }
    }

    @Test func aLastLineOfWhichBlocksNeverReachedTheDiskIsIgnored() throws {
        let scratch = try ScratchDirectory()
        let path = try journal(scratch, [.done(step: 0)])
        let whole = try contents(path)
        let firstLine = try #require(whole.firstIndex(of: 10)) + 1
        for lost in [firstLine..<firstLine + 1, firstLine + 3..<whole.count - 1, firstLine..<whole.count] {
            try replace(path, with: whole.indices.map { lost.contains($0) ? 0 : whole[$0] })
            #expect(try Journal.records(in: contents(path), path) == [.begin(header)], "lost \(lost)")
            var reopened = try Journal.reopen(path)
            try reopened.append(.undo(reason: "again"))
            let records = try Journal.records(in: contents(path), path)
            #expect(records == [.begin(header), .undo(reason: "again")], "lost \(lost)")
        }
        let damaged = whole.indices.map { $0 == firstLine - 2 ? 0 : whole[$0] }
        #expect(throws: OperationError.self) { _ = try Journal.records(in: damaged, path) }
    }

    @Test func aRecordThatWouldNotReadBackIsNotWritten() throws {
        let scratch = try ScratchDirectory()
        let path = scratch.path.appending("journal")
        var journal = try Journal.create(path, header)
        let region = Region(device: "region0", size: .gib(1), availableSize: ByteCount(.max))
        let impossible = Observed(buses: [
            Bus(device: "ndbus0", provider: "ACPI.NFIT", scrubState: nil, dimms: [], regions: [region])
        ])
        #expect(throws: OperationError.self) { try journal.append(.end(.committed, after: impossible)) }
        try journal.append(.done(step: 0))
        #expect(try Journal.records(in: contents(path), path) == [.begin(header), .done(step: 0)])
    }

    @Test func aChangedByteAnywhereElseIsDamage() throws {
        let scratch = try ScratchDirectory()
        let path = try journal(scratch, [.done(step: 0), .undo(reason: "x")])
        let whole = try contents(path)
        for index in stride(from: 0, to: whole.count - 1, by: 7) where whole[index] != 10 {
            var changed = whole
            changed[index] ^= 1
            #expect(throws: OperationError.self, "byte \(index)") {
                _ = try Journal.records(in: changed, path)
            }
        }
    }

    /// What a step did decides what undoing it comes to: a word that is not known is never taken for one that does nothing.
    @Test func everyKindOfStepIsReadBackAndNoOther() throws {
        for kind in StepKind.allCases {
            var header = header
            header.steps[0].kind = kind
            let scratch = try ScratchDirectory()
            let path = scratch.path.appending("journal")
            _ = try Journal.create(path, header)
            #expect(try Journal.records(in: contents(path), path) == [.begin(header)])
            let text = String(decoding: try contents(path).dropFirst(9), as: UTF8.self)
                .replacing("\"action\":\"\(kind.rawValue)\"", with: "\"action\":\"later\"")
                .replacing("\n", with: "")
            try replace(path, with: Array("\(Checksum.text(Checksum.of(text.utf8))) \(text)\n".utf8))
            #expect(throws: OperationError.self) { try Journal.records(in: contents(path), path) }
        }
    }

    @Test func aRecordThatIsMissingIsDamage() throws {
        let scratch = try ScratchDirectory()
        let path = try journal(scratch, [.done(step: 0), .undo(reason: "x")])
        var lines = try contents(path).split(separator: 10).map { Array($0) + [10] }
        lines.remove(at: 1)
        let shortened = Array(lines.joined())
        #expect(throws: OperationError.self) { _ = try Journal.records(in: shortened, path) }
    }

    @Test func aBackupWithAnotherChecksumIsNeverUsed() throws {
        let scratch = try ScratchDirectory()
        var writer = try TransactionWriter.begin(
            in: scratch.store, source: "p.yaml", before: Observed(buses: []),
            plan: Plan(changes: [], steps: [], unchanged: [], unmanaged: [], refusals: []))
        let checksum = try writer.save([1, 2, 3], as: "media-0-0")
        try writer.append(.end(.committed, after: nil))
        let name = writer.name
        #expect(
            try scratch.store.contents(name, file: "media-0-0", checksum: checksum, limit: 3) == [1, 2, 3])
        #expect(throws: OperationError.self) {
            _ = try scratch.store.contents(name, file: "media-0-0", checksum: checksum ^ 1, limit: 3)
        }
    }

    @Test(arguments: [-1, 1, Int.max]) func aStepThatTheTransactionDoesNotHaveIsNoPartOfIt(step: Int) {
        var generator = SystemRandomNumberGenerator()
        let range = SavedRange(
            place: .offset(.zero, region: nil), length: .kib(8), file: "media", checksum: 0)
        let strays: [JournalRecord] = [
            .done(step: step), .intent(step: step, .random(using: &generator)), .range(step: step, range),
        ]
        #expect(TransactionLog([.begin(header), .done(step: 0)]) != nil)
        for stray in strays { #expect(TransactionLog([.begin(header), stray]) == nil) }
    }

    @Test func moreThanFits64BitsIsSaidToBeSavedWithoutATrap() throws {
        let range = SavedRange(
            place: .offset(.zero, region: nil), length: ByteCount(.max), file: "media", checksum: 0)
        let log = try #require(
            TransactionLog([.begin(header), .range(step: 0, range), .range(step: 0, range)]))
        #expect(TransactionReport(log).text().contains("~16777216 TiB of media"))
    }

    @Test(arguments: [
        #""address":0,"length":1125899906842625"#, #""address":1152921504606846977,"length":1"#,
    ])
    func aRangeBeyondWhatAHostHasIsDamage(numbers: String) throws {
        let scratch = try ScratchDirectory()
        let path = try journal(scratch, [])
        let text = #"{"seq":1,"record":"range","step":0,\#(numbers),"file":"media","checksum":0}"#
        let line = "\(Checksum.text(Checksum.of(text.utf8))) \(text)\n"
        let bytes = try contents(path) + Array(line.utf8)
        #expect(throws: OperationError.self) { _ = try Journal.records(in: bytes, path) }
    }

    @Test func theChecksumIsCastagnolis() {
        #expect(Checksum.of("123456789".utf8) == 0xe306_9283)
    }
}
