import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// A host with regions, a transaction on it that dies, what happens then, and its recovery.
struct UndoScenario {
    var random: RandomObserved.Generator
    var host: SimulatedHost
    let scratch: ScratchDirectory
    /// The first DIMM of each region.
    let dimms: [String]
    /// What the transaction was to do.
    private let profile: Profile
    /// What happened, for whoever reads that it went wrong.
    var story: [String] = []
    /// What must not be.
    var complaints: [String] = []
    /// The host before the transaction, and before recovery: by the first DIMM of each region.
    let before: [String: RegionPicture]
    var left: [String: RegionPicture] = [:]
    /// What people wrote since the crash, and what they had written before the transaction.
    var written: [Page: UInt64] = [:]
    let old: [Page: UInt64]
    /// The places whose loss was agreed to.
    var agreed: [(dimm: String, place: Range<UInt64>)] = []
    var other = AnotherTool()
    /// The DIMM in the drawer.
    var removed: RemovedDimm?
    /// The name of the transaction; nil where it died before it had one.
    private(set) var id: String?
    /// Whether it came to its end, and is rolled back.
    private(set) var isRollingBack = false
    /// The number of stores that it made.
    private(set) var operations = 0
    /// How it ended; nil where it did not.
    var end: TransactionEnd?
    /// What undoing said that it left as somebody made it.
    var leftAlone: Set<String> = []
    /// What people did elsewhere while it waited for its region.
    var work: (dimm: String, facts: RegionPicture)?

    /// A page of a region.
    struct Page: Hashable {
        var dimm: String
        var offset: UInt64
    }

    /// What can happen between a crash and a recovery.
    enum Event: Hashable {
        /// The power goes, and the host boots.
        case boot
        /// People write to everything that they reach.
        case write
        /// Something happens to the region of a number.
        case disable(Int)
        case takeOut(Int)
        case move(Int)
        case renumber(Int)
        case change(AnotherTool.Change, Int)

        /// Everything that can happen to one of some regions.
        static func all(regions: Int) -> [Event] {
            (0..<regions).flatMap { region in
                [.disable(region), .takeOut(region), .move(region), .renumber(region)]
                    + AnotherTool.Change.allCases.map { .change($0, region) }
            }
        }
    }

    /// A host with what its regions hold, and a profile for it.
    struct Setting {
        var state: SimulatedState
        var dimms: [String]
        var profile: Profile
        var random: RandomObserved.Generator
    }

    init(_ setting: Setting) throws {
        random = setting.random
        host = try Self.host(in: setting.state)
        scratch = try ScratchDirectory()
        dimms = setting.dimms
        profile = setting.profile
        before = try Self.facts(host)
        old = Self.pages(of: setting.state)
    }

    struct Failed: Error { var what: String }

    /// A host in a state: the kernel goes on where the program died.
    static func host(in state: SimulatedState) throws -> SimulatedHost {
        let host = try SimulatedHost(json: #"{"format_version": 1, "simulated_host": {"buses": []}}"#)
        host.state = state
        host.state.fault = nil
        return host
    }

    /// Applies the profile, and dies at a store; where it has fewer, it comes to its end.
    mutating func crash(atStore store: Int) throws {
        let application = Application(of: profile, to: host)
        let prepared = try application.prepare()
        guard prepared.plan.refusals.isEmpty else { return story.append("\(prepared.plan.refusals)") }
        let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
        host.arm(SimulatedFault(.crash, atOperation: store))
        let ending = try? application.carryOut(prepared, consent: consent, recordingIn: scratch.store)
        if case .applied? = ending { isRollingBack = true }
        story.append(
            isRollingBack ? "applied" : "killed at store \(store) of \(prepared.plan.steps.count) steps")
        id = try scratch.store.logs().last?.header.id
        operations = host.operations
        host = try Self.host(in: host.state)
        left = try Self.facts(host)
    }

    /// Starts to recover, or to roll back, and dies at a store.
    mutating func crashRecovering(atStore store: Int) throws {
        host.arm(SimulatedFault(.crash, atOperation: store))
        _ = try? recover(Consent())
        let isDead = !host.isAlive
        host = try Self.host(in: host.state)
        story.append(
            isDead ? "\(isRollingBack ? "rollback" : "recovery") killed at store \(store)" : "ran on")
        try requireIntact("by a recovery that died")
        try requireUntouchedRegions()
    }

    /// Lets something happen, unless there is an end already.
    mutating func happen(_ events: [Event]) throws {
        guard end == nil else { return }
        for event in events {
            forgetGivenUp()
            try happen(event)
        }
        forgetGivenUp()
        // What the other tool, or a page map, was written over since is gone by their doing.
        written = written.filter { page, value in
            address(page).map { host.state.pages[$0] == value } ?? true
        }
        try other.remember(host)
        left = try Self.facts(host).merging(left) { now, _ in now }
    }

    /// What is in the place of a namespace that was destroyed is in free space, and nobody's: any creation may write there.
    private mutating func forgetGivenUp() {
        written = written.filter { page, _ in !other.givenUp.contains(page) }
        other.givenUp = []
    }

    private mutating func happen(_ event: Event) throws {
        switch event {
        case .boot:
            try host.reboot()
            story.append("booted")
        case .write:
            var value = UInt64.random(in: 1 << 40..<1 << 50, using: &random)
            for (address, value) in try Self.fill(host, &value) {
                if let page = Self.page(address, host.state) { written[page] = value }
            }
            story.append("written full")
        case .disable(let region):
            guard let number = host.state.region(onDimm: dimms[region]) else { return }
            try host.store(.disableRegion(number))
            story.append("\(dimms[region]) disabled")
        case .takeOut(let region):
            guard removed == nil else { return }
            try host.reboot()
            left = try Self.facts(host)
            removed = host.state.takeOut(dimm: dimms[region])
            try host.reboot()
            story.append("\(dimms[region]) taken out")
        case .move(let region):
            guard let number = host.state.region(onDimm: dimms[region]) else { return }
            host.state.move(region: number, to: host.state.freeAddress)
            try host.reboot()
            story.append("\(dimms[region]) moved")
        case .renumber(let region):
            guard let number = host.state.region(onDimm: dimms[region]) else { return }
            host.state.renumber(region: number)
            try host.reboot()
            story.append("\(dimms[region]) renumbered")
        case .change(let change, let region):
            let words = try other.act(change, onDimm: dimms[region], of: host, &random)
            if let words { story.append("another tool: \(words)") }
        }
    }

    /// Puts the DIMM back.
    mutating func putBack() throws {
        guard let removed else { return }
        self.removed = nil
        host.state.putBack(
            removed, first: Bool.random(using: &random), at: host.state.freeAddress)
        try host.reboot()
        story.append("\(removed.dimm.id) put back")
    }

    /// Recovers, and rolls back what is to be rolled back; what kept it from that.
    mutating func recover(_ consent: Consent) throws -> [OperationError] {
        var recovery = Recovery(host: host, store: scratch.store, consent: consent)
        recovery.patience = .zero
        let outcome = try recovery.run()
        for recovered in outcome.recovered where recovered.id == id {
            end = recovered.end
            leftAlone.formUnion(recovered.undone.left)
        }
        guard outcome.blocked.isEmpty else { return outcome.blocked.map(\.error) }
        guard isRollingBack, end == nil, let id, try scratch.store.log(id).end == .committed else {
            return []
        }
        do throws(OperationError) {
            leftAlone.formUnion(try recovery.rollBack(id).left)
            end = .rolledBack
            return []
        } catch {
            return [error]
        }
    }

    /// The journal of the transaction; nil where it has none.
    func log() throws -> TransactionLog? { try id.map { try scratch.store.log($0) } }
}
