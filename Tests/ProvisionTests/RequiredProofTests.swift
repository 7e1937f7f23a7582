import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// `require: {proof: ...}`: an apply ends with the proof, or says that it does not.
///
/// What can happen between two lines, and between two runs:
/// - the file system is not there yet, is unmounted, or is mounted without DAX; the device becomes memory, or its memory goes offline;
/// - the apply is interrupted after its last step and before the proof; there is nothing to change, and the proof no longer holds;
/// - a namespace goes between the last look and the proof.
/// What must hold: what was not seen is never called proven, nothing is undone for it, and every report says the same.
@Suite struct RequiredProofTests {
    private let bench: DaxDivisionTests.Bench

    init() throws {
        bench = try DaxDivisionTests.Bench(TestFiles.text("../../profiles/hosts/one-dimm.json"))
    }

    private func profile(_ namespaces: String..., require: String = "{}") throws -> Profile {
        let items = namespaces.map { "      - \($0)\n" }.joined()
        let text =
            "version: 1\nregions:\n  - match: {region: 0}\n    labels: init\n    require: \(require)\n    namespaces:\n\(items)"
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    private static let wal = "{name: wal, mode: fsdax, size: 64 MiB, require: {proof: dax}}"
    private static let patient = "{name: wal, mode: fsdax, size: 64 MiB, require: {proof: dax_if_mounted}}"
    private static let heap =
        "{name: heap, mode: devdax, size: 64 MiB, require: {proof: dax, page_size: 2 MiB}}"

    private static func mapping(sync: Bool = true, large: Int = 2) -> MappingOutcome {
        .measured(
            MappingMeasurement(
                isSynchronous: sync, isDax: sync,
                touch: .init(
                    .load, length: .mib(4), faults: large == 2 ? 2 : 1024, pieces: 2, largePieces: large)))
    }

    private static func device(large: Int = 2) -> ProofMeasurement {
        var found = ProofMeasurement()
        found.device = mapping(large: large)
        return found
    }

    private static func files(_ outcome: MappingOutcome?) -> ProofMeasurement {
        var found = ProofMeasurement()
        found.queueSupportsDax = true
        found.fileSystems =
            outcome.map {
                [FileSystemMeasurement(mountPoint: "/srv", type: "ext4", daxOption: "always", file: $0)]
            } ?? []
        return found
    }

    private func report(_ profile: Profile) throws -> ApplicationReport {
        let plan = try bench.prepare(profile).plan
        let last = bench.store.youngest
        let ending = try bench.apply(profile)
        return ApplicationReport(
            ending, plan: PlanReport(plan, of: profile, on: try bench.observed),
            record: bench.store.youngest(after: last))
    }

    /// A device's pages are as large as its alignment, which is 2 MiB where the profile does not say.
    @Test func aDeviceWhosePagesWouldBeTooSmallForItsProofIsNotMade() throws {
        let words = "name: heap, mode: devdax, size: 64 MiB, require: {proof: dax, page_size: 1 GiB}"
        let refusals = try bench.prepare(profile("{\(words)}")).plan.refusals
            .filter { $0.code == .requirementNotMet }
        #expect(refusals.map(\.address) == ["region0/heap"])
        #expect(refusals.first?.message.contains("2 MiB, and its proof requires 1 GiB") == true)
        #expect(refusals.first?.advice?.contains("align: 1 GiB") == true)
        for fitting in [Self.heap, "{\(words), align: 1 GiB}"] {
            let plan = try bench.prepare(profile(fitting)).plan
            #expect(!plan.refusals.contains { $0.code == .requirementNotMet })
        }
    }

    @Test func anApplyEndsWithTheProofAndSoDoesOneThatChangesNothing() throws {
        let wanted = try profile(Self.wal, Self.heap)
        bench.host.measurements = ["wal": Self.files(Self.mapping()), "heap": Self.device()]
        for outcome in ["applied", "unchanged"] {
            let report = try report(wanted)
            let document = JSONCursor(try JSONValue(parsing: report.json.text()))
            #expect(try document.required("outcome").string() == outcome)
            let proofs = try document.elements("proofs")
            #expect(try proofs.map { try $0.required("outcome").string() } == ["met", "met"])
            #expect(try proofs[1].required("mapping").required("page_size").byteCount() == .mib(2))
            #expect(
                report.text().contains(
                    "Proven: region0/wal (DAX in pages of 2 MiB), region0/heap (DAX in pages of 2 MiB).\n"))
        }
        let log = try bench.store.log(#require(bench.store.youngest))
        #expect(log.end == .committed && log.proofs.map(\.outcome) == [.met, .met])
        #expect(!HistoryReport([.readable(log.summary)]).text().contains("not proven"))
    }

    @Test func whatIsNotProvenIsSaidAndNothingIsUndone() throws {
        let wanted = try profile(Self.wal, Self.heap)
        bench.host.measurements = ["wal": Self.files(nil), "heap": Self.device()]
        let report = try report(wanted)
        guard case .unproven(let done, let proofs) = report.ending else {
            Issue.record("\(report.ending)")
            return
        }
        #expect(!done.isEmpty && proofs.map(\.outcome) == [.missed, .met])
        #expect(try bench.prepare(wanted).plan.isEmpty)
        let text = report.text()
        #expect(text.contains("1 of the 2 proofs that the profile requires was not made:"))
        #expect(text.contains("region0/wal: not proven, and DAX is required\n  no file system is mounted"))
        #expect(text.contains("Nothing was undone.") && text.contains("to undo it: daxprov rollback"))
        let document = JSONCursor(try JSONValue(parsing: report.json.text()))
        #expect(try document.required("outcome").string() == "unproven")
        #expect(try document.optional("undo") != nil && document.elements("made").count == 2)

        let log = try bench.store.log(#require(bench.store.youngest))
        #expect(log.end == .committed && log.proofs.map(\.outcome) == [.missed, .met])
        #expect(HistoryReport([.readable(log.summary)]).text().contains("committed, not proven"))
        #expect(
            TransactionReport(log).text().contains(
                "proof of region0/wal: DAX, not proven (no file system is mounted"))

        // A second one changes nothing, and proves nothing either.
        guard case .unproven([], _) = try bench.apply(wanted) else {
            Issue.record("what is not proven is never unchanged")
            return
        }
        bench.host.measurements["wal"] = Self.files(Self.mapping())
        guard case .unchanged(let proofs) = try bench.apply(wanted) else {
            Issue.record("not proven")
            return
        }
        #expect(proofs.map(\.outcome) == [.met, .met])
    }

    @Test func aProofThatMayWaitWaitsForAFileSystemAndForNothingElse() throws {
        let wanted = try profile(Self.patient)
        bench.host.measurements = ["wal": Self.files(nil)]
        let report = try report(wanted)
        guard case .applied(_, let proofs) = report.ending else {
            Issue.record("\(report.ending)")
            return
        }
        #expect(proofs.map(\.outcome) == [.pending] && report.text().contains("region0/wal: proof waits"))
        #expect(!report.text().contains("Proven:"))
        for (found, outcome) in [
            (Self.files(Self.mapping(sync: false)), ProofOutcome.missed), (Self.files(Self.mapping()), .met),
            (ProofMeasurement(failure: ProofReason(.unreadable, "cannot read it")), .missed),
        ] {
            bench.host.measurements = ["wal": found]
            switch try bench.apply(wanted) {
            case .unchanged(let proofs): #expect(outcome == .met && proofs.map(\.outcome) == [.met])
            case .unproven(_, let proofs): #expect(outcome == .missed && proofs.map(\.outcome) == [.missed])
            case let ending: Issue.record("\(ending)")
            }
        }
        var unable = Self.files(nil)
        unable.queueSupportsDax = false
        bench.host.measurements = ["wal": unable]
        guard case .unproven = try bench.apply(wanted) else {
            Issue.record("a block device without DAX never waits")
            return
        }
    }

    @Test func pagesMustBeAsLargeAsIsRequired() throws {
        let wanted = try profile(
            "{name: wal, mode: fsdax, size: 64 MiB, require: {proof: dax, page_size: 2 MiB}}")
        bench.host.measurements = ["wal": Self.files(Self.mapping(large: 0))]
        guard case .unproven(_, let proofs) = try bench.apply(wanted) else {
            Issue.record("pages of 4 KiB are none of 2 MiB")
            return
        }
        #expect(proofs[0].verdict == .proven && proofs[0].reasons.last?.code == .smallPages)
        bench.host.measurements = ["wal": Self.files(Self.mapping())]
        guard case .unchanged = try bench.apply(wanted) else {
            Issue.record("pages of 2 MiB are large enough")
            return
        }
    }

    @Test func thePlanSaysWhatWillBeProvenAndWhatCannotBe() throws {
        let wanted = try profile(
            Self.heap, "{name: wal, mode: fsdax, size: 64 MiB}", "{name: log, mode: sector, size: 64 MiB}",
            require: "{proof: dax}")
        let inventory = SavedInventory(observed: try bench.observed, limits: .none)
        let report = PlanReport(of: wanted, on: inventory)
        #expect(
            report.text().contains(
                "To be proven at the end: region0/heap (DAX in pages of 2 MiB), region0/wal (DAX)\n"))
        #expect(report.plan.notes.filter { $0.code == .proofWaits }.map(\.address) == ["region0/wal"])
        #expect(report.text().contains("will end with an error"))
        let document = JSONCursor(try JSONValue(parsing: report.json.text()))
        #expect(
            try document.elements("proofs").map { try $0.required("address").string() } == [
                "region0/heap", "region0/wal",
            ])
        _ = try bench.apply(wanted)
        let settled = try bench.prepare(wanted).plan
        #expect(settled.isEmpty && settled.proofs.count == 2 && settled.notes.isEmpty)
    }

    @Test func aSavedPlanKeepsItsProofs() throws {
        let wanted = try profile(Self.heap)
        let saved = SavedPlan(
            try bench.prepare(wanted), of: wanted, text: "version: 1\n", backupLimit: .gib(1))
        let text =
            "version: 1\nregions:\n  - match: {region: 0}\n    labels: init\n    namespaces:\n      - \(Self.heap)\n"
        var whole = saved
        whole.profileText = text
        let read = try SavedPlan.read(Array(whole.document.text().utf8))
        #expect(read.shown.proofs == saved.shown.proofs && read.shown.proofs.count == 1)
        #expect(read.profile.requiresProof)
    }

    @Test func anApplyThatIsInterruptedBeforeItsProofIsNotProven() throws {
        let wanted = try profile(Self.heap)
        bench.host.measurements = ["heap": Self.device()]
        _ = try bench.apply(wanted)
        let log = try bench.store.log(#require(bench.store.youngest))
        let interrupted = try #require(TransactionLog([.begin(log.header)]))
        #expect(interrupted.proofs.map(\.outcome) == [nil] && interrupted.proofs.areMissed)
        #expect(
            TransactionReport(interrupted).text().contains(
                "proof of region0/heap: DAX in pages of 2 MiB, not made"))
    }

    @Test func memoryIsProvenByItsBlocksAndTheirZone() throws {
        let bench = try DaxDivisionTests.Bench()
        let wanted = try DaxDivisionTests.profile(
            "{name: pool, size: 256 MiB, mode: system-ram, require: {proof: memory}}")
        guard case .applied(_, let proofs) = try bench.apply(wanted) else {
            Issue.record("not proven")
            return
        }
        #expect(proofs.map(\.outcome) == [.met] && proofs.map(\.verdict) == [.systemMemory])
        #expect(proofs[0].address == "hmem.0/pool")
        let memory = DaxDevice.Memory(online: 2, total: 2, isMovable: true)
        let judgement = ProofJudgement(try bench.device("pool"))
        let requirement = ProofRequirement(.memory)
        for (online, outcome) in [
            (OnlinePolicy.movable, ProofOutcome.met), (.kernel, .missed), (.none, .missed),
        ] {
            #expect(
                requirement.outcome(of: judgement, declaredAs: .systemRAM(online), memory: memory).outcome
                    == outcome)
        }
        #expect(
            requirement.outcome(of: judgement, declaredAs: .systemRAM(.kernel), memory: nil).outcome
                == .missed)
        #expect(ProofRequirement(.dax).outcome(of: judgement).outcome == .missed)
        #expect(ProofRequirement(.daxIfMounted).outcome(of: judgement).outcome == .missed)
    }
}
