import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Ways to lose somebody's data, or a word of consent, between a run that was interrupted and what ends it: each was tried
/// against undoing, and found something.
@Suite struct UndoAttackTests {
    private static let one = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"}], "regions": [{"dimms": ["a"]}]}]}}
        """

    private static func profile(_ items: [String], region: Int = 0) throws -> Profile {
        let text =
            "version: 1\nunmanaged: destroy\nregions:\n  - match: {region: \(region)}\n    namespaces:\n"
            + items.map { "      - {\($0)}\n" }.joined()
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    private static func apply(_ items: [String], to host: SimulatedHost, _ store: TransactionStore?) throws {
        guard case .applied = try application(of: try profile(items), on: host, store) else {
            Issue.record("not applied")
            return
        }
    }

    private static func application(
        of profile: Profile, on host: SimulatedHost, _ store: TransactionStore?
    ) throws(OperationError) -> Application.Ending {
        let application = Application(of: profile, to: host)
        let prepared: Application.Prepared
        prepared = try application.prepare()
        let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
        return try application.carryOut(prepared, consent: consent, recordingIn: store)
    }

    /// The hosts that are left where an apply dies, one for each store, with what was recorded.
    private static func survivors(
        of items: [String], on host: SimulatedHost, _ scratch: ScratchDirectory
    ) throws -> [(host: SimulatedHost, store: TransactionStore)] {
        var survivors: [(SimulatedHost, TransactionStore)] = []
        let profile = try profile(items)
        for point in 1...200 {
            let tried = try SimulatedHost(json: host.json)
            tried.arm(SimulatedFault(.crash, atOperation: point))
            let store = TransactionStore(StateDirectory(scratch.path.appending("state-\(point)")))
            do throws(OperationError) {
                let ending = try application(of: profile, on: tried, store)
                if case .applied = ending { return survivors }
            } catch {
                // The crash.
            }
            let survivor = try SimulatedHost(json: tried.json)
            survivor.arm(nil)
            survivors.append((survivor, store))
        }
        return survivors
    }

    private static func namespace(_ name: String?, on host: SimulatedHost) throws -> Namespace? {
        try host.observe().regions.flatMap(\.namespaces).first { $0.name == name }
    }

    private static func target(_ name: String?, on host: SimulatedHost) throws -> NamespaceTarget {
        let observed = try host.observe()
        for region in observed.regions {
            guard let found = region.namespaces.first(where: { $0.name == name }) else { continue }
            return NamespaceTarget(found, region: region.device)
        }
        throw Missing(name: name)
    }

    private struct Missing: Error { var name: String? }

    private static func losses(_ outcome: Recovery.Outcome) -> [String]? {
        guard case .consentMissing(let losses)? = outcome.blocked.first?.error.kind else { return nil }
        return losses.map(\.address)
    }

    /// The mode of a namespace was changed, the apply died in a later step, and somebody used the namespace in its new mode,
    /// say made a file system there: at the start of its device, where people begin. None of the places that were looked at
    /// in the old mode need to lie there.
    @Test(arguments: ["fsdax", "devdax", "sector"], [false, true])
    func whatWasWrittenInTheNewModeIsAskedFor(mode: String, withReboot: Bool) throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.one)
        try Self.apply(["name: x, mode: raw, size: 64 MiB"], to: host, nil)
        try host.write(5, to: Self.target("x", on: host), at: [.zero, .mib(32)])
        let wanted = ["name: x, mode: \(mode), size: 64 MiB", "name: other, mode: raw, size: 64 MiB"]
        var tried = 0
        for (survivor, store) in try Self.survivors(of: wanted, on: host, scratch) {
            let log = try #require(try store.logs().last)
            guard log.done.count == log.header.steps.count - 1 else { continue }
            if withReboot { try survivor.reboot() }
            tried += 1
            let x = try #require(try Self.namespace("x", on: survivor))
            // The page of a translated device that its users see first is not the first of the media.
            let first = MediaSample.offsets(in: Extent(offset: .zero, length: x.usableSize ?? x.rawSize))
            try survivor.write(
                7, to: Self.target("x", on: survivor), at: [mode == "sector" ? first[20] : .zero])
            let place = try #require(survivor.state.pages.first { $0.value == 7 }?.key)
            let outcome = try Recovery(host: survivor, store: store).run()
            #expect(Self.losses(outcome)?.contains("region0/x") == true, "\(outcome)")
            #expect(survivor.state.pages[place] == 7)
            #expect(try Self.namespace("x", on: survivor) == x)
        }
        #expect(tried > 0)
    }

    /// Nobody wrote to it: then nothing is asked, also where a recovery died that had looked at it.
    @Test(arguments: ["fsdax", "devdax", "sector"])
    func aNewModeThatNobodyUsedIsTakenBackUnasked(mode: String) throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.one)
        try Self.apply(["name: x, mode: raw, size: 64 MiB"], to: host, nil)
        try host.write(5, to: Self.target("x", on: host), at: [.zero, .mib(2), .mib(32)])
        let before = HostSnapshot(try host.observe())
        let wanted = ["name: x, mode: \(mode), size: 64 MiB", "name: other, mode: raw, size: 64 MiB"]
        for (survivor, store) in try Self.survivors(of: wanted, on: host, scratch) {
            var last = survivor
            for point in [3, 6, 9] {
                last.arm(SimulatedFault(.crash, atOperation: point))
                _ = try Recovery(host: last, store: store).run()
                last = try SimulatedHost(json: last.json)
                last.arm(nil)
            }
            let outcome = try Recovery(host: last, store: store).run()
            #expect(outcome.blocked.isEmpty, "\(outcome)")
            #expect(HostSnapshot(try last.observe()) == before)
            #expect(last.state.pages.values.filter { $0 == 5 }.count == 3)
        }
    }

    /// Somebody filled what took the place of a namespace, its translation table included, so that the kernel does not enable
    /// it any more when it comes back. Then undoing ends, and says it; where nobody wrote, it stops.
    @Test(arguments: [true, false]) func whatCannotBeEnabledAnyMoreEndsOffline(isFilled: Bool) throws {
        let host = try SimulatedHost(json: Self.one)
        try Self.apply(["name: x, mode: sector, size: 64 MiB"], to: host, nil)
        let pages = MediaSample.offsets(in: Extent(offset: .mib(2), length: .mib(32)))
        try host.write(5, to: Self.target("x", on: host), at: pages)
        var (ended, stopped) = (0, 0)
        for operation in 1...60 {
            let scratch = try ScratchDirectory()
            let tried = try SimulatedHost(json: host.json)
            try Self.apply(["name: later, mode: raw, size: 64 MiB"], to: tried, scratch.store)
            if isFilled { try tried.write(7, to: Self.target("later", on: tried), at: pages) }
            let id = try #require(try scratch.store.names().last)
            tried.arm(SimulatedFault(.fail(errno: 12), atOperation: operation))
            let recovery = Recovery(
                host: tried, store: scratch.store, consent: Consent(allowDestroy: ["region0/later"]))
            let undone = try? recovery.rollBack(id)
            tried.arm(nil)
            guard let x = try Self.namespace("x", on: tried), !x.isActive else { continue }
            guard let undone else {
                stopped += 1
                continue
            }
            ended += 1
            #expect(
                undone.left.contains { $0.contains("cannot be enabled") && $0.contains("agreed to be lost") },
                "\(undone)")
            #expect(!undone.isWhole)
        }
        #expect(isFilled ? ended > 0 : ended == 0 && stopped > 0, "\(ended) \(stopped)")
    }

    /// The apply died while it looked at the media of a namespace, which runs raw for that, and somebody wrote to it there: over
    /// its info block, or where the kernel writes the page map when it comes up. It is left as it is, and that is said.
    @Test(arguments: [[], [ByteCount.zero, .kib(4)], [.mib(1)]])
    func whatWasWrittenWhileItRanRawIsLeft(places: [ByteCount]) throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.one)
        try Self.apply(["name: x, mode: fsdax, size: 64 MiB"], to: host, nil)
        let before = HostSnapshot(try host.observe())
        var tried = 0
        for (survivor, store) in try Self.survivors(
            of: ["name: x, mode: devdax, size: 64 MiB"], on: host, scratch)
        {
            let x = try #require(try Self.namespace("x", on: survivor))
            guard x.isActive, x.mode == .raw else { continue }
            tried += 1
            if !places.isEmpty { try survivor.write(7, to: Self.target("x", on: survivor), at: places) }
            let written = survivor.state.pages.filter { $0.value == 7 }.keys.sorted()
            let outcome = try Recovery(host: survivor, store: store).run()
            #expect(outcome.blocked.isEmpty, "\(outcome)")
            #expect(survivor.state.pages.filter { $0.value == 7 }.keys.sorted() == written)
            if places.isEmpty {
                #expect(HostSnapshot(try survivor.observe()) == before)
            } else {
                #expect("\(outcome)".contains("x is left as it is"), "\(outcome)")
                #expect(try Self.namespace("x", on: survivor) == x)
            }
        }
        #expect(tried > 0)
    }

    /// A namespace that a step had disabled lost its info block before recovery: it comes up as something else.
    @Test func whatComesUpAsSomethingElseIsLeft() throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.one)
        try Self.apply(["name: x, mode: fsdax, size: 64 MiB"], to: host, nil)
        let old = try #require(try Self.namespace("x", on: host))
        var tried = 0
        for (survivor, store) in try Self.survivors(
            of: ["name: x, mode: devdax, size: 64 MiB"], on: host, scratch)
        {
            let x = try #require(try Self.namespace("x", on: survivor))
            guard !x.isActive, x.hasLabel(of: old) else { continue }
            tried += 1
            survivor.state.infoBlocks = [:]
            let outcome = try Recovery(host: survivor, store: store).run()
            #expect(outcome.blocked.isEmpty, "\(outcome)")
            #expect("\(outcome)".contains("x has its label and place, and is not what it was"), "\(outcome)")
        }
        #expect(tried > 0)
    }

    /// The apply died right after a new namespace had come online, before it was looked at, and somebody used it at once. The
    /// kernel counts no writes to it: it is asked for.
    @Test(arguments: ["raw", "fsdax", "sector"], [false, true])
    func whatHadJustComeOnlineIsAskedFor(mode: String, withReboot: Bool) throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.one)
        try Self.apply(["name: x, mode: \(mode), size: 64 MiB"], to: host, scratch.store)
        let journal = "state/transactions/\(try #require(try scratch.store.names().last))/journal"
        let bytes = try RegularFile(scratch.path.appending(journal)).contents(upTo: 1 << 20)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let intent = try #require(lines.firstIndex { $0.contains("\"record\":\"intent\"") })
        try scratch.write(lines[...intent].joined(separator: "\n") + "\n", to: journal)
        let x = try #require(try Self.namespace("x", on: host))
        // The page of a translated device that its users see first is not the first of the media.
        let pages = MediaSample.offsets(in: Extent(offset: .zero, length: x.usableSize ?? x.rawSize))
        try host.write(7, to: Self.target("x", on: host), at: [mode == "sector" ? pages[20] : .zero])
        // What the kernel knew of it, it forgets.
        if withReboot { try host.reboot() }
        let outcome = try Recovery(host: host, store: scratch.store).run()
        #expect(Self.losses(outcome) == ["region0/x"], "\(outcome)")
        #expect(try Self.namespace("x", on: host) == x)
    }

    /// One of two losses was agreed to, so that recovery asked for the other and touched nothing. Then the first was used
    /// further: the word of then does not agree to what came later.
    @Test func aWordThatWasNotEnoughIsNotKept() throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.one)
        let wanted = ["a", "b", "c"].map { "name: \($0), mode: raw, size: 64 MiB" }
        let (survivor, store) = try #require(
            try Self.survivors(of: wanted, on: host, scratch).last {
                try $0.store.logs().last?.done.count == 2
            })
        for name in ["a", "b"] { try survivor.write(7, to: Self.target(name, on: survivor), at: [.zero]) }
        let agreeing = Recovery(host: survivor, store: store, consent: Consent(allowDestroy: ["a"]))
        #expect(Self.losses(try agreeing.run()) == ["region0/b"])
        try survivor.write(8, to: Self.target("a", on: survivor), at: [.kib(4)])
        let outcome = try Recovery(host: survivor, store: store).run()
        #expect(Set(Self.losses(outcome) ?? []) == ["region0/a", "region0/b"])
        // What was enough is kept: a recovery that dies then goes on.
        survivor.arm(SimulatedFault(.crash, atOperation: 3))
        _ = try Recovery(host: survivor, store: store, consent: Consent(allowDestroy: ["a", "b"])).run()
        let last = try SimulatedHost(json: survivor.json)
        last.arm(nil)
        #expect(try Recovery(host: last, store: store).run().blocked.isEmpty)
        #expect(try last.observe().regions[0].namespaces == [])
    }

    /// The label indexes of the DIMM were lost since: one namespace spans the region, and what was saved of another one,
    /// further behind, does not belong to its start.
    @Test func aRegionThatLostItsLabelsIsLeftAlone() throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.one)
        try Self.apply(
            ["name: keep, mode: raw, size: 64 MiB", "name: x, mode: fsdax, size: 64 MiB"], to: host, nil)
        try host.write(5, to: Self.target("keep", on: host), at: [.mib(1)])
        let wanted = ["name: keep, mode: raw, size: 64 MiB", "name: x, mode: devdax, size: 64 MiB"]
        for (survivor, store) in try Self.survivors(of: wanted, on: host, scratch) {
            guard try store.logs().last?.ranges.isEmpty == false else { continue }
            try survivor.store(.disableRegion(0))
            try survivor.store(.labelIndex(dimm: 0, nil))
            try survivor.reboot()
            try #require(survivor.state.regions[0].labelling == .labelLess)
            let media = (survivor.state.pages, survivor.state.infoBlocks)
            let before = HostSnapshot(try survivor.observe())
            let outcome = try Recovery(host: survivor, store: store).run()
            #expect(outcome.blocked.count == 1, "\(outcome)")
            #expect(survivor.state.pages == media.0 && survivor.state.infoBlocks == media.1)
            #expect(HostSnapshot(try survivor.observe()) == before)
        }
    }

    /// A step failed, and somebody destroyed meanwhile what an earlier one had changed. That is not "as it was before".
    @Test func whatUndoingAnApplyLeavesIsSaid() throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.one)
        try Self.apply(["name: x, mode: raw, size: 64 MiB"], to: host, nil)
        let wanted = ["name: x, mode: fsdax, size: 64 MiB", "name: other, mode: raw, size: 64 MiB"]
        let application = Application(of: try Self.profile(wanted), to: host)
        let prepared = try application.prepare()
        let plan = PlanReport(prepared.plan, of: try Self.profile(wanted), on: prepared.observed)
        let ending = try application.carryOut(
            prepared, consent: Consent(allowDestroy: ["x"]), recordingIn: scratch.store
        ) { step in
            guard case .begins(.create, _, _) = step, let label = try? Self.target("x", on: host).labelUUID
            else { return }
            try? host.remove(label, from: "region0")
            host.arm(SimulatedFault(.fail(errno: 5), atOperation: 2))
        }
        let report = ApplicationReport(ending, plan: plan)
        #expect(report.text(.plain).contains("x is gone"), "\(report.text(.plain))")
        #expect(report.json.text().contains("x is gone"))
    }

    /// Every step was done, and the run died before the end was recorded: cut off here. Then the DIMM was taken out. What
    /// belongs to the end, the marks of what is protected, waits for it as undoing does.
    @Test(arguments: [false, true]) func whatBelongsToTheEndWaitsForItsRegion(isDisabled: Bool) throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.one)
        try Self.apply(["name: x, mode: raw, size: 64 MiB, protect: true"], to: host, scratch.store)
        let label = try #require(try Self.target("x", on: host).labelUUID)
        let id = try #require(try scratch.store.names().last)
        try Self.cutOffLastRecord(of: id, in: scratch)
        try ProtectionStore(scratch.store.directory).remove(
            ProtectionMark(labelUUID: label, name: "x", source: nil))
        let marks = { try ProtectionStore(scratch.store.directory).marks().map(\.labelUUID) }
        try #require(try marks() == [])
        let whole = host.json
        if isDisabled {
            try host.store(.disableRegion(0))
        } else {
            host.state.buses[0].regions.removeAll()
        }
        let outcome = try Recovery(host: host, store: scratch.store).run()
        if isDisabled {
            #expect(try marks() == [label])
            return
        }
        #expect(outcome.blocked.count == 1, "\(outcome)")
        #expect(try scratch.store.log(id).end == nil)
        let back = try SimulatedHost(json: whole)
        let recovered = try #require(try Recovery(host: back, store: scratch.store).run().recovered.first)
        #expect(recovered.end == .committed && !recovered.lacksProof)
        #expect(try marks() == [label])
    }

    private static func cutOffLastRecord(of id: String, in scratch: ScratchDirectory) throws {
        let path = scratch.store.journalPath(id)
        var bytes = try StateFile.contents(path, limit: 1 << 24)
        bytes.removeLast()
        let end = try #require(bytes.lastIndex(of: UInt8(ascii: "\n"))) + 1
        let file = try FileDescriptor.open(path, .readWrite)
        defer { try? file.close() }
        try file.resize(to: Int64(end))
    }

    /// Mode and name were changed, and the recovery of an earlier version, which wrote the old UUID before the old name, died between
    /// these: the media is the old one again, and in use. Then nothing is compared, and nothing written.
    @Test func whatHasItsOldUUIDAgainIsNotWrittenOver() throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.one)
        try Self.apply(["name: x, mode: raw, size: 64 MiB"], to: host, nil)
        try host.write(5, to: Self.target("x", on: host), at: [.zero, .mib(32)])
        let old = try Self.target("x", on: host).labelUUID
        let wanted = [
            "name: z, renamed_from: x, mode: fsdax, size: 64 MiB", "name: other, mode: raw, size: 64 MiB",
        ]
        let (dead, store) = try #require(try Self.survivors(of: wanted, on: host, scratch).last)
        var tried = 0
        for point in 1...40 {
            let copy = TransactionStore(StateDirectory(scratch.path.appending("copy-\(point)")))
            try Self.copy(store, to: copy)
            let recovering = try SimulatedHost(json: dead.json)
            recovering.arm(SimulatedFault(.crash, atOperation: point))
            _ = try Recovery(host: recovering, store: copy).run()
            let survivor = try SimulatedHost(json: recovering.json)
            survivor.arm(nil)
            guard let now = try Self.namespace("x", on: survivor), let label = now.labelUUID, label != old,
                !now.isActive,
                let old, let log = try copy.logs().last, log.returned[label] != nil,
                let number = survivor.state.regions[0].namespaces.first(where: { $0.uuid == label })?.number
            else { continue }
            let id = SimulatedNamespaceID(region: 0, number: number)
            try survivor.store(.name(id, "z"))
            try survivor.store(.uuid(id, old))
            try survivor.reboot()
            tried += 1
            try survivor.write(7, to: Self.target("z", on: survivor), at: [.zero])
            let outcome = try Recovery(host: survivor, store: copy).run()
            #expect(outcome.blocked.isEmpty, "\(outcome)")
            #expect(survivor.state.pages.values.contains(7))
            #expect(try Self.namespace("x", on: survivor)?.labelUUID == old)
        }
        #expect(tried > 0)
    }

    private static func copy(_ store: TransactionStore, to copy: TransactionStore) throws {
        try copy.directory.prepare()
        for name in try store.names() {
            try StateDirectory.makePrivate(copy.directory.transactions.appending(name))
            let from = store.directory.transactions.appending(name)
            for file in try StateDirectory.entries(of: from) {
                let bytes = try StateFile.contents(from.appending(file), limit: 1 << 26)
                let target = try StateFile.create(copy.directory.transactions.appending(name).appending(file))
                try target.write(bytes)
            }
        }
    }
}
