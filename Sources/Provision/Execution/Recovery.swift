/// Ends what was interrupted, and undoes what was committed.
public struct Recovery {
    private let host: any RestoringHost
    private let store: TransactionStore
    private let interruption: Interruption
    private let progress: (Executor.Progress) -> Void

    /// Recovery of a host from the transactions in a store. The caller holds the host's lock.
    public init(
        host: any RestoringHost, store: TransactionStore, interruption: Interruption = .never,
        progress: @escaping (Executor.Progress) -> Void = { _ in }
    ) {
        self.host = host
        self.store = store
        self.interruption = interruption
        self.progress = progress
    }

    /// What became of an interrupted transaction.
    public struct Recovered: Sendable {
        /// Its name.
        public var id: String
        /// How it ended.
        public var end: TransactionEnd
        /// The regions whose old labels a reboot has still to read.
        public var afterReboot: [String]
    }

    /// Ends every interrupted transaction, the youngest first: one whose steps were all performed is committed, every
    /// other is undone.
    public func run() throws(ExecutionError) -> [Recovered] {
        let logs: [TransactionLog]
        do throws(StateError) {
            logs = try store.interrupted()
        } catch {
            throw .state(error)
        }
        var recovered: [Recovered] = []
        for log in logs.reversed() { recovered.append(try recover(log)) }
        return recovered
    }

    private func recover(_ log: TransactionLog) throws(ExecutionError) -> Recovered {
        let id = log.header.id
        var recording = try resume(id)
        guard log.isComplete else {
            let pending = try undo(id, because: log.undoReason ?? "it was interrupted", &recording)
            return Recovered(id: id, end: .rolledBack, afterReboot: pending)
        }
        let after: Observed
        do throws(HostError) {
            after = try host.observe()
        } catch {
            throw .host(error)
        }
        try recording.note(.end(.committed, after: after))
        return Recovered(id: id, end: .committed, afterReboot: [])
    }

    /// Gives up an interrupted transaction that can be neither finished nor undone. The host stays as it is, and what was
    /// saved stays where it is.
    public func abandon(_ id: String) throws(ExecutionError) {
        do throws(StateError) {
            guard try store.log(id).end == nil else {
                throw StateError(
                    .unsuitable, "the transaction \(id) has ended",
                    advice: "only an interrupted one can be given up: daxprov status names it")
            }
        } catch {
            throw .state(error)
        }
        var recording = try resume(id)
        try recording.note(.end(.abandoned, after: nil))
    }

    /// Undoes a committed transaction. What it takes has been agreed to (``RollbackReview``).
    /// - Returns: the regions whose old labels a reboot has still to read.
    public func rollBack(_ id: String) throws(ExecutionError) -> [String] {
        var recording = try resume(id)
        return try undo(id, because: "rollback was asked for", &recording)
    }

    private func resume(_ id: String) throws(ExecutionError) -> Recording {
        do throws(StateError) {
            return Recording(host: host, writer: try .resume(id, in: store))
        } catch {
            throw .state(error)
        }
    }

    func undo(
        _ id: String, because reason: String, _ recording: inout Recording
    ) throws(ExecutionError) -> [String] {
        try recording.note(.undo(reason: reason))
        let patience = OtherTools.Patience()
        var hasWaited = false
        while true {
            let log = try read(id)
            let others = OtherTools(host, log)
            do throws(ExecutionError) {
                let rollback = Rollback(
                    host: host, store: store, log: log, interruption: interruption,
                    progress: !hasWaited ? progress : { _ in })
                let pending = try rollback.run(recording: &recording)
                try recording.note(.end(.rolledBack, after: nil))
                return pending
            } catch {
                guard !patience.isOver, others.explain(error) else { throw error }
                if !hasWaited { progress(.undoes("wait for another tool that works on the same region")) }
                hasWaited = true
                patience.pause()
            }
        }
    }

    private func read(_ id: String) throws(ExecutionError) -> TransactionLog {
        do throws(StateError) {
            return try store.log(id)
        } catch {
            throw .state(error)
        }
    }
}
