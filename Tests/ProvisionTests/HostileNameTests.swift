import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Names that DIMMs, labels, journals and profiles may hold never reach a terminal as they are.
@Suite struct HostileNameTests {
    static let hostile =
        "x\u{1b}]0;t\u{7}\u{9b}2J\r\n\u{202e}y\u{2066}\u{2028}\u{200b}\u{61c}\u{7f}\u{0}\u{e0041}"

    /// A host that profiles fit, with hostile text wherever text is.
    private func host(_ seed: UInt64) throws -> (observed: Observed, profile: Profile) {
        var machine = RandomMachine(seed: seed)
        var observed = try SimulatedHost(json: machine.state()).observe()
        let text = machine.profile(for: observed)
        for bus in observed.buses.indices { Self.taint(&observed.buses[bus]) }
        return (observed, try ProfileReader.read(Array(text.utf8), source: "p\(Self.hostile)"))
    }

    private static func taint(_ bus: inout Bus) {
        bus.device += hostile
        bus.provider += hostile
        for index in bus.dimms.indices {
            bus.dimms[index].device += hostile
            bus.dimms[index].uniqueID? += hostile
        }
        for index in bus.regions.indices { taint(&bus.regions[index]) }
    }

    private static func taint(_ region: inout Region) {
        region.device += hostile
        for index in region.mappings.indices { region.mappings[index].dimm += hostile }
        for index in region.namespaces.indices {
            region.namespaces[index].device += hostile
            region.namespaces[index].blockDevice? += hostile
            if index % 2 == 0 { region.namespaces[index].name? += hostile }
        }
    }

    /// The first character that a terminal would act on, or that it would not show.
    private func flaw(_ text: String) -> String? {
        text.unicodeScalars.first { $0 != "\n" && !TerminalText.isPrintable($0) }
            .map { "U+\(String($0.value, radix: 16)) in \(text)" }
    }

    @Test(arguments: 0..<60 as Range<UInt64>) func noPlanOrInventoryHasThem(seed: UInt64) throws {
        let (observed, profile) = try host(seed)
        let inventory = SavedInventory(observed: observed, limits: .none)
        let report = PlanReport(of: profile, on: inventory)
        #expect(flaw(report.text()) == nil)
        #expect(flaw(report.json.text()) == nil)
        #expect(flaw(InventoryReport(observed).text) == nil)
        #expect(flaw(InventoryReport(observed).json) == nil)
        #expect(flaw(InventoryReport(observed).ndctlJSON) == nil)
        #expect(flaw(ProfileExport(inventory).text) == nil)
        for step in report.plan.steps { #expect(flaw(StepText.phrase(step.step)) == nil) }
    }

    @Test(arguments: 0..<60 as Range<UInt64>) func noEndOfAnApplyHasThem(seed: UInt64) throws {
        let (observed, profile) = try host(seed)
        let plan = PlanReport(of: profile, on: SavedInventory(observed: observed, limits: .none))
        let steps = plan.plan.steps.map(\.step)
        let error = OperationError(
            .failed, while: "a\(Self.hostile)", device: Self.hostile, reason: Self.hostile,
            advice: Self.hostile, undoFailures: [Self.hostile])
        var endings: [Application.Ending] = [
            .unchanged(), .refused([Refusal(.busy, Self.hostile, Self.hostile, advice: Self.hostile)]),
            .applied(steps), .unproven(steps, proofs: []), .incomplete(steps, remaining: plan.plan),
            .unconfirmed(steps, error),
        ]
        if let step = steps.first {
            endings += [
                .undone(failed: step, error, Undone(afterReboot: [])),
                .partial(done: steps, failed: step, error, undo: error),
            ]
        }
        for ending in endings {
            let record = TransactionLog([
                .begin(
                    JournalHeader(
                        id: "000001", time: 1, toolVersion: "1", source: Self.hostile, before: observed,
                        steps: [])),
                .end(.committed, after: observed),
            ])
            let report = ApplicationReport(ending, plan: plan, record: record)
            #expect(flaw(report.text()) == nil)
            #expect(flaw(report.json.text()) == nil)
        }
    }

    @Test(arguments: 0..<60 as Range<UInt64>) func nothingThatIsSaidOfTransactionsHasThem(seed: UInt64) throws
    {
        let (observed, profile) = try host(seed)
        let plan = Planner.plan(profile, on: observed)
        var log = try #require(
            TransactionLog([
                .begin(
                    JournalHeader(
                        id: "000001-\(Self.hostile)", time: 1, toolVersion: "1", source: profile.source,
                        before: observed, steps: plan.steps.map { JournalStep($0, of: plan) })),
                .undo(reason: Self.hostile), .end(.committed, after: observed),
            ]))
        log.undoReason = Self.hostile
        for step in plan.steps.indices { log.begun[step] = FreshIdentity.none }
        #expect(flaw(TransactionReport(log).text()) == nil)
        #expect(flaw(TransactionReport(log).json.text()) == nil)
        let problem = OperationError(record: .damaged, Self.hostile, advice: Self.hostile)
        let history = HistoryReport([
            .readable(log.summary),
            .unreadable(UnreadableTransaction(name: "000002", error: problem, header: nil)),
        ])
        #expect(flaw(history.text()) == nil)
        #expect(flaw(history.json.text()) == nil)
        for report in RecoveryReport.lines([UnreadableTransaction(name: "1", error: problem)]) {
            #expect(flaw(report) == nil)
        }
        let drift = HostDrift(from: observed, to: Observed(buses: []))
        #expect(DriftText.lines(drift.differences).allSatisfy { flaw($0) == nil })
        let arrival = HostDrift(from: Observed(buses: []), to: observed)
        #expect(DriftText.lines(arrival.differences).allSatisfy { flaw($0) == nil })
        let review = RollbackReview(
            of: log, on: Observed(buses: []), later: [log], consent: Consent(allowDestroy: []))
        let lines = RefusalText.lines(review.refusals, source: Self.hostile, .plain)
        #expect(lines.isEmpty == plan.steps.isEmpty && lines.allSatisfy { flaw($0) == nil })
    }

    @Test func noReviewOfManyHostsHasThem() throws {
        let directory = try ScratchDirectory()
        for seed in 0..<4 as Range<UInt64> {
            let name = "host\(seed)\u{1b}[31m\u{202e}.json"
            try directory.write(InventoryReport(try host(seed).observed).json, to: name)
        }
        try directory.write("{\"\u{9b}\": \"\(Self.hostile)", to: "broken\u{1b}.json")
        let hosts = try FleetHosts(files: [], directories: [directory.path]).hosts
        let profile = try host(0).profile
        var table = FleetReport()
        FleetReview(.one(profile)).run(hosts, summarize: { HostReviewReport($0) }) { reports in
            for report in reports {
                #expect(flaw(report.json(exitStatus: 0)) == nil)
                table.add(report.host, counts: report.counts, complaints: report.complaints)
            }
        }
        #expect(table.text().contains("5 hosts"))
        #expect(flaw(table.text()) == nil)
    }

    @Test func noDiagnosticHasThem() throws {
        let lines = [
            "version: 1", "regions:", "  - match: {numa_node: 0, prov\u{200b}ider: a}",
            "    \u{ad}\u{378}: 1",
            "    namespaces: [{name: \"\\u001b[2J\\u202e\", mode: \"\\u009b\", size: \"\\e]0;\"}]",
        ]
        let text = lines.joined(separator: "\n")
        #expect(throws: ProfileError.self) {
            do throws(ProfileError) {
                _ = try ProfileReader.read(Array(text.utf8), source: Self.hostile)
            } catch {
                #expect(flaw(error.description) == nil)
                throw error
            }
        }
    }

    @Test func noErrorAboutAKeyHasThem() throws {
        let text = #"{"format_version": 1, "simulated_host": {"buses": [{"\u001b[2J\u009b": 1}]}}"#
        let error = #expect(throws: JSONError.self) { _ = try SimulatedHost(json: text) }
        let words = try #require(error?.description)
        #expect(words.contains("?[2J?") && flaw(words) == nil)
    }

    @Test func whatJSONWouldLetThroughIsEscapedAndReadBack() throws {
        var node = JSONValue.object()
        node.set("name", Self.hostile)
        let text = node.text(.compact)
        #expect(text.contains("\\u009b2J") && text.contains("\\u202e") && text.contains("\\udb40\\udc41"))
        guard case .object(let object) = try JSONValue(parsing: text.replacing("\\u0000", with: "")) else {
            Issue.record("no object: \(text)")
            return
        }
        #expect(object["name"] == .string(Self.hostile.replacing("\u{0}", with: "")))
    }
}
