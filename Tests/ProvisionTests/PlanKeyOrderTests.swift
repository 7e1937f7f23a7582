import Provision
import ProvisionCore
import ProvisionHost
import Testing

/// The order of the keys in a mapping has no meaning.
@Suite struct PlanKeyOrderTests {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func theOrderOfKeysChangesNothing(seed: UInt64) throws {
        var generator = RandomObserved.Generator(state: seed)
        let host = try SimulatedHost(json: SimulatedHosts.oneDimm)
        let observed = try host.observe()
        let plain = try ProfileReader.read(Array(text { $0 }.utf8), source: "profile.yaml")
        let shuffled = try ProfileReader.read(
            Array(text { $0.shuffled(using: &generator) }.utf8), source: "profile.yaml")
        let plan = Planner.plan(plain, on: observed)
        #expect(plan.refusals.isEmpty)
        #expect(Planner.plan(shuffled, on: observed) == plan)
        #expect(
            PlanReport(plan, of: plain, on: observed).text()
                == PlanReport(Planner.plan(shuffled, on: observed), of: shuffled, on: observed).text())
    }

    private func text(_ order: ([String]) -> [String]) -> String {
        func mapping(_ keys: String...) -> String { "{\(order(keys).joined(separator: ", "))}" }
        let match = mapping("region: 0", "type: pmem", "min_size: 1 MiB")
        let namespaces = [
            mapping("name: a", "mode: fsdax", "size: 64 MiB", "map: mem"),
            mapping("mode: devdax", "name: b", "align: 2 MiB", "usable_size: 100 MiB"),
            mapping("sector_size: 512", "name: c", "mode: sector", "size: remaining"),
        ]
        let list = "namespaces: [\(namespaces.joined(separator: ", "))]"
        let block = mapping("match: \(match)", "labels: require", list)
        return order(["version: 1", "regions: [\(block)]", "unmanaged: destroy"]).joined(separator: "\n")
            + "\n"
    }
}
