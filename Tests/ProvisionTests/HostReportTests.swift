import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// The text for a ticket.
///
/// What can happen between two lines:
/// - the host cannot be observed; the record cannot be read; a device goes away while its users are looked for;
/// - a label area cannot be read, has no index, or a name that moves the cursor;
/// - the log has escape sequences of terminals, and lines that look like a heading.
/// What must hold: every section is there and says something; nothing of the text acts on a terminal.
@Suite struct HostReportTests {
    private let scratch: ScratchDirectory
    private let tree: HostFileTree

    init() throws {
        scratch = try ScratchDirectory()
        tree = try HostFileTree()
    }

    private static let titles = [
        "daxprov", "Kernel", "Distribution", "Libraries", "Modules", "Memory hotplug",
        "Kernel configuration", "Address map", "Kernel log", "Label areas", "Uses of devices", "Inventory",
        "Status", "History", "daxctl, udev and memory",
    ]

    private func host() throws -> SimulatedHost {
        try SimulatedHost(json: TestFiles.text("../../profiles/hosts/one-dimm.json"))
    }

    private func material(below root: FilePath?) throws -> HostMaterial {
        let host = try host()
        return HostMaterial(of: host, below: root, recordedIn: scratch.store) { () throws(OperationError) in
            try host.observe()
        }
    }

    /// The lines below each heading.
    private func sections(_ text: String) -> [(title: String, lines: [String])] {
        var sections: [(title: String, lines: [String])] = []
        for line in text.split(separator: "\n").map({ String($0) }) {
            if line.hasPrefix("== "), line.hasSuffix(" ==") {
                sections.append((String(line.dropFirst(3).dropLast(3)), []))
            } else if !sections.isEmpty {
                sections[sections.count - 1].lines.append(line)
            }
        }
        return sections
    }

    private func requireWhole(_ text: String) {
        let sections = sections(text)
        #expect(sections.map { $0.title } == Self.titles)
        for section in sections { #expect(!section.lines.isEmpty, "\(section.title)") }
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || TerminalText.isPrintable($0) })
        #expect(text.hasSuffix("\n"))
    }

    @Test func aSimulatedHostSaysThatItIsOne() throws {
        let report = HostReport(try material(below: nil), notes: ["a note"])
        requireWhole(report.text)
        #expect(report.text.contains("host: simulated") && report.text.contains("  a note\n"))
        #expect(report.text.contains("8089-a2-1740-00000133") && report.text.contains("Not redacted"))
        let simulated = "  The host is simulated: there is no machine to look at."
        #expect(sections(report.text)[1].lines == [simulated])
        requireWhole(report.redactedText)
        #expect(!report.redactedText.contains("00000133") && report.redactedText.contains("serial-1"))
    }

    @Test func aMachineWithoutAnythingHasAllSections() throws {
        requireWhole(HostReport(try material(below: tree.root)).text)
    }

    @Test func whatCannotBeHadStopsNothing() throws {
        let failure = OperationError(.unavailable, while: "enumerate the host", reason: "sysfs is gone")
        let material = HostMaterial(of: try host(), below: nil, recordedIn: scratch.store) {
            () throws(OperationError) in throw failure
        }
        let text = HostReport(material).text
        requireWhole(text)
        #expect(text.contains("== Inventory ==\n  could not be read: sysfs is gone\n"))
        #expect(text.contains("== Uses of devices ==\n  could not be read: sysfs is gone\n"))
    }

    @Test func nothingOfALogActsOnATerminalOrPassesForAHeading() throws {
        try tree.write(
            "dev/kmsg", "6,1,1,-;pmem0: \u{1b}]0;title\u{7}\u{9b}2J\u{202e}\tx\n== Modules == pmem ==\n")
        try tree.write("proc/cmdline", "quiet password=hunter2 nd.x=\u{1b}[2J\n")
        let report = HostReport(try material(below: tree.root))
        requireWhole(report.text)
        #expect(report.text.contains("pmem0: ?]0;title??2J? x\n"))
        requireWhole(report.redactedText)
        #expect(report.text.contains("hunter2") && !report.redactedText.contains("hunter2"))
    }

    @Test func labelAreasOneByOne() throws {
        var material = try material(below: tree.root)
        material.labels = .success([
            LabelAreaListing(dimm: "nmem0", contents: .success(.missing)),
            LabelAreaListing(dimm: "nmem1", contents: .failure(Unread("Input/output error"))),
            LabelAreaListing(
                dimm: "nmem2", contents: .success(.area(size: .kib(128), blocks: [], labels: []))),
        ])
        let text = HostReport(material).text
        requireWhole(text)
        #expect(text.contains("  nmem0: it has no label area\n"))
        #expect(text.contains("  nmem1: could not be read: Input/output error\n"))
        #expect(text.contains("  nmem2: label area of 128 KiB\n    no index block is valid\n"))
    }

    @Test func nobodyIsSaidToBeThereOnlyWhereAllAreSeen() throws {
        var material = try material(below: nil)
        material.uses = [UseFinding(name: "region0/a", holders: .success([]))]
        #expect(HostReport(material).text.contains("  region0/a: no use was found\n"))
        material.uses[0].obstacle = Unread("only root sees that")
        let text = HostReport(material).text
        let said = [
            "  not everybody can be seen: only root sees that",
            "  region0/a: no use was found among those that can be seen",
        ]
        #expect(sections(text).first { $0.title == "Uses of devices" }?.lines == said)
    }

    @Test func systemMemoryIsUsedByTheKernel() throws {
        let host = try host()
        var observed = try host.observe()
        observed.buses = []
        observed.daxRegions = [
            DaxRegion(
                path: "/platform/hmem.0", id: 0, kind: .dynamic, size: .gib(2),
                devices: [
                    DaxRegion.Device(name: "dax0.0", size: .gib(1), driver: "kmem"),
                    DaxRegion.Device(name: "dax0.1", size: .gib(1), isStranded: true),
                ])
        ]
        let findings = UseFinding.all(on: observed, of: host)
        #expect(findings.map { $0.isSystemMemory } == [true, true])
        var material = try material(below: nil)
        material.uses = [UseFinding(name: "dax0.0", holders: .success([]), isSystemMemory: true)]
        let text = HostReport(material).text
        #expect(text.contains("  dax0.0: it is system memory: the kernel uses it\n"))
        #expect(!text.contains("no use was found"))
    }

    @Test func whatProtectsIsASource() throws {
        let host = try host()
        let text =
            "version: 1\nregions: [{match: {region: 0}, namespaces: [{name: a, mode: raw, size: 64 MiB}]}]"
        let application = Application(
            of: try ProfileReader.read(Array(text.utf8), source: "/home/x/my p.yaml"), to: host)
        _ = try application.carryOut(application.prepare(), consent: Consent(), recordingIn: scratch.store)
        let mark = ProtectionMark(
            labelUUID: try #require(UUID("0f6e1c6a-2f3b-4c5d-8e9f-001122334455")), name: "b",
            source: "/home/y z")
        try ProtectionStore(scratch.store.directory).set([mark])
        #expect(try material(below: nil).sources == ["/home/x/my p.yaml", "/home/y z"])
    }

    @Test func aDeviceThatGoesAwayHidesNoOther() throws {
        let host = try host()
        let text = """
            version: 1
            regions:
              - match: {region: 0}
                namespaces: [{name: a, mode: raw, size: 64 MiB}, {name: b, mode: raw, size: 64 MiB}]
            """
        let application = Application(of: try ProfileReader.read(Array(text.utf8), source: "p"), to: host)
        _ = try application.carryOut(application.prepare(), consent: Consent(), recordingIn: scratch.store)
        var observed = try host.observe()
        #expect(UseFinding.all(on: observed, of: host).allSatisfy { $0.holders == .success([]) })
        observed.buses[0].regions[0].namespaces[0].device = "namespace0.77"
        let findings = UseFinding.all(on: observed, of: host)
        #expect(findings.count == 2 && findings[1].holders == .success([]))
        guard case .failure = findings[0].holders else {
            Issue.record("\(findings[0])")
            return
        }
    }
}
