import Glibc
import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

@Suite struct FleetReviewTests {
    private static let profile = "version: 1\nregions:\n  - {match: {numa_node: 0}, namespaces: []}\n"

    private func inventory(_ seed: UInt64) throws -> String {
        var machine = RandomMachine(seed: seed)
        return InventoryReport(try SimulatedHost(json: machine.state()).observe()).json
    }

    private func profile(_ text: String = profile) throws -> Profile {
        try ProfileReader.read(Array(text.utf8), source: "profile.yaml")
    }

    private func reviews(_ directory: ScratchDirectory, _ profiles: FleetProfiles) throws -> [HostReview] {
        let hosts = try FleetHosts(files: [], directories: [directory.path]).hosts
        var all: [HostReview] = []
        FleetReview(profiles).run(hosts, summarize: { $0 }, deliver: { all += $0 })
        return all
    }

    @Test func everyHostIsReviewedInTheOrderOfNames() throws {
        let directory = try ScratchDirectory()
        for index in 0..<40 { try directory.write(try inventory(UInt64(index)), to: "host\(index).json") }
        let reviews = try reviews(directory, .one(try profile()))
        #expect(reviews.count == 40)
        #expect(reviews.map(\.host) == (0..<40).map { "host\($0)" }, "host2 comes before host10")
        for review in reviews {
            let number = try #require(UInt64(review.host.dropFirst(4)))
            let saved = try SavedInventory.read(Array(try inventory(number).utf8))
            guard case .planned(let report) = review.outcome else {
                Issue.record("\(review.host) has no plan")
                continue
            }
            #expect(report.json.text() == PlanReport(of: try profile(), on: saved).json.text())
        }
    }

    @Test func aBrokenFileIsItsHostsAloneToReport() throws {
        let directory = try ScratchDirectory()
        try directory.write(try inventory(1), to: "a.json")
        try directory.write("{", to: "b.json")
        try directory.write(try inventory(2), to: "c.json")
        let reports = try reviews(directory, .one(try profile())).map { HostReviewReport($0) }
        #expect(reports.map { $0.counts != nil } == [true, false, true])
        #expect(reports[1].complaints.first?.kind == .error)
        #expect(reports[1].complaints.first?.reason.hasPrefix("cannot read the inventory") == true)
        let line = try JSONCursor(JSONValue(parsing: reports[1].json(exitStatus: 1)))
        #expect(try line.required("exit_status").integer(Int.self) == 1)
        #expect(try line.elements("errors").count == 1)
    }

    @Test func aHostHasItsOwnProfileOrTheGivenOne() throws {
        let directory = try ScratchDirectory()
        for name in ["a", "b"] { try directory.write(try inventory(3), to: "\(name).json") }
        try directory.write("version: 2\n", to: "b.yaml")
        let given = try reviews(directory, .byHost(directory: directory.path, otherwise: try profile()))
        guard case .planned = given[0].outcome, case .noProfile(.invalid) = given[1].outcome else {
            Issue.record("a has the given profile and b a wrong one: \(given)")
            return
        }
        let none = try reviews(directory, .byHost(directory: directory.path, otherwise: nil))
        guard case .noProfile(.unreadable) = none[0].outcome else {
            Issue.record("a has no profile: \(none)")
            return
        }
    }

    @Test func onlyRegularFilesThatEndInJSONCount() throws {
        let directory = try ScratchDirectory()
        for name in ["a.json", ".b.json", "c.txt", "f.JSON"] {
            try directory.write(try inventory(1), to: name)
        }
        unsafe symlink("a.json", directory.path.appending("d.json").string)
        unsafe mkfifo(directory.path.appending("e.json").string, 0o600)
        let hosts = try FleetHosts(files: [], directories: [directory.path])
        #expect(hosts.hosts.map(\.name) == ["a"])
        #expect(
            hosts.skipped.map { FilePath($0.path).lastComponent?.string }
                == [".b.json", "d.json", "e.json", "f.JSON"])
        #expect(hosts.skipped[0].reason.contains("hidden"))
        #expect(hosts.skipped[3].reason.contains("lower case"))
    }

    /// `ssh host ndctl list > host.json` leaves an empty file where the command failed.
    @Test(arguments: ["", "[]", "\n"]) func anEmptyInventoryIsNoHost(text: String) throws {
        let directory = try ScratchDirectory()
        try directory.write(text, to: "a.json")
        let review = try #require(try reviews(directory, .one(try profile())).first)
        guard case .noInventory(let error) = review.outcome else {
            Issue.record("a counts as a host: \(review)")
            return
        }
        #expect(error.reason.contains("it is empty"))
    }

    @Test func anInventoryOfAnotherHostIsNoted() throws {
        let directory = try ScratchDirectory()
        var machine = RandomMachine(seed: 1)
        let observed = try SimulatedHost(json: machine.state()).observe()
        for (file, host) in [("a", "a.example"), ("b", "c.example")] {
            let origin = InventoryOrigin(hostName: host, time: "2026-11-28T06:23:00Z")
            try directory.write(InventoryReport(observed, origin: origin).json, to: "\(file).json")
        }
        let reports = try reviews(directory, .one(try profile())).map { HostReviewReport($0) }
        let notes = reports.map { $0.complaints.filter { $0.kind == .note }.map(\.reason) }
        #expect(notes == [[], ["the inventory was taken on the host c.example"]])
        #expect(
            reports[1].json(exitStatus: 0).contains(#""host_name":"c.example","time":"2026-11-28T06:23:00Z""#)
        )
    }

    @Test(arguments: [
        ("host2", "host10", true), ("host10", "host2", false), ("a", "b", true), ("host", "host1", true),
        ("host02", "host2", true), ("host2", "host02", false), ("host2", "host2", false), ("10", "9", false),
        ("a1b2", "a1b10", true), ("a9", "a10b", true),
        ("n18446744073709551616", "n18446744073709551617", true),
    ])
    func namesAreInNaturalOrder(left: String, right: String, isBefore: Bool) {
        #expect(NaturalOrder.precedes(left, right) == isBefore)
    }

    @Test func theTotalsAreTheSumsOfTheRowsAndEachRefusalIsSaidOnce() {
        let summary = NamespaceSummary(Namespace(device: "namespace0.0", rawSize: .gib(1)))
        let create = Change(
            address: "region0/a", kind: .create, before: nil, after: summary, reasons: [],
            reversibility: .lossless, reversibilityReason: "")
        let refusal = Refusal(.noCapacity, "region0/b", "too large")
        let refused = PlanCounts(
            Plan(changes: [create], steps: [], unchanged: [], unmanaged: [], refusals: [refusal, refusal]))
        let complaint = FleetComplaint(kind: .refused, reason: "region0/b: too large")
        var table = FleetReport()
        table.add("web1", counts: refused, complaints: [complaint])
        table.add("web2", counts: refused, complaints: [complaint])
        let text = table.text()
        #expect(text.contains("Changes: 2 to create"))
        #expect(text.contains("web1, web2: refused: region0/b: too large\n"))
        #expect(refused.refusals == 1)
    }

    @Test func twoInventoriesOfOneHostAreRefused() {
        #expect(throws: FleetError.nameUsedTwice(name: "a", first: "x/a.json", second: "y/a.json")) {
            try FleetHosts(files: ["x/a.json", "y/a.json"], directories: [])
        }
    }

    @Test func aDirectoryWithoutInventoriesIsAnError() throws {
        let directory = try ScratchDirectory()
        #expect(throws: FleetError.empty(directory: directory.path.string, skipped: [])) {
            try FleetHosts(files: [], directories: [directory.path])
        }
    }

    @Test func theTableEndsWithTheSum() {
        var table = FleetReport()
        table.add("web1", counts: PlanCounts(), complaints: [])
        table.add("web2", counts: nil, complaints: [FleetComplaint(kind: .error, reason: "no")])
        let lines = table.text().split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0].hasPrefix("HOST  CREATE  CHANGE"))
        #expect(lines.contains("web2: error: no"))
        #expect(
            lines.dropLast().last?.hasPrefix(
                "2 hosts: 1 as the profile says, 0 with changes, 0 refused, 1 in error") == true)
    }
}
