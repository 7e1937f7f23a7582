import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// A plan says where daxctl makes something else of a device, whenever that appears.
///
/// What can happen between two runs: the package that has daxctl read its files is installed or removed, a section is added or changed, the
/// namespace is made anew and has another UUID.
@Suite struct DaxctlReviewTests {
    private let tree: HostFileTree
    private static let uuid = "ff94f337-0a12-45be-9a2a-2fab2f211c76"
    private static let other = "0c34a6c1-5f6b-4f39-8f0c-6b1ce2a5d6f1"

    init() throws {
        tree = try HostFileTree()
        try tree.write(
            "etc/daxctl.conf.d/ram.conf",
            "[reconfigure-device heap]\nnvdimm.uuid = \(Self.uuid)\nmode = system-ram\n")
    }

    /// The notes of a plan that gives the device of a namespace a use.
    private func notes(
        _ use: DeviceUse, _ kind: Change.Kind = .configureDevice, uuid: String = DaxctlReviewTests.uuid
    ) -> [Note] {
        let namespace = Namespace(
            device: "namespace0.0", resource: 1 << 32, rawSize: .mib(512), mode: .devdax, name: "heap",
            infoBlockUUID: UUID(uuid))
        let region = Region(device: "region0", size: .gib(8), namespaces: [namespace])
        let observed = Observed(buses: [
            Bus(device: "ndbus0", provider: "ACPI.NFIT", scrubState: nil, dimms: [], regions: [region])
        ])
        let change = Change(
            address: "region0/heap", kind: kind, reasons: [], reversibility: .lossless,
            reversibilityReason: "")
        let step = Step.configureDevice(NamespaceTarget(namespace, region: "region0"), use)
        let plan = Plan(
            changes: [change], steps: [PlannedStep(change: 0, step: step)], unchanged: [], unmanaged: [],
            refusals: [])
        var findings = UseReport()
        findings.add(MemoryAgents(below: tree.root))
        return DaxctlReview(observed: observed, findings: findings).completed(plan).notes
    }

    @Test func aSectionThatNothingReadsIsNoMatterForAPlan() {
        #expect(notes(.devdax).isEmpty)
    }

    @Test func aSectionThatAsksForSomethingElseIsNamedWithWhatReadsIt() throws {
        try tree.write(
            "etc/udev/rules.d/9.rules",
            #"SUBSYSTEM=="dax", RUN+="/usr/bin/daxctl reconfigure-device -C $env{DEVNAME}""#)
        for use in [DeviceUse.devdax, .systemRAM(.kernel)] {
            let notes = notes(use)
            #expect(notes.map(\.code) == [.daxctlCompetes] && notes.map(\.address) == ["region0/heap"])
            let message = notes.first?.message ?? ""
            #expect(message.contains("/etc/daxctl.conf.d/ram.conf [heap] asks for system-ram"))
            #expect(message.contains("/etc/udev/rules.d/9.rules runs daxctl"))
        }
        #expect(notes(.systemRAM(.movable)).isEmpty, "daxctl does the same")
        #expect(notes(.devdax, uuid: Self.other).isEmpty)
        #expect(notes(.devdax, .reconfigure).isEmpty, "it gets another UUID")
        #expect(
            notes(.devdax, .rename).map(\.code) == [.daxctlCompetes],
            "a new name leaves the info block as it is")
    }
}
