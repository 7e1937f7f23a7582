import Provision
import SystemPackage

/// A host that is a saved inventory (`daxprov inventory --json`): it can be observed, and nothing else.
final class SavedInventoryHost: Host {
    private let observed: Observed

    /// Reads the inventory in `file`.
    init(file: String) throws(CommandFailure) {
        do {
            observed = try InventoryReader.read(Self.contents(of: FilePath(file)))
        } catch let error as JSONError {
            throw CommandFailure(
                .error, "cannot read the inventory \(file): \(error)",
                advice: "use a file that 'daxprov inventory --json' wrote")
        } catch {
            throw CommandFailure(.error, "cannot read the inventory \(file): \(error)")
        }
    }

    func observe() throws(HostError) -> Observed { observed }

    func perform(_ step: Step, identity: FreshIdentity) throws(HostError) -> Namespace? {
        throw HostError(.unavailable, while: "change a saved inventory", reason: "it is only a record")
    }

    /// The bytes of a file, of which no more than the reader accepts are read.
    private static func contents(of path: FilePath) throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            let step = 1 << 16
            while bytes.count <= JSONValue.maximumLength {
                let chunk = try unsafe [UInt8](unsafeUninitializedCapacity: step) { buffer, count in
                    count = unsafe try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
                if chunk.isEmpty { break }
                bytes += chunk
            }
            return bytes
        }
    }
}
