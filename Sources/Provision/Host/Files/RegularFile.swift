import Glibc
package import SystemPackage
package import ProvisionCore

/// A regular file that is read whole, or standard input.
package struct RegularFile {
    private let path: FilePath
    private let trust: FileTrust

    /// The file at `path`; standard input where that is `-`, which whoever started the caller has chosen.
    package init(_ path: FilePath, trust: FileTrust = .anybody) {
        self.path = path
        self.trust = trust
    }

    private var isStandardInput: Bool { path.string == "-" }

    /// The name for diagnostics.
    package var source: String { isStandardInput ? "<stdin>" : path.string }

    /// Whether something has this path: also a link that leads nowhere.
    package var exists: Bool {
        var status = stat()
        return unsafe lstat(path.string, &status) == 0 || errno != ENOENT
    }

    /// The file's bytes, at most `limit` of them.
    package func contents(upTo limit: Int) throws(ProfileError) -> [UInt8] {
        if isStandardInput {
            return try reading { () throws(Errno) in
                try OpenFile.contents(of: STDIN_FILENO, upTo: limit, waits: true)
            }
        }
        let file = try open()
        let status = try reading { () throws(Errno) in try file.status() }
        try requireRegular(status, of: file.descriptor)
        return try reading { () throws(Errno) in
            try file.contents(upTo: limit, expecting: status.st_size + 1)
        }
    }

    /// Opens without waiting for a FIFO's writer and without taking a terminal.
    private func open() throws(ProfileError) -> OpenFile {
        do throws(Errno) {
            return try OpenFile(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        } catch {
            if error == .noSuchAddressOrDevice { throw notRegular("a socket or a device that is not there") }
            throw unreadable(error)
        }
    }

    private func reading<Result>(_ body: () throws(Errno) -> Result) throws(ProfileError) -> Result {
        do throws(Errno) {
            return try body()
        } catch {
            throw unreadable(error)
        }
    }

    private func requireRegular(_ status: stat, of descriptor: Int32) throws(ProfileError) {
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            if trust == .rootAndCaller { try requireTrust(status, of: descriptor) }
        case S_IFDIR: throw notRegular("a directory")
        case S_IFIFO: throw notRegular("a FIFO")
        case S_IFBLK: throw notRegular("a block device")
        case S_IFCHR: throw notRegular("a character device")
        default: throw notRegular("not a regular file")
        }
    }

    private func requireTrust(_ status: stat, of descriptor: Int32) throws(ProfileError) {
        guard
            let objection = PathTrust.objection(to: status, of: descriptor)
                ?? PathTrust.objection(toWayTo: path)
        else { return }
        throw .unreadable(
            UnreadableProfile(
                source: source, reason: "somebody else could have put it there: \(objection)",
                advice:
                    "make it yours and root's alone (chown, chmod go-w), or look at it and give it as standard "
                    + "input: daxprov apply - <\(path)",
                isUntrusted: true))
    }

    private func notRegular(_ what: String) -> ProfileError {
        .unreadable(
            UnreadableProfile(
                source: source, reason: "it is \(what)",
                advice: "give the path of a regular file, or `-` for standard input"))
    }

    private func unreadable(_ error: Errno) -> ProfileError {
        .unreadable(UnreadableProfile(source: source, reason: error.description))
    }
}
