import Glibc
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What can happen between a crash and its recovery, and what must be true then.
///
/// Between: the host boots; the regions are moved to other addresses (a DIMM was added), and get other numbers; everything that is
/// reachable is written full; the owner disables `c`, which no step touches; recovery itself dies. An apply that is not killed is
/// rolled back. Then, without consent: every page that anybody wrote is what they wrote. With consent to everything that it names,
/// recovery comes to an end. In the end each region is as it was before, or as recovery found it, unless recovery says that it left
/// something there. `Tests/VM/test_undo_property.py` has a missing DIMM and another tool as well.
@Suite struct UndoPropertyTests {
    private static let cases = UInt64(getenv("UNDO_CASES") ?? "40")

    private static func getenv(_ name: String) -> String? {
        unsafe Glibc.getenv(name).map { unsafe String(cString: $0) }
    }

    @Test(arguments: 0..<(cases ?? 40)) func nobodysDataIsWrittenOver(seed: UInt64) throws {
        var scenario = try UndoScenario(seed: seed)
        try scenario.run()
        #expect(scenario.complaints.isEmpty, "seed \(seed): \(scenario.story.joined(separator: "; "))")
    }
}

/// One random situation.
private struct UndoScenario {
    private var random: RandomObserved.Generator
    private var host: SimulatedHost
    private let scratch: ScratchDirectory
    private(set) var story: [String] = []
    private(set) var complaints: [String] = []
    /// The pages that somebody wrote since the crash: by the region's first DIMM, and the offset in the region.
    private var written: [Page: UInt64] = [:]
    private var before: [String: HostSnapshot] = [:]
    /// What undoing said that it left as somebody made it.
    private var leftAlone: Set<String> = []

    private struct Page: Hashable {
        var dimm: String
        var offset: UInt64
    }

    private static let hosts = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"},
                    {"id": "b", "size": "1 GiB", "label_size": "128 KiB"},
                    {"id": "c", "size": "1 GiB", "label_size": "128 KiB"}],
          "regions": [{"dimms": ["a"]}, {"dimms": ["b"]}, {"dimms": ["c"]}]}]}}
        """

    private static func block(_ region: String, _ items: [String]) -> String {
        "  - match: {dimms: [\(region)]}\n    namespaces:\(items.isEmpty ? " []" : "")\n"
            + items.map { "      - {\($0)}\n" }.joined()
    }

    private static func profile(_ blocks: [String]) throws -> Profile {
        let text = "version: 1\nunmanaged: destroy\nregions:\n" + blocks.joined()
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    private static func items(_ name: String, _ random: inout RandomObserved.Generator) -> [String] {
        let modes = ["fsdax", "devdax", "sector", "raw"]
        return ["one", "two", "three"].prefix(Int.random(in: 1...3, using: &random)).map { item in
            let mode = modes.randomElement(using: &random) ?? "raw"
            let size = [64, 96, 128].randomElement(using: &random) ?? 64
            return "name: \(name)-\(item), mode: \(mode), size: \(size) MiB"
        }
    }

    init(seed: UInt64) throws {
        random = RandomObserved.Generator(state: seed)
        host = try SimulatedHost(json: Self.hosts)
        scratch = try ScratchDirectory()
        let first = try Self.profile(["a", "b", "c"].map { Self.block($0, Self.items($0, &random)) })
        let application = Application(of: first, to: host)
        guard
            case .applied = try application.carryOut(
                application.prepare(), consent: Consent(), recordingIn: nil)
        else { throw Failed(what: "the first profile was not applied") }
        var value: UInt64 = 1
        try Self.fill(host, &value) { _, _ in }
        before = Self.facts(try host.observe())
    }

    private struct Failed: Error { var what: String }

    /// The facts of each region, relative to its start, by its DIMM.
    private static func facts(_ observed: Observed) -> [String: HostSnapshot] {
        var facts: [String: HostSnapshot] = [:]
        for bus in observed.buses {
            for region in bus.regions {
                guard
                    let dimm = bus.dimms.first(where: { $0.device == region.mappings.first?.dimm })?.uniqueID
                else { continue }
                var moved = region
                moved.resource = 0
                moved.namespaces = region.namespaces.map {
                    var namespace = $0
                    namespace.resource = $0.resource.map { $0 - (region.resource ?? 0) }
                    return namespace
                }
                facts[dimm] = HostSnapshot([moved])
            }
        }
        return facts
    }

    /// Writes to every active namespace, where looking looks and elsewhere.
    private static func fill(
        _ host: SimulatedHost, _ value: inout UInt64, _ note: (UInt64, UInt64) -> Void
    ) throws {
        for region in try host.observe().regions {
            for namespace in region.namespaces where namespace.isActive {
                let size = namespace.usableSize ?? namespace.rawSize
                let places = MediaSample.offsets(in: Extent(offset: .zero, length: size))
                value += 1
                let target = NamespaceTarget(namespace, region: region.device)
                try host.write(value, to: target, at: places + [.mib(1) + .kib(4), .mib(3)])
                for (address, found) in host.state.pages where found == value { note(address, value) }
            }
        }
    }

    mutating func run() throws {
        let touched = ["a", "b"].prefix(Int.random(in: 1...2, using: &random))
        var second = try Self.profile(touched.map { Self.block($0, Self.items($0, &random)) })
        for index in second.regions.indices where Bool.random(using: &random) {
            second.regions[index].namespaces.removeFirst()
        }
        second.unmanaged = .destroy
        second.unmanaged = Bool.random(using: &random) ? .destroy : .keep
        let kept = second
        let application = Application(of: kept, to: host)
        let prepared = try application.prepare()
        guard prepared.plan.refusals.isEmpty else { return }
        let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
        let point = Int.random(in: 1...90, using: &random)
        host.arm(SimulatedFault(.crash, atOperation: point))
        let ending = try? application.carryOut(prepared, consent: consent, recordingIn: scratch.store)
        story.append("killed at store \(point) of \(prepared.plan.steps.count) steps")
        var isUndoing = true
        if case .applied? = ending {
            story[0] = "applied"
            isUndoing = false
        }
        try interlude()
        try recover(kept, rollingBack: !isUndoing)
    }

    /// What happens between the crash and the recovery.
    private mutating func interlude() throws {
        let survivor = try SimulatedHost(json: host.json)
        survivor.arm(nil)
        host = survivor
        if Bool.random(using: &random) {
            try host.reboot()
            story.append("booted")
        }
        if Int.random(in: 0..<3, using: &random) == 0 {
            host.state.move(by: 16 << 30)
            try host.reboot()
            story.append("moved")
        }
        if Int.random(in: 0..<3, using: &random) == 0 {
            host.state.buses[0].regions.reverse()
            try host.reboot()
            story.append("renumbered")
        }
        if Bool.random(using: &random) {
            var value = UInt64.random(in: 1 << 40..<1 << 50, using: &random)
            var pages: [UInt64: UInt64] = [:]
            try Self.fill(host, &value) { pages[$0] = $1 }
            for (address, value) in pages { if let page = place(address) { written[page] = value } }
            story.append("written full")
        }
        if Int.random(in: 0..<4, using: &random) == 0, let number = index(of: "c") {
            try host.store(.disableRegion(number))
            story.append("c disabled")
        }
    }

    private func index(of dimm: String) -> Int? {
        host.state.regions.firstIndex { host.state.dimms[$0.mappings[0].dimm].id == dimm }
    }

    private func place(_ address: UInt64) -> Page? {
        for region in host.state.regions
        where address >= region.resource && address < region.resource + region.size.bytes {
            return Page(dimm: host.state.dimms[region.mappings[0].dimm].id, offset: address - region.resource)
        }
        return nil
    }

    private mutating func recover(_ profile: Profile, rollingBack: Bool) throws {
        let left = Self.facts(try host.observe())
        if Bool.random(using: &random) {
            host.arm(SimulatedFault(.crash, atOperation: Int.random(in: 1...40, using: &random)))
            _ = try? end(Consent(), rollingBack)
            requireWrittenPages("by a recovery that died")
            let survivor = try SimulatedHost(json: host.json)
            survivor.arm(nil)
            host = survivor
            story.append("recovery killed")
            if Bool.random(using: &random) { try host.reboot() }
        }
        let errors = try end(Consent(), rollingBack)
        requireWrittenPages("without consent")
        if let losses = errors.first?.losses {
            story.append("asked for \(losses.map(\.address).joined(separator: ", "))")
            let rest = try end(Consent(allowDestroy: Set(losses.map(\.address))), rollingBack)
            if let more = rest.first { complaints.append("not ended with consent: \(more)") }
        } else if let error = errors.first {
            complaints.append("not ended: \(error)")
        }
        if !complaints.isEmpty { story += complaints }
        requireState(profile, left)
    }

    /// Ends what was interrupted, or undoes what was committed; what kept it from that.
    private mutating func end(_ consent: Consent, _ rollingBack: Bool) throws -> [ExecutionError] {
        let recovery = Recovery(host: host, store: scratch.store, consent: consent)
        let outcome = try recovery.run()
        leftAlone.formUnion(outcome.recovered.flatMap(\.undone.left))
        guard outcome.blocked.isEmpty else { return outcome.blocked.map(\.error) }
        guard rollingBack, let log = try scratch.store.logs().last, log.end == .committed else { return [] }
        do throws(ExecutionError) {
            leftAlone.formUnion(try recovery.rollBack(log.header.id).left)
            return []
        } catch {
            return [error]
        }
    }

    private mutating func requireWrittenPages(_ when: String) {
        for (page, value) in written {
            guard let number = index(of: page.dimm) else { continue }
            let address = host.state.regions[number].resource + page.offset
            guard host.state.pages[address] != value else { continue }
            complaints.append("\(page) was written over \(when)")
            let now = host.state.pages[address].map { String($0, radix: 16) } ?? "nothing"
            let block = host.state.infoBlocks[address].map { "\($0.kind)" } ?? ""
            story.append("page \(page.offset) of \(page.dimm) became \(now) \(block) \(when)")
            describe()
            return
        }
    }

    private mutating func describe() {
        guard let log = try? scratch.store.logs().last else { return }
        for (number, step) in log.header.steps.enumerated() where log.begun[number] != nil {
            story.append("\(step.phrase)\(log.done.contains(number) ? "" : " (not done)")")
        }
        for region in log.header.before.regions {
            for namespace in region.namespaces {
                let offset = region.extent(of: namespace)?.offset ?? .zero
                story.append(
                    "\(region.device) had \(namespace.displayName) \(namespace.rawSize) at \(offset)")
            }
        }
    }

    private mutating func requireState(_ profile: Profile, _ left: [String: HostSnapshot]) {
        guard complaints.isEmpty, let now = try? Self.facts(host.observe()) else { return }
        for (dimm, facts) in now where !leftAlone.contains(where: { $0.hasPrefix(dimm) }) {
            guard facts != before[dimm], facts != left[dimm] else { continue }
            let words = before[dimm]?.differences(to: facts).joined(separator: "; ") ?? ""
            complaints.append("\(dimm) is neither old nor left alone: \(words)")
            story.append("\(dimm): \(words)")
        }
        for log in (try? scratch.store.interrupted()) ?? [] {
            complaints.append("\(log.header.id) is still interrupted")
        }
    }
}

extension ExecutionError {
    fileprivate var losses: [Loss]? {
        if case .consentMissing(let losses) = self { return losses }
        return nil
    }
}

extension SimulatedState {
    /// Maps every region to other physical addresses, as when a DIMM is added before them.
    fileprivate mutating func move(by delta: UInt64) {
        for number in regions.indices { update(region: number) { $0.resource += delta } }
        infoBlocks = Dictionary(uniqueKeysWithValues: infoBlocks.map { ($0.key + delta, $0.value) })
        pages = Dictionary(uniqueKeysWithValues: pages.map { ($0.key + delta, $0.value) })
    }
}
