package import ProvisionCore

/// How many stores a host has begun: to an attribute of sysfs, to a label area, or through libndctl. An attribute that
/// could not even be opened was not stored to.
package final class StoreCount {
    private var count = 0

    /// A count from zero.
    package init() {}

    /// Counts a store that begins.
    package func add() { count += 1 }

    /// Performs a step, and notes in its error whether it had begun a store.
    package func noting<Value>(_ body: () throws(OperationError) -> Value) throws(OperationError) -> Value {
        let before = count
        do throws(OperationError) {
            return try body()
        } catch {
            var failure = error
            failure.hasStored = count > before
            throw failure
        }
    }
}
