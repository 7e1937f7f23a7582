import Glibc
package import SystemPackage
package import ProvisionCore

/// A file that holds a profile, or standard input.
package struct ProfileFile {
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
        if isStandardInput { return try bytes(of: .standardInput, upTo: limit) }
        let descriptor = try open()
        defer { try? descriptor.close() }
        let size = try sizeOfRegularFile(descriptor)
        return try bytes(of: descriptor, upTo: limit, expecting: size + 1)
    }

    /// Opens without waiting for a FIFO's writer and without taking a terminal.
    private func open() throws(ProfileError) -> FileDescriptor {
        let options: FileDescriptor.OpenOptions = [.nonBlocking, .closeOnExec, .init(rawValue: O_NOCTTY)]
        do {
            return try FileDescriptor.open(path, .readOnly, options: options, retryOnInterrupt: true)
        } catch let error as Errno {
            if error == .noSuchAddressOrDevice { throw notRegular("a socket or a device that is not there") }
            throw unreadable(error)
        } catch {
            throw .unreadable(UnreadableProfile(source: source, reason: "\(error)"))
        }
    }

    private func sizeOfRegularFile(_ descriptor: FileDescriptor) throws(ProfileError) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor.rawValue, &status) == 0 else {
            throw unreadable(Errno(rawValue: errno))
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            if trust == .rootAndCaller { try requireTrust(status, of: descriptor.rawValue) }
            return status.st_size
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

    private func bytes(
        of descriptor: FileDescriptor, upTo limit: Int, expecting size: Int = 64 << 10
    ) throws(ProfileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var next = size
        while bytes.count < limit {
            let chunk = try chunk(of: descriptor, upTo: min(next, limit - bytes.count))
            if chunk.isEmpty { break }
            next = chunk.count < next ? 1 << 10 : 64 << 10
            bytes += chunk
        }
        return bytes
    }

    private func chunk(of descriptor: FileDescriptor, upTo limit: Int) throws(ProfileError) -> [UInt8] {
        while true {
            do {
                return try unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
                    count = try unsafe descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
            } catch Errno.resourceTemporarilyUnavailable {
                waitUntilReadable(descriptor)
            } catch let error as Errno {
                throw unreadable(error)
            } catch {
                throw .unreadable(UnreadableProfile(source: source, reason: "\(error)"))
            }
        }
    }

    /// Waits for the writer of a standard input that somebody set to non-blocking.
    private func waitUntilReadable(_ descriptor: FileDescriptor) {
        var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&request, 1, -1)
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
