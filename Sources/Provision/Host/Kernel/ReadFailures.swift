import Glibc
package import SystemPackage
package import ProvisionCore

/// The attributes that could not be read while something was done, though they are there and this user may read them.
///
/// An attribute that is absent says something; one that could not be read must not be taken for absent. Who reads by
/// ``KernelPlaces/checking(_:)`` gets a failure as an error; who reads by other places gets nothing for it.
package final class ReadFailures {
    /// The first of them.
    package private(set) var first: OperationError?

    package init() {}

    /// Notes a failure to read. What means that there is nothing to read, or not for this user, is none.
    package func note(_ error: Errno, _ attribute: String, in directory: String, _ places: KernelPlaces) {
        guard first == nil else { return }
        switch error.rawValue {
        case ENOENT, ENXIO, ENODEV, ENOTDIR, EINVAL, EOPNOTSUPP, ESRCH: return
        case EACCES, EPERM:
            guard places.mayRead(directory.isEmpty ? attribute : directory) else { return }
        default: break
        }
        var failure = OperationError.system(
            error.rawValue, while: "read \(directory.isEmpty ? attribute : "\(directory)/\(attribute)")")
        failure.kind = .failed
        first = failure
    }
}

extension KernelPlaces {
    /// Does work that reads by the places it is given, and throws where an attribute could not be read by them, unless the
    /// work failed itself.
    package func checking<Value>(
        _ work: (KernelPlaces) throws(OperationError) -> Value
    ) throws(OperationError) -> Value {
        let failures = ReadFailures()
        let value = try work(KernelPlaces(self, noting: failures))
        if let first = failures.first { throw first }
        return value
    }

    /// Notes a failure to read, where somebody asks.
    package func note(_ error: Errno, _ attribute: String, in directory: String = "") {
        failures?.note(error, attribute, in: directory, self)
    }

    /// Whether root's word would be needed to say that this may not be read. What is hidden in other processes from a root
    /// without `CAP_SYS_PTRACE` is nothing that failed: ``Sight`` says that it is hidden.
    fileprivate func mayRead(_ path: String) -> Bool {
        geteuid() == 0 && (mayTrace || !path.hasPrefix("\(proc)/"))
    }
}
