import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// The kernel forgets at a boot which devices were memory, and `apply --boot` makes them that again.
///
/// What can happen between the apply and the boot, and between two lines of either:
/// - the apply dies at any store, and recovery finishes or undoes it, in the same boot or in the next one;
/// - it is rolled back, or another profile makes the device a device, or the namespace is destroyed or made anew, by daxprov or by
///   others;
/// - somebody writes to the device before `apply --boot` runs, as another system does that was booted meanwhile;
/// - the namespace or its region is not there, or disabled; another tool has made it memory already, in the same way or in another;
/// - the record is damaged; `apply --boot` runs twice, dies at any store, or never.
@Suite struct KeptDeviceTests {
    private static let machine = """
        {"format_version": 1, "simulated_host": {
          "memory_hotplug": {"block_size": "128 MiB", "memmap_on_memory": "on"}, "buses": [{
          "dimms": [{"id": "a", "size": "4 GiB", "label_size": "128 KiB"}],
          "regions": [{"dimms": ["a"], "target_node": 1}]}]}}
        """

    private static func profile(_ devices: [String: String?], unmanaged: String = "keep") throws -> Profile {
        let items = devices.sorted { $0.key < $1.key }.map { name, device in
            "      - {name: \(name), mode: devdax, size: 512 MiB\(device.map { ", device: {\($0)}" } ?? "")}"
        }
        let text = """
            version: 1
            unmanaged: \(unmanaged)
            regions:
              - match: {region: 0}
                namespaces:
            \(items.joined(separator: "\n"))
            """
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    /// A host with its record.
    private final class Scene {
        var host: SimulatedHost
        let scratch: ScratchDirectory
        var store: TransactionStore { scratch.store }

        init(_ machine: String = KeptDeviceTests.machine) throws {
            host = try SimulatedHost(json: machine)
            scratch = try ScratchDirectory()
        }

        func application(of profile: Profile, agreed: Bool = true) throws(OperationError)
            -> Application.Ending
        {
            let application = Application(of: profile, to: host, safeguards: Safeguards(reading: store))
            let prepared: Application.Prepared
            prepared = try application.prepare()
            let consent = Consent(allowDestroy: agreed ? Set(prepared.plan.losses.map(\.address)) : [])
            return try application.carryOut(prepared, consent: consent, recordingIn: store)
        }

        func apply(_ devices: [String: String?], unmanaged: String = "keep") throws {
            switch try application(of: KeptDeviceTests.profile(devices, unmanaged: unmanaged)) {
            case .applied, .unchanged: break
            case let ending: Issue.record("not applied: \(ending)")
            }
        }

        func restoration() throws -> BootRestoration {
            try BootRestoration(
                KeptDeviceStore(store.directory).kept(), marks: Safeguards(reading: store).marks,
                on: host.observe(), host)
        }

        var kept: [KeptDevice] { get throws { try KeptDeviceStore(store.directory).kept().devices } }

        /// What `apply --boot` does: what it was refused, and how it ended.
        func afterBoot() throws -> (refusals: [Refusal], ending: Application.Ending) {
            let restoration = try restoration()
            let application = Application(
                of: restoration.profile, to: host, safeguards: Safeguards(reading: store),
                afterBoot: restoration)
            let prepared = try application.prepare()
            #expect(prepared.plan.changes.allSatisfy { $0.kind == .configureDevice })
            let ending = try application.carryOut(
                prepared, consent: restoration.consent, recordingIn: store)
            return (restoration.refusals, ending)
        }

        func namespace(_ name: String = "heap") throws -> Namespace {
            try #require(try host.observe().regions.flatMap(\.namespaces).first { $0.name == name })
        }

        func use(_ name: String = "heap") throws -> DeviceUse? { try namespace(name).deviceUse }

        func write(_ value: UInt64, at offset: ByteCount, to name: String = "heap") throws {
            try host.write(value, to: NamespaceTarget(try namespace(name), region: "region0"), at: [offset])
        }

        func holds(at offset: ByteCount, of name: String = "heap") throws -> UInt64 {
            let target = NamespaceTarget(try namespace(name), region: "region0")
            let id = try host.resolve(target)
            let start = try #require(host.state.deviceRange(of: id)).lowerBound
            return host.state.pages[start + offset.bytes] ?? 0
        }

        func reboot() throws { try host.reboot() }

        /// The host, and a new process on it, after one died.
        func survive(withReboot: Bool) throws {
            host = try SimulatedHost(json: host.json)
            host.arm(nil)
            if withReboot { try reboot() }
        }

        func perform(_ step: Step) throws { _ = try host.perform(step, identity: .none) }
    }

    private static let uses: [(words: String, use: DeviceUse)] = [
        ("mode: system-ram", .systemRAM(.movable)), ("mode: system-ram, online: kernel", .systemRAM(.kernel)),
        ("mode: system-ram, online: none", .systemRAM(.none)),
        ("mode: system-ram, memmap_on_memory: true", .systemRAM(.movable, memmapOnMemory: true)),
        (
            "mode: system-ram, online: none, memmap_on_memory: true",
            .systemRAM(.none, memmapOnMemory: true)
        ),
    ]

    @Test(arguments: 0..<5) func itIsWhatItWas(use: Int) throws {
        let scene = try Scene()
        try scene.apply(["heap": nil, "other": nil])
        try scene.write(5, at: .zero)
        try scene.apply(["heap": Self.uses[use].words, "other": nil])
        #expect(try scene.kept.map(\.name) == ["heap"])
        try scene.reboot()
        #expect(try scene.use() == .devdax)
        let (refusals, ending) = try scene.afterBoot()
        #expect(refusals.isEmpty)
        guard case .applied = ending else {
            Issue.record("\(ending)")
            return
        }
        #expect(try scene.use() == Self.uses[use].use && scene.use("other") == .devdax)
        #expect(try scene.holds(at: .zero) == 5, "what lies outside the memory blocks stays")
        guard case .unchanged = try scene.afterBoot().ending else {
            Issue.record("the second run did something")
            return
        }
        // And at every boot after that.
        try scene.reboot()
        #expect(try scene.afterBoot().refusals.isEmpty)
        #expect(try scene.use() == Self.uses[use].use)
    }

    @Test func whereTheKernelCannotPutThePageMapThereTheMemoryComesAllTheSame() throws {
        for support in [MemmapOnMemory.off, .absent] {
            let scene = try Scene()
            try scene.apply(["heap": Self.uses[3].words, "other": Self.uses[0].words])
            try scene.reboot()
            scene.host.state.memmapOnMemory = support
            let (refusals, ending) = try scene.afterBoot()
            #expect(refusals.map(\.code) == [.deviceUnusable] && refusals.map(\.address) == ["heap"])
            guard case .applied = ending else {
                Issue.record("\(ending)")
                return
            }
            #expect(try scene.use() == .systemRAM(.movable) && scene.use("other") == .systemRAM(.movable))
        }
    }

    /// A boot without the kernel's argument does not change what was wished: the next boot that has it puts the page map there again.
    @Test func aBootThatCannotPutThePageMapThereForgetsNoWish() throws {
        let scene = try Scene()
        try scene.apply(["heap": Self.uses[3].words])
        try scene.reboot()
        scene.host.state.memmapOnMemory = .off
        guard case .applied = try scene.afterBoot().ending else {
            Issue.record("the memory did not come back")
            return
        }
        #expect(try scene.use() == .systemRAM(.movable))
        #expect(try scene.kept.map(\.memmapOnMemory) == [true])
        try scene.reboot()
        scene.host.state.memmapOnMemory = .on
        #expect(try scene.afterBoot().refusals.isEmpty)
        #expect(try scene.use() == Self.uses[3].use)
        // A profile that says otherwise is a wish again.
        try scene.apply(["heap": "mode: system-ram, memmap_on_memory: false"])
        #expect(try scene.kept.map(\.memmapOnMemory) == [false])
    }

    /// Memory that another tool made, with its page map elsewhere, is kept as it is; where the profile says nothing of that.
    @Test func aPageMapThatAnotherToolPutThereIsKept() throws {
        let scene = try Scene()
        try scene.apply(["heap": nil])
        for isThere in [true, false] {
            let target = NamespaceTarget(try scene.namespace(), region: "region0")
            try scene.perform(.configureDevice(target, .devdax))
            try scene.perform(.configureDevice(target, .systemRAM(.movable, memmapOnMemory: isThere)))
            try scene.apply(["heap": Self.uses[0].words])
            #expect(try scene.kept.map(\.memmapOnMemory) == [isThere])
        }
    }

    /// What something else brought online in the kernel's zone at the boot does not go offline: it is left, said, and holds up nothing.
    @Test func memoryInTheKernelsZoneStaysThoughItsPageMapIsElsewhere() throws {
        let scene = try Scene()
        try scene.apply([
            "heap": "mode: system-ram, online: kernel, memmap_on_memory: true", "other": Self.uses[0].words,
        ])
        try scene.reboot()
        let target = NamespaceTarget(try scene.namespace(), region: "region0")
        try scene.perform(.configureDevice(target, .systemRAM(.kernel)))
        let (refusals, ending) = try scene.afterBoot()
        #expect(refusals.map(\.code) == [.deviceUnusable] && refusals.map(\.address) == ["region0/heap"])
        guard case .applied = ending else {
            Issue.record("\(ending)")
            return
        }
        #expect(try scene.use() == .systemRAM(.kernel) && scene.use("other") == .systemRAM(.movable))
    }

    /// One that is used in another way, or not at all, is not kept any more.
    @Test func whatIsNoMemoryIsForgotten() throws {
        let scene = try Scene()
        let memory = Self.uses[0].words
        try scene.apply(["heap": memory, "other": memory])
        #expect(try scene.kept.count == 2)
        try scene.apply(["heap": "mode: devdax", "other": memory])
        #expect(try scene.kept.map(\.name) == ["other"])
        try scene.apply(["heap": nil, "other": "mode: devdax"])
        #expect(try scene.kept.isEmpty)
        try scene.apply(["heap": memory, "other": nil])
        try scene.reboot()
        try scene.apply(["other": nil], unmanaged: "destroy")
        #expect(try scene.kept.isEmpty, "it was destroyed")
    }

    @Test func aRollbackBringsBackWhatIsKept() throws {
        let scene = try Scene()
        try scene.apply(["heap": nil])
        try scene.apply(["heap": Self.uses[0].words])
        let made = try #require(scene.store.youngest)
        let recovery = Recovery(
            host: scene.host, store: scene.store, consent: Consent(allowDestroy: ["heap"]))
        _ = try recovery.rollBack(made)
        #expect(try scene.use() == .devdax && scene.kept.isEmpty)

        try scene.apply(["heap": Self.uses[0].words])
        try scene.apply(["heap": "mode: devdax"])
        #expect(try scene.kept.isEmpty)
        _ = try recovery.rollBack(try #require(scene.store.youngest))
        #expect(try scene.use() == .systemRAM(.movable))
        #expect(try scene.kept.map(\.name) == ["heap"])
        try scene.reboot()
        #expect(try scene.afterBoot().refusals.isEmpty)
        #expect(try scene.use() == .systemRAM(.movable))
    }

    /// What somebody wrote as a device is not written over, and the others are put back all the same.
    @Test func whatSomebodyWroteStaysAndTheOthersComeBack() throws {
        let scene = try Scene()
        try scene.apply(["heap": Self.uses[0].words, "other": Self.uses[0].words])
        try scene.reboot()
        try scene.write(9, at: .zero)
        let (refusals, ending) = try scene.afterBoot()
        #expect(refusals.map(\.code) == [.consentMissing] && refusals.map(\.address) == ["region0/heap"])
        guard case .applied = ending else {
            Issue.record("\(ending)")
            return
        }
        #expect(try scene.use() == .devdax && scene.use("other") == .systemRAM(.movable))
        #expect(try scene.holds(at: .zero) == 9)
        // Agreed to by name, with the profile, it is kept again as it is now.
        try scene.apply(["heap": Self.uses[0].words, "other": nil])
        try scene.reboot()
        #expect(try scene.afterBoot().refusals.isEmpty)
        #expect(try scene.use() == .systemRAM(.movable))
    }

    /// What the profile says is a device is not memory after the next boot, though nothing had to be done for that.
    @Test func whatAProfileDeclaresAsADeviceIsForgotten() throws {
        let scene = try Scene()
        try scene.apply(["heap": Self.uses[0].words, "other": Self.uses[0].words])
        try scene.reboot()
        try scene.apply(["heap": "mode: devdax", "other": nil])
        #expect(try scene.kept.map(\.name) == ["other"])
    }

    /// A transaction that began nothing changes nothing of what is kept when it is undone: its own record of that may be missing.
    @Test func whatBeganNothingForgetsNothing() throws {
        let scene = try Scene()
        try scene.apply(["heap": Self.uses[0].words])
        try scene.reboot()
        let restoration = try scene.restoration()
        let prepared = try Application(of: restoration.profile, to: scene.host).prepare()
        let writer = try TransactionWriter.begin(
            in: scene.store, source: BootRestoration.source, before: prepared.observed, plan: prepared.plan,
            bootID: scene.host.bootID, protects: [])
        _ = consume writer
        #expect(try Recovery(host: scene.host, store: scene.store).run().recovered.count == 1)
        #expect(try scene.kept.count == 1)
    }

    /// The namespace of a region without labels has no name and no label, and a plan calls it by its region.
    @Test func aRegionWithoutLabelsComesBackBesideOthers() throws {
        let scene = try Scene(
            """
            {"format_version": 1, "simulated_host": {"buses": [{
              "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"}, {"id": "b", "size": "1 GiB"}],
              "regions": [{"dimms": ["a"], "target_node": 1}, {"dimms": ["b"], "target_node": 2}]}]}}
            """)
        let text = """
            version: 1
            regions:
              - match: {region: 0}
                namespaces: [{name: heap, mode: devdax, size: 512 MiB, device: {mode: system-ram}}]
              - match: {region: 1}
                namespaces: [{mode: devdax, device: {mode: system-ram}}]
            """
        _ = try scene.application(of: ProfileReader.read(Array(text.utf8), source: "test.yaml"))
        #expect(try scene.kept.count == 2)
        try scene.reboot()
        #expect(try scene.afterBoot().refusals.isEmpty)
        let uses = try scene.host.observe().regions.flatMap(\.namespaces).map(\.deviceUse)
        #expect(uses == [.systemRAM(.movable), .systemRAM(.movable)])
        // Offline, it shows no UUID; that is no reason to forget it.
        try scene.reboot()
        let region = try #require(try scene.host.observe().regions.last)
        try scene.perform(.disable(NamespaceTarget(region.namespaces[0], region: region.device)))
        try scene.apply(["heap": nil])
        #expect(try scene.kept.count == 2)
    }

    /// Two regions without labels, whose devices were memory before the boot, and the mark of a namespace whose label nothing shows.
    private static func withoutLabels(markedIn region: String?) throws -> Scene {
        let scene = try Scene(
            """
            {"format_version": 1, "simulated_host": {"buses": [{
              "dimms": [{"id": "a", "size": "1 GiB"}, {"id": "b", "size": "1 GiB"}],
              "regions": [{"dimms": ["a"], "target_node": 1}, {"dimms": ["b"], "target_node": 2}]}]}}
            """)
        let text = """
            version: 1
            regions:
              - match: {region: 0}
                namespaces: [{mode: devdax, device: {mode: system-ram}}]
              - match: {region: 1}
                namespaces: [{mode: devdax, device: {mode: system-ram}}]
            """
        _ = try scene.application(of: ProfileReader.read(Array(text.utf8), source: "test.yaml"))
        try #require(scene.kept.count == 2)
        let label = try #require(UUID(bytes: [UInt8](repeating: 7, count: 16)))
        let observed = try scene.host.observe()
        let identity = region.flatMap { observed.identity(of: $0) }
        let mark = ProtectionMark(labelUUID: label, name: "wal", source: "test.yaml", region: identity)
        try ProtectionStore(scene.store.directory).set([mark])
        try scene.reboot()
        return scene
    }

    /// A mark that an older version wrote, or that is damaged, may mean any region: what was memory is memory again all the same.
    @Test func aMarkThatNamesNoRegionKeepsNoMemoryFromComingBack() throws {
        let scene = try Self.withoutLabels(markedIn: nil)
        let (refusals, ending) = try scene.afterBoot()
        #expect(refusals.isEmpty)
        guard case .applied = ending else {
            Issue.record("\(ending)")
            return
        }
        let uses = try scene.host.observe().regions.flatMap(\.namespaces).map(\.deviceUse)
        #expect(uses == [.systemRAM(.movable), .systemRAM(.movable)])
    }

    @Test func aMarkThatNamesARegionKeepsNoOther() throws {
        let scene = try Self.withoutLabels(markedIn: "region0")
        let (refusals, ending) = try scene.afterBoot()
        #expect(refusals.map(\.code) == [.protected] && refusals.map(\.address) == ["region0"])
        guard case .applied = ending else {
            Issue.record("\(ending)")
            return
        }
        let uses = try scene.host.observe().regions.flatMap(\.namespaces).map(\.deviceUse)
        #expect(uses == [.devdax, .systemRAM(.movable)])
    }

    /// Bound to the driver of memory and offline, it holds whatever somebody wrote, and cannot be looked at.
    @Test func memoryThatAnotherToolLeftOfflineIsNotBroughtOnlineUnasked() throws {
        let scene = try Scene()
        try scene.apply(["heap": Self.uses[0].words])
        try scene.reboot()
        try scene.write(9, at: .zero)
        let target = NamespaceTarget(try scene.namespace(), region: "region0")
        try scene.perform(.configureDevice(target, .systemRAM(.none)))
        #expect(try scene.afterBoot().refusals.map(\.code) == [.consentMissing])
        #expect(try scene.use() == .systemRAM(.none))
    }

    /// Some of its blocks are online, by whatever tool: the others hold what somebody wrote.
    @Test func memoryThatIsOnlineInPartIsNotTheKernelsAsAWhole() throws {
        let scene = try Scene()
        try scene.apply(["heap": Self.uses[0].words])
        try scene.reboot()
        let target = NamespaceTarget(try scene.namespace(), region: "region0")
        try scene.perform(.configureDevice(target, .systemRAM(.none)))
        var observed = try scene.host.observe()
        var device = DaxDevice(.systemRAM, driver: "kmem")
        device.memory = DaxDevice.Memory(online: 1, total: 3, isMovable: true)
        observed.buses[0].regions[0].namespaces[0].daxDevice = device
        let kept = try KeptDeviceStore(scene.store.directory).kept()
        #expect(try BootRestoration(kept, on: observed, scene.host).refusals.map(\.code) == [.consentMissing])
    }

    /// What a plan refuses in one region keeps nothing from the others.
    @Test func aRegionThatAcceptsNoWritesKeepsNoOther() throws {
        let scene = try Scene(
            """
            {"format_version": 1, "simulated_host": {"buses": [{
              "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"}, {"id": "b", "size": "1 GiB", "label_size": "128 KiB"}],
              "regions": [{"dimms": ["a"], "target_node": 1}, {"dimms": ["b"], "target_node": 2}]}]}}
            """)
        func item(_ region: Int, _ name: String) -> String {
            """
              - match: {region: \(region)}
                namespaces: [{name: \(name), mode: devdax, size: 512 MiB, device: {mode: system-ram}}]

            """
        }
        let text = "version: 1\nregions:\n" + item(0, "heap") + item(1, "other")
        _ = try scene.application(of: ProfileReader.read(Array(text.utf8), source: "test.yaml"))
        #expect(try scene.kept.count == 2)
        try scene.reboot()
        var observed = try scene.host.observe()
        observed.buses[0].regions[0].isReadOnly = true
        let kept = try KeptDeviceStore(scene.store.directory).kept()
        let restoration = try BootRestoration(kept, on: observed, scene.host)
        #expect(restoration.refusals.map(\.code) == [.regionReadOnly])
        #expect(restoration.profile.regions.map(\.match.region) == [1])
        #expect(restoration.consent.allowDestroy == ["region1/other"])
    }

    /// A rollback after a boot leaves the device alone, and it may have been used as one: the next boot asks.
    @Test func aRollbackAfterABootMakesTheNextBootAsk() throws {
        let scene = try Scene()
        try scene.apply(["heap": Self.uses[0].words])
        try scene.apply(["heap": "mode: devdax"])
        try scene.reboot()
        _ = try Recovery(host: scene.host, store: scene.store).rollBack(try #require(scene.store.youngest))
        #expect(try scene.use() == .devdax && scene.kept.map(\.margins) == [nil])
        #expect(try scene.afterBoot().refusals.map(\.code) == [.consentMissing])
        #expect(try scene.use() == .devdax)
    }

    /// Memory was to be memory in another way, and the program died: no driver of devices ever had it, and the boot brings the memory back.
    @Test func memoryThatWasToBeMemoryInAnotherWayComesBackAfterABoot() throws {
        var tried = 0
        for point in 1...20 {
            let scene = try Scene()
            try scene.apply(["heap": Self.uses[0].words])
            let before = try scene.kept
            try #require(before.map { $0.margins != nil } == [true])
            scene.host.arm(SimulatedFault(.crash, atOperation: point))
            let wanted = try Self.profile(["heap": Self.uses[1].words])
            if case .applied? = try? scene.application(of: wanted) { break }
            tried += 1
            try scene.survive(withReboot: true)
            #expect(try Recovery(host: scene.host, store: scene.store).run().blocked.isEmpty)
            #expect(try scene.kept == before)
            #expect(try scene.afterBoot().refusals.isEmpty)
            #expect(try scene.use() == Self.uses[0].use)
        }
        #expect(tried > 0)
    }

    /// Somebody writes between the look and the step.
    @Test func whatIsWrittenAfterTheLookStopsTheStep() throws {
        let scene = try Scene()
        try scene.apply(["heap": Self.uses[0].words])
        try scene.reboot()
        let restoration = try scene.restoration()
        try scene.write(9, at: .zero)
        let application = Application(
            of: restoration.profile, to: scene.host, safeguards: Safeguards(reading: scene.store),
            afterBoot: restoration)
        let ending = try application.carryOut(
            try application.prepare(), consent: restoration.consent, recordingIn: scene.store)
        if case .applied = ending { Issue.record("it was written over") }
        #expect(try scene.use() == .devdax && scene.holds(at: .zero) == 9 && scene.kept.count == 1)
    }

    /// Memory that stays offline writes nothing over, so it comes back whatever was written.
    @Test func offlineMemoryNeedsNoLook() throws {
        let scene = try Scene()
        try scene.apply(["heap": Self.uses[2].words])
        try scene.reboot()
        try scene.write(9, at: .zero)
        #expect(try scene.afterBoot().refusals.isEmpty)
        #expect(try scene.use() == .systemRAM(.none) && scene.holds(at: .zero) == 9)
    }

    @Test func anotherNamespaceIsNotMadeMemory() throws {
        let scene = try Scene()
        try scene.apply(["heap": Self.uses[0].words])
        try scene.reboot()
        let target = NamespaceTarget(try scene.namespace(), region: "region0")
        try scene.perform(.disable(target))
        #expect(try scene.restoration().refusals.map(\.code) == [.hostChanged])
        try scene.perform(.destroy(target))
        #expect(try scene.afterBoot().refusals.map(\.code) == [.identityNotFound])
        #expect(try scene.restoration().refusals.map(\.code) == [.identityNotFound])
        // An apply sees the region without it; one of that name is another.
        try scene.apply(["heap": nil])
        #expect(try scene.kept.isEmpty && scene.use() == .devdax)
    }

    /// What another tool made of it first stays where it is right, and becomes what it was where it is not.
    @Test func whatIsMemoryAlreadyNeedsNoConsent() throws {
        let scene = try Scene()
        try scene.apply(["heap": Self.uses[0].words])
        try scene.reboot()
        try scene.write(9, at: .zero)
        for use in [Self.uses[0].use, Self.uses[1].use] {
            let target = NamespaceTarget(try scene.namespace(), region: "region0")
            try scene.perform(.configureDevice(target, use))
            #expect(try scene.afterBoot().refusals.isEmpty)
            #expect(try scene.use() == .systemRAM(.movable))
        }
    }

    /// A profile is applied whose devices are memory already: they are kept, and at the boot they are asked for, since nobody
    /// looked at them when they became memory.
    @Test func whatWasMemoryBeforeIsKeptAndAskedFor() throws {
        let scene = try Scene()
        try scene.apply(["heap": nil])
        let target = NamespaceTarget(try scene.namespace(), region: "region0")
        try scene.perform(.configureDevice(target, .systemRAM(.movable)))
        try scene.apply(["heap": Self.uses[0].words])
        #expect(try scene.kept.map(\.margins) == [nil])
        try scene.reboot()
        #expect(try scene.afterBoot().refusals.map(\.code) == [.consentMissing])
        #expect(try scene.use() == .devdax)
    }

    /// One damaged record keeps neither the other devices nor an apply from anything.
    @Test func aDamagedRecordIsNamedAndTheOthersComeBack() throws {
        let scene = try Scene()
        try scene.apply(["heap": Self.uses[0].words, "other": Self.uses[0].words])
        let key = try #require(try scene.kept.first { $0.name == "heap" }?.key)
        let file = scene.store.directory.path.appending("devices").appending(key.description)
        try FileDescriptor.open(file, .writeOnly, options: .truncate).close()
        try scene.reboot()
        let refusals = try scene.afterBoot().refusals
        #expect(
            refusals.map(\.address) == [key.description]
                && refusals.allSatisfy { $0.message.contains("damaged") })
        #expect(try scene.use() == .devdax && scene.use("other") == .systemRAM(.movable))
        try scene.apply(["heap": Self.uses[0].words, "other": nil])
        #expect(try scene.kept.count == 2)
    }

    /// Wherever an apply dies, what is kept after recovery is what the device is.
    @Test(arguments: [false, true]) func aCrashKeepsWhatTheDeviceIs(withReboot: Bool) throws {
        for (from, to) in [("mode: devdax", Self.uses[0].words), (Self.uses[0].words, "mode: devdax")] {
            for point in 1...20 {
                let scene = try Scene()
                try scene.apply(["heap": from])
                scene.host.arm(SimulatedFault(.crash, atOperation: point))
                let profile = try Self.profile(["heap": to])
                do throws(OperationError) {
                    if case .applied = try scene.application(of: profile) { break }
                } catch {
                    // It died.
                }
                try scene.survive(withReboot: withReboot)
                let outcome = try Recovery(
                    host: scene.host, store: scene.store, consent: Consent(allowDestroy: ["heap"])
                ).run()
                #expect(outcome.blocked.isEmpty)
                let end = try #require(outcome.recovered.first?.end)
                let wanted = end == .committed ? to : from
                let isKept = wanted == Self.uses[0].words
                #expect(try scene.kept.isEmpty != isKept, "\(from) to \(to), point \(point): \(end)")
                if !withReboot { try scene.reboot() }
                let kept = try scene.kept
                let after = try scene.afterBoot()
                // Undone after a boot, what was memory is a device, and somebody may have used it as one.
                if withReboot, isKept, end == .rolledBack, from != "mode: devdax", !after.refusals.isEmpty {
                    #expect(try scene.use() == .devdax)
                    continue
                }
                #expect(after.refusals.isEmpty, "\(from) to \(to), point \(point): \(end), kept \(kept)")
                #expect(try scene.use() == (isKept ? .systemRAM(.movable) : .devdax))
            }
        }
    }

    /// `apply --boot` dies at any store, and the next one does it.
    @Test func aCrashOfTheRestorationIsMadeGood() throws {
        for point in 1...20 {
            let scene = try Scene()
            try scene.apply(["heap": Self.uses[0].words, "other": Self.uses[1].words])
            try scene.reboot()
            scene.host.arm(SimulatedFault(.crash, atOperation: point))
            do {
                if case .applied = try scene.afterBoot().ending { break }
            } catch {
                // It died.
            }
            try scene.survive(withReboot: true)
            #expect(
                try Recovery(host: scene.host, store: scene.store, consent: Consent()).run().blocked.isEmpty)
            #expect(try scene.kept.count == 2, "point \(point)")
            #expect(try scene.afterBoot().refusals.isEmpty, "point \(point)")
            #expect(try scene.use() == .systemRAM(.movable) && scene.use("other") == .systemRAM(.kernel))
        }
    }
}
