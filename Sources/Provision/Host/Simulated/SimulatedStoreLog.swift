import Glibc
package import SystemPackage
package import ProvisionCore

/// The stores since a state file was written, beside it (`FILE.stores`): so that a store costs its own size and not that of
/// the host, and a process that dies leaves what a crash would leave all the same.
///
/// The first line names the state file's contents by their checksum. A log of other contents is left over from a process
/// that died between writing the file and removing the log, or the file was edited since: it counts for nothing.
package struct SimulatedStoreLog: ~Copyable {
    private let file: OpenFile
    private let path: FilePath
    /// How much was written.
    package private(set) var length: Int

    private static func path(beside state: FilePath) -> FilePath { FilePath("\(state).stores") }

    /// The stores since a state file with these contents was written; none where there is no log of them. A torn last line is
    /// a store that was never made.
    package static func stores(since contents: [UInt8], of state: FilePath) -> [SimulatedStore] {
        guard let bytes = try? SimulatedStateFile.read(path(beside: state)) else { return [] }
        var lines = bytes.split(separator: newline, omittingEmptySubsequences: false).dropLast()[...]
        guard let first = lines.popFirst(), first.elementsEqual(heading(contents).utf8) else { return [] }
        var stores: [SimulatedStore] = []
        for line in lines {
            guard let value = try? JSONValue(parsing: Array(line)),
                let store = try? SimulatedStore(JSONCursor(value))
            else { return stores }
            stores.append(store)
        }
        return stores
    }

    /// A new log, after a state file with these contents.
    package init(after contents: [UInt8], of state: FilePath) throws(OperationError) {
        let text = Self.heading(contents) + "\n"
        path = Self.path(beside: state)
        file = try Self.begin(path, text)
        length = text.utf8.count
    }

    private static func begin(_ path: FilePath, _ text: String) throws(OperationError) -> OpenFile {
        do throws(Errno) {
            let file = try OpenFile(
                path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, mode: 0o644)
            try file.write(Array(text.utf8))
            return file
        } catch {
            throw SimulatedStateFile.failure("save the simulated host", path, error)
        }
    }

    /// Appends one store to the file, as a line. Throws if the file cannot be written.
    package mutating func add(_ store: SimulatedStore) throws(OperationError) {
        let line = store.line + "\n"
        do throws(Errno) {
            try file.write(Array(line.utf8))
        } catch {
            throw SimulatedStateFile.failure("save the simulated host", path, error)
        }
        length += line.utf8.count
    }

    /// Removes the log beside a state file that holds everything now.
    package static func remove(beside state: FilePath) {
        _ = unsafe unlink(path(beside: state).string)
    }

    private static func heading(_ contents: [UInt8]) -> String {
        "stores since \(Checksum.text(Checksum.of(contents))) of \(contents.count) bytes"
    }

    private static let newline = UInt8(ascii: "\n")
}
