import Glibc
import SystemPackage
import ProvisionCore
import ProvisionHost

/// A directory of the state directory with a small record for each namespace: a file each, named by a UUID of the namespace.
///
/// A file is one line: the CRC-32C of what follows, and JSON. It is there wholly or not at all.
struct StateRecords: Sendable {
    private let directory: StateDirectory
    private let name: FilePath.Component

    /// The records in the directory of this name.
    init(_ directory: StateDirectory, _ name: FilePath.Component) {
        self.directory = directory
        self.name = name
    }

    private var path: FilePath { directory.path.appending(name) }

    /// What a file holds.
    struct Entry {
        /// The UUID that it is named by.
        var key: UUID
        /// Its JSON; nil where it is damaged, or cannot be read.
        var value: JSONValue?
    }

    /// The records, by UUID. Writes nothing.
    func entries() throws(OperationError) -> [Entry] {
        guard StateDirectory.exists(path) else { return [] }
        try StateDirectory.requirePrivate(directory.path)
        try StateDirectory.requirePrivate(path)
        return try StateDirectory.entries(of: path)
            .compactMap { file in UUID(file).map { Entry(key: $0, value: value(of: file)) } }
            .sorted { $0.key.description < $1.key.description }
    }

    /// Writes records, durably.
    func write(_ records: [(key: UUID, json: String)]) throws(OperationError) {
        guard !records.isEmpty else { return }
        try directory.prepareAlone()
        try StateDirectory.makePrivate(path)
        try StateDirectory.synchronize(directory.path)
        for record in records { try write(record.json, for: record.key) }
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

    private func value(of file: String) -> JSONValue? {
        guard let line = try? StateFile.contents(path.appending(file), limit: 1 << 22),
            line.last == UInt8(ascii: "\n"), let text = CheckedLine.text(line.dropLast())
        else { return nil }
        return try? JSONValue(parsing: Array(text))
    }

    private func write(_ text: String, for key: UUID) throws(OperationError) {
        try StateFile.replace(
            path.appending(key.description), draft: path.appending(".\(key.description)"),
            with: CheckedLine.bytes(text))
    }
}
