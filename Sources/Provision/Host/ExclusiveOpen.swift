import Glibc

/// A device node that is open exclusively (`O_EXCL`): the kernel refuses it for a mounted, swapped on or otherwise
/// claimed block device, and refuses a mount while it is open.
struct ExclusiveOpen: ~Copyable {
    /// The file descriptor, for as long as this value lives.
    let descriptor: Int32

    /// Opens the node at `path`.
    init(_ path: String, _ flags: Int32, while operation: String, device: String) throws(HostError) {
        let descriptor = unsafe open(path, flags | O_EXCL | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            let advice = code == ENOENT ? "there is no \(path): is devtmpfs mounted at /dev?" : nil
            throw .system(code, while: operation, device: device, advice: advice)
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
