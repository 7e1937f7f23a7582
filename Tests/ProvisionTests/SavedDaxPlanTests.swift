import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What a saved plan for dynamic dax regions rests on.
@Suite struct SavedDaxPlanTests {
    /// A plan rests on the use, the alignment and the rights of the dax devices that it changes, and of no others. One that was saved
    /// before these were compared holds.
    @Test func aPlanForADaxDeviceIsStaleWhereThatIsUsedOtherwise() throws {
        let bench = try DaxDivisionTests.Bench()
        func profile(_ size: String) throws -> Profile {
            try DaxDivisionTests.profile("{name: tier, size: \(size)}, {name: pool, size: 512 MiB}")
        }
        try bench.applied(profile("256 MiB"))
        let prepared = try bench.prepare(profile("128 MiB"))
        let basis = PlanBasis(of: prepared.plan, on: prepared.observed)
        try #require(basis.objects.count { $0.kind == .daxDevice } == 1)
        func differences(
            _ size: ByteCount, to basis: PlanBasis, _ change: (inout DaxRegion.Device) -> Void
        ) -> [String] {
            var observed = prepared.observed
            for region in observed.daxRegions.indices {
                for device in observed.daxRegions[region].devices.indices
                where observed.daxRegions[region].devices[device].size == size {
                    change(&observed.daxRegions[region].devices[device])
                }
            }
            return basis.differences(to: prepared.plan, on: observed).map(\.message)
        }
        #expect(differences(.mib(256), to: basis) { _ in } == [])
        let changes: [(String, (inout DaxRegion.Device) -> Void)] = [
            ("its align was 2 MiB", { $0.align = .gib(1) }),
            ("its use was devdax, and is disabled", { $0.driver = nil }),
            (
                "its rights was none, and is 7:0 0600",
                { $0.rights = DeviceRights(declared: NodeRights(owner: 7)) }
            ),
        ]
        for (words, change) in changes {
            let found = differences(.mib(256), to: basis, change)
            #expect(found.contains { $0.hasPrefix(words) }, "\(words): \(found)")
            #expect(differences(.mib(512), to: basis, change) == [], "\(words)")
        }
        // What udev or an administrator gives the node is no business of a plan.
        #expect(
            differences(.mib(256), to: basis) { $0.rights.node = NodeRights(group: 36, permissions: 0o660) }
                == [])
        let older = PlanBasis(
            objects: basis.objects.filter { $0.kind != .daxDevice }, changes: basis.changes, factsVersion: 3)
        #expect(differences(.mib(256), to: older) { $0.align = .gib(1) } == [])
    }
}
