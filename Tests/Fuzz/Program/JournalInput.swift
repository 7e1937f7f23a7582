import Glibc
import SystemPackage

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// The lines of a journal without their checksums, and the same bytes as a journal's own.
enum JournalInput {
    static func run(_ input: [UInt8]) {
        read(input)
        var journal: [UInt8] = []
        for line in input.split(separator: 10) {
            journal += Array("\(Checksum.text(Checksum.of(line))) ".utf8) + line + [10]
        }
        read(journal)
        outline(journal)
        place.use(journal)
    }

    private static let place = JournalPlace()

    /// The quick look says what the full one does, where there is a full one.
    private static func outline(_ journal: [UInt8]) {
        guard let entries = try? Journal.entries(in: journal, "journal"), let log = TransactionLog(entries)
        else {
            _ = try? JournalOutline.summary(of: journal, Journal.Place("journal"))
            return
        }
        guard let summary = try? JournalOutline.summary(of: journal, Journal.Place("journal")) else { return }
        Require.that(summary.end == log.end && summary.time == log.header.time, "is summed up otherwise")
    }

    private static func read(_ journal: [UInt8]) {
        do throws(OperationError) {
            let entries = try Journal.entries(in: journal, "journal")
            for (sequence, entry) in entries.enumerated() { _ = entry.record.json(sequence: sequence) }
            if let log = TransactionLog(entries) { use(log) }
        } catch {
            Require.printable(error.description)
        }
    }

    /// Everything that is done with a transaction before the host is touched.
    private static func use(_ log: TransactionLog) {
        let report = TransactionReport(log)
        Require.printable(report.text())
        _ = report.json.text()
        Require.printable(HistoryReport([.readable(log.summary)]).text())
        _ = HistoryReport([.readable(log.summary)], details: [log.header.id: log]).json.text()
        for observed in [Samples.host, log.header.before, log.after].compactMap(\.self) {
            let review = RollbackReview(
                of: log, on: observed, later: [log], consent: Consent(allowDestroy: ["wal"]))
            Require.printable(RefusalText.lines(review.refusals, source: log.header.source, .plain).joined())
            let alone = RollbackReview(of: log, on: observed, later: [], consent: Consent(allowDestroy: []))
            Require.printable(RefusalText.lines(alone.refusals, source: log.header.source, .plain).joined())
            _ = UndoPlan(of: log, on: observed, relabelled: ["region0"])
            _ = UndoPlan(of: log, on: observed, relabelled: [])
        }
    }
}
