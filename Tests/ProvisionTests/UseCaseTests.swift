import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Apply, rollback and recover, with somebody who is asked.
///
/// Between the question and the answer: another tool makes, destroys or renames something, people write to what was shown, the answer
/// is no, or there is nobody. Before the question: something was interrupted, and is recovered first; it cannot be, and is about the same
/// region or another one. The words of the command agree to nothing that recovery finds. What is said after a recovery is true of it.
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
        private let refused: String?
        private let meanwhile: () throws -> Void
        private(set) var questions: [String] = []
        private(set) var introductions = 0
        private(set) var told: [String] = []
        private(set) var errors: [OperationError] = []

        /// - Parameters:
        ///   - answers: whether they agree.
        ///   - refused: the question that they do not agree to; nil: as `answers` says.
        ///   - meanwhile: what happens on the host while they think.
        init(
            canAsk: Bool = true, answers: Bool = true, refusing refused: String? = nil,
            meanwhile: @escaping () throws -> Void = {}
        ) {
            self.canAsk = canAsk
            self.answers = answers
            self.refused = refused
            self.meanwhile = meanwhile
        }

        private func ask(_ question: String) throws(OperationError) {
            guard canAsk else {
                throw OperationError(.declined, "there is nobody to ask", advice: UntouchedText.advice)
            }
            questions.append(question)
            #expect(throws: Never.self) { try meanwhile() }
            guard answers, question != refused else {
                throw OperationError(.declined, "not confirmed", advice: UntouchedText.advice)
            }
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
            _ items: [String], region: Int = 0, unmanaged: String = "destroy", asking person: Person?,
            consent: Consent = Consent()
        ) throws -> Application.Ending {
            try report(
                of: [region: items], unmanaged: unmanaged, asking: person, consent: consent
            ).ending
        }

        /// Applies a profile that declares these namespaces in regions, by their numbers.
        func report(
            of items: [Int: [String]], unmanaged: String = "destroy", asking person: Person?,
            consent: Consent = Consent()
        ) throws -> ApplicationReport {
            let blocks = items.sorted { $0.key < $1.key }.map { region, items in
                "  - match: {region: \(region)}\n    namespaces:\(items.isEmpty ? " []" : "")\n"
                    + items.map { "      - {\($0)}\n" }.joined()
            }
            let text = "version: 1\nunmanaged: \(unmanaged)\nregions:\n\(blocks.joined())"
            let profile = try ProfileReader.read(Array(text.utf8), source: "test.yaml")
            let apply = ApplyUseCase(
                to: .document(.profile(profile)), under: consent, backupLimit: Planner.defaultBackupLimit,
                on: host, site, person ?? Person(canAsk: false))
            return try apply.run(unasked: person == nil) { _ in }.report
        }

        /// A host on which an apply has died in the middle, and the process with it.
        func crash(region: Int) throws {
            host.arm(SimulatedFault(.crash, atOperation: 4))
            _ = try? apply(
                ["name: half, mode: raw, size: 64 MiB"], region: region, unmanaged: "keep", asking: nil)
            try host.reboot()
            #expect(try scratch.store.interrupted().count == 1)
        }

        /// A host on which an apply has died in region 0, behind the first of two namespaces; somebody has written to that since, so that
        /// recovery needs consent.
        func block() throws {
            host.arm(SimulatedFault(.crash, atOperation: 7))
            _ = try? apply([UseCaseTests.one, "name: two, mode: raw, size: 64 MiB"], asking: nil)
            try host.reboot()
            try #require(try scratch.store.interrupted().count == 1)
            try host.write(7, to: try target("one"), at: [.zero])
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
        try bench.block()

        let own = Consent(allowDestroy: ["one"])
        let error = Self.error { _ = try bench.apply([Self.one], asking: nil, consent: own) }
        #expect(error?.kind == .unfinished)
        #expect(error?.reason.contains("region0/one") == true, "\(String(describing: error))")
        #expect(try bench.names(in: 0).contains("one"))

        let person = Person()
        guard
            case .applied = try bench.apply(
                ["name: other, mode: raw, size: 64 MiB"], region: 1, unmanaged: "keep", asking: person)
        else {
            Issue.record("not applied")
            return
        }
        #expect(person.errors.map(\.kind) == [.unfinished])
        #expect(try bench.names(in: 1) == ["other"])
        #expect(try bench.scratch.store.interrupted().count == 1)
        // It was made, verified and recorded on the host as it is, not as it would be without what stays interrupted.
        let log = try bench.scratch.store.log(try #require(bench.scratch.store.youngest))
        let after = try #require(log.after)
        for observed in [log.header.before, after] {
            #expect(observed.regions[0].namespaces.compactMap(\.name).contains("one"))
        }

        let result = try RecoverUseCase(bench.host, bench.scratch.store, Person()).run(own)
        #expect(result.failure == nil)
        #expect(try bench.names(in: 0) == [])
    }

    /// A profile that declares what is in that region as well is not met as long as it is not recovered, also where it asks for nothing
    /// there that a plan would change.
    @Test(arguments: [[String](), ["name: one, mode: raw, size: 64 MiB"]], ["keep", "destroy"])
    func whatCannotBeRecoveredKeepsAProfileThatDeclaresItsRegion(items: [String], unmanaged: String) throws {
        let bench = try Bench()
        try bench.block()
        let other = "name: other, mode: raw, size: 64 MiB"
        let error = Self.error {
            _ = try bench.report(
                of: [0: items, 1: [other]], unmanaged: unmanaged, asking: nil,
                consent: Consent(allowDestroy: ["one"]))
        }
        #expect(error?.kind == .unfinished)
        #expect(try bench.names(in: 1) == [])
        #expect(try bench.names(in: 0).contains("one"))
    }

    /// Region 0 is not in the profile, and every namespace that the profile does not name is to go: it declares that region, too.
    @Test func whatCannotBeRecoveredKeepsAProfileThatDestroysTheRest() throws {
        let bench = try Bench()
        try bench.block()
        let error = Self.error {
            _ = try bench.apply(["name: other, mode: raw, size: 64 MiB"], region: 1, asking: nil)
        }
        #expect(error?.kind == .unfinished)
        #expect(try bench.names(in: 1) == [])
    }

    // MARK: - What is said after a recovery

    private static let recovered = "recovery ran first; nothing else was touched"

    @Test func aNoAfterARecoveryIsNotSaidToHaveTouchedNothing() throws {
        let bench = try Bench()
        try bench.crash(region: 0)
        let before = Self.error { _ = try bench.apply([Self.one], asking: Person(answers: false)) }
        #expect(before?.advice == "nothing was touched")
        let person = Person(refusing: "Apply these changes?")
        let error = Self.error { _ = try bench.apply([Self.one], asking: person) }
        #expect(person.questions.count == 2)
        #expect(error?.kind == .declined && error?.advice == Self.recovered)
        // Nothing was interrupted any more.
        let again = Self.error { _ = try bench.apply([Self.one], asking: person) }
        #expect(again?.advice == "nothing was touched")
    }

    @Test func aRollbackThatIsDeclinedAfterARecoverySaysSo() throws {
        let bench = try Bench()
        _ = try bench.apply([Self.one], asking: nil)
        try bench.crash(region: 1)
        let error = Self.error { _ = try bench.rollBack(asking: Person(refusing: "one")) }
        #expect(error?.kind == .declined && error?.advice == Self.recovered)
        #expect(try bench.names(in: 0) == ["one"])
    }

    @Test func aRefusalAfterARecoverySaysSo() throws {
        let bench = try Bench()
        let large = ["name: large, mode: raw, size: 4 GiB"]
        let refused = try bench.report(of: [0: large], asking: nil)
        #expect(refused.text().hasSuffix("Nothing was touched.\n"))
        try bench.crash(region: 0)
        let recovered = try bench.report(of: [0: large], asking: nil)
        guard case .refused = recovered.ending else {
            Issue.record("\(recovered.ending)")
            return
        }
        #expect(recovered.text().hasSuffix("Recovery ran first; nothing else was touched.\n"))
    }

    @Test func aStalePlanAfterARecoverySaysSo() throws {
        let bench = try Bench()
        let theirs = Placement(
            region: "region0", layout: Layout(name: NamespaceName("theirs"), mode: .raw, rawSize: .mib(128)),
            resource: nil, usableSize: .zero)
        func stale() throws -> String {
            var random = SystemRandomNumberGenerator()
            let identity = FreshIdentity.random(using: &random)
            let person = Person {
                guard try !bench.names(in: 0).contains("theirs"),
                    try bench.scratch.store.interrupted().isEmpty
                else { return }
                _ = try bench.host.perform(.create(theirs), identity: identity)
            }
            return try bench.report(of: [0: [Self.one]], unmanaged: "keep", asking: person).text()
        }
        try bench.crash(region: 0)
        let text = try stale()
        #expect(text.contains("Recovery ran first; nothing else was touched. Plan again."), "\(text)")
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
