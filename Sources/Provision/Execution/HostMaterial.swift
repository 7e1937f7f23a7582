package import ProvisionCore
package import ProvisionHost
package import SystemPackage

/// What a report of a host is made of: each part as it was found, or why it could not be had. No part stops another.
package struct HostMaterial {
    /// Where and when the host was looked at; nil of a simulated host.
    package var origin: InventoryOrigin?
    /// What the machine says; nil of a simulated host, which has none.
    package var machine: MachineFacts?
    /// Who else makes memory of dax devices; nil of a simulated host.
    package var memoryAgents: MemoryAgents?
    /// The label areas of the DIMMs.
    package var labels: Result<[LabelAreaListing], Unread>
    /// The host's devices.
    package var observed: Result<Observed, Unread>
    /// Who uses them.
    package var uses: [UseFinding]
    /// What was interrupted, and what changed since the last application.
    package var status: Result<HostStatus, Unread>
    /// What is known of transactions in another state directory; nil where there are none.
    package var elsewhere: String?
    /// The recorded transactions.
    package var history: Result<HistoryReport, Unread>
    /// The paths of the profiles that were applied, or that protect namespaces.
    package var sources: [String]

    /// Looks at everything. Changes nothing.
    /// - Parameters:
    ///   - root: the root directory of the machine; nil of a simulated host.
    ///   - store: where transactions are recorded.
    ///   - observe: observes the host.
    package init(
        of host: any RestoringHost, below root: FilePath?, recordedIn store: TransactionStore,
        observe: () throws(OperationError) -> Observed
    ) {
        origin = root == nil ? nil : .here()
        machine = root.map { MachineFacts(below: $0, callers: PeopleNames.ofCaller) }
        memoryAgents = root.map { MemoryAgents(below: $0, readsConfiguration: true) }
        let found = Result<Observed, OperationError>(catching: observe)
        observed = found.mapError { Unread($0.reason) }
        labels = Self.labels(of: host)
        uses = (try? found.get()).map { UseFinding.all(on: $0, of: host) } ?? []
        status = Self.status(recordedIn: store, found)
        let recorded = Self.history(recordedIn: store)
        history = recorded.report
        let marks = (try? ProtectionStore(store.directory).marks()) ?? []
        sources = recorded.sources + marks.compactMap { $0.source }
        if let root, case .success(var known) = status {
            known.bootUnit = BootUnit(below: root)
            known.memoryAgents = memoryAgents
            status = .success(known)
        }
    }

    private static func labels(of host: any RestoringHost) -> Result<[LabelAreaListing], Unread> {
        guard let kernel = host as? KernelHost else { return .success([]) }
        do throws(OperationError) {
            return .success(try kernel.labelListings())
        } catch {
            return .failure(Unread(error.reason))
        }
    }

    private static func status(
        recordedIn store: TransactionStore, _ found: Result<Observed, OperationError>
    ) -> Result<HostStatus, Unread> {
        do throws(OperationError) {
            return .success(
                try HostStatus(of: store, observingAlways: true) { () throws(OperationError) in
                    try found.get()
                })
        } catch {
            return .failure(Unread(error.description))
        }
    }

    private static func history(
        recordedIn store: TransactionStore
    ) -> (report: Result<HistoryReport, Unread>, sources: [String]) {
        let readings: [TransactionReading]
        do throws(OperationError) {
            readings = try store.readings()
        } catch {
            return (.failure(Unread(error.description)), [])
        }
        let sources = readings.compactMap { $0.summary?.source }
        do throws(OperationError) {
            return (.success(HistoryReport(readings, setAside: try store.setAsideNames())), sources)
        } catch {
            return (.failure(Unread(error.description)), sources)
        }
    }
}
