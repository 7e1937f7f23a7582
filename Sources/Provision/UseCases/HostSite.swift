public import ProvisionCore
public import ProvisionHost
import SystemPackage

/// Where the changes of one host are recorded, and what keeps two of them apart.
public struct HostSite: Sendable {
    /// The host's transactions.
    public let store: TransactionStore
    /// The words that mean the same host and the same record on a command line.
    public let options: [String]

    private let lockDirectory: StateDirectory
    private let places: StatePlaces?
    private let makesState: Bool

    /// The place of a host's changes.
    /// - Parameters:
    ///   - lockDirectory: where the host's one lock is, whatever its transactions are recorded in.
    ///   - places: where else this host's transactions can be recorded; nil for a simulated host.
    ///   - makesState: whether an apply makes the state directory where it is missing: that of a host is the package's.
    ///   - options: the words that mean the same host and the same record on a command line.
    public init(
        store: TransactionStore, lockDirectory: StateDirectory, places: StatePlaces?, makesState: Bool,
        options: [String]
    ) {
        self.store = store
        self.lockDirectory = lockDirectory
        self.places = places
        self.makesState = makesState
        self.options = options
    }

    private var lockPath: FilePath { lockDirectory.path.appending("lock") }

    /// What is protected, and where the state is. Writes nothing.
    public var safeguards: Safeguards {
        Safeguards(reading: store, andMarksIn: places.map { [StateDirectory($0.usual)] } ?? [])
    }

    /// The host as it is, with what is recorded of its dynamic dax regions.
    /// - Parameter health: whether the DIMMs are asked for their health.
    public func observe(
        _ host: any RestoringHost, health: Bool = false
    ) throws(OperationError) -> Observed {
        let found = try? DaxRegionStore(store.directory).found()
        return try host.observe(health: health).remembering(found?.records ?? [])
    }

    /// Sees whether another daxprov changes the host while this one looks at it.
    public var watch: LockWatch { LockWatch(lockPath) }

    /// Takes the lock that lets one daxprov at a time change the host.
    /// - Parameters:
    ///   - patience: how many seconds to wait for it.
    ///   - tell: is told what nobody else will find.
    public func claim(
        for purpose: HostClaim.Purpose, patience: Int, tell: (String) -> Void
    ) throws(OperationError) -> HostClaim {
        if (makesState && purpose == .apply) || store.directory.exists { try store.directory.prepare() }
        try lockDirectory.prepareAlone()
        return try HostClaim(
            HostLock(lockPath, patience: patience), for: purpose, recordingIn: store, among: places,
            tell: tell)
    }

    /// Fails where a transaction of this host was interrupted that another state directory has.
    public func requireNothingElsewhere() throws(OperationError) {
        try places?.requireNothingInterrupted(besides: store.directory.path)
    }
}
