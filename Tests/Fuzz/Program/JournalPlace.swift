import Glibc
import SystemPackage

@testable import Provision
@testable import ProvisionCore

/// A state directory with a journal in it, and everything that a command does with one before it touches the host.
final class JournalPlace: Sendable {
    private let store: TransactionStore
    private static let other = "000001-20261122T120000Z"

    /// A directory of this process's own, in memory where there is such a place.
    init() {
        let parent = unsafe access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        let path = FilePath("\(parent)/daxprov-fuzz-\(getpid())")
        store = TransactionStore(StateDirectory(path, trustingParents: true))
        Require.that((try? store.directory.prepare()) != nil, "cannot make \(store.directory.path)")
    }

    /// Puts the journal where its own first record says, or elsewhere, and lets everything read it.
    func use(_ journal: [UInt8]) {
        let entries = try? Journal.entries(in: journal, "journal")
        var name = Self.other
        if case .begin(let header)? = entries?.first?.record, TransactionName(header.id) != nil {
            name = header.id
        }
        let path = store.directory.transactions.appending(name)
        defer { remove(path) }
        guard (try? StateDirectory.makePrivate(path)) != nil,
            let file = try? StateFile.create(store.journalPath(name)), (try? file.write(journal)) != nil
        else { return }
        for observed in [Samples.host, Observed(buses: [])].compactMap(\.self) { look(observed) }
        prune()
    }

    private func look(_ observed: Observed) {
        guard let readings = try? store.readings() else { return }
        var details: [String: TransactionLog] = [:]
        for reading in readings {
            details[reading.name] = try? store.outline(reading.name)
            _ = try? store.name(meant: reading.name)
        }
        let history = HistoryReport(readings, details: details)
        Require.printable(history.text())
        _ = history.json.text()
        for log in details.values { Require.printable(TransactionReport(log).text()) }
        if let status = try? HostStatus(of: store, observe: { () throws(OperationError) in observed }) {
            Require.printable(StatusReport(status).text())
            _ = StatusReport(status).json.text()
        }
        for profile in Samples.profiles {
            let plan = Planner.plan(profile, on: observed)
            let completed = plan.reviewed(
                by: Safeguards(reading: store).reviews(for: profile, on: observed))
            Require.printable(PlanReport(completed, of: profile, on: observed).text())
        }
        _ = try? store.undoable(nil)
        _ = try? store.interrupted()
        _ = try? TransactionName.next(after: store.lastName(), at: UTCTime.now)
    }

    private func prune() {
        try? store.prune(keeping: 100, youngerThan: 365 * 86_400, now: UTCTime.now)
        for now in [Int.min, 0, Int.max] { try? store.prune(keeping: 0, youngerThan: now, now: now) }
    }

    private func remove(_ path: FilePath) {
        for file in (try? StateDirectory.entries(of: path)) ?? [] {
            unsafe unlink(path.appending(file).string)
        }
        unsafe rmdir(path.string)
    }
}
