import ProvisionCore
import Provision

/// The right of one command to change the host, for as long as it lives: the host's one lock, and for a state directory
/// that is not the usual one a mark by which the next command finds it.
struct HostClaim: ~Copyable {
    private let lock: HostLock
    private let store: TransactionStore
    private let places: StatePlaces?

    /// What the host is claimed for.
    enum Purpose {
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
    /// - Parameter places: where else this host's transactions can be recorded; nil for a simulated host.
    init(
        _ lock: consuming HostLock, for purpose: Purpose, recordingIn store: TransactionStore,
        among places: StatePlaces?
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
            Console.diagnose(
                "daxprov: cannot keep the path of \(path) for after a reboot: \(failure)\n"
                    + "daxprov: if this run is interrupted, run daxprov recover --state-dir \(path)")
        }
    }

    /// Fails where a transaction that is recorded elsewhere was interrupted.
    borrowing func requireNothingElsewhere() throws(CommandFailure) {
        try CommandFailure.translating { () throws(OperationError) in
            try places?.requireNothingInterrupted(besides: store.directory.path)
        }
    }

    deinit {
        let path = store.directory.path
        guard let places, !places.isUsual(path), StateDirectory.exists(path),
            (try? store.interrupted())?.isEmpty == true
        else { return }
        places.forget(path)
    }
}
