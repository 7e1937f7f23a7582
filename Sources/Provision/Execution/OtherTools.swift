import Glibc
import ProvisionCore
import ProvisionHost

/// Tells whether undoing failed because another tool (ndctl, daxctl) works on the same regions at the same time: it takes
/// no lock of ours, and has the capacity or the kernel's next namespace object that undoing needs. Often it is done soon.
struct OtherTools {
    /// How much longer undoing is tried again.
    struct Patience {
        /// The time for which it is: another tool is done with one namespace in less.
        static let usual = Duration.seconds(15)

        private let end: ContinuousClock.Instant

        /// Patience that ends after this time.
        init(_ duration: Duration) { end = .now + duration }

        /// Whether that time has passed.
        var isOver: Bool { ContinuousClock.now >= end }

        /// Lets some time pass.
        func pause() { usleep(200_000) }
    }

    private let host: any RestoringHost
    private let log: TransactionLog
    private let wereThere: Bool

    /// Looks at a host before a transaction on it is undone.
    init(_ host: any RestoringHost, _ log: TransactionLog) {
        self.host = host
        self.log = log
        self.wereThere = Self.areThere(host, log)
    }

    /// Whether another tool is the likely reason of an error.
    func explain(_ error: OperationError) -> Bool {
        guard error.kind.isHosts, error.kind != .notPermitted else { return false }
        return error.kind == .changed || wereThere || Self.areThere(host, log)
    }

    /// Whether a region of the transaction holds a namespace that was not there before it, and that it did not make.
    private static func areThere(_ host: any RestoringHost, _ log: TransactionLog) -> Bool {
        guard let now = try? host.observe() else { return false }
        let regions = RegionsThenAndNow(log.header, now)
        let known = Set(log.header.before.regions.flatMap(\.namespaces).compactMap(\.labelUUID))
            .union(log.begun.values.map(\.labelUUID)).union(log.placeholders.map(\.label))
        return log.touchedRegions.compactMap(regions.region).contains { region in
            region.namespaces.contains { $0.labelUUID.map { !known.contains($0) } ?? false }
        }
    }
}
