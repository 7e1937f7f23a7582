import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What a verification says.
@Suite struct VerificationReportTests {
    /// A host whose measurements are given.
    private final class MeasuredHost: Host {
        let observed: Observed
        var measured: [String: ProofMeasurement] = [:]

        init(_ observed: Observed) { self.observed = observed }

        func observe() throws(OperationError) -> Observed { observed }
        func current(_ target: NamespaceTarget) throws(OperationError) -> Namespace? { nil }
        func daxRegion(_ identity: DaxRegionIdentity) throws(OperationError) -> DaxRegion? { nil }
        func perform(_ step: Step, identity: FreshIdentity) throws(OperationError) -> Namespace? { nil }
        func measure(_ namespace: Namespace, in region: Region, of provider: String) -> ProofMeasurement {
            measured[namespace.device] ?? ProofMeasurement()
        }
    }

    private static func host() -> MeasuredHost {
        let devdax = Namespace(
            device: "namespace0.0", resource: 1 << 32, rawSize: .mib(64), mode: .devdax,
            recordedMode: .devdax,
            usableSize: .mib(62), align: .mib(2), name: "wal", characterDevice: "dax0.0",
            daxDevice: DaxDevice(.devdax, driver: "device_dax"))
        let fsdax = Namespace(
            device: "namespace0.1", rawSize: .mib(64), mode: .fsdax, recordedMode: .fsdax,
            name: "a\u{1b}[31m", blockDevice: "pmem0")
        let region = Region(
            device: "region0", size: .gib(1), persistenceDomain: .memoryController,
            namespaces: [devdax, fsdax])
        let bus = Bus(device: "ndbus0", provider: "ACPI.NFIT", scrubState: nil, dimms: [], regions: [region])
        let host = MeasuredHost(Observed(buses: [bus]))
        var measurement = ProofMeasurement()
        measurement.device = .measured(
            MappingMeasurement(
                isSynchronous: true, isDax: true,
                touch: .init(.load, length: .mib(4), faults: 2, pieces: 2, largePieces: 2)))
        host.measured["namespace0.0"] = measurement
        measurement = ProofMeasurement()
        measurement.queueSupportsDax = true
        measurement.fileSystems = [
            FileSystemMeasurement(
                mountPoint: "/srv\u{202e}", type: "ext4", daxOption: nil,
                file: .failed(ProofReason(.full, "the file system at /srv\u{202e} is full")))
        ]
        host.measured["namespace0.1"] = measurement
        return host
    }

    @Test func theTextHasAVerdictWithReasonsForEachNamespace() throws {
        let host = Self.host()
        let report = VerificationReport(Verification(of: try host.observe(), on: host))
        let expected = """
            region0/wal (devdax, /dev/dax0.0): proven
              the device was mapped with MAP_SYNC
              pages of 2 MiB: 2 page faults while loading from 4 MiB
              durable after a flush of the CPU caches (persistence domain memory_controller)

            region0/a?[31m (fsdax, /dev/pmem0): not proven
              the file system at /srv? is full

            1 of 2 does not pass.

            """
        #expect(report.text() == expected)
        #expect(
            report.text(TextStyle(usesColour: false, width: 40)).split(separator: "\n").allSatisfy {
                $0.count <= 40
            })
    }

    @Test func onlyWhatIsAskedForIsMeasured() throws {
        let host = Self.host()
        let observed = try host.observe()
        let one = Verification(of: observed, on: host, only: try HostSelection(["region0/wal"], on: observed))
        #expect(one.findings.map(\.namespace.device) == ["namespace0.0"] && one.passes)
        #expect(VerificationReport(one).text().hasSuffix("All pass.\n"))
        #expect(
            VerificationReport(Verification(of: Observed(buses: []), on: host)).text()
                == "There are no namespaces: nothing was proven.\n")
    }

    @Test func theDocumentHasTheVerdictAndWhatItRestsOn() throws {
        let host = Self.host()
        let report = VerificationReport(Verification(of: try host.observe(), on: host))
        let document = JSONCursor(try JSONValue(parsing: report.json.text()))
        let all = try document.elements("namespaces")
        #expect(try document.required("passed").bool() == false)
        #expect(try all.map { try $0.required("verdict").string() } == ["proven", "not_proven"])
        let mapping = try all[0].required("mapping")
        #expect(try mapping.required("faults").byteCount() == ByteCount(2))
        #expect(try mapping.required("page_size").byteCount() == .mib(2))
        #expect(try all[0].required("flush").string() == "cpu_cache")
        let failure = try all[1].elements("file_systems")[0].required("file").required("failure")
        #expect(try failure.required("code").string() == "full")
    }

    @Test func aSimulatedHostHasNoMemory() throws {
        let host = Self.host()
        let observed = try host.observe()
        let simulated = try SimulatedHost(json: #"{"format_version": 1, "simulated_host": {"buses": []}}"#)
        let found = Verification(of: observed, on: simulated)
        #expect(
            found.findings.allSatisfy {
                $0.judgement.verdict == .notProven && $0.judgement.reasons[0].code == .simulated
            })
    }
}
