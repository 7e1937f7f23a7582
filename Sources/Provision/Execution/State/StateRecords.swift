import Glibc
import SystemPackage
public import ProvisionCore
import ProvisionHost

/// What a file of ``StateRecords`` holds.
protocol StateRecord: Sendable {
    /// What its file is named by.
    var key: UUID { get }
    /// The record as its file has it.
    var json: JSONValue { get }
    /// Reads what ``json`` writes.
    init(_ cursor: JSONCursor) throws(JSONError)
}

/// What there is of one kind of record.
public struct FoundRecords<Record: Sendable>: Sendable {
    /// The records, by what their files are named by.
    public internal(set) var records: [Record] = []
    /// What the files are named by that are damaged or cannot be read: what they mean is not known.
    public internal(set) var damaged: [UUID] = []

    /// Nothing.
    public init() {}
}

/// A directory of the state directory with small records of one kind: a file each, named by a UUID.
///
/// A file is one line: the CRC-32C of what follows, and JSON. It is there wholly or not at all.
struct StateRecords<Record: StateRecord>: Sendable {
    private let directory: StateDirectory
    private let name: FilePath.Component

    /// The records in the directory of this name.
    init(_ directory: StateDirectory, _ name: FilePath.Component) {
        self.directory = directory
        self.name = name
    }

    private var path: FilePath { directory.path.appending(name) }

    /// What there is, by UUID. A record whose file is named by another's key counts as damaged. Writes nothing.
    func found() throws(OperationError) -> FoundRecords<Record> {
        var found = FoundRecords<Record>()
        guard StateDirectory.exists(path) else { return found }
        try StateDirectory.requirePrivate(directory.path)
        try StateDirectory.requirePrivate(path)
        let files = try StateDirectory.entries(of: path)
            .compactMap { file in UUID(file).map { (key: $0, name: file) } }
            .sorted { $0.key < $1.key }
        for file in files {
            if let record = record(in: file.name), record.key == file.key {
                found.records.append(record)
            } else {
                found.damaged.append(file.key)
            }
        }
        return found
    }

    /// Writes records, durably, in place of those of the same keys.
    func write(_ records: [Record]) throws(OperationError) {
        guard !records.isEmpty else { return }
        try directory.prepareAlone()
        try StateDirectory.makePrivate(path)
        try StateDirectory.synchronize(directory.path)
        for record in records { try write(record) }
        try StateDirectory.synchronize(path)
    }

    /// Removes a record, durably. One that is not there is no error.
    func remove(_ key: UUID) throws(OperationError) {
        guard StateDirectory.exists(path) else { return }
        let file = path.appending(key.description)
        guard unsafe unlink(file.string) == 0 || errno == ENOENT else {
            throw OperationError(record: .unusable, "cannot remove \(file): \(StateDirectory.message(errno))")
        }
        try StateDirectory.synchronize(path)
    }

    private func record(in file: String) -> Record? {
        guard let line = try? StateFile.contents(path.appending(file), limit: 1 << 22),
            line.last == UInt8(ascii: "\n"), let text = CheckedLine.text(line.dropLast()),
            let value = try? JSONValue(parsing: Array(text))
        else { return nil }
        return try? Record(JSONCursor(value))
    }

    private func write(_ record: Record) throws(OperationError) {
        let name = record.key.description
        try StateFile.replace(
            path.appending(name), draft: path.appending(".\(name)"),
            with: CheckedLine.bytes(record.json.text(.compact)))
    }
}
