import Glibc
public import SystemPackage
public import ProvisionCore

/// A host that exists in memory, or in a file: it does what a Linux 6.1 kernel would do, the unpleasant parts
/// included, and needs no privilege.
///
/// It performs a step as a sequence of stores, like the kernel host. A ``SimulatedFault`` can let any one of them
/// fail, or end the host there.
public final class SimulatedHost: Host {
    package var state: SimulatedState
    private let path: FilePath?
    /// The state file's contents as they were written or read last, without what ``log`` adds.
    private var contents: [UInt8] = []
    private var log: SimulatedStoreLog?
    /// The stores that its steps began.
    package let stores = StoreCount()
    private var isGone = false
    /// See ``RestoringHost/interruption``.
    public var interruption = Interruption.never

    /// What mapping namespaces shows, by their names, where a test says so: a simulated host has no memory to map.
    package var measurements: [String: ProofMeasurement] = [:]
    /// How many scrubs this process has started.
    var scrubs = 0

    /// How often the whole state was written to its file.
    package private(set) var saves = 0

    /// The number of stores made, failed ones included, since the fault was armed or the host was opened.
    public private(set) var operations = 0

    /// A host in memory, read from the text of a state file.
    public init(json text: String) throws(JSONError) {
        self.state = try SimulatedState(json: JSONValue(parsing: text))
        self.path = nil
    }

    private init(state: SimulatedState, path: FilePath, contents: [UInt8]) {
        self.state = state
        self.path = path
        self.contents = contents
        for store in SimulatedStoreLog.stores(since: contents, of: path) { try? self.state.apply(store) }
    }

    /// A host whose state is this file. Every store is written at once, into a log beside the file, so that a process that
    /// dies leaves what a crash would leave; the file itself holds everything again when the host has been observed.
    /// - Throws: ``OperationError/Kind/unavailable`` where the file cannot be read or is not valid.
    public static func open(_ path: FilePath) throws(OperationError) -> SimulatedHost {
        let operation = "read the simulated host"
        let bytes = try SimulatedStateFile.read(path)
        do {
            return SimulatedHost(
                state: try SimulatedState(json: JSONValue(parsing: bytes)), path: path, contents: bytes)
        } catch {
            throw OperationError(
                .unavailable, while: operation, device: path.string, reason: error.description,
                advice: "correct the file; profiles/hosts has examples")
        }
    }

    /// The state as the text of a state file.
    public var json: String { state.json.text() }

    /// Lets something go wrong, once; nil: nothing. Starts counting ``operations`` anew.
    public func arm(_ fault: SimulatedFault?) {
        state.fault = fault
        operations = 0
    }

    /// Restarts the host, also after a crash: what only memory held is lost, numbers are given anew, and every
    /// region and namespace is enabled.
    public func reboot() throws(OperationError) {
        isGone = false
        state.fault = nil
        state.boot()
        state.rebootDaxRegions()
        try save()
    }

    /// Enumerates the host once. Writes nothing but the stores that this process has made.
    public func observe() throws(OperationError) -> Observed {
        try saveForObservation()
        return state.observed
    }

    /// Enumerates the host once, with the health that the state file gives its DIMMs.
    public func observeWithHealth() throws(OperationError) -> Observed {
        try saveForObservation()
        return state.observedWithHealth
    }

    private func saveForObservation() throws(OperationError) {
        try requireAlive(while: "observe the host")
        if log != nil { try save() }
    }

    /// The measurement that a test gave for the name of the namespace (``measurements``); otherwise a failure, `simulated`.
    public func measure(_ namespace: Namespace, in region: Region, of provider: String) -> ProofMeasurement {
        namespace.name.flatMap { measurements[$0] }
            ?? ProofMeasurement(failure: ProofReason(.simulated, "a simulated host has no memory to map"))
    }

    /// Looks in the state's list of uses, and at regions as far as a kernel's would be looked at. What else a simulated
    /// device holds is not known.
    public func examine(_ query: UseQuery) throws(OperationError) -> UseReport {
        var findings = UseReport()
        for target in query.targets {
            let id = try resolve(target)
            guard let namespace = state.namespace(id), namespace.isActive,
                let use = try use(of: id)
            else { continue }
            findings.uses[target.device] = [use]
        }
        for device in query.devices {
            if let use = daxUse(of: device) { findings.uses[device] = [use] }
        }
        if query.readsMemoryPolicy {
            findings.memoryPolicy = memoryPolicy
            findings.memoryBlockSize = state.memoryBlock
            findings.memmapOnMemory = state.memmapOnMemory
        }
        for device in query.initializedRegions {
            let number = try region(device, while: "look at \(device)")
            findings.contentLooks[device] = state.contentLook(region: number)
        }
        return findings
    }

    /// The numbers of the users and groups that the state lists.
    public func accountNumbers(
        users: Set<String>, groups: Set<String>
    ) throws(OperationError) -> AccountNumbers {
        AccountNumbers(
            users: state.accounts.users.filter { users.contains($0.key) },
            groups: state.accounts.groups.filter { groups.contains($0.key) })
    }

    /// Looks the namespace up by its number; see ``Host/current(_:)``.
    public func current(_ target: NamespaceTarget) throws(OperationError) -> Namespace? {
        try requireAlive(while: "read \(target.device)")
        let number = try region(target.region, while: "read \(target.device)")
        guard let id = SimulatedNamespaceID(target.device), id.region == number,
            let found = state.namespace(id), found.size > .zero
        else { return nil }
        return try readBack(id)
    }

    /// Performs one step on the state, store by store; see ``Host/perform(_:identity:)``.
    public func perform(_ step: Step, identity: FreshIdentity) throws(OperationError) -> Namespace? {
        try requireAlive(while: "perform a step")
        return try stores.noting { () throws(OperationError) in
            try performStores(of: step, identity: identity)
        }
    }

    /// Makes one store, unless the fault is due.
    package func store(_ store: SimulatedStore) throws(OperationError) {
        try requireAlive(while: store.operation)
        operations += 1
        stores.add()
        try triggerFault(store)
        var refusal: SimulatedRefusal?
        do throws(SimulatedRefusal) {
            try state.apply(store)
        } catch {
            refusal = error
        }
        // A refused store too: it can change something (see `SimulatedState.writeLabel`).
        try keep(store)
        if let refusal { throw OperationError(store, refusal) }
    }

    private func keep(_ store: SimulatedStore) throws(OperationError) {
        guard let path else { return }
        if log == nil { log = try SimulatedStoreLog(after: contents, of: path) }
        try log?.add(store)
        if let length = log?.length, length > max(1 << 20, contents.count) { try save() }
    }

    private func triggerFault(_ store: SimulatedStore) throws(OperationError) {
        guard let fault = state.fault, fault.operation == operations else { return }
        state.fault = nil
        try save()
        switch fault.kind {
        case .fail(let errno):
            throw OperationError(store, SimulatedRefusal(errno, "the simulated host was told to fail here"))
        case .crash:
            isGone = true
            try requireAlive(while: store.operation)
        case .kill:
            kill(getpid(), SIGKILL)
        }
    }

    /// Whether a simulated crash ended the host: then nothing can be undone.
    package var isAlive: Bool { !isGone }

    func requireAlive(while operation: String) throws(OperationError) {
        guard isGone else { return }
        throw OperationError(
            .unavailable, while: operation, reason: "the simulated host crashed", advice: "reboot it")
    }

    private func save() throws(OperationError) {
        guard let path else { return }
        let text = json
        try SimulatedStateFile.write(text, to: path)
        SimulatedStoreLog.remove(beside: path)
        contents = Array(text.utf8)
        log = nil
        saves += 1
    }
}

extension OperationError {
    /// What a refused store means.
    package init(_ store: SimulatedStore, _ refusal: SimulatedRefusal) {
        let text = Errno(rawValue: refusal.errno).description
        let kind: Kind =
            switch refusal.errno {
            case EBUSY: .busy
            case EPERM, EACCES: .notPermitted
            default: .failed
            }
        self.init(
            kind, while: store.operation, device: store.device,
            reason: refusal.reason.map { "\(text): \($0)" } ?? text, errno: refusal.errno)
    }
}
