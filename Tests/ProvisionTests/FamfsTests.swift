import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// `mode: famfs` is understood, and refused with the reason.
@Suite struct FamfsTests {
    private static let machine = """
        {"format_version": 1, "simulated_host": {
          "buses": [{"provider": "ACPI.NFIT",
            "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB", "labels": "1.2"}], "regions": [{"dimms": ["a"]}]}],
          "memory_hotplug": {"block_size": "128 MiB", "auto_online_blocks": "offline"},
          "dax_regions": [{"start": "0x200000000", "size": "1 GiB", "target_node": 2}]}}
        """

    private func refusals(_ hasDriver: Bool?) throws -> [Refusal] {
        let text = """
            version: 1
            regions:
              - match: {region: 0}
                namespaces: [{name: fs, mode: devdax, size: 64 MiB, device: {mode: famfs}}]
            devices:
              - match: {start: 0x200000000}
                devices: [{name: pool, mode: famfs}]
            """
        let profile = try ProfileReader.read(Array(text.utf8), source: "test.yaml")
        var observed = try SimulatedHost(json: Self.machine).observe()
        observed.hasFamfsDriver = hasDriver
        return Planner.plan(profile, on: observed).refusals.filter { $0.code == .notSupported }
    }

    @Test func aKernelWithoutTheDriverIsTheReason() throws {
        let found = try refusals(false)
        #expect(found.count == 2 && found[0].address == "region0/fs" && found[1].address.hasSuffix("/pool"))
        #expect(found.allSatisfy { $0.message.contains("this kernel has not") && $0.position != nil })
    }

    @Test(arguments: [true, nil]) func elsewhereItIsDaxprovThatDoesNot(hasDriver: Bool?) throws {
        let found = try refusals(hasDriver)
        #expect(found.count == 2)
        #expect(found.allSatisfy { $0.message.contains("daxprov makes no device for famfs") })
    }

    @Test func memoryWordsDoNotGoWithIt() throws {
        let text =
            "version: 1\nregions:\n  - match: {region: 0}\n    namespaces: "
            + "[{name: fs, mode: devdax, device: {mode: famfs, online: movable}}]\n"
        #expect(throws: ProfileError.self) { try ProfileReader.read(Array(text.utf8), source: "test.yaml") }
    }

    @Test func anInventorySaysWhetherTheDriverIsThere() throws {
        var observed = try SimulatedHost(json: Self.machine).observe()
        for known in [true, false, nil] {
            observed.hasFamfsDriver = known
            #expect(
                try InventoryReader.read(Array(InventoryReport(observed).json.utf8)).hasFamfsDriver == known)
        }
    }
}
