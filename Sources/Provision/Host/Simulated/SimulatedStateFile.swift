import Glibc
package import SystemPackage
package import ProvisionCore

/// Reading and replacing the state file.
package enum SimulatedStateFile {
    private static let longest = 16 << 20

    /// The file's bytes.
    package static func read(_ path: FilePath) throws(OperationError) -> [UInt8] {
        do {
            let options: FileDescriptor.OpenOptions = [.nonBlocking, .closeOnExec, .init(rawValue: O_NOCTTY)]
            let file = try FileDescriptor.open(path, .readOnly, options: options)
            return try file.closeAfter {
                var status = stat()
                guard unsafe fstat(file.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
                guard status.st_mode & S_IFMT == S_IFREG else { throw Errno.invalidArgument }
                return try readAll(file)
            }
        } catch {
            throw failure("read the simulated host", path, error)
        }
    }

    private static func readAll(_ file: FileDescriptor) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            if bytes.count > longest { throw Errno.fileTooLarge }
        }
    }

    /// Replaces the file by one with this text, so that a reader finds the old text or the new one.
    package static func write(_ text: String, to path: FilePath) throws(OperationError) {
        var temporary = path
        temporary.extension = "\(path.extension ?? "").\(getpid()).new"
        unsafe unlink(temporary.string)
        do {
            let file = try FileDescriptor.open(
                temporary, .writeOnly, options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
            try file.closeAfter {
                _ = try file.writeAll(text.utf8)
                guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
            }
            guard unsafe rename(temporary.string, path.string) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            unsafe unlink(temporary.string)
            throw failure("save the simulated host", path, error)
        }
    }

    package static func failure(_ operation: String, _ path: FilePath, _ error: any Error) -> OperationError {
        let errno = error as? Errno
        return OperationError(
            .unavailable, while: operation, device: path.string, reason: errno?.description ?? "\(error)",
            errno: errno?.rawValue)
    }
}
