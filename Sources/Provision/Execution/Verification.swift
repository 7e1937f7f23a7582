public import ProvisionCore
public import ProvisionHost

/// What was measured of the namespaces of a host, and the verdicts. Changes nothing but that files come and go on mounted file
/// systems.
public struct Verification: Sendable {
    /// One namespace.
    public struct Finding: Sendable {
        /// The namespace, as it was before it was measured.
        public let namespace: Namespace
        /// Its region.
        public let region: Region
        /// Its device as dax regions show it; nil where it has none.
        public let device: DaxRegion.Device?
        /// What was measured.
        public let measurement: ProofMeasurement
        /// What follows from that.
        public let judgement: ProofJudgement
    }

    /// The namespaces, in the order of the inventory.
    public let findings: [Finding]

    /// Whether every namespace is what one of its mode is for; false where there are none, since nothing was proven then.
    public var passes: Bool { !findings.isEmpty && findings.allSatisfy(\.judgement.passes) }

    /// Whether something was not measured since this user may not.
    public var lacksPrivilege: Bool {
        findings.contains { finding in finding.judgement.reasons.contains { $0.code == .notPermitted } }
    }

    /// Measures the namespaces of an observed host.
    /// - Parameter selection: those that are asked for; nil: all.
    public init(of observed: Observed, on host: any Host, only selection: HostSelection? = nil) {
        let devices = observed.daxDevicesByName
        var findings: [Finding] = []
        for bus in observed.buses {
            for region in bus.regions {
                for namespace in region.namespaces where selection?.shows(namespace, in: region) ?? true {
                    findings.append(Finding(of: namespace, in: region, of: bus.provider, devices, on: host))
                }
            }
        }
        self.findings = findings
    }
}

extension Verification.Finding {
    /// Measures a namespace, and judges it.
    /// - Parameter devices: those of dax regions, by their names.
    init(
        of namespace: Namespace, in region: Region, of provider: String,
        _ devices: [String: DaxRegion.Device], on host: any Host
    ) {
        let device = namespace.characterDevice.flatMap { devices[$0] }
        let measurement = host.measure(namespace, in: region, of: provider)
        self.init(
            namespace: namespace, region: region, device: device, measurement: measurement,
            judgement: ProofJudgement(namespace, in: region, device: device, measurement))
    }
}

extension Observed {
    /// The devices of its dax regions by their names.
    var daxDevicesByName: [String: DaxRegion.Device] {
        Dictionary(
            daxRegions.flatMap(\.devices).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
