import Glibc
import Synchronization
package import SystemPackage
package import ProvisionCore

/// The attributes that could not be read while something was done, though they are there and this user may read them.
///
/// An attribute that is absent says something; one that could not be read must not be taken for absent.
package final class ReadFailures: Sendable {
    /// Those of the work in progress; nil where nobody asks.
    @TaskLocal private static var current: ReadFailures?

    private let first = Mutex<OperationError?>(nil)

    /// Does the work, and throws where an attribute could not be read meanwhile, unless the work failed itself.
    package static func checking<Value>(_ work: () throws(OperationError) -> Value) throws(OperationError)
        -> Value
    {
        let failures = ReadFailures()
        let result = $current.withValue(failures) { () -> Result<Value, OperationError> in
            Result(catching: work)
        }
        let value = try result.get()
        if let first = failures.first.withLock({ $0 }) { throw first }
        return value
    }

    /// Whether root's word would be needed to say that this may not be read. What is hidden in other processes from a root
    /// without `CAP_SYS_PTRACE` is nothing that failed: ``Sight`` says that it is hidden.
    private static func mayRead(_ path: String) -> Bool {
        geteuid() == 0 && (Linux.mayTrace || !path.hasPrefix("/proc/"))
    }

    /// Notes a failure to read. What means that there is nothing to read, or not for this user, is none.
    package static func note(_ error: Errno, _ attribute: String, in directory: String) {
        guard let current else { return }
        switch error.rawValue {
        case ENOENT, ENXIO, ENODEV, ENOTDIR, EINVAL, EOPNOTSUPP, ESRCH: return
        case EACCES, EPERM: guard mayRead(directory.isEmpty ? attribute : directory) else { return }
        default: break
        }
        var failure = OperationError.system(
            error.rawValue, while: "read \(directory.isEmpty ? attribute : "\(directory)/\(attribute)")")
        failure.kind = .failed
        current.first.withLock { $0 = $0 ?? failure }
    }
}
