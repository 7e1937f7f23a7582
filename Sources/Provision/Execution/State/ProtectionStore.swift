import Glibc
import SystemPackage
public import ProvisionCore
import ProvisionHost

/// The marks of protected namespaces: a file each, named by the label's UUID, in the directory `protected` of the state
/// directory.
///
/// A file's name alone protects: one whose contents are damaged protects as well.
public struct ProtectionStore: Sendable {
    private let directory: StateDirectory

    /// The marks in a state directory.
    public init(_ directory: StateDirectory) {
        self.directory = directory
    }

    private var path: FilePath { directory.path.appending("protected") }

    /// The marks, by UUID. Writes nothing.
    public func marks() throws(StateError) -> [ProtectionMark] {
        guard StateDirectory.exists(path) else { return [] }
        try StateDirectory.requirePrivate(directory.path)
        try StateDirectory.requirePrivate(path)
        return try StateDirectory.entries(of: path).compactMap { file in UUID(file).map { mark($0, file) } }
            .sorted { $0.label.description < $1.label.description }
    }

    /// Sets marks, durably. One that is there with the same name stays as it is.
    public func set(_ marks: [ProtectionMark]) throws(StateError) {
        let present = try self.marks()
        let missing = marks.filter { mark in
            !present.contains { $0.label == mark.label && $0.name == mark.name && $0.source != nil }
        }
        guard !missing.isEmpty else { return }
        try directory.prepareAlone()
        try StateDirectory.makePrivate(path)
        try StateDirectory.synchronize(directory.path)
        for mark in missing { try write(mark) }
        try StateDirectory.synchronize(path)
    }

    /// Removes a mark, durably.
    public func remove(_ mark: ProtectionMark) throws(StateError) {
        let file = path.appending(mark.label.description)
        guard unsafe unlink(file.string) == 0 || errno == ENOENT else {
            throw StateError(.unusable, "cannot remove \(file): \(StateDirectory.message(errno))")
        }
        try StateDirectory.synchronize(path)
    }

    private func mark(_ label: UUID, _ file: String) -> ProtectionMark {
        do throws(StateError) {
            let bytes = try StateFile.contents(path.appending(file), limit: 1 << 16)
            return ProtectionMark(line: bytes, label: label)
                ?? ProtectionMark(label: label, name: nil, source: nil)
        } catch {
            return ProtectionMark(label: label, name: nil, source: nil)
        }
    }

    /// Under another name first, so that a crash leaves the whole file or none.
    private func write(_ mark: ProtectionMark) throws(StateError) {
        let target = path.appending(mark.label.description)
        let draft = path.appending(".\(mark.label.description)")
        _ = unsafe unlink(draft.string)
        let file = try StateFile.create(draft)
        try file.write(Array(mark.line.utf8))
        try file.synchronize()
        guard unsafe rename(draft.string, target.string) == 0 else {
            throw StateError(.unusable, "cannot write \(target): \(StateDirectory.message(errno))")
        }
    }
}

extension ProtectionMark {
    /// The mark as a line: the CRC-32C of what follows, and JSON.
    fileprivate var line: String {
        let node = JSONNode.object()
        node.set("format_version", 1)
        node.set("raw_uuid", label)
        node.set("name", name)
        node.set("profile", source)
        let text = node.text(.compact)
        return "\(Checksum.text(Checksum.of(text.utf8))) \(text)\n"
    }

    /// The mark in such a line; nil where it is damaged, or another namespace's.
    fileprivate init?(line: [UInt8], label: UUID) {
        guard line.count > 10, line[8] == UInt8(ascii: " "), line.last == UInt8(ascii: "\n") else {
            return nil
        }
        let text = Array(line[9..<(line.count - 1)])
        guard String(decoding: line[..<8], as: UTF8.self) == Checksum.text(Checksum.of(text)) else {
            return nil
        }
        do throws(JSONError) {
            let cursor = JSONCursor(try JSONValue(parsing: text))
            guard try cursor.required("format_version").integer() == 1,
                try cursor.required("raw_uuid").uuid() == label
            else { return nil }
            self.init(
                label: label, name: try cursor.optional("name")?.string(),
                source: try cursor.required("profile").string())
        } catch {
            return nil
        }
    }
}
