import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What undoing takes for evidence of what lies on the media, and what that can be instead.
///
/// A label that was written back before the media; a page of zeroes that somebody else wrote; metadata that was the kernel's until
/// another took the place; an offline namespace that was online before; a namespace that runs as a step made it, though the step
/// never ended; and one without label and info block that looks as it was, with its first pages wiped.
@Suite struct UndoEvidenceTests {
    private static let labelled = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"}], "regions": [{"dimms": ["a"]}]}]}}
        """

    private static let labelLess = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB"}], "regions": [{"dimms": ["a"]}]}]}}
        """

    private static func profile(_ item: String) throws -> Profile {
        let text =
            "version: 1\nunmanaged: destroy\nregions:\n  - match: {region: 0}\n    namespaces:\n      - {\(item)}\n"
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    private static func apply(
        _ item: String, to host: SimulatedHost, _ store: TransactionStore?
    ) throws(OperationError) -> Application.Ending? {
        guard let profile = try? profile(item) else { return nil }
        let application = Application(of: profile, to: host)
        let prepared = try application.prepare()
        let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
        return try application.carryOut(prepared, consent: consent, recordingIn: store)
    }

    /// A host on which the one namespace is as declared.
    private static func host(_ item: String) throws -> SimulatedHost {
        let host = try SimulatedHost(json: labelled)
        guard case .applied = try apply(item, to: host, nil) else {
            Issue.record("not applied")
            return host
        }
        return host
    }

    /// A host that an apply died on.
    private struct Survivor {
        let host: SimulatedHost
        let store: TransactionStore
        let log: TransactionLog

        func namespace() throws -> Namespace { try #require(host.observe().regions[0].namespaces.first) }

        func target() throws -> NamespaceTarget { NamespaceTarget(try namespace(), region: "region0") }

        func recover(_ words: Set<String> = []) throws -> Recovery.Outcome {
            try Recovery(host: host, store: store, consent: Consent(allowDestroy: words)).run()
        }

        /// What recovery asks for without consent; nil where it asks for nothing.
        func asked() throws -> [String]? {
            guard case .consentMissing(let losses)? = try recover().blocked.first?.error.kind else {
                return nil
            }
            return losses.map(\.address)
        }
    }

    /// The hosts that are left where an apply dies, one for each store after its first record.
    private static func survivors(
        of item: String, on host: SimulatedHost, _ scratch: ScratchDirectory
    ) throws -> [Survivor] {
        var survivors: [Survivor] = []
        for point in 1...200 {
            let tried = try SimulatedHost(json: host.json)
            tried.arm(SimulatedFault(.crash, atOperation: point))
            let store = TransactionStore(StateDirectory(scratch.path.appending("state-\(point)")))
            if case .applied? = try? apply(item, to: tried, store) { break }
            let survivor = try SimulatedHost(json: tried.json)
            survivor.arm(nil)
            guard let log = try store.logs().last else { continue }
            survivors.append(Survivor(host: survivor, store: store, log: log))
        }
        return survivors
    }

    /// A host on which an apply did its last store, and died before it recorded that.
    private static func unended(
        of item: String, on host: SimulatedHost, _ scratch: ScratchDirectory
    ) throws -> Survivor {
        let host = try SimulatedHost(json: host.json)
        _ = try apply(item, to: host, scratch.store)
        let name = try #require(try scratch.store.names().last)
        let path = scratch.store.journalPath(name)
        let lines = try StateFile.contents(path, limit: 1 << 20).split(separator: UInt8(ascii: "\n"))
        let last = try #require(
            lines.lastIndex { String(decoding: $0, as: UTF8.self).contains(#""record":"intent""#) })
        let file = try FileDescriptor.open(path, .writeOnly, options: .truncate)
        try file.closeAfter {
            for line in lines[...last] { _ = try file.writeAll(line + [UInt8(ascii: "\n")]) }
        }
        let log = try #require(try scratch.store.interrupted().last)
        return Survivor(host: host, store: scratch.store, log: log)
    }

    /// It died right before the step had ended, and somebody made a file system on the new device.
    @Test(arguments: ["fsdax", "devdax", "raw", "sector"], [false, true])
    func whatWasWrittenBeforeTheStepHadEndedIsAskedFor(mode: String, withReboot: Bool) throws {
        let old = mode == "raw" ? "sector" : "raw"
        let host = try Self.host("name: x, mode: \(old), size: 64 MiB")
        let scratch = try ScratchDirectory()
        let survivor = try Self.unended(of: "name: x, mode: \(mode), size: 64 MiB", on: host, scratch)
        if withReboot { try survivor.host.reboot() }
        let x = try survivor.namespace()
        try #require(x.isActive && x.mode == NamespaceMode(rawValue: mode))
        try survivor.host.write(7, to: survivor.target(), at: [.kib(32)])
        let place = try #require(survivor.host.state.pages.first { $0.value == 7 }?.key)
        #expect(try survivor.asked() == ["region0/x"])
        #expect(survivor.host.state.pages[place] == 7)
        #expect(try survivor.namespace() == x)
        #expect(try survivor.recover(["x"]).blocked.isEmpty)
        #expect(try survivor.namespace().mode == NamespaceMode(rawValue: old))
    }

    /// The same where nobody wrote: nothing is asked, whatever shows through from before.
    @Test(arguments: ["fsdax", "devdax", "raw", "sector"], [false, true])
    func whatNobodyWroteToIsTakenBackUnasked(mode: String, withReboot: Bool) throws {
        let old = mode == "raw" ? "fsdax" : "raw"
        let host = try Self.host("name: x, mode: \(old), size: 64 MiB")
        let target = NamespaceTarget(
            try #require(host.observe().regions[0].namespaces.first), region: "region0")
        try host.write(5, to: target, at: [.zero, .kib(64), .mib(8), .mib(32)])
        let (before, pages) = (HostSnapshot(try host.observe()), host.state.pages.filter { $0.value == 5 })
        let scratch = try ScratchDirectory()
        let survivor = try Self.unended(of: "name: x, mode: \(mode), size: 64 MiB", on: host, scratch)
        if withReboot { try survivor.host.reboot() }
        #expect(try survivor.asked() == nil)
        #expect(HostSnapshot(try survivor.host.observe()) == before)
        #expect(survivor.host.state.pages.filter { $0.value == 5 } == pages)
    }

    /// Another tool took the idle object at the same time: it gave it its capacity and its info block, under our label. Nobody has written
    /// to it yet, or the tool made it memory: then it is that until its loss is agreed to.
    @Test(arguments: [false, true]) func whatAnotherToolMadeOfTheSameObjectIsAskedFor(isMemory: Bool) throws {
        let scratch = try ScratchDirectory()
        let theirs = try #require(UUID(bytes: [UInt8](repeating: 9, count: 16)))
        var tried = 0
        let machine = Self.labelled.replacing(
            #"{"dimms": ["a"]}"#, with: #"{"dimms": ["a"], "target_node": 1}"#)
        for survivor in try Self.survivors(
            of: "name: x, mode: \(isMemory ? "devdax" : "fsdax"), size: 512 MiB",
            on: SimulatedHost(json: machine), scratch)
        {
            let host = survivor.host
            let begun = host.state.regions[0].namespaces.first { $0.uuid != nil && $0.size == .zero }
            guard let number = begun?.number else { continue }
            tried += 1
            try host.store(.size(SimulatedNamespaceID(region: 0, number: number), .mib(512)))
            let claim = SimulatedClaimID(region: 0, kind: isMemory ? .dax : .pfn)
            try host.store(.claimUUID(claim, theirs))
            try host.store(.claimNamespace(claim, number))
            try host.store(.enableClaim(claim))
            if isMemory {
                _ = try host.perform(
                    .configureDevice(survivor.target(), .systemRAM(.movable)), identity: .none)
            }
            let made = try survivor.namespace()
            try #require((made.daxDevice?.mode == .systemRAM) == isMemory)
            try #require(made.infoBlockUUID == theirs && made.isActive)
            #expect(try survivor.asked() == ["region0/x"])
            #expect(try survivor.namespace() == made)
            #expect(try survivor.recover(["x"]).blocked.isEmpty)
            #expect(try host.observe().regions[0].namespaces.isEmpty)
        }
        #expect(tried > 0)
    }

    /// Killed before its first store; then somebody frees space: pages of zeroes are no trace of a step, unless they lie where info
    /// blocks do.
    @Test func aPageOfZeroesIsSomebodysToo() throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.labelLess)
        let whole = NamespaceTarget(
            try #require(host.observe().regions[0].namespaces.first), region: "region0")
        try host.write(5, to: whole, at: [.zero, .kib(4), .mib(1)])
        var tried = 0
        for survivor in try Self.survivors(of: "mode: fsdax", on: host, scratch) {
            try survivor.host.reboot()
            let now = try survivor.namespace()
            guard now.mode == .raw, now.isActive,
                survivor.host.state.pages.values.filter({ $0 == 5 }).count == 3
            else { continue }
            tried += 1
            try survivor.host.write(0, to: survivor.target(), at: [.mib(1)])
            let left = survivor.host.state.pages.filter { $0.value != 0 }
            #expect(try survivor.recover().blocked.isEmpty)
            #expect(survivor.host.state.pages.filter { $0.value != 0 } == left)
        }
        #expect(tried > 0)
    }

    @Test func onlyWhereInfoBlocksLieIsAPageOfZeroesATrace() {
        let account = MediaAccount(infoBlocks: [], metadata: [])
        let (saved, zeroes) = ([UInt8](repeating: 5, count: 8192), [UInt8](repeating: 0, count: 8192))
        let first = account.verdict(saved: saved, now: zeroes, at: .zero)
        #expect(first.own == 2 && first.ofInfoBlock == 2 && first.foreign == 0)
        let later = account.verdict(saved: saved, now: zeroes, at: .mib(1))
        #expect(later.own == 2 && later.ofInfoBlock == 0)
        let across = account.verdict(saved: saved, now: zeroes, at: .kib(4))
        #expect(across.own == 2 && across.ofInfoBlock == 1)
    }

    /// A recovery saw the namespace run as the step made it, and stopped to ask. Then its owner made it what it was, and wrote where the
    /// metadata had been.
    @Test func metadataIsTheKernelsOnlyAsLongAsItIsThere() throws {
        let host = try SimulatedHost(json: Self.labelLess)
        let whole = NamespaceTarget(
            try #require(host.observe().regions[0].namespaces.first), region: "region0")
        try host.write(5, to: whole, at: [.zero, .kib(4), .mib(1), .mib(512)])
        let scratch = try ScratchDirectory()
        let survivor = try Self.unended(of: "mode: fsdax", on: host, scratch)
        try survivor.host.write(6, to: survivor.target(), at: [.kib(32)])
        #expect(try survivor.asked() != nil)
        #expect(try survivor.store.interrupted().last?.accounted.isEmpty == false)
        survivor.host.state.infoBlocks = [:]
        try survivor.host.reboot()
        try #require(try survivor.namespace().mode == .raw)
        try survivor.host.write(9, to: survivor.target(), at: [.zero, .mib(1)])
        #expect(try survivor.asked() != nil)
        #expect(survivor.host.state.pages.values.filter { $0 == 9 }.count == 2)
    }

    /// Its media was written back when recovery died; a boot brought it online as raw, somebody wrote to it, and took it offline.
    @Test func whatWasOnlineSinceABootIsAskedForThoughItIsOffline() throws {
        let scratch = try ScratchDirectory()
        let host = try Self.host("name: x, mode: sector, size: 64 MiB")
        let dead = try #require(
            try Self.survivors(of: "name: x, mode: fsdax, size: 64 MiB", on: host, scratch).last)
        var tried = 0
        for point in 1...40 {
            let recovering = try SimulatedHost(json: dead.host.json)
            recovering.arm(SimulatedFault(.crash, atOperation: point))
            let store = TransactionStore(StateDirectory(scratch.path.appending("copy-\(point)")))
            try Self.copy(dead.store, to: store)
            _ = try Recovery(host: recovering, store: store).run()
            let host = try SimulatedHost(json: recovering.json)
            host.arm(nil)
            let log = try #require(try store.logs().last)
            let survivor = Survivor(host: host, store: store, log: log)
            guard let label = try survivor.namespace().labelUUID, log.returned[label] != nil else { continue }
            #expect(log.returned[label] == host.bootID)
            // In the same boot nobody could reach it.
            if try !survivor.namespace().isActive {
                let same = Survivor(host: try SimulatedHost(json: host.json), store: store, log: log)
                same.host.arm(nil)
                let elsewhere = TransactionStore(StateDirectory(scratch.path.appending("same-\(point)")))
                try Self.copy(store, to: elsewhere)
                #expect(try Survivor(host: same.host, store: elsewhere, log: log).asked() == nil)
            }
            try host.reboot()
            guard try survivor.namespace().isActive, try survivor.namespace().mode == .raw else { continue }
            tried += 1
            try host.write(7, to: survivor.target(), at: [.mib(1)])
            _ = try host.perform(.disable(survivor.target()), identity: .none)
            #expect(try survivor.asked() == ["region0/x"])
            #expect(host.state.pages.values.contains(7))
        }
        #expect(tried > 0)
    }

    private static func copy(_ store: TransactionStore, to copy: TransactionStore) throws {
        try copy.directory.prepare()
        for name in try store.names() {
            let (from, to) = (
                store.directory.transactions.appending(name), copy.directory.transactions.appending(name)
            )
            try StateDirectory.makePrivate(to)
            for file in try StateDirectory.entries(of: from) {
                let bytes = try StateFile.contents(from.appending(file), limit: 1 << 26)
                try StateFile.create(to.appending(file)).write(bytes)
            }
        }
    }

    /// How a namespace stands where labels were written back, and where neither label nor info block tells.
    @Test func aLabelThatWasWrittenBackProvesNothingOfTheMedia() throws {
        var plain = Namespace(device: "namespace0.0", resource: 1 << 32, rawSize: .gib(1), mode: .fsdax)
        func standing(_ was: Namespace, keepsLabel: Bool, restored: Bool) -> UndoPlan.Restoration.Standing {
            UndoPlan.Restoration(
                region: "region0", oldRegion: RegionThen(device: "region0"), was: was, steps: [0],
                keepsLabel: keepsLabel, hasLabelRestored: restored, isReleased: false, saved: [], sample: nil,
                now: was
            ).standing
        }
        #expect(standing(plain, keepsLabel: true, restored: false) == .alike)
        plain.infoBlockUUID = UUID(bytes: [UInt8](repeating: 1, count: 16))
        #expect(standing(plain, keepsLabel: true, restored: false) == .whole)
        plain.labelUUID = plain.infoBlockUUID
        #expect(standing(plain, keepsLabel: false, restored: false) == .whole)
        #expect(standing(plain, keepsLabel: true, restored: true) == .changed)
    }
}
