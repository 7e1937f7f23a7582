import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// The transactions in a state directory, whatever is in it.
@Suite struct TransactionStoreTests {
    private let scratch: ScratchDirectory
    private var store: TransactionStore { scratch.store }

    init() throws {
        scratch = try ScratchDirectory()
    }

    private static let empty = Plan(changes: [], steps: [], unchanged: [], unmanaged: [], refusals: [])

    @discardableResult
    private func record(_ records: [JournalRecord], before: Observed = Observed(buses: [])) throws -> String {
        var writer = try TransactionWriter.begin(
            in: store, source: "p.yaml", before: before, plan: Self.empty)
        for record in records { try writer.append(record) }
        return writer.name
    }

    private func makeDirectory(_ name: String) throws {
        try store.directory.prepare()
        try StateDirectory.makePrivate(store.directory.transactions.appending(name))
    }

    /// A transaction whose first record says this of itself.
    private func write(_ name: String, time: String, id: String? = nil, source: String = "p") throws {
        try makeDirectory(name)
        let text =
            #"{"seq":0,"record":"begin","format_version":1,"id":"\#(id ?? name)","time":\#(time),"#
            + #""tool_version":"1","profile":"\#(source)","steps":[],"before":{"format_version":1,"tool_version":"1","buses":[]}}"#
        let end = #"{"seq":1,"record":"end","outcome":"committed"}"#
        let lines = [text, end].map { "\(Checksum.text(Checksum.of($0.utf8))) \($0)\n" }.joined()
        try scratch.write(lines, to: "state/transactions/\(name)/journal")
        try FileDescriptor.open(store.journalPath(name), .readOnly).close()
    }

    @Test(arguments: ["\(Int.min)", "\(Int.max)", "-1", "0", "253402300800"])
    func anyTimeIsSurvived(time: String) throws {
        let name = "000001-20261122T120000Z"
        try write(name, time: time)
        try record([.end(.committed, after: nil)])
        try store.prune(keeping: 0, youngerThan: 0, now: Int.max)
        try store.prune(keeping: 1, youngerThan: Int.max, now: Int.min)
        let readings = try store.readings()
        #expect(!readings.isEmpty)
        #expect(!HistoryReport(readings).text().isEmpty)
        for name in try store.names() { #expect(!TransactionReport(try store.outline(name)).text().isEmpty) }
    }

    /// A profile's path can be long: it moves to a line of its own, and stays whole.
    @Test func aHistoryFitsTheTerminal() throws {
        let path = "/" + String(repeating: "long/", count: 12) + "profile.yaml"
        try write("000001-20261122T120000Z", time: "0", source: path)
        let report = HistoryReport(try store.readings())
        let wide = report.text().split(separator: "\n")
        let narrow = report.text(width: 80).split(separator: "\n")
        #expect(wide.count == 2 && wide[1].columns > 80)
        #expect(narrow.count == 3 && narrow.allSatisfy { $0.columns <= 100 })
        #expect(narrow.last?.hasSuffix(path) == true)
    }

    @Test(arguments: [
        "2147483647-AAAA", "9223372036854775807-20261122T120000Z", "99999999999999999999", "-", "1",
    ])
    func whatIsNotNamedLikeATransactionIsNone(name: String) throws {
        try makeDirectory(name)
        #expect(try store.names().isEmpty)
        #expect(try record([]).hasPrefix("000001-"))
    }

    @Test func numbersGoOnBeyondSixDigitsAndThirtyTwoBits() throws {
        for last in ["999999-20261122T120000Z", "2147483647-20261122T120000Z"] {
            try write(last, time: "1")
            let name = try record([.end(.committed, after: nil)])
            #expect(try store.names().last == name, "after \(last)")
        }
    }

    @Test func withoutANumberLeftNothingIsBegun() throws {
        try write("999999999999999999-20261122T120000Z", time: "1")
        #expect(throws: OperationError.self) { try record([]) }
    }

    @Test func aNameIsMeantByItsNumberOrBeginning() throws {
        let names = ["000001-20261122T120000Z", "000012-20261122T120000Z", "000012-20261123T120000Z"]
        func meant(_ text: String) -> [String] { TransactionName.meant(by: text, among: names) }
        #expect(meant("1") == [names[0]] && meant("000001") == [names[0]] && meant("000001-2") == [names[0]])
        #expect(meant("12") == [names[1], names[2]] && meant("000012-20261123") == [names[2]])
        #expect(meant(names[1]) == [names[1]])
        #expect(meant("2").isEmpty && meant("").isEmpty && meant("000013").isEmpty)
        for name in names { try write(name, time: "1") }
        #expect(throws: OperationError.self) { try store.name(meant: "12") }
    }

    /// Of records in any order, the quick look says what the full one does.
    @Test func aSummaryIsWhatTheWholeJournalSays() throws {
        var generator = SystemRandomNumberGenerator()
        let host = try SimulatedHost(json: TestFiles.text("../../profiles/hosts/one-dimm.json")).observe()
        let endings: [[JournalRecord]] = [
            [], [.end(.committed, after: host)],
            [.end(.incomplete, after: host), .undo(reason: #","after":{"a"#)],
            [.end(.committed, after: host), .undo(reason: "x"), .end(.rolledBack, after: nil)],
            [
                .undo(reason: "it failed"), .placeholder(.random(using: &generator), .address(1)),
                .end(.rolledBack, after: nil),
            ],
            [.end(.abandoned, after: nil)],
        ]
        for records in endings {
            let name = try record(records, before: host)
            let log = try store.log(name)
            #expect(try store.summary(name) == log.summary)
            #expect(log.summary.end == log.end && log.summary.undoReason == log.undoReason)
            let outline = try store.outline(name)
            #expect(outline.summary == log.summary && outline.header.steps == log.header.steps)
            #expect(outline.header.before == Observed(buses: []) && outline.after == nil)
        }
    }

    @Test func aByteChangedInAnInventoryIsSeenWithoutReadingIt() throws {
        let host = try SimulatedHost(json: TestFiles.text("../../profiles/hosts/one-dimm.json")).observe()
        let name = try record([.end(.committed, after: host)], before: host)
        let bytes = try StateFile.contents(store.journalPath(name), limit: 1 << 20)
        for index in [bytes.count / 4, bytes.count / 2, bytes.count - 10] {
            var changed = bytes
            changed[index] ^= 1
            let file = try FileDescriptor.open(store.journalPath(name), .writeOnly, options: .truncate)
            _ = try file.closeAfter { try file.writeAll(changed) }
            #expect(try store.readings().first?.summary == nil, "byte \(index)")
            #expect(try store.unreadable().map(\.name) == [name])
        }
    }

    @Test func whatIsSetAsideIsGoneAndItsNumberIsNotGivenAgain() throws {
        let name = try record([.end(.committed, after: nil)])
        let place = try store.setAside(name)
        #expect(try store.names().isEmpty)
        #expect(try store.setAsideNames() == [name])
        #expect(try StateDirectory.entries(of: place) == ["journal"])
        #expect(try record([]).hasPrefix("000002-"))
        #expect(throws: OperationError.self) { try store.setAside(name) }
    }

    @Test func timesOfRecordsAreKept() throws {
        let name = try record([
            .end(.committed, after: nil), .undo(reason: "x"), .end(.rolledBack, after: nil),
        ])
        let summary = try #require(try store.summary(name))
        let now = UTCTime.now
        #expect(summary.ended.map { (now - 60...now).contains($0) } == true)
        #expect(summary.rollback?.undone == .committed && summary.rollback?.time != nil)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"), (1_795_359_600, "2026-11-22T15:00:00Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
    ])
    func timesAreThoseOfTheCalendar(seconds: Int, text: String) {
        #expect(UTCTime(seconds)?.text == text)
    }

    @Test func theChecksumIsTheSameInAnyPieces() {
        var generator = SystemRandomNumberGenerator()
        for length in 0..<70 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            var byBytes = Checksum()
            for byte in bytes { byBytes.add(CollectionOfOne(byte)) }
            var byHalves = Checksum()
            byHalves.add(bytes[..<(length / 2)])
            byHalves.add(bytes[(length / 2)...])
            #expect(Checksum.of(bytes) == byBytes.value && byHalves.value == byBytes.value, "\(length)")
        }
    }
}
