import Glibc
package import SystemPackage
package import ProvisionCore

/// Reading and replacing the state file.
package enum SimulatedStateFile {
    private static let longest = 16 << 20

    /// The file's bytes.
    package static func read(_ path: FilePath) throws(OperationError) -> [UInt8] {
        do throws(Errno) {
            let file = try OpenFile(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
            guard try file.status().isRegularFile else { throw Errno.invalidArgument }
            let bytes = try file.contents(upTo: longest + 1)
            guard bytes.count <= longest else { throw Errno.fileTooLarge }
            return bytes
        } catch {
            throw failure("read the simulated host", path, error)
        }
    }

    /// Replaces the file by one with this text, so that a reader finds the old text or the new one.
    package static func write(_ text: String, to path: FilePath) throws(OperationError) {
        var temporary = path
        temporary.extension = "\(path.extension ?? "").\(getpid()).new"
        unsafe unlink(temporary.string)
        do throws(FileReplacement.Failure) {
            try FileReplacement(of: path, draft: temporary, rights: .masked(0o644)).write(Array(text.utf8))
        } catch {
            throw failure("save the simulated host", path, error.code)
        }
    }

    package static func failure(_ operation: String, _ path: FilePath, _ error: Errno) -> OperationError {
        OperationError(
            .unavailable, while: operation, device: path.string, reason: error.description,
            errno: error.rawValue)
    }
}
