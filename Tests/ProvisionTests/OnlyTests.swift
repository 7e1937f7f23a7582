@testable import Provision
@testable import ProvisionCore
import SystemPackage

// What tests alone ask, in terms of what the program has.

extension ExtentMap {
    /// The sum of all gaps.
    var available: ByteCount { FreeSpace(self).available }

    /// Where the kernel would put a namespace of this raw size; nil where no gap holds it.
    func firstFit(_ size: ByteCount) -> Extent? {
        var space = FreeSpace(self)
        return space.allocate(size)
    }
}

extension InventoryReader {
    /// The host of a document's text.
    static func read(_ bytes: [UInt8]) throws(JSONError) -> Observed { try read(JSONValue(parsing: bytes)) }
}

extension Journal {
    /// The records of a journal's bytes.
    static func records(in bytes: [UInt8], _ path: FilePath) throws(OperationError) -> [JournalRecord] {
        try entries(in: bytes, path).map(\.record)
    }
}

extension TransactionLog {
    /// The transaction of these records, written at no time.
    init?(_ records: [JournalRecord]) {
        self.init(records.map { (record: $0, time: nil) })
    }
}

extension TransactionStore {
    /// Every transaction that began and can be read, oldest first.
    func logs() throws(OperationError) -> [TransactionLog] {
        var logs: [TransactionLog] = []
        for reading in try readings() {
            if let summary = reading.summary { logs.append(try log(summary.id)) }
        }
        return logs
    }
}

extension Undone {
    /// Whether the data of everything that came back is what it was, as far as it was looked at.
    var isWhole: Bool { left.isEmpty && returned.allSatisfy { $0.looked?.isWhole ?? true } }
}
