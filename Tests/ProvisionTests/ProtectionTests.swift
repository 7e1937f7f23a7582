import Glibc
import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Marks outlive the profile that set them.
@Suite struct ProtectionTests {
    private let host: SimulatedHost
    private let scratch: ScratchDirectory

    private static let guarded = "{name: wal, mode: fsdax, size: 64 MiB, protect: true}"
    private static let plain = "{name: wal, mode: fsdax, size: 64 MiB}"

    init() throws {
        host = try SimulatedHost(json: TestFiles.text("../../profiles/hosts/one-dimm.json"))
        scratch = try ScratchDirectory()
    }

    private func application(
        _ namespaces: String..., unmanaged: String = "keep", safeguards: Safeguards? = nil
    ) throws -> Application {
        let items = namespaces.map { "      - \($0)\n" }.joined()
        let text =
            "version: 1\nunmanaged: \(unmanaged)\nregions:\n  - match: {region: 0}\n    labels: init\n"
            + "    namespaces:\(items.isEmpty ? " []" : "")\n\(items)"
        let profile = try ProfileReader.read(Array(text.utf8), source: "test.yaml")
        return Application(
            of: profile, to: host, safeguards: safeguards ?? Safeguards(reading: scratch.store))
    }

    private func apply(_ application: Application) throws -> Application.Ending {
        let prepared = try application.prepare()
        let consent = Consent(allowDestroy: Set(prepared.plan.changes.compactMap(\.consent)))
        return try application.carryOut(prepared, consent: consent, recordingIn: scratch.store)
    }

    private var marks: [ProtectionMark] {
        get throws { try ProtectionStore(scratch.store.directory).marks() }
    }

    private func file(of mark: ProtectionMark) -> FilePath {
        scratch.store.directory.path.appending("protected").appending(mark.labelUUID.description)
    }

    @Test func anApplyMarksWhatTheProfileProtects() throws {
        guard case .applied = try apply(application(Self.guarded, "{name: heap, mode: devdax, size: 64 MiB}"))
        else {
            Issue.record("not applied")
            return
        }
        let found = try #require(try host.observe().regions.flatMap(\.namespaces).first { $0.name == "wal" })
        let label = try #require(found.labelUUID)
        let region = try host.observe().identity(of: "region0")
        #expect(
            try marks == [ProtectionMark(labelUUID: label, name: "wal", source: "test.yaml", region: region)])
    }

    @Test func aHostThatIsAsDeclaredIsMarkedToo() throws {
        _ = try apply(application(Self.plain))
        #expect(try marks.isEmpty)
        guard case .unchanged = try apply(application(Self.guarded)) else {
            Issue.record("changed")
            return
        }
        #expect(try marks.map(\.name) == ["wal"])
    }

    @Test(arguments: [
        ["{name: wal, mode: devdax, size: 64 MiB}"], ["{name: wal, mode: fsdax, size: 128 MiB}"],
        ["{name: log, renamed_from: wal, mode: fsdax, size: 64 MiB}"], [],
    ])
    func aProfileThatForgotTheProtectionIsRefused(items: [String]) throws {
        _ = try apply(application(Self.guarded))
        let before = HostSnapshot(try host.observe())
        let application =
            try items.first.map { try self.application($0) } ?? self.application(unmanaged: "destroy")
        guard case .refused(let refusals) = try apply(application) else {
            Issue.record("not refused")
            return
        }
        #expect(refusals.map(\.code) == [.protected])
        #expect(refusals.first?.advice?.contains("daxprov unprotect wal") == true)
        #expect(HostSnapshot(try host.observe()) == before)
    }

    /// The profile protects it, and so does the mark of the first apply: to advise one alone leads to a second refusal.
    @Test func theAdviceNamesEverythingThatProtects() throws {
        _ = try apply(application(Self.guarded))
        let changed = "{name: wal, mode: fsdax, size: 128 MiB, protect: true}"
        let refusal = try #require(try application(changed).prepare().plan.refusals.first)
        #expect(refusal.code == .protected)
        let advice = try #require(refusal.advice)
        #expect(advice.contains("take protect: true out of the profile"))
        #expect(advice.contains("then run daxprov unprotect wal"))
        let unmarked = try #require(
            try application(changed, safeguards: Safeguards.none).prepare().plan.refusals.first)
        #expect(unmarked.advice?.contains("unprotect") == false, "nothing to unprotect")
    }

    @Test func aRollbackDoesNotRemoveWhatIsProtected() throws {
        _ = try apply(application(Self.guarded))
        let log = try #require(try scratch.store.logs().last)
        let review = RollbackReview(
            of: log, on: try host.observe(), later: [], consent: Consent(allowDestroy: ["wal"]),
            marks: try marks)
        #expect(review.refusals.map(\.code) == [.protected])
        let unmarked = RollbackReview(
            of: log, on: try host.observe(), later: [], consent: Consent(allowDestroy: ["wal"]))
        #expect(unmarked.refusals.isEmpty)
    }

    @Test func unprotectingIsByNameOrByUUIDAndTakesTheMarkAlone() throws {
        for byName in [true, false] {
            _ = try apply(application(Self.guarded))
            let mark = try #require(try marks.first)
            let before = HostSnapshot(try host.observe())
            let unprotection = Unprotection(host: host, store: scratch.store)
            #expect(throws: OperationError.self) { try unprotection.run("other") }
            _ = try unprotection.run(byName ? "wal" : mark.labelUUID.description)
            #expect(try marks.isEmpty)
            #expect(HostSnapshot(try host.observe()) == before)
        }
        guard case .applied = try apply(application(unmanaged: "destroy")) else {
            Issue.record("still protected")
            return
        }
    }

    @Test func aDeviceInUseStaysProtected() throws {
        _ = try apply(application(Self.guarded))
        let text = host.json.replacing(
            "\"buses\":", with: "\"busy\": {\"wal\": \"mounted\"}, \"buses\":", maxReplacements: 1)
        let used = try SimulatedHost(json: text)
        guard case .refused(let refusal) = try Unprotection(host: used, store: scratch.store).run("wal")
        else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.code == .busy)
        #expect(try marks.count == 1)
    }

    /// The labels of the DIMM are gone, and what they described is not: nothing is written over it, by whatever way.
    @Test(arguments: ["init", "require"])
    func nothingIsPlannedWhereAProtectedNamespaceLostItsLabel(labels: String) throws {
        _ = try apply(application(Self.guarded))
        let lost = try SimulatedHost(
            json: TestFiles.text("../../profiles/hosts/one-dimm.json").replacing(
                #""label_size":"#, with: #""labels": "none", "label_size":"#))
        let item = labels == "init" ? Self.plain : "{mode: devdax}"
        let text =
            "version: 1\nregions:\n  - match: {region: 0}\n    labels: \(labels)\n    namespaces: [\(item)]\n"
        let profile = try ProfileReader.read(Array(text.utf8), source: "test.yaml")
        func refusals() throws -> [Refusal] {
            try Application(of: profile, to: lost, safeguards: Safeguards(reading: scratch.store)).prepare()
                .plan
                .refusals
        }
        let refusal = try #require(try refusals().first)
        #expect(refusal.code == .protected && refusal.address == "region0")
        #expect(refusal.advice?.contains("daxprov unprotect wal") == true)
        _ = try Unprotection(host: lost, store: scratch.store).run("wal")
        #expect(try refusals().isEmpty)
    }

    private func lostHost() throws -> SimulatedHost {
        try SimulatedHost(
            json: TestFiles.text("../../profiles/hosts/one-dimm.json").replacing(
                #""label_size":"#, with: #""labels": "none", "label_size":"#))
    }

    /// What a mark of another state directory protects has no label here: a rollback does not write over it either.
    @Test func aRollbackWritesNothingWhereAProtectedNamespaceLostItsLabel() throws {
        _ = try apply(application(Self.guarded))
        let lost = try lostHost()
        let text =
            "version: 1\nregions:\n  - match: {region: 0}\n    labels: require\n    namespaces: [{mode: devdax}]\n"
        let profile = try ProfileReader.read(Array(text.utf8), source: "test.yaml")
        let other = try ScratchDirectory()
        let application = Application(of: profile, to: lost, safeguards: Safeguards.none)
        let prepared = try application.prepare()
        let ending = try application.carryOut(
            prepared, consent: Consent(allowDestroy: Set(prepared.plan.changes.compactMap(\.consent))),
            recordingIn: other.store)
        guard case .applied = ending else {
            Issue.record("\(ending)")
            return
        }
        let log = try #require(try other.store.logs().last)
        func review(_ marks: [ProtectionMark]) throws -> RollbackReview {
            RollbackReview(
                of: log, on: try lost.observe(), later: [], consent: Consent(allowDestroy: ["region0"]),
                marks: marks)
        }
        let marked = try review(marks)
        #expect(marked.refusals.map(\.code) == [.protected] && marked.refusals[0].address == "region0")
        #expect(marked.refusals[0].advice?.contains("ndctl write-labels") == true)
        #expect(marked.refusals[0].advice?.contains("daxprov rollback") == false)
        #expect(try review([]).refusals.isEmpty)
    }

    /// Where the region of a mark is not there as it was, a region without labels that can be it is as protected.
    @Test func aRegionThatCanBeTheMarkedOneIsProtected() throws {
        _ = try apply(application(Self.guarded))
        let mark = try #require(try marks.first)
        var observed = try lostHost().observe()
        func protected(by mark: ProtectionMark) -> [Refusal] {
            Protection([mark], on: observed).refusals(toWriteIn: ["region0"])
        }
        #expect(protected(by: mark).map { $0.message.contains("lay in it") } == [true])
        var unplaced = mark
        unplaced.region = nil
        #expect(protected(by: unplaced).map { $0.message.contains("can lie in it") } == [true])
        // The DIMM does not say who it is any more.
        observed.buses[0].dimms[0].uniqueID = nil
        try #require(observed.identity(of: "region0") != mark.region)
        #expect(protected(by: mark).map { $0.message.contains("can lie in it") } == [true])
        #expect(Protection([mark], on: observed).mark(of: nil, in: "region0") == mark)
        // Another DIMM says who it is, and is not the marked one.
        observed.buses[0].dimms[0].uniqueID = "another"
        #expect(protected(by: mark).isEmpty)
        // Labels lie on DIMMs, whatever the size of the region.
        let size = observed.buses[0].regions[0].size
        let bare = Region(device: "region0", size: size, labelling: .labelLess)
        observed.buses = [
            Bus(device: "ndbus0", provider: "e820", scrubState: nil, dimms: [], regions: [bare])
        ]
        #expect(protected(by: mark).isEmpty && protected(by: unplaced).isEmpty)
        // Memory that had them, and of which this boot tells no DIMMs.
        var placed = mark
        placed.region = .place(provider: "e820", cookie: 7, start: nil, size: size)
        #expect(protected(by: placed).count == 1)
        // A region that has its labels can have lost that one only to somebody who meant it.
        observed = try host.observe()
        observed.buses[0].regions[0].namespaces = []
        #expect(protected(by: mark).isEmpty && protected(by: unplaced).isEmpty)
        #expect(Protection([mark], on: observed).hidden == [mark])
    }

    /// What a disabled region holds does not show: its label need not be lost.
    @Test func whereARegionIsDisabledItIsToBeEnabledFirst() throws {
        _ = try apply(application(Self.guarded))
        let mark = try #require(try marks.first)
        var unplaced = mark
        unplaced.region = nil
        var observed = try lostHost().observe()
        let share = Mapping(dimm: "nmem9", offset: .zero, length: .gib(1), position: nil)
        observed.buses[0].dimms.append(Dimm(device: "nmem9", uniqueID: "another"))
        observed.buses[0].regions.append(
            Region(device: "region9", size: .gib(1), mappings: [share], isEnabled: false))
        func advice(_ mark: ProtectionMark) throws -> String {
            let refusals = Protection([mark], on: observed).refusals(toWriteIn: ["region0"])
            return try #require(refusals.first?.advice)
        }
        #expect(try advice(unplaced).contains("ndctl enable-region region9"))
        // That mark names the region.
        #expect(try !advice(mark).contains("enable-region"))
        observed.buses[0].regions[1].isEnabled = true
        #expect(try !advice(unplaced).contains("enable-region"))
    }

    /// Which regions can hold what was written in another one.
    @Test func whichRegionsCanShareMedia() {
        func shares(_ items: [(String, Int?, UInt64)], _ granularity: ByteCount? = nil) -> RegionIdentity {
            .interleaveSet(
                items.map { .init(dimm: $0.0, position: $0.1, offset: .gib($0.2), length: .gib(2)) },
                granularity: granularity)
        }
        func place(
            _ provider: String, _ cookie: UInt64?, _ start: UInt64?, _ size: UInt64
        ) -> RegionIdentity {
            .place(provider: provider, cookie: cookie, start: start.map { $0 << 30 }, size: .gib(size))
        }
        let pair = shares([("a", 0, 0), ("b", 1, 0)])
        let cases: [(RegionIdentity, RegionIdentity, Bool)] = [
            (pair, shares([("a", nil, 0), ("b", nil, 0)]), true),
            (pair, shares([("a", 0, 0), ("b", 1, 0)], .kib(4)), true),
            (pair, shares([("b", 0, 1)]), true),
            (pair, shares([("b", 0, 2)]), false),
            (pair, shares([("c", 0, 0), ("d", 1, 0)]), false),
            (pair, place("ACPI.NFIT", 7, 4, 4), true),
            (pair, place("ACPI.NFIT", 7, 4, 2), false),
            (place("x", 7, 4, 2), place("x", 7, 9, 2), true),
            (place("x", 7, 4, 2), place("x", 8, 4, 2), true),
            (place("x", 7, 4, 2), place("x", 8, 9, 2), false),
            (place("x", 7, 4, 2), place("y", 7, 4, 2), false),
            (place("x", nil, 4, 2), place("x", nil, 5, 2), true),
            (place("x", nil, 4, 2), place("x", nil, 6, 2), false),
            (place("x", nil, nil, 2), place("x", nil, 6, 2), true),
        ]
        for (one, other, isPossible) in cases {
            #expect(one.mayShareMedia(with: other) == isPossible, "\(one), \(other)")
            #expect(other.mayShareMedia(with: one) == isPossible, "\(other), \(one)")
        }
    }

    /// A namespace stays, and what it holds does not, where another profile makes memory of it: whether it is online or comes online for that.
    @Test(arguments: [true, false]) func anotherProfileMakesNoMemoryOfIt(isEnabled: Bool) throws {
        _ = try apply(application("{name: heap, mode: devdax, size: 512 MiB, protect: true}"))
        if !isEnabled {
            let region = try #require(try host.observe().regions.first)
            let heap = NamespaceTarget(try #require(region.namespaces.first), region: region.device)
            _ = try host.perform(.disable(heap), identity: .none)
        }
        let before = HostSnapshot(try host.observe())
        let memory = "{name: heap, mode: devdax, size: 512 MiB, device: {mode: system-ram}}"
        guard case .refused(let refusals) = try apply(application(memory)) else {
            Issue.record("not refused")
            return
        }
        #expect(refusals.map(\.code) == [.protected])
        #expect(refusals.first?.advice?.contains("daxprov unprotect heap") == true)
        #expect(HostSnapshot(try host.observe()) == before)
        // Rights of its node change nothing that it holds.
        let rights =
            "{name: heap, mode: devdax, size: 512 MiB, device: {mode: devdax, permissions: \"0640\"}}"
        let plan = try application(rights).prepare().plan
        #expect(plan.refusals.isEmpty && !plan.changes.isEmpty)
    }

    /// What was memory when it was protected becomes memory again after a boot: nobody wrote to it since.
    @Test func whatWasMemoryIsMemoryAgainAfterABoot() throws {
        let device = "{name: heap, mode: devdax, size: 512 MiB"
        _ = try apply(application("\(device)}"))
        _ = try apply(application("\(device), device: {mode: system-ram}}"))
        _ = try apply(application("\(device), device: {mode: system-ram}, protect: true}"))
        #expect(try marks.map(\.name) == ["heap"])
        try host.reboot()
        let kept = try KeptDeviceStore(scratch.store.directory).kept()
        let restoration = try BootRestoration(kept, on: host.observe(), host)
        let restoring = Application(
            of: restoration.profile, to: host, safeguards: Safeguards(reading: scratch.store),
            afterBoot: restoration)
        let ending = try restoring.carryOut(
            restoring.prepare(), consent: restoration.consent, recordingIn: scratch.store)
        guard case .applied = ending else {
            Issue.record("\(ending)")
            return
        }
        let heap = try #require(try host.observe().regions.flatMap(\.namespaces).first)
        #expect(heap.deviceUse == .systemRAM(.movable))
    }

    @Test(arguments: ["", "00000000 {}\n", "garbage"])
    func aDamagedMarkProtectsAsWell(contents: String) throws {
        _ = try apply(application(Self.guarded))
        let mark = try #require(try marks.first)
        let file = try FileDescriptor.open(file(of: mark), .writeOnly, options: [.truncate])
        _ = try file.closeAfter { try file.writeAll(contents.utf8) }
        #expect(try marks == [ProtectionMark(labelUUID: mark.labelUUID, name: nil, source: nil)])
        let refusals = try application(unmanaged: "destroy").prepare().plan.refusals
        #expect(refusals.map(\.code) == [.protected])
        _ = try Unprotection(host: host, store: scratch.store).run("wal")
        #expect(try marks.isEmpty)
    }

    @Test func marksThatCannotBeReadLetNothingBeChanged() throws {
        _ = try apply(application(Self.guarded))
        let path = scratch.store.directory.path.appending("protected")
        try #require(unsafe chmod(path.string, 0o777) == 0)
        let application = try application(Self.plain, "{name: heap, mode: devdax, size: 64 MiB}")
        #expect(try application.prepare().plan.notes.map(\.code) == [.protectionUnknown])
        #expect(throws: OperationError.self) { try apply(application) }
        #expect(try host.observe().regions.flatMap(\.namespaces).count == 1)
    }

    /// What is known protects also where the transactions beside the marks cannot be listed.
    @Test func marksProtectWhereTheTransactionsCannotBeListed() throws {
        _ = try apply(application(Self.guarded))
        let path = scratch.store.directory.transactions
        try #require(unsafe chmod(path.string, 0o755) == 0)
        let plan = try application(unmanaged: "destroy").prepare().plan
        #expect(plan.refusals.map(\.code) == [.protected])
        #expect(plan.notes.map(\.code) == [.protectionUnknown])
    }

    @Test func planningWritesNothingIntoTheStateDirectory() throws {
        _ = try application(Self.guarded).prepare()
        #expect(unsafe access(scratch.store.directory.path.string, F_OK) != 0)
    }
}
