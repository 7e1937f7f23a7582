package import Glibc
package import SystemPackage

/// A file or a directory that is open, and closed when it dies. Programs that are started do not inherit it.
package struct OpenFile: ~Copyable {
    /// Its number, for calls that this type does not have.
    package let descriptor: Int32

    /// Opens what is at a path.
    /// - Parameters:
    ///   - flags: those of open(2), without `O_CLOEXEC`.
    ///   - mode: that of a file that is made, less the mask for new files.
    package init(_ path: FilePath, _ flags: Int32, mode: mode_t = 0) throws(Errno) {
        while true {
            let descriptor = unsafe path.withPlatformString { unsafe open($0, flags | O_CLOEXEC, mode) }
            if descriptor >= 0 {
                self.descriptor = descriptor
                return
            }
            guard errno == EINTR else { throw Errno(rawValue: errno) }
        }
    }

    deinit { _ = Glibc.close(descriptor) }

    /// Closes it now, and tells of a failure. One that a signal interrupts is closed all the same (close(2)).
    package consuming func close() throws(Errno) {
        let code = Glibc.close(descriptor) == 0 || errno == EINTR ? 0 : errno
        discard self
        guard code == 0 else { throw Errno(rawValue: code) }
    }

    /// Its number, for who closes it instead.
    package consuming func release() -> Int32 {
        let released = descriptor
        discard self
        return released
    }

    /// What it is (fstat(2)).
    package func status() throws(Errno) -> stat {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Errno(rawValue: errno) }
        return status
    }

    /// The bytes from here to the end, at most `limit` of them.
    /// - Parameter size: how many are expected: that many are asked for first.
    package func contents(upTo limit: Int, expecting size: Int = 64 << 10) throws(Errno) -> [UInt8] {
        try Self.contents(of: descriptor, upTo: limit, expecting: size)
    }

    /// The bytes of a descriptor that stays open.
    /// - Parameter waits: whether more is waited for where somebody set it to non-blocking.
    package static func contents(
        of descriptor: Int32, upTo limit: Int, expecting size: Int = 64 << 10, waits: Bool = false
    ) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        var next = size
        while bytes.count < limit {
            let wanted = min(next, limit - bytes.count)
            var code: Int32 = 0
            let chunk = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
                let result = unsafe Glibc.read(descriptor, buffer.baseAddress, wanted)
                if result < 0 { code = errno }
                count = max(0, result)
            }
            if code == EINTR { continue }
            if code == EAGAIN, waits {
                var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                _ = unsafe poll(&request, 1, -1)
                continue
            }
            guard code == 0 else { throw Errno(rawValue: code) }
            if chunk.isEmpty { break }
            // What is left is little, or nothing: the kernel gives a page at a time of what it makes up.
            next = chunk.count < wanted ? 4 << 10 : 64 << 10
            bytes += chunk
        }
        return bytes
    }

    /// Writes all bytes at the file's position, in as many calls as it takes. After a failure a part can have been written.
    package func write(_ bytes: [UInt8]) throws(Errno) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(
                    descriptor, buffer.baseAddress.map { unsafe $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Errno(rawValue: errno) }
            written += count
        }
    }

    /// Returns when everything written is durable (fsync(2)).
    package func synchronize() throws(Errno) {
        guard fsync(descriptor) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Makes durable what was made, renamed or removed in a directory. A file system that cannot do that (EINVAL) has nothing to make
    /// durable.
    package static func synchronize(directory path: FilePath) throws(Errno) {
        let directory = try OpenFile(path.isEmpty ? "." : path, O_RDONLY | O_DIRECTORY)
        do throws(Errno) {
            try directory.synchronize()
        } catch {
            guard error == .invalidArgument else { throw error }
        }
    }
}

extension stat {
    /// Whether it is a regular file.
    package var isRegularFile: Bool { st_mode & S_IFMT == S_IFREG }

    /// Whether nobody but this user could have written it, or reach it by another name.
    package var isOursAlone: Bool { st_uid == geteuid() && st_mode & 0o022 == 0 && st_nlink == 1 }
}
