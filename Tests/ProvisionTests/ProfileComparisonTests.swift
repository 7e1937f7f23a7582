import ProvisionCore
import ProvisionHost
import Testing

@testable import Provision

/// A comparison is shown before anything is done: what it says of afterwards is what the host then has.
@Suite struct ProfileComparisonTests {
    private static func profile(of host: SimulatedHost) throws -> String {
        ProfileExport(SavedInventory(observed: try host.observe(), limits: .none)).text
    }

    /// The declarations of a profile by region, without the numbers that a host gives anew. What a disabled namespace has
    /// on its media shows only when it is enabled.
    private static func facts(_ text: String, enabling: Bool) throws -> Set<String> {
        guard text.contains("- match:") else { return [text] }
        let profile = try ProfileReader.read(Array(text.utf8), source: "comparison")
        return Set(
            profile.regions.flatMap { block in
                block.namespaces.map { item in
                    let layout = "\(item.mode) \(item.size)"
                    let details = [
                        item.align.map { "\($0)" }, item.map.map { "\($0)" }, item.sectorSize.map { "\($0)" },
                    ]
                    return "\(block.match) \(item.displayName) \(enabling ? "" : "\(layout) \(details)")"
                }
            })
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func afterAnApplyTheHostIsAsTheComparisonSaid(seed: UInt64) throws {
        var machine = RandomMachine(seed: seed)
        let host = try SimulatedHost(json: machine.state())
        let observed = try host.observe()
        let text = machine.profile(for: observed)
        let profile = try ProfileReader.read(Array(text.utf8), source: "random")
        let application = Application(of: profile, to: host)
        let prepared = try application.prepare()
        guard prepared.plan.refusals.isEmpty else { return }
        let comparison = ProfileComparison(prepared.plan, on: prepared.observed)
        #expect(comparison.before == (try Self.profile(of: host)))
        let consent = Consent(allowDestroy: Set(prepared.plan.changes.compactMap(\.consent)))
        let ending = try application.carryOut(prepared, consent: consent, recordingIn: nil)
        guard case .applied = ending else { return }
        let actual = try Self.profile(of: host)
        let enabling = prepared.plan.changes.contains { $0.kind == .enable }
        let said = try Self.facts(comparison.after, enabling: enabling)
        let found = try Self.facts(actual, enabling: enabling)
        #expect(said.subtracting(found) == [], "seed \(seed)")
        #expect(found.subtracting(said) == [], "seed \(seed)")
    }

    @Test func withoutAChangeBothAreTheSame() throws {
        var machine = RandomMachine(seed: 7)
        let observed = try SimulatedHost(json: machine.state()).observe()
        let plan = Plan(changes: [], steps: [], unchanged: [], unmanaged: [], refusals: [])
        let comparison = ProfileComparison(plan, on: observed)
        #expect(comparison.before == comparison.after)
    }
}
