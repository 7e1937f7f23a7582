import Glibc
package import SystemPackage

/// The kernel's log (`/dev/kmsg`; Documentation/ABI/testing/dev-kmsg), as far as it concerns the family.
package enum KernelLog {
    /// The lines of the log that concern the family.
    /// - Parameter most: how many lines are kept: the first quarter of them from the start of the log, where the boot is, the others from
    ///   its end. A line between them says how many were left out.
    package static func fact(below root: FilePath, most: Int = 2_000) -> MachineFact {
        MachineFact("/dev/kmsg", read(root.appending("dev/kmsg"), most: most).map { $0.lines })
    }

    /// More records than the largest log has. A log that grows while it is read ends all the same.
    private static let maximumReads = 1 << 20

    private static func read(_ path: FilePath, most: Int) -> Result<KernelLogExcerpt, Unread> {
        let descriptor = unsafe open(path.string, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(Unread(Errno(rawValue: errno).description)) }
        defer { close(descriptor) }
        guard isLog(descriptor) else { return .failure(Unread("it is not the kernel's log")) }
        var excerpt = KernelLogExcerpt(most: most)
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        for _ in 0..<maximumReads {
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            }
            let code = errno
            if count > 0 {
                excerpt.add(chunk[..<count])
            } else if count == 0 || code == EAGAIN {
                return .success(excerpt)
            } else if code == EPIPE {
                // The kernel wrote over what was to be read next, and goes on with the oldest record that it has.
                excerpt.wasOverwritten = true
            } else if code != EINTR {
                return .failure(Unread(Errno(rawValue: code).description))
            }
        }
        excerpt.isCut = true
        return .success(excerpt)
    }

    /// Whether it is the device of the log (major 1, minor 11), and no terminal that a container has in its place; a saved log in a regular
    /// file is one as well.
    private static func isLog(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return false }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return true
        case S_IFCHR: return Linux.deviceText(UInt64(status.st_rdev)) == "1:11"
        default: return false
        }
    }
}
