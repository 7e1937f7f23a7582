import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Apply, rollback and recover, with somebody who is asked.
///
/// Between the question and the answer: another tool makes, destroys or renames something, people write to what was shown, the answer
/// is no, or there is nobody. Before the question: something was interrupted, and is recovered first; it cannot be, and is about the same
/// region or another one. The words of the command agree to nothing that recovery finds.
@Suite struct UseCaseTests {
    private static let machine = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"},
                    {"id": "b", "size": "1 GiB", "label_size": "128 KiB"}],
          "regions": [{"dimms": ["a"]}, {"dimms": ["b"]}]}]}}
        """

    /// Somebody at a terminal, in whose place a test answers.
    private final class Person: Dialogue {
        let canAsk: Bool
        private let answers: Bool
        private let meanwhile: () throws -> Void
        private(set) var questions: [String] = []
        private(set) var introductions = 0
        private(set) var told: [String] = []
        private(set) var errors: [OperationError] = []

        /// - Parameters:
        ///   - answers: whether they agree.
        ///   - meanwhile: what happens on the host while they think.
        init(canAsk: Bool = true, answers: Bool = true, meanwhile: @escaping () throws -> Void = {}) {
            self.canAsk = canAsk
            self.answers = answers
            self.meanwhile = meanwhile
        }

        private func ask(_ question: String) throws(OperationError) {
            guard canAsk else { throw OperationError(.declined, "there is nobody to ask") }
            questions.append(question)
            #expect(throws: Never.self) { try meanwhile() }
            guard answers else { throw OperationError(.declined, "not confirmed") }
        }

        func introduce(_ plan: PlanReport) { introductions += 1 }

        func confirm(_ question: String) throws(OperationError) { try ask(question) }

        func agree(
            _ requests: [ConsentRequest], to consent: Consent
        ) throws(OperationError) -> Consent {
            var consent = consent
            for request in requests {
                try ask(request.word)
                consent.allowDestroy.insert(request.grant)
            }
            return consent
        }

        func tell(_ line: String) { told.append(line) }
        func tell(_ error: OperationError) { errors.append(error) }
        func show(_ progress: Executor.Progress) {}
    }

    private struct Bench {
        let scratch: ScratchDirectory
        let host: SimulatedHost
        let site: HostSite

        init() throws {
            scratch = try ScratchDirectory()
            host = try SimulatedHost(json: UseCaseTests.machine)
            site = HostSite(
                store: scratch.store, lockDirectory: scratch.store.directory, places: nil, makesState: true,
                options: [])
        }

        func apply(
            _ items: [String], region: Int = 0, asking person: Person?, consent: Consent = Consent()
        ) throws -> Application.Ending {
            let text =
                "version: 1\nunmanaged: destroy\nregions:\n  - match: {region: \(region)}\n    namespaces:\n"
                + items.map { "      - {\($0)}\n" }.joined()
            let profile = try ProfileReader.read(Array(text.utf8), source: "test.yaml")
            let apply = ApplyUseCase(
                to: .document(.profile(profile)), under: consent, backupLimit: Planner.defaultBackupLimit,
                on: host, site, person ?? Person(canAsk: false))
            return try apply.run(unasked: person == nil) { _ in }.report.ending
        }

        /// A host on which an apply has died in the middle, and the process with it.
        func crash(region: Int) throws {
            host.arm(SimulatedFault(.crash, atOperation: 4))
            _ = try? apply(["name: half, mode: raw, size: 64 MiB"], region: region, asking: nil)
            try host.reboot()
            #expect(try scratch.store.interrupted().count == 1)
        }

        func names(in region: Int) throws -> [String] {
            try host.observe().regions[region].namespaces.compactMap(\.name)
        }

        func target(_ name: String) throws -> NamespaceTarget {
            for region in try host.observe().regions {
                if let found = region.namespaces.first(where: { $0.name == name }) {
                    return NamespaceTarget(found, region: region.device)
                }
            }
            throw OperationError(.failed, "there is no \(name)")
        }

        func rollBack(asking person: Person?) throws(OperationError) -> RollbackReport {
            try RollbackUseCase(host, site, person ?? Person(canAsk: false)).run(
                nil, Consent(), unasked: person == nil
            ) { _ in }
        }
    }

    private static let one = "name: one, mode: raw, size: 64 MiB"

    private static func error(_ body: () throws -> Void) -> OperationError? {
        do {
            try body()
            return nil
        } catch {
            return error as? OperationError
        }
    }

    @Test func nothingIsDoneUnlessSomebodySaysYes() throws {
        let bench = try Bench()
        for person in [Person(answers: false), Person(canAsk: false)] {
            let error = Self.error { _ = try bench.apply([Self.one], asking: person) }
            #expect(error?.kind == .declined)
            #expect(person.introductions == (person.canAsk ? 1 : 0))
            #expect(try bench.scratch.store.names() == [])
            #expect(try bench.names(in: 0) == [])
        }
        let person = Person()
        guard case .applied = try bench.apply([Self.one], asking: person) else {
            Issue.record("not applied")
            return
        }
        #expect(person.questions == ["Apply these changes?"])
        #expect(try bench.names(in: 0) == ["one"])
    }

    @Test func whatAnotherToolDidDuringTheQuestionMakesThePlanStale() throws {
        let bench = try Bench()
        var random = SystemRandomNumberGenerator()
        let identity = FreshIdentity.random(using: &random)
        let person = Person {
            _ = try bench.host.perform(
                .create(
                    Placement(
                        region: "region0",
                        layout: Layout(
                            name: NamespaceName("theirs"), mode: .raw, map: nil, align: nil, sectorSize: nil,
                            rawSize: .mib(128)), resource: nil, usableSize: .zero)),
                identity: identity)
        }
        guard case .stale = try bench.apply([Self.one], asking: person) else {
            Issue.record("not stale")
            return
        }
        #expect(try bench.names(in: 0) == ["theirs"])
        #expect(try bench.scratch.store.names() == [])
    }

    @Test func aRollbackIsNotDoneWhereTheHostChangedDuringTheQuestion() throws {
        let bench = try Bench()
        _ = try bench.apply([Self.one], asking: nil)
        let person = Person {
            let target = try bench.target("one")
            _ = try bench.host.perform(.disable(target), identity: .none)
            _ = try bench.host.perform(
                .rename(target, try #require(NamespaceName("theirs"))), identity: .none)
        }
        let error = Self.error { _ = try bench.rollBack(asking: person) }
        #expect(error?.kind == .changed)
        #expect(person.questions == ["one"])
        #expect(try bench.names(in: 0) == ["theirs"])
        #expect(try bench.scratch.store.log(try #require(bench.scratch.store.youngest)).end == .committed)
    }

    @Test func aRollbackThatNobodyAgreedToIsRefused() throws {
        let bench = try Bench()
        _ = try bench.apply([Self.one], asking: nil)
        let report = try bench.rollBack(asking: nil)
        guard case .refused(let refusals) = report.ending else {
            Issue.record("not refused")
            return
        }
        #expect(refusals.map(\.code) == [.consentMissing])
        #expect(try bench.names(in: 0) == ["one"])
    }

    @Test func whatWasInterruptedIsRecoveredFirstWhenSomebodySaysSo() throws {
        let bench = try Bench()
        try bench.crash(region: 0)
        let error = Self.error { _ = try bench.apply([Self.one], asking: Person(answers: false)) }
        #expect(error?.kind == .declined)
        #expect(try bench.scratch.store.interrupted().count == 1)
        let person = Person()
        _ = try bench.apply([Self.one], asking: person)
        #expect(person.questions == ["Recover what was interrupted?", "Apply these changes?"])
        #expect(try bench.scratch.store.interrupted().isEmpty)
        #expect(try bench.names(in: 0) == ["one"])
    }

    /// Recovery needs consent: what is about the same region waits for it, what is about another one goes on.
    @Test func whatCannotBeRecoveredKeepsItsRegionAlone() throws {
        let bench = try Bench()
        bench.host.arm(SimulatedFault(.crash, atOperation: 7))
        _ = try? bench.apply(
            [Self.one, "name: two, mode: raw, size: 64 MiB"], asking: nil)
        try bench.host.reboot()
        try #require(try bench.scratch.store.interrupted().count == 1)
        try bench.host.write(7, to: try bench.target("one"), at: [.zero])

        let own = Consent(allowDestroy: ["one"])
        let error = Self.error { _ = try bench.apply([Self.one], asking: nil, consent: own) }
        #expect(error?.kind == .unfinished)
        #expect(error?.reason.contains("region0/one") == true, "\(String(describing: error))")
        #expect(try bench.names(in: 0).contains("one"))

        let person = Person()
        guard
            case .applied = try bench.apply(
                ["name: other, mode: raw, size: 64 MiB"], region: 1, asking: person)
        else {
            Issue.record("not applied")
            return
        }
        #expect(person.errors.map(\.kind) == [.unfinished])
        #expect(try bench.names(in: 1) == ["other"])
        #expect(try bench.scratch.store.interrupted().count == 1)

        let result = try RecoverUseCase(bench.host, bench.scratch.store, Person()).run(own)
        #expect(result.failure == nil)
        #expect(try bench.names(in: 0) == [])
    }

    @Test func wordsThatMeanNothingToRecoveryAreRefusedBeforeItBegins() throws {
        let bench = try Bench()
        try bench.crash(region: 0)
        let recover = RecoverUseCase(bench.host, bench.scratch.store, Person())
        let error = Self.error { _ = try recover.run(Consent(allowDestroy: ["nobody"])) }
        #expect(error?.kind == .unfinished)
        #expect(try bench.scratch.store.interrupted().count == 1)
        let result = try recover.run(Consent())
        #expect(result.foundSomething && result.failure == nil)
        #expect(try recover.run(Consent()).foundSomething == false)
    }
}
