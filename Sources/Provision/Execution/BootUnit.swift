import Glibc
import ProvisionHost
public import SystemPackage

/// Whether `daxprov.service` ran in this boot. systemd says nothing of a unit that it drops from a boot, as it does with one in
/// an ordering cycle, so the unit leaves a note (`packaging/systemd/boot-record`).
public struct BootUnit: Equatable, Sendable {
    /// Whether a boot starts it by itself. A file system that requires it starts it too.
    public var isEnabled: Bool
    /// How it did in this boot.
    public var result: Result
    /// The exit code of daxprov that failed it; nil where it did not fail, or otherwise.
    public var exitStatus: Int?

    /// How the unit did.
    public enum Result: String, CaseIterable, Sendable {
        /// It was not started.
        case notRun = "not_run"
        /// It runs, or was cut off.
        case running
        /// It ended well.
        case done
        /// It failed: what requires it was not mounted.
        case failed
    }

    /// A unit that did so.
    public init(isEnabled: Bool, result: Result, exitStatus: Int? = nil) {
        self.isEnabled = isEnabled
        self.result = result
        self.exitStatus = exitStatus
    }

    /// The name of the unit.
    public static let name = "daxprov.service"

    /// The unit of the host whose root directory is `root`. Nil where no systemd runs, and where the unit neither is enabled nor
    /// ran.
    public init?(below root: FilePath) {
        guard Self.exists(root.appending("run/systemd/system")) else { return nil }
        let links = SystemdUnits.folders.map { root.appending("\($0)/local-fs.target.wants/\(Self.name)") }
        let isEnabled = links.contains(where: Self.exists)
        if let record = Self.record(root.appending("run/daxprov/boot")) {
            self.init(isEnabled: isEnabled, result: record.result, exitStatus: record.exitStatus)
        } else {
            guard isEnabled else { return nil }
            self.init(isEnabled: true, result: .notRun)
        }
    }

    /// What the unit noted; nil where it noted nothing, or nothing that can be read.
    private static func record(_ path: FilePath) -> (result: Result, exitStatus: Int?)? {
        guard let bytes = try? StateFile.contents(path, limit: 64) else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard let word = words.first, let result = Result(rawValue: String(word)) else { return nil }
        return (result, words.dropFirst().first.flatMap { Int($0) })
    }

    private static func exists(_ path: FilePath) -> Bool {
        var status = stat()
        return unsafe lstat(path.string, &status) == 0
    }
}
