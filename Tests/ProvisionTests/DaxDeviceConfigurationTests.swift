import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What a dax device is configured as: every attribute counts wherever configurations are compared or described.
@Suite struct DaxDeviceConfigurationTests {
    private static let device = DaxRegion.Device(
        name: "dax0.1", size: .gib(1), align: .mib(2), driver: "device_dax",
        mappings: [DaxRegion.Mapping(range: 0..<(1 << 30), pageOffset: 0)])

    /// The device with another value of an attribute.
    private static func changed(_ attribute: DaxDeviceConfiguration.Attribute) -> DaxRegion.Device {
        var changed = device
        switch attribute {
        case .align: changed.align = .kib(4)
        case .use: changed.driver = nil
        case .rights: changed.rights = DeviceRights(declared: NodeRights(owner: 999))
        }
        return changed
    }

    private static func region(_ device: DaxRegion.Device) -> DaxRegion {
        DaxRegion(
            path: "platform/hmem.0", id: 0, kind: .dynamic, size: .gib(1), start: 0, devices: [device])
    }

    @Test(arguments: DaxDeviceConfiguration.Attribute.allCases)
    func everyAttributeIsComparedEverywhere(attribute: DaxDeviceConfiguration.Attribute) throws {
        let other = Self.changed(attribute)
        let configuration = Self.device.configuration
        #expect(configuration.differences(to: other.configuration).map(\.attribute) == [attribute])
        #expect(configuration.reasons(toBecome: other.configuration).count == 1)
        let was = try #require(ObjectFingerprint(Self.device, in: Self.region(Self.device)))
        let isNow = try #require(ObjectFingerprint(other, in: Self.region(other)))
        #expect(was.differences(to: isNow).count == 1)
        let drift = HostDrift(
            from: Observed(buses: [], daxRegions: [Self.region(Self.device)]),
            to: Observed(buses: [], daxRegions: [Self.region(other)]))
        #expect(drift.differences.flatMap(\.changes).map(\.property) == [attribute.words])
    }

    @Test func aLayoutAndAnObservedDeviceSayTheSame() throws {
        let layout = try #require(Self.device.layout)
        #expect(layout.configuration == Self.device.configuration)
        #expect(Self.device.configuration.use == "devdax")
        #expect(Self.changed(.use).configuration.use == "device disabled")
    }
}
