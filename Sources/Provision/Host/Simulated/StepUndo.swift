package import ProvisionCore

/// The stores that take back what a step has done so far.
package struct StepUndo {
    private var stores: [SimulatedStore] = []
    /// What cannot be taken back.
    package private(set) var losses: [String] = []

    /// Adds a store, to be made before those added earlier.
    package mutating func add(_ store: SimulatedStore) {
        stores.append(store)
    }

    /// Takes back the last addition.
    package mutating func removeLast() {
        stores.removeLast()
    }

    /// Notes something that cannot be taken back.
    package mutating func lose(_ loss: String) {
        losses.append(loss)
    }

    /// The stores in the order in which they are to be made.
    package var inOrder: [SimulatedStore] { stores.reversed() }
}

extension SimulatedHost {
    /// Runs the body; where it fails, makes the stores of the undo and adds to the error what went wrong with them.
    /// A host that crashed cannot undo anything.
    package func undoing<Result>(
        _ body: (inout StepUndo) throws(OperationError) -> Result
    ) throws(OperationError) -> Result {
        var undo = StepUndo()
        do {
            return try body(&undo)
        } catch {
            guard isAlive else { throw error }
            throw undone(undo, after: error)
        }
    }

    private func undone(_ undo: StepUndo, after failure: OperationError) -> OperationError {
        var failure = failure
        for store in undo.inOrder {
            // What was enabled once and lost its capacity is no object any more.
            if let id = store.namespace, state.namespace(id) == nil { continue }
            do {
                try self.store(store)
            } catch {
                failure.undoFailures.append(error.description)
            }
        }
        failure.undoFailures += undo.losses
        return failure
    }
}
