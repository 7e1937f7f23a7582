import Provision
import ProvisionCore
import ProvisionHost
import Testing

/// Random profiles on the simulated host, which has a capacity model of its own: what the planner predicts is what a
/// host gives. A failure says its seed.
@Suite struct PlanSimulatedPropertyTests {
    static let cases = PlanPropertyTests.cases / 50

    @Test(arguments: 0..<4)
    func thereAndBackAgainTheHostIsAsPredicted(run: Int) throws {
        for number in 0..<Self.cases {
            let seed = 1 << 40 | UInt64(run) << 32 | UInt64(number)
            let trip = try RoundTrip(seed: seed)
            if let problem = try trip.problem() {
                Issue.record("seed \(seed): \(problem) of \(trip.first.sizes) and \(trip.second.sizes)")
                return
            }
        }
    }
}

/// An empty region that is brought to a profile, to another one, and back.
private struct RoundTrip {
    var random: RandomPlanning
    let first: Profile
    let second: Profile
    let host: SimulatedHost

    init(seed: UInt64) throws {
        random = RandomPlanning(seed: seed)
        var hardware = random.hardware()
        hardware.grid = .mib(hardware.ways % 3 == 0 ? UInt64(16 * hardware.ways) : 16)
        hardware.capacity = hardware.grid * UInt64(random.number(in: 6...40))
        first = random.profile(for: hardware, unmanaged: .destroy).unprotected
        second = random.profile(for: hardware, unmanaged: .destroy).unprotected
        host = try SimulatedHost(json: Self.text(hardware))
    }

    /// The region lies behind another one, so that it may begin between multiples of the grid on its DIMMs.
    private static func text(_ hardware: RandomPlanning.Hardware) -> String {
        let share = hardware.capacity.bytes / UInt64(hardware.ways)
        let labels = hardware.labels.rawValue
        let ids = (0..<hardware.ways).map { "\"dimm-\($0)\"" }
        let dimms = ids.map {
            "{\"id\": \($0), \"size\": \(share), \"label_size\": 131072, \"labels\": \"\(labels)\"}"
        }
        return """
            {"format_version": 1, "simulated_host": {"buses": [{"dimms": [\(dimms.joined(separator: ", "))],
             "regions": [{"dimms": [\(ids.joined(separator: ", "))]}]}]}}
            """
    }

    func problem() throws -> String? {
        guard let before = try layout(after: first) else { return nil }
        if case .wrong(let problem) = before { return problem }
        guard let between = try layout(after: second) else { return nil }
        if case .wrong(let problem) = between { return problem }
        guard let after = try layout(after: first) else {
            return first.mayStayOtherwise(in: second)
                ? nil : "the way back is refused: \(try Planner.plan(first, on: host.observe()).refusals)"
        }
        guard case .reached(let old) = before, case .reached(let new) = after else { return "\(after)" }
        if !first.mayStayOtherwise(in: second), old != new { return "not as before: \(old) became \(new)" }
        try host.reboot()
        let rebooted = Planner.plan(first, on: try host.observe())
        return rebooted.isEmpty ? nil : "after a reboot: \(rebooted.changes)"
    }

    private enum Result {
        case reached([[String]]), wrong(String)
    }

    /// The layout once the host is as the profile says, or what went wrong; nil where the profile is refused.
    private func layout(after profile: Profile) throws -> Result? {
        let application = Application(of: profile, to: host)
        let prepared = try application.prepare()
        guard prepared.plan.refusals.isEmpty else { return nil }
        let consent = Consent(allowDestroy: Set(prepared.plan.changes.map(\.address)))
        let ending = try application.carryOut(prepared, consent: consent, recordingIn: nil)
        guard ending.isSuccess else { return .wrong("\(ending)") }
        let found = try host.observe().regions.flatMap(\.namespaces)
        if let moved = moved(prepared, found) { return .wrong("\(moved) moved: \(prepared.plan.steps)") }
        for after in prepared.plan.changes.compactMap(\.after) {
            let same = found.first { $0.resource == after.resource && $0.rawSize == after.rawSize }
            guard let same, same.name == after.name, same.mode == after.mode,
                same.usableSize == after.usableSize
            else {
                return .wrong("predicted \(after), found \(found)")
            }
        }
        return .reached(found.map(facts).sorted { $0.lexicographicallyPrecedes($1) })
    }

    /// A namespace that the plan leaves alone and that is not as it was.
    private func moved(_ prepared: Application.Prepared, _ found: [Namespace]) -> String? {
        let touched = Set(prepared.plan.steps.compactMap { $0.step.target?.labelUUID })
        return prepared.observed.regions.flatMap(\.namespaces).first { old in
            old.labelUUID.map { !touched.contains($0) } ?? false
                && !found.contains {
                    $0.labelUUID == old.labelUUID && $0.resource == old.resource && $0.rawSize == old.rawSize
                }
        }?.name
    }

    private func facts(_ namespace: Namespace) -> [String] {
        [namespace.name ?? "", "\(namespace.rawSize)", namespace.mode?.rawValue ?? ""]
    }
}

extension Profile {
    /// Whether a namespace that both profiles have may stay as, or where, the second made it: `usable_size` is met by
    /// more, and shares that come out as they are keep their extent. Whatever stays may be in the way of others.
    fileprivate func mayStayOtherwise(in second: Profile) -> Bool {
        let loose = (regions + second.regions).flatMap(\.namespaces).filter { !$0.size.isFixed }
        let common = Set(regions.flatMap(\.namespaces).map(\.name))
            .intersection(second.regions.flatMap(\.namespaces).map(\.name))
        return !common.isDisjoint(with: loose.map(\.name))
    }

    /// What it asks for.
    fileprivate var sizes: [String] {
        regions.flatMap(\.namespaces).map { "\($0.name?.text ?? "") \($0.mode) \($0.size)" }
    }

    /// The same with nothing protected.
    fileprivate var unprotected: Profile {
        var copy = self
        for block in copy.regions.indices {
            for index in copy.regions[block].namespaces.indices {
                copy.regions[block].namespaces[index].isProtected = false
            }
        }
        return copy
    }
}

extension SizeRequest {
    /// Whether it comes to the same wherever the namespace is.
    fileprivate var isFixed: Bool {
        switch self {
        case .raw, .fraction: true
        case .usable, .remaining: false
        }
    }
}
