import Glibc
import SystemPackage
import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// The stores that a step on a namespace makes, in their order, and what a store that fails leaves behind: the kernel host itself, on a made
/// tree.
@Suite struct KernelRegionSequenceTests {
    private let machine: MadeNvdimmMachine
    private let host: KernelHost

    init() throws {
        machine = try MadeNvdimmMachine()
        host = machine.host
    }

    private static let label = "11111111-1111-4111-8111-111111111111"
    private static let infoBlock = "22222222-2222-4222-8222-222222222222"
    private static let nextLabel = "33333333-3333-4333-8333-333333333333"
    private static let nextInfoBlock = "44444444-4444-4444-8444-444444444444"

    private static func identity(_ label: String, _ infoBlock: String) throws -> FreshIdentity {
        FreshIdentity(labelUUID: try #require(UUID(label)), infoBlock: try #require(UUID(infoBlock)))
    }

    private static func layout(_ mode: NamespaceMode, _ name: String = "pool") -> Layout {
        Layout(
            name: NamespaceName(name), mode: mode, map: mode.isDirectAccess ? .dev : nil,
            align: mode.isDirectAccess ? .huge : nil, sectorSize: mode == .sector ? SectorSize(512) : nil,
            rawSize: .mib(64))
    }

    private func create(_ mode: NamespaceMode, at resource: UInt64? = nil) throws -> Namespace {
        let placement = Placement(
            region: "region0", layout: Self.layout(mode), resource: resource, usableSize: .zero)
        let made = try host.perform(
            .create(placement), identity: try Self.identity(Self.label, Self.infoBlock))
        return try #require(made)
    }

    /// A namespace that is there, and inactive; the stores for that are forgotten.
    private func inactive(_ mode: NamespaceMode) throws -> Namespace {
        let made = try create(mode)
        try machine.disable(made.device)
        machine.forget()
        let found = try host.current(NamespaceTarget(made, region: "region0"))
        return try #require(found)
    }

    private func reconfigure(_ namespace: Namespace, _ mode: NamespaceMode) throws -> Namespace? {
        try host.perform(
            .reconfigure(NamespaceTarget(namespace, region: "region0"), Self.layout(mode, "other")),
            identity: try Self.identity(Self.nextLabel, Self.nextInfoBlock))
    }

    private func failure(_ work: () throws -> Void) throws -> OperationError {
        try #require(throws: OperationError.self) { try work() }
    }

    // MARK: - Creation

    /// Everything that the label says is set before the size store, which writes it.
    @Test func aCreationWritesOneLabelAndClaimsTheNamespaceLast() throws {
        let made = try create(.fsdax)
        #expect(
            machine.stores == [
                "namespace0.0/alt_name=pool", "namespace0.0/holder_class=pfn",
                "namespace0.0/uuid=\(Self.label)", "namespace0.0/size=67108864", "pfn0.0/mode=pmem",
                "pfn0.0/align=2097152", "pfn0.0/uuid=\(Self.infoBlock)", "pfn0.0/namespace=namespace0.0",
                "nd_pmem/bind=pfn0.0",
            ])
        #expect(made.isActive && made.mode == .fsdax && made.name == "pool" && made.blockDevice == "pmem0")
        #expect(made.resource == MadeNvdimmMachine.start && made.labelUUID?.description == Self.label)
    }

    @Test func sectorModeHasItsSectorSizeInTheClaim() throws {
        #expect(try create(.sector).sectorSize == 512)
        #expect(
            machine.stores.suffix(4) == [
                "btt0.0/sector_size=512", "btt0.0/uuid=\(Self.infoBlock)", "btt0.0/namespace=namespace0.0",
                "nd_pmem/bind=btt0.0",
            ])
    }

    @Test(arguments: [
        ("namespace0.0/uuid=\(Self.label)", ["namespace0.0/size=0"]),
        ("namespace0.0/size=67108864", ["namespace0.0/size=0"]),
        ("pfn0.0/align=2097152", ["namespace0.0/size=0"]),
        ("nd_pmem/bind=pfn0.0", ["pfn0.0/namespace=", "namespace0.0/size=0"]),
    ])
    func aCreationThatFailsIsReleased(store: String, stores: [String]) throws {
        let idle = machine.state(of: "namespace0.0")
        machine.refusals[store] = .invalidArgument
        let error = try failure { _ = try create(.fsdax) }
        #expect(error.errno == EINVAL && error.hasStored && error.undoFailures.isEmpty)
        let last = machine.stores.firstIndex(of: "\(store)!").map { Array(machine.stores[($0 + 1)...]) }
        #expect(last == stores)
        #expect(machine.state(of: "namespace0.0") == idle, "nothing of it is left")
        #expect(machine.state(of: "pfn0.0")["namespace"] == nil)
        // It can be made again with what is left.
        machine.forget()
        #expect(try create(.fsdax).isActive)
    }

    @Test func aPlaceOtherThanThePlannedOneIsReleasedBeforeAnythingIsWrittenThere() throws {
        let error = try failure { _ = try create(.fsdax, at: MadeNvdimmMachine.start + 1 << 20) }
        #expect(error.kind == .changed && error.reason.contains("not at 0x"))
        #expect(machine.stores.suffix(2) == ["namespace0.0/size=67108864", "namespace0.0/size=0"])
    }

    /// ndctl takes no lock: it can take the same object between two stores.
    @Test func anObjectThatAnotherToolTookMeanwhileIsLeftAlone() throws {
        machine.afterwards["namespace0.0/size=67108864"] = { [machine] in
            try machine.put("namespace0.0", "uuid", Self.nextLabel)
        }
        let error = try failure { _ = try create(.fsdax) }
        #expect(error.kind == .changed && error.undoFailures.first?.contains("left alone") == true)
        #expect(machine.stores.last == "namespace0.0/size=67108864")
    }

    /// What lies there is looked at first, past any info block: programs will map the device, and a media error would end them.
    @Test func aDevdaxNamespaceIsLookedAtRawBeforeItIsClaimed() throws {
        #expect(try create(.devdax).mode == .devdax)
        #expect(
            machine.stores[4...] == [
                "namespace0.0/force_raw=1", "nd_pmem/bind=namespace0.0",
                "namespace0.0/block/pmem0/queue/iostats=1", "nd_pmem/unbind=namespace0.0",
                "namespace0.0/force_raw=0", "dax0.0/mode=pmem", "dax0.0/align=2097152",
                "dax0.0/uuid=\(Self.infoBlock)", "dax0.0/namespace=namespace0.0", "dax_pmem/bind=dax0.0",
            ])
    }

    /// A raw namespace keeps no info block, whoever wrote it; other bytes stay.
    @Test func aRawNamespaceHasOldInfoBlocksWiped() throws {
        let old = try inactive(.fsdax)
        let media = machine.media(of: old.device)
        try machine.tree.write([1, 2, 3], to: media, at: 8192)
        _ = try host.perform(.destroy(NamespaceTarget(old, region: "region0")), identity: .none)
        #expect(machine.tree.bytes(media, at: 4096, 6) == Array("NVDIMM".utf8))
        #expect(try create(.raw).mode == .raw)
        #expect(machine.tree.bytes(media, at: 4096, 6) == [0, 0, 0, 0, 0, 0])
        #expect(machine.tree.bytes(media, at: 8192, 3) == [1, 2, 3])
    }

    // MARK: - Reconfiguration

    @Test func aReconfigurationChangesTheLabelBeforeTheClaim() throws {
        let result = try #require(try reconfigure(try inactive(.fsdax), .devdax))
        #expect(
            machine.stores == [
                "namespace0.0/uuid=\(Self.nextLabel)", "namespace0.0/alt_name=other",
                "namespace0.0/holder_class=dax", "dax0.0/mode=pmem", "dax0.0/align=2097152",
                "dax0.0/uuid=\(Self.nextInfoBlock)", "dax0.0/namespace=namespace0.0", "dax_pmem/bind=dax0.0",
            ])
        #expect(result.mode == .devdax && result.characterDevice == "dax0.0" && result.isActive)
    }

    /// Until a claim holds it nothing was written to the media, and the old label comes back.
    @Test(arguments: [
        "namespace0.0/alt_name=other", "namespace0.0/holder_class=dax", "dax0.0/align=2097152",
        "dax0.0/namespace=namespace0.0",
    ])
    func aReconfigurationThatFailsBeforeItsClaimGivesTheLabelBack(store: String) throws {
        let namespace = try inactive(.fsdax)
        let before = machine.state(of: "namespace0.0")
        machine.refusals[store] = .ioError
        let error = try failure { _ = try reconfigure(namespace, .devdax) }
        #expect(error.errno == EIO && error.hasStored && error.undoFailures.isEmpty)
        #expect(machine.state(of: "namespace0.0") == before)
        machine.forget()
        // The old info block counts again.
        let target = NamespaceTarget(namespace, region: "region0")
        let enabled = try host.perform(.enable(target), identity: .none)
        #expect(enabled?.mode == .fsdax && enabled?.infoBlockUUID?.description == Self.infoBlock)
    }

    /// Then the media are the new ones: undoing, which has what was saved, must not take the old label for a sign of old media.
    @Test func aReconfigurationWhoseInfoBlockWasWrittenKeepsTheNewLabel() throws {
        let namespace = try inactive(.fsdax)
        let uuid = try #require(UUID(Self.nextInfoBlock)).bytes
        machine.afterwards["dax0.0/namespace=namespace0.0"] = { [machine] in
            try machine.tree.write(uuid, to: machine.media(of: "namespace0.0"), at: 4096 + 16)
        }
        machine.refusals["dax_pmem/bind=dax0.0"] = .ioError
        let error = try failure { _ = try reconfigure(namespace, .devdax) }
        #expect(error.errno == EIO && error.hasStored)
        #expect(machine.state(of: "namespace0.0")["uuid"] == Self.nextLabel)
    }

    @Test func aReconfigurationWhoseInfoBlockWasNotWrittenGivesTheLabelBack() throws {
        let namespace = try inactive(.fsdax)
        let before = machine.state(of: "namespace0.0")
        machine.refusals["dax_pmem/bind=dax0.0"] = .ioError
        let error = try failure { _ = try reconfigure(namespace, .devdax) }
        #expect(error.errno == EIO && error.undoFailures.isEmpty)
        #expect(machine.state(of: "namespace0.0") == before)
    }

    /// The old label makes the old info block count again, so the block has to be there before it.
    @Test func whatWasWipedIsWrittenBackBeforeTheOldLabel() throws {
        let namespace = try inactive(.fsdax)
        let media = machine.media(of: namespace.device)
        let block = machine.tree.bytes(media, at: 4096, 48)
        let before = machine.state(of: "namespace0.0")
        // The first bind is that of the look at the media.
        machine.afterwards["namespace0.0/force_raw=0"] = { [machine] in
            machine.refusals["nd_pmem/bind=namespace0.0"] = .ioError
            machine.afterwards["namespace0.0/force_raw=1"] = {
                machine.refusals["nd_pmem/bind=namespace0.0"] = nil
            }
        }
        let error = try failure { _ = try reconfigure(namespace, .raw) }
        #expect(error.errno == EIO && error.hasStored && error.undoFailures.isEmpty)
        #expect(machine.tree.bytes(media, at: 4096, 48) == block)
        #expect(machine.state(of: "namespace0.0") == before)
    }

    /// If its media cannot be written back, the old label would make them count as the old ones.
    @Test func whereTheMediaCannotBeWrittenBackTheNewLabelStays() throws {
        let namespace = try inactive(.fsdax)
        machine.afterwards["namespace0.0/force_raw=0"] = { [machine] in
            machine.refusals["nd_pmem/bind=namespace0.0"] = .ioError
        }
        let error = try failure { _ = try reconfigure(namespace, .raw) }
        #expect(error.errno == EIO && !error.undoFailures.isEmpty)
        #expect(machine.state(of: "namespace0.0")["uuid"] == Self.nextLabel)
    }

    // MARK: - Other steps

    @Test func disablingUnbindsAndReleasesTheClaimAndEnablingLetsTheKernelFindIt() throws {
        let namespace = try #require(try reconfigure(try inactive(.fsdax), .devdax))
        machine.forget()
        let target = NamespaceTarget(namespace, region: "region0")
        let disabled = try host.perform(.disable(target), identity: .none)
        #expect(machine.stores == ["dax_pmem/unbind=dax0.0", "dax0.0/namespace="])
        #expect(disabled?.isActive == false && disabled?.mode == .devdax)
        machine.forget()
        let enabled = try host.perform(.enable(target), identity: .none)
        #expect(machine.stores == ["nd_pmem/bind=namespace0.0!"], "the kernel binds the claim by itself")
        #expect(enabled?.mode == .devdax && enabled?.infoBlockUUID?.description == Self.nextInfoBlock)
    }

    /// A namespace must not be left without its driver by a step that failed.
    @Test func aClaimThatIsNotReleasedGetsItsDriverBack() throws {
        let namespace = try #require(try reconfigure(try inactive(.fsdax), .devdax))
        machine.forget()
        machine.refusals["dax0.0/namespace="] = .resourceBusy
        let target = NamespaceTarget(namespace, region: "region0")
        let error = try failure { _ = try host.perform(.disable(target), identity: .none) }
        #expect(error.kind == .busy && error.undoFailures.isEmpty)
        #expect(machine.stores == ["dax_pmem/unbind=dax0.0", "dax0.0/namespace=!", "dax_pmem/bind=dax0.0"])
        #expect(machine.state(of: "dax0.0")["driver"] == "bound")
    }

    /// The block device is held exclusively meanwhile.
    @Test func aBlockDeviceIsDisabledInTheSameWay() throws {
        let made = try create(.fsdax)
        machine.forget()
        let target = NamespaceTarget(made, region: "region0")
        #expect(try host.perform(.disable(target), identity: .none)?.isActive == false)
        #expect(machine.stores == ["nd_pmem/unbind=pfn0.0", "pfn0.0/namespace="])
    }

    @Test func renamingAndDestroyingAreOneStoreEach() throws {
        let namespace = try inactive(.fsdax)
        let target = NamespaceTarget(namespace, region: "region0")
        let name = try #require(NamespaceName("archive"))
        #expect(try host.perform(.rename(target, name), identity: .none)?.name == "archive")
        _ = try host.perform(.destroy(target), identity: .none)
        #expect(machine.stores == ["namespace0.0/alt_name=archive", "namespace0.0/size=0"])
        #expect(try host.current(target) == nil)
    }

    @Test func aTargetThatHasChangedIsNotTouched() throws {
        let namespace = try inactive(.fsdax)
        try machine.put("namespace0.0", "uuid", Self.nextLabel)
        let error = try failure {
            let target = NamespaceTarget(namespace, region: "region0")
            _ = try host.perform(.destroy(target), identity: .none)
        }
        #expect(error.kind == .changed && !error.hasStored && machine.stores == [])
    }

    // MARK: - Restoring

    /// The mode is cleared first, and the old UUID comes last: until it is there, recovery knows that it is not done.
    @Test func reinstatingGivesTheOldLabelBackWithItsUUIDLast() throws {
        let was = try create(.fsdax)
        try machine.disable("namespace0.0")
        for (attribute, text) in [("uuid", Self.nextLabel), ("alt_name", "other"), ("holder_class", "dax")] {
            try machine.put("namespace0.0", attribute, text)
        }
        machine.forget()
        let now = try #require(
            try host.current(
                NamespaceTarget(
                    Namespace(device: "namespace0.0", rawSize: .mib(64)), region: "region0")))
        let back = try host.reinstate(was, on: NamespaceTarget(now, region: "region0"))
        #expect(
            machine.stores == [
                "namespace0.0/holder_class=", "namespace0.0/alt_name=pool",
                "namespace0.0/holder_class=pfn", "namespace0.0/uuid=\(Self.label)",
                "nd_pmem/bind=namespace0.0!",
            ])
        #expect(back.isSame(as: was))
    }

    /// Undoing takes a place first, and brings what lay there back through it.
    @Test func aPlaceIsOccupiedAndItsMediaWrittenPastAnyInfoBlock() throws {
        let layout = Self.layout(.fsdax)
        let target = try host.occupy(
            Placement(
                region: "region0", layout: layout, resource: MadeNvdimmMachine.start, usableSize: .zero),
            as: try #require(UUID(Self.label)))
        #expect(target.device == "namespace0.0" && target.rawSize == .mib(64))
        #expect(machine.state(of: "namespace0.1")["size"] == "0", "the kernel offers the next one")
        machine.forget()
        try host.writeMedia(of: target, [MediaPiece(offset: .kib(4), bytes: { [7, 7, 7, 7] })])
        #expect(
            machine.stores == [
                "namespace0.0/force_raw=1", "nd_pmem/bind=namespace0.0",
                "namespace0.0/block/pmem0/queue/iostats=1", "nd_pmem/unbind=namespace0.0",
                "namespace0.0/force_raw=0",
            ])
        var read: [UInt8]?
        try host.readMedia(of: target, [Extent(offset: .kib(4), length: ByteCount(4))]) { _, bytes in
            read = bytes
            return true
        }
        #expect(read == [7, 7, 7, 7])
    }

    /// Whatever fails in between, the namespace is offline afterwards, and its info block decides again.
    @Test func rawAccessThatFailsIsEnded() throws {
        let namespace = try inactive(.fsdax)
        let before = machine.state(of: "namespace0.0")
        machine.afterwards["nd_pmem/bind=namespace0.0"] = { [machine] in
            machine.tree.remove("dev/pmem0")
        }
        let error = try failure {
            try host.writeMedia(
                of: NamespaceTarget(namespace, region: "region0"),
                [MediaPiece(offset: .zero, bytes: { [1] })])
        }
        #expect(error.errno == ENOENT && error.undoFailures.isEmpty)
        #expect(machine.state(of: "namespace0.0") == before)
    }

    /// udev hears of the device, and LVM, md or a mount could claim it before it is offline again.
    @Test(arguments: [false, true])
    func theDeviceIsHeldUntilItIsOfflineAgain(fails: Bool) throws {
        let namespace = try inactive(.fsdax)
        let media = "\(machine.tree.root)/\(machine.media(of: "namespace0.0"))"
        var isHeld = false
        machine.afterwards["nd_pmem/unbind=namespace0.0"] = {
            isHeld = (0..<4096).contains { ProcText.link("/proc/self/fd/\($0)") == media }
        }
        let target = NamespaceTarget(namespace, region: "region0")
        let piece = MediaPiece(
            offset: .kib(4),
            bytes: { () throws(OperationError) in
                if fails { throw .interrupted }
                return [7]
            })
        if fails {
            #expect(throws: OperationError.self) { try host.writeMedia(of: target, [piece]) }
        } else {
            try host.writeMedia(of: target, [piece])
        }
        #expect(isHeld && machine.stores.suffix(1) == ["namespace0.0/force_raw=0"])
    }

    /// It stays online: the kernel would let it go under a mount. So it stays forced raw, as where the program dies there.
    @Test func whoClaimedItWhenItCameOnlineKeepsIt() throws {
        let namespace = try inactive(.fsdax)
        let target = NamespaceTarget(namespace, region: "region0")
        machine.afterwards["nd_pmem/bind=namespace0.0"] = { [machine] in machine.claimed = ["pmem0"] }
        let error = try failure { try host.readMedia(of: target, [RawAccess.infoBlockArea]) { _, _ in true } }
        #expect(error.kind == .busy && error.reason.contains("held exclusively"), "\(error)")
        #expect(error.reason.contains("stays online") && error.undoFailures.isEmpty, "\(error)")
        #expect(!machine.stores.contains { $0.contains("unbind") }, "\(machine.stores)")
        #expect(
            machine.state(of: "namespace0.0")["driver"] == "bound"
                && machine.state(of: "namespace0.0")["force_raw"] == "1")
        let refused = try failure { _ = try host.perform(.disable(target), identity: .none) }
        #expect(refused.kind == .busy && machine.state(of: "namespace0.0")["driver"] == "bound")
        machine.claimed = []
        #expect(try host.perform(.disable(target), identity: .none)?.isActive == false)
        #expect(try host.perform(.enable(target), identity: .none)?.mode == .fsdax)
    }

    /// What a step made is not taken back under somebody either.
    @Test func aStepWhoseDeviceWasClaimedLeavesIt() throws {
        machine.afterwards["nd_pmem/bind=namespace0.0"] = { [machine] in machine.claimed = ["pmem0"] }
        let error = try failure { _ = try create(.devdax) }
        #expect(error.kind == .busy && !error.undoFailures.isEmpty, "\(error)")
        #expect(machine.stores.last == "namespace0.0/block/pmem0/queue/iostats=1", "\(machine.stores)")
        #expect(machine.state(of: "namespace0.0")["uuid"] == Self.label)
        machine.claimed = []
        try host.remove(try #require(UUID(Self.label)), from: "region0")

        let namespace = try inactive(.fsdax)
        machine.afterwards["nd_pmem/bind=namespace0.0"] = { [machine] in machine.claimed = ["pmem0"] }
        let second = try failure { _ = try reconfigure(namespace, .raw) }
        #expect(second.kind == .busy && !second.undoFailures.isEmpty, "\(second)")
        #expect(!machine.stores.contains { $0.contains("unbind") }, "\(machine.stores)")
        #expect(machine.state(of: "namespace0.0")["uuid"] == Self.nextLabel)
    }

    @Test func whatACreationLeftIsRemovedByItsLabel() throws {
        let namespace = try inactive(.fsdax)
        try host.remove(try #require(namespace.labelUUID), from: "region0")
        #expect(machine.stores == ["namespace0.0/size=0"])
        #expect(machine.state(of: "namespace0.0")["uuid"] == nil)
    }
}
