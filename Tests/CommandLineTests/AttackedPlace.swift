import Glibc
import Testing

/// A workplace with a state directory `way/state` in it, of a host to which a profile was applied; then somebody else
/// gets at it.
final class AttackedPlace {
    let place: Workplace
    /// Nobody of importance.
    static let stranger: uid_t = 65534
    static let isRoot = geteuid() == 0

    init() throws {
        place = try Workplace()
        try place.host("one-dimm")
        try place.write(Profiles.first, to: "profile.yaml")
        try place.write(Profiles.larger, to: "other.yaml")
        try #require(unsafe mkdir(way, 0o755) == 0)
        let first = try run("apply", place.path("profile.yaml"), "--yes")
        try #require(first.status == 0, "\(first.errors)")
        try #require(try run("history").status == 0)
    }

    deinit {
        Self.remove(way)
        Self.remove(place.path("elsewhere"))
    }

    var way: String { place.path("way") }
    var state: String { "\(way)/state" }
    var transactions: String { "\(state)/transactions" }
    var transaction: String { "\(transactions)/\(Self.entries(transactions).first ?? "")" }
    var journal: String { "\(transaction)/journal" }
    var lock: String { place.path("host.json.state/lock") }

    func run(_ command: String, _ arguments: String...) throws -> Workplace.Run {
        try place.run([command] + arguments + ["--simulate", place.path("host.json"), "--state-dir", state])
    }

    /// Moves what is at a path away and puts a link to it in its place.
    func replaceByLink(_ path: String) throws {
        let elsewhere = place.path("elsewhere")
        try #require(unsafe rename(path, elsewhere) == 0 && symlink(elsewhere, path) == 0)
    }

    /// Moves what is at a path away and puts a FIFO in its place.
    func replaceByFIFO(_ path: String) throws {
        try #require(unsafe rename(path, place.path("elsewhere")) == 0 && mkfifo(path, 0o600) == 0)
    }

    static func entries(_ path: String) -> [String] {
        guard let stream = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func remove(_ path: String) {
        if unsafe unlink(path) == 0 { return }
        for name in entries(path) { remove("\(path)/\(name)") }
        unsafe rmdir(path)
    }
}
