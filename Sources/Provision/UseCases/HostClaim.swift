public import ProvisionCore

/// The right of one command to change the host, for as long as it lives: the host's one lock, and for a state directory
/// that is not the usual one a mark by which the next command finds it.
public struct HostClaim: ~Copyable {
    private let lock: HostLock
    private let store: TransactionStore
    private let places: StatePlaces?

    /// What the host is claimed for.
    public enum Purpose: Sendable {
        /// Recording a new transaction.
        case apply
        /// Undoing a transaction.
        case rollback
        /// Ending what was interrupted, here and nowhere else.
        case recover
        /// Removing a mark.
        case unprotect
    }

    /// Claims the host under a lock that is held.
    /// - Parameters:
    ///   - places: where else this host's transactions can be recorded; nil for a simulated host.
    ///   - tell: is told where what a crash interrupts will not be found by itself.
    init(
        _ lock: consuming HostLock, for purpose: Purpose, recordingIn store: TransactionStore,
        among places: StatePlaces?, tell: (String) -> Void
    ) throws(OperationError) {
        self.lock = lock
        self.store = store
        self.places = places
        guard let places else { return }
        let path = store.directory.path
        if purpose == .recover {
            // Two state directories can each hold an interrupted transaction: each can be recovered.
            guard (try? places.requireNothingInterrupted(besides: path)) != nil else { return }
        } else {
            try places.requireNothingInterrupted(besides: path)
        }
        guard purpose != .unprotect, StateDirectory.exists(path) else { return }
        if let failure = try places.remember(path) {
            tell("cannot keep the path of \(path) for after a reboot: \(failure)")
            tell("if this run is interrupted, run daxprov recover --state-dir \(path)")
        }
    }

    /// Fails where a transaction that is recorded elsewhere was interrupted.
    public borrowing func requireNothingElsewhere() throws(OperationError) {
        try places?.requireNothingInterrupted(besides: store.directory.path)
    }

    deinit {
        let path = store.directory.path
        guard let places, !places.isUsual(path), StateDirectory.exists(path),
            (try? store.interrupted())?.isEmpty == true, (try? store.unreadable())?.isEmpty == true
        else { return }
        places.forget(path)
    }
}
