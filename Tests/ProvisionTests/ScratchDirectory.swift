import Glibc
import SystemPackage

@testable import Provision

/// A directory for one test, removed with it.
final class ScratchDirectory {
    let path: FilePath

    init() throws {
        var template = Array("/tmp/daxprov-test-XXXXXX\0".utf8CString)
        let isMade = unsafe template.withUnsafeMutableBufferPointer { buffer in
            guard let name = buffer.baseAddress else { return false }
            return unsafe mkdtemp(name) != nil
        }
        guard isMade else { throw Errno(rawValue: errno) }
        path = FilePath(
            String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// Writes a text to a file in it.
    func write(_ text: String, to name: String) throws {
        let file = try FileDescriptor.open(
            path.appending(name), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        _ = try file.closeAfter { try file.writeAll(text.utf8) }
    }

    /// A store of transactions in a directory of its own.
    var store: TransactionStore { TransactionStore(StateDirectory(path.appending("state"))) }

    deinit {
        Self.remove(path)
    }

    private static func remove(_ path: FilePath) {
        if let stream = unsafe opendir(path.string) {
            while let entry = unsafe readdir(stream) {
                let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                    unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != ".", name != ".." { remove(path.appending(name)) }
            }
            unsafe closedir(stream)
            _ = unsafe rmdir(path.string)
        } else {
            _ = unsafe unlink(path.string)
        }
    }
}
