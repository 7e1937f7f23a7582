import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// The kernel keeps pages of its own in memory that is online in its zone, and may not give it back before a reboot: a plan that brings
/// memory there does not say that undoing it loses nothing. It loses no bytes, so it needs no consent of its own.
@Suite struct KernelsZoneTests {
    private static func profile(_ size: String, _ use: String) throws -> Profile {
        try DaxDivisionTests.profile(
            "{name: pool, size: \(size), mode: system-ram, online: \(use)}, {name: rest, size: 128 MiB}")
    }

    private static func change(
        _ bench: DaxDivisionTests.Bench, _ size: String, _ use: String
    ) throws -> Change {
        let changes = try bench.prepare(profile(size, use)).plan.changes
        return try #require(changes.first { $0.address == "hmem.0/pool" })
    }

    private static func isKernels(_ change: Change) -> Bool {
        change.reversibility == .irreversible && change.reversibilityReason == DeviceUse.kernelsZone
            && change.consent == nil && !change.losesData
    }

    @Test func memoryOfADaxRegionThatComesIntoTheKernelsZoneIsNotCalledLossless() throws {
        let bench = try DaxDivisionTests.Bench()
        let made = try Self.change(bench, "256 MiB", "kernel")
        #expect(made.kind == .create && Self.isKernels(made), "\(made)")
        #expect(try Self.change(bench, "256 MiB", "movable").reversibility == .lossless)
        try bench.applied(Self.profile("256 MiB", "movable"))
        let moved = try Self.change(bench, "256 MiB", "kernel")
        #expect(moved.kind == .configureDevice && Self.isKernels(moved), "\(moved)")
        try bench.applied(Self.profile("256 MiB", "kernel"))
        let grown = try Self.change(bench, "512 MiB", "kernel")
        #expect(grown.kind == .resizeDevice && Self.isKernels(grown), "\(grown)")
        // What leaves the zone, or stays in it, takes nothing more from anybody.
        #expect(try Self.change(bench, "256 MiB", "movable").reversibility == .lossless)
        #expect(try Self.change(bench, "128 MiB", "kernel").reversibility == .lossless)
    }

    /// Where bytes are lost as well, that is what is said and asked for.
    @Test func memoryThatIsWrittenOverIsAskedForAsBefore() throws {
        let bench = try DaxDivisionTests.Bench()
        try bench.applied(Self.profile("256 MiB", "none"))
        let change = try Self.change(bench, "256 MiB", "kernel")
        #expect(change.reversibility == .irreversible && change.consent == "pool")
        #expect(change.reversibilityReason.contains("written over"))
    }
}
