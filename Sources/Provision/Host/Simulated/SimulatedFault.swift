import ProvisionCore

/// Something that a simulated host does wrong, once, at a chosen store.
///
/// An operation is one store that a kernel host would make: to a sysfs attribute, a label area, an info block. They
/// count from 1, from the moment the fault is armed; the stores of an undo count too.
public struct SimulatedFault: Equatable, Sendable {
    /// The ways in which a store can go wrong.
    public enum Kind: Equatable, Sendable {
        /// The store is not made and gives this errno.
        case fail(errno: Int32)
        /// The host is gone: the store is not made, nor is any later one, until ``SimulatedHost/reboot()``.
        case crash
        /// The process is killed (SIGKILL) before the store: for tests of the command line.
        case kill
    }

    /// What happens at the store.
    public var kind: Kind
    /// The number of the store, from 1, counted since the fault was armed.
    public var operation: Int

    /// This fault at this operation.
    public init(_ kind: Kind, atOperation operation: Int) {
        self.kind = kind
        self.operation = operation
    }
}

/// Why the simulated kernel refused a store.
package struct SimulatedRefusal: Error, Equatable {
    /// The errno.
    package var errno: Int32
    /// Why, where the errno alone does not tell.
    package var reason: String?

    package init(_ errno: Int32, _ reason: String? = nil) {
        self.errno = errno
        self.reason = reason
    }
}
