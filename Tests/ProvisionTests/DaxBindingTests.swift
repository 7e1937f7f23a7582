import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Which devices a kernel gives a driver beside the one that it is told to: none, or every one that has memory and no driver.
@Suite struct DaxBindingTests {
    /// Another tool's device has memory and no driver.
    private static func machine(_ binding: SimulatedDaxBinding) -> String {
        DaxDivisionTests.machine(binding).replacing(
            #""size": "1 GiB", "target_node": 2"#,
            with: #""size": "1 GiB", "target_node": 2, "devices": [{"number": 0}, "#
                + #"{"number": 1, "ranges": [{"start": "0x108000000", "size": "128 MiB"}]}]"#)
    }

    private static func drivers(_ host: SimulatedHost) throws -> [String: String] {
        var found: [String: String] = [:]
        for device in try host.observe().daxRegions.flatMap(\.devices) { found[device.name] = device.driver }
        return found
    }

    @Test func whereTheDriverIsToldTheNameItTakesWhatHasMemoryAndNoDriver() throws {
        for binding in SimulatedDaxBinding.allCases {
            let host = try SimulatedHost(json: Self.machine(binding))
            try host.store(.dax(.driver("dax1.0", nil)))
            #expect(try Self.drivers(host).isEmpty)
            try host.store(.dax(.driver("dax1.0", .devdax)))
            let taken = binding == .byID ? ["dax0.1": "device_dax"] : [:]
            #expect(
                try Self.drivers(host) == taken.merging(["dax1.0": "device_dax"]) { first, _ in first },
                "\(binding)")
        }
    }

    /// The driver of memory is told the name by every kernel. Linux 6.1 then takes that device alone.
    @Test(arguments: SimulatedDaxBinding.allCases)
    func theDriverOfMemoryTakesOthersAlongOnNewerKernels(binding: SimulatedDaxBinding) throws {
        let host = try SimulatedHost(json: Self.machine(binding))
        try host.store(.dax(.driver("dax1.0", nil)))
        try host.store(.dax(.driver("dax1.0", .systemRAM(.none))))
        #expect(try Self.drivers(host)["dax1.0"] == "kmem")
        #expect(try Self.drivers(host)["dax0.1"] == (binding == .byID ? "kmem" : nil))
    }

    /// A device is made beside it where the kernel binds that alone. Elsewhere the step fails, and nothing of it is left.
    @Test(arguments: SimulatedDaxBinding.allCases)
    func whatHasNoDriverKeepsNone(binding: SimulatedDaxBinding) throws {
        let bench = try DaxDivisionTests.Bench(Self.machine(binding))
        let before = try bench.layouts
        let profile = try DaxDivisionTests.profile("{name: a, size: 256 MiB}")
        let ending = try bench.apply(profile)
        #expect(try Self.drivers(bench.host)["dax0.1"] == nil)
        switch (binding, ending) {
        case (.exact, .applied): #expect(try bench.device("a").driver == "device_dax")
        case (.byID, .undone(_, let error, _)):
            #expect(error.reason.contains("dax0.1 has no driver"))
            #expect(try bench.layouts == before)
            // With a driver it is in nobody's way.
            try bench.host.store(.dax(.driver("dax0.1", .devdax)))
            try bench.applied(profile)
        default: Issue.record("\(binding): \(ending)")
        }
    }

    /// Memory stays memory where it could not become a device alone: that is seen before any of it goes offline.
    @Test func memoryStaysWhatItIsWhereAnotherWouldBeTakenAlong() throws {
        let bench = try DaxDivisionTests.Bench(DaxDivisionTests.machine(.byID))
        try bench.applied(
            DaxDivisionTests.profile(
                "{name: m, size: 256 MiB, mode: system-ram}, {name: a, size: 256 MiB}"))
        let name = try bench.device("a").name
        try bench.host.store(.dax(.driver(name, nil)))
        let before = try bench.layouts
        let device = try bench.device("m")
        let layout = try #require(device.layout)
        var after = layout
        after.use = .devdax
        let region = try #require(bench.observed.daxRegions[0].identity)
        let transition = DeviceTransition(
            region: region, regionName: "hmem.0", name: "m", device: device.name, before: layout,
            after: after,
            zeroes: true)
        bench.host.arm(nil)
        let error = try #require(throws: OperationError.self) {
            try bench.host.perform(.setDevice(transition), identity: .none)
        }
        #expect(error.reason.contains("\(name) has no driver") && error.undoFailures.isEmpty)
        #expect(bench.host.operations == 0)
        #expect(try bench.layouts == before)
    }

    @Test func theStateFileSaysHowTheKernelBinds() throws {
        let host = try SimulatedHost(json: Self.machine(.byID))
        #expect(try SimulatedHost(json: host.json).state.daxBinding == .byID)
        #expect(host.json.contains("by_id"))
        let usual = try SimulatedHost(json: DaxDivisionTests.machine)
        #expect(usual.state.daxBinding == .exact && !usual.json.contains("dax_binding"))
        let unknown = Self.machine(.byID).replacing("by_id", with: "by_luck")
        #expect(throws: JSONError.self) { _ = try SimulatedHost(json: unknown) }
    }
}
