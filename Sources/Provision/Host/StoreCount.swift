import Synchronization
package import ProvisionCore

/// Whether a step has begun a store: to an attribute of sysfs, to a label area, or through libndctl. An attribute that
/// could not even be opened was not stored to.
package final class StoreCount: Sendable {
    /// That of the step in progress; nil where nobody asks.
    @TaskLocal private static var current: StoreCount?

    private let count = Atomic<Int>(0)

    /// Counts a store that begins.
    package static func add() { current?.count.add(1, ordering: .relaxed) }

    /// Performs a step, and notes in its error whether it had begun a store.
    package static func noting<Value>(_ body: () throws(OperationError) -> Value) throws(OperationError)
        -> Value
    {
        let stores = StoreCount()
        let result = $current.withValue(stores) { () -> Result<Value, OperationError> in
            Result(catching: body)
        }
        guard case .failure(var error) = result else { return try result.get() }
        error.hasStored = stores.count.load(ordering: .relaxed) > 0
        throw error
    }
}
