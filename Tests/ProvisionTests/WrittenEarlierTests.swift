import Glibc
import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Saved plans and journals that version 0.1.0 wrote, before any of its successors: they are read for ever, and mean
/// what they meant then. The files in Tests/Fixtures/written-by-0.1.0 are never made anew.
@Suite struct WrittenEarlierTests {
    private static let folder = "written-by-0.1.0"

    private static let plans = ["every-kind-of-change", "label-indexes", "new-namespaces", "nothing"]

    private func host(_ path: String) throws -> SimulatedHost {
        try SimulatedHost(json: TestFiles.text("\(Self.folder)/\(path).json"))
    }

    private func saved(_ name: String) throws -> SavedPlan {
        try SavedPlan.read(TestFiles.bytes("\(Self.folder)/plans/\(name)/plan.json"))
    }

    /// One that writes label indexes without consent held as long as 128 KiB counted as a look at the whole region.
    private static let holding = plans.filter { $0 != "label-indexes" }

    @Test func aPlanWhoseConsentIsAskedForNowIsStale() throws {
        let application = Application(
            of: try saved("label-indexes"), to: try host("plans/label-indexes/host"))
        #expect(try application.prepare().differences.contains { $0.message.contains("data_loss") })
    }

    @Test(arguments: holding) func aSavedPlanStillHoldsOnItsHost(name: String) throws {
        let saved = try saved(name)
        #expect(saved.basis.factsVersion == 1)
        let prepared = try Application(of: saved, to: try host("plans/\(name)/host")).prepare()
        #expect(prepared.differences == [])
        #expect(prepared.plan.refusals.isEmpty)
    }

    /// Whoever words a reason otherwise does not change what a plan does.
    @Test(arguments: holding) func theWordsOfASavedPlanAreNotCompared(name: String) throws {
        let text = try TestFiles.text("\(Self.folder)/plans/\(name)/plan.json")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            for key in [#""reason": ""#, #""reversibility_reason": ""#] where line.contains(key) {
                return line.prefix { $0 == " " } + key + "worded otherwise\""
                    + (line.hasSuffix(",") ? "," : "")
            }
            return String(line)
        }
        let reworded = try SavedPlan.read(Array(lines.joined(separator: "\n").utf8))
        let application = Application(of: reworded, to: try host("plans/\(name)/host"))
        #expect(try application.prepare().differences == [])
    }

    @Test(arguments: [
        ("\"raw_size\": 67108864", "\"raw_size\": 33554432"),
        ("\"data_loss\": true,\n      \"consent\": \"raw\"", "\"data_loss\": false"),
        ("\"allocated\": \"", "\"allocated\": \"1 MiB at 0x0,"),
        ("\"backup_size\": 8192", "\"backup_size\": 4096"),
        ("\"available_slots\": \"", "\"available_slots\": \"1"),
        ("\"action\": \"rename\"", "\"action\": \"later\""),
        ("\"raw_size\": \"1 GiB\"", "\"raw_size\": \"a lot\""),
    ])
    func theFactsOfASavedPlanAreCompared(original: String, other: String) throws {
        let text = try TestFiles.text("\(Self.folder)/plans/every-kind-of-change/plan.json")
        try #require(text.contains(original), "\(original)")
        let changed = try SavedPlan.read(
            Array(text.replacing(original, with: other, maxReplacements: 1).utf8))
        let application = Application(of: changed, to: try host("plans/every-kind-of-change/host"))
        #expect(try application.prepare().differences != [])
    }

    @Test(arguments: plans) func everyFactOfASavedPlanIsUnderstood(name: String) throws {
        for object in try saved(name).basis.objects {
            for (fact, value) in object.facts {
                if case .unreadable(let text) = value { Issue.record("\(object.address): \(fact): \(text)") }
            }
        }
    }

    // Journals

    private static let transactions: [(name: String, end: TransactionEnd?)] = [
        ("committed", .committed), ("failed-and-undone", .rolledBack),
        ("rolled-back-by-rollback", .rolledBack),
        ("killed-at-store-4", nil), ("killed-at-store-12", nil), ("killed-at-store-20", nil),
        ("killed-at-store-28", nil),
    ]

    private static func entries(_ path: String) throws -> [String] {
        try StateDirectory.entries(of: FilePath("\(TestFiles.directory)/\(path)"))
    }

    /// A private copy of a transaction's directory: a checkout has other rights than a state directory.
    private func store(_ name: String, in scratch: ScratchDirectory) throws -> TransactionStore {
        let store = scratch.store
        try store.directory.prepare()
        let source = "\(Self.folder)/transactions/\(name)/state/transactions"
        for transaction in try Self.entries(source) {
            let directory = store.directory.transactions.appending(transaction)
            try #require(unsafe mkdir(directory.string, 0o700) == 0)
            let media = try Self.media("\(source)/\(transaction)")
            for file in try Self.entries("\(source)/\(transaction)") {
                let copy = try FileDescriptor.open(
                    directory.appending(file), .writeOnly, options: [.create, .exclusiveCreate],
                    permissions: .ownerReadWrite)
                _ = try copy.closeAfter {
                    try copy.writeAll(
                        media[file] ?? TestFiles.bytes("\(source)/\(transaction)/\(file)"))
                }
            }
        }
        return store
    }

    /// The simulated host of then saved its media as a text, not as the bytes that a kernel shows: these, and the journal
    /// with their checksums, by the files' names.
    private static func media(_ directory: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        var lines: [String] = []
        for line in try TestFiles.text("\(directory)/journal").split(separator: "\n") {
            var text = String(line.dropFirst(9))
            if text.contains(#""record":"range""#) {
                let node = JSONCursor(try JSONValue(parsing: Array(text.utf8)))
                let file = try node.required("file").string()
                guard let old = try? TestFiles.bytes("\(directory)/\(file)") else {
                    // What was saved went with the undoing.
                    lines.append(String(line) + "\n")
                    continue
                }
                let saved = try SimulatedState(json: JSONValue(parsing: old))
                let bytes = saved.media(
                    from: try node.required("address").integer(), length: try node.required("length").size())
                let sum: UInt32 = try node.required("checksum").integer()
                text = text.replacing(#""checksum":\#(sum)"#, with: #""checksum":\#(Checksum.of(bytes))"#)
                files[file] = bytes
            }
            lines.append("\(Checksum.text(Checksum.of(text.utf8))) \(text)\n")
        }
        files["journal"] = Array(lines.joined().utf8)
        return files
    }

    @Test(arguments: transactions.indices) func aJournalIsRead(index: Int) throws {
        let (name, end) = Self.transactions[index]
        let scratch = try ScratchDirectory()
        let log = try #require(try store(name, in: scratch).logs().first)
        #expect(log.end == end)
        #expect(log.header.steps.count == 11)
    }

    @Test(arguments: transactions.filter { $0.end == nil }.map(\.name))
    func whatWasInterruptedThenIsRecoveredNow(name: String) throws {
        let scratch = try ScratchDirectory()
        let store = try store(name, in: scratch)
        let host = try host("transactions/\(name)/host")
        let before = HostSnapshot(try self.host("transactions/\(name)/before").observe())
        _ = try Recovery(host: host, store: store).run()
        #expect(HostSnapshot(try host.observe()) == before)
        #expect(try store.interrupted().isEmpty)
    }

    @Test func whatWasAppliedThenIsRolledBackNow() throws {
        let scratch = try ScratchDirectory()
        let store = try store("committed", in: scratch)
        let host = try host("transactions/committed/host")
        let before = HostSnapshot(try self.host("transactions/committed/before").observe())
        _ = try Recovery(host: host, store: store).rollBack(try #require(try store.names().last))
        #expect(HostSnapshot(try host.observe()) == before)
    }
}
