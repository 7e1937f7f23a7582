import Testing

@testable import ProvisionCore

/// Every verdict, from measurements that were seen on real kernels and from those that must never pass.
@Suite struct ProofJudgementTests {
    private static func namespace(_ mode: NamespaceMode, align: ByteCount = .mib(2)) -> Namespace {
        Namespace(
            device: "namespace0.0", resource: 1 << 32, rawSize: .mib(64), mode: mode, recordedMode: mode,
            usableSize: .mib(62), align: mode.isDirectAccess ? align : nil, name: "wal",
            labelUUID: UUID(bytes: [UInt8](repeating: 1, count: 16)),
            daxDevice: mode == .devdax ? DaxDevice(.devdax, driver: "device_dax") : nil)
    }

    private static func judged(
        _ namespace: Namespace, _ measurement: ProofMeasurement, device: DaxRegion.Device? = nil,
        _ domain: PersistenceDomain = .memoryController
    ) -> ProofJudgement {
        let region = Region(device: "region0", size: .gib(1), persistenceDomain: domain)
        return ProofJudgement(namespace, in: region, device: device, measurement)
    }

    private static func mapping(
        sync: Bool = true, dax: Bool? = true, faults: UInt64 = 2, large: Int = 2,
        length: ByteCount = .mib(4), at address: UInt64? = nil
    ) -> MappingOutcome {
        .measured(
            MappingMeasurement(
                isSynchronous: sync, isDax: dax,
                touch: .init(.load, length: length, faults: faults, pieces: 2, largePieces: large),
                address: address))
    }

    private static let pageCache = MappingOutcome.measured(
        MappingMeasurement(isSynchronous: false, isDax: false))

    private static func devdax(
        _ outcome: MappingOutcome?, align: ByteCount = .mib(2), _ domain: PersistenceDomain = .unknown
    ) -> ProofJudgement {
        var measurement = ProofMeasurement()
        measurement.device = outcome
        return judged(namespace(.devdax, align: align), measurement, domain)
    }

    private static func fsdax(
        _ file: MappingOutcome, _ attributed: MappingOutcome? = nil, queue: Bool? = true,
        option: String? = "always", and more: [FileSystemMeasurement] = []
    ) -> ProofJudgement {
        var measurement = ProofMeasurement()
        measurement.queueSupportsDax = queue
        measurement.fileSystems =
            [
                FileSystemMeasurement(
                    mountPoint: "/srv", type: "ext4", daxOption: option, file: file,
                    attributedFile: attributed)
            ] + more
        return judged(namespace(.fsdax), measurement)
    }

    /// The root of the file system has the attribute, and a file there has it too; directories that are older have not.
    @Test(arguments: [nil, "inode"]) func aFileThatInheritsTheAttributeProvesNoOthers(option: String?) {
        #expect(Self.fsdax(Self.mapping(), option: option).verdict == .provenPerFile)
        #expect(Self.fsdax(Self.mapping()).verdict == .proven)
    }

    @Test func aDeviceIsProvenWithPagesAsLargeAsItsAlignment() {
        let small = Self.devdax(Self.mapping(faults: 1024, large: 0), align: .kib(4))
        let large = Self.devdax(Self.mapping())
        let huge = Self.devdax(Self.mapping(faults: 1, length: .gib(1)), align: .gib(1))
        for judgement in [small, large, huge] {
            #expect(judgement.verdict == .proven && judgement.passes, "\(judgement)")
            #expect(judgement.reasons.map(\.code) == [.mapSync] && judgement.flush == .cpuCache)
        }
        #expect(Self.devdax(Self.mapping(), align: .mib(2), .cpuCache).flush == ProofFlush.none)
    }

    @Test(arguments: [
        (mapping(faults: 1024, large: 0), ByteCount.mib(2)), (mapping(faults: 513, large: 1), .mib(2)),
        (mapping(faults: 512, length: .gib(1)), .gib(1)), (mapping(), .kib(4)),
    ])
    func pagesOfAnotherSizeAreNotWhatTheAlignmentPromises(outcome: MappingOutcome, align: ByteCount) {
        let judgement = Self.devdax(outcome, align: align)
        #expect(judgement.verdict == .notProven && !judgement.passes)
        #expect(judgement.reasons.map(\.code) == [.mapSync, .smallPages])
    }

    @Test func whatTwoWitnessesSayDifferentlyIsNotProven() {
        let judgement = Self.devdax(Self.mapping(dax: false))
        #expect(judgement.verdict == .notProven && judgement.reasons.map(\.code) == [.noMapSync])
        #expect(Self.devdax(Self.mapping(dax: nil)).verdict == .proven)
        #expect(Self.devdax(Self.mapping(sync: false)).verdict == .provenWithoutSync)
        #expect(Self.devdax(Self.mapping(sync: false, dax: nil)).verdict == .notDax)
    }

    @Test(arguments: [(UInt64(1) << 32) - 1, 1 << 32 + UInt64(64) << 20, 0])
    func memoryOutsideTheNamespaceProvesNothing(address: UInt64) {
        let judgement = Self.devdax(Self.mapping(at: address))
        #expect(judgement.verdict == .notProven && judgement.reasons.map(\.code) == [.foreignMemory])
        #expect(Self.devdax(Self.mapping(at: 1 << 32 + UInt64(63) << 20)).verdict == .proven)
    }

    @Test(arguments: ProofReason.Code.allCases)
    func whatFailedIsNeverCalledProven(code: ProofReason.Code) {
        let reason = ProofReason(code, "words")
        for judgement in [
            Self.devdax(.failed(reason)), Self.fsdax(.failed(reason)),
            Self.fsdax(.failed(reason), Self.mapping()),
            Self.judged(Self.namespace(.raw), ProofMeasurement(failure: reason)),
        ] {
            #expect(judgement.verdict == .notProven && !judgement.passes, "\(judgement)")
            #expect(judgement.reasons == [reason] && judgement.flush == nil && judgement.mapping == nil)
        }
        #expect(Self.devdax(nil).verdict == .notProven)
    }

    @Test func aDisabledNamespaceIsNotProvenInWhicheverMode() {
        for mode in NamespaceMode.allCases {
            var namespace = Self.namespace(mode)
            namespace.isActive = false
            let judgement = Self.judged(namespace, ProofMeasurement())
            #expect(judgement.verdict == .notProven && !judgement.passes)
            #expect(judgement.reasons.map(\.code) == [.disabled])
        }
    }

    @Test(arguments: [NamespaceMode.sector, .raw])
    func blockModesAreNeverDaxAndThatIsAsItShouldBe(mode: NamespaceMode) {
        var measurement = ProofMeasurement()
        for queue in [nil, false] as [Bool?] {
            measurement.queueSupportsDax = queue
            let judgement = Self.judged(Self.namespace(mode), measurement)
            #expect(judgement.verdict == .notDax && judgement.passes)
        }
        measurement.queueSupportsDax = true
        #expect(Self.judged(Self.namespace(mode), measurement).verdict == .notProven)
    }

    @Test func aNamespaceThatRunsRawThoughItsLabelRecordsAModeIsNotAsItShouldBe() {
        var namespace = Self.namespace(.raw)
        namespace.recordedMode = .fsdax
        let judgement = Self.judged(namespace, ProofMeasurement())
        #expect(judgement.verdict == .notDax && !judgement.passes)
        #expect(judgement.reasons.map(\.code) == [.mode, .infoBlock])
    }

    // Devices that are no devices

    @Test(arguments: [(4, 4, true), (2, 4, false), (0, 4, false), (0, 0, false)])
    func memoryIsWhatItIsForWhereAllOfItIsOnline(online: Int, total: Int, passes: Bool) {
        var namespace = Self.namespace(.devdax)
        namespace.daxDevice = DaxDevice(
            .systemRAM, driver: "kmem", memory: .init(online: online, total: total, isMovable: true))
        let device = DaxRegion.Device(
            name: "dax0.0", size: .mib(62), targetNode: 2,
            memoryBlocks: [.init(numbers: 4..<5, state: "online", zone: "Movable")])
        let judgement = Self.judged(namespace, ProofMeasurement(), device: device)
        #expect(judgement.verdict == .systemMemory && judgement.passes == passes)
        let text = judgement.reasons.map(\.message).joined(separator: "; ")
        #expect(
            text.contains("node 2") && text.contains("\(online) of its \(total)") && text.contains("Movable"))
    }

    @Test func memoryOfWhichNothingIsKnownIsNotAsItShouldBe() {
        var namespace = Self.namespace(.devdax)
        namespace.daxDevice = DaxDevice(.systemRAM, driver: "kmem")
        #expect(!Self.judged(namespace, ProofMeasurement()).passes)
    }

    @Test(arguments: [DaxDevice.Mode.disabled, .other])
    func aDeviceWithoutItsDriverIsNotProven(mode: DaxDevice.Mode) {
        var namespace = Self.namespace(.devdax)
        namespace.daxDevice = DaxDevice(mode, driver: mode == .other ? "fsdev_dax" : nil)
        var measurement = ProofMeasurement()
        measurement.device = Self.mapping()
        let judgement = Self.judged(namespace, measurement)
        #expect(judgement.verdict == .notProven && judgement.reasons.map(\.code) == [.driver])
    }

    // File systems

    @Test func aFileSystemDecidesWhetherAnFsdaxNamespaceIsDax() {
        let reason = ProofReason(.full, "full")
        for (found, verdict, codes) in [
            (Self.fsdax(Self.mapping()), ProofVerdict.proven, [ProofReason.Code.mapSync]),
            (Self.fsdax(Self.mapping(sync: false)), .provenWithoutSync, [.noMapSync]),
            (Self.fsdax(Self.pageCache), .notDax, [.pageCache]),
            (Self.fsdax(Self.pageCache, Self.pageCache), .notDax, [.pageCache, .pageCache]),
            (Self.fsdax(Self.pageCache, .failed(reason)), .notProven, [.pageCache, .full]),
            (
                Self.fsdax(Self.pageCache, Self.mapping()), .provenPerFile,
                [.mapSync, .pageCache, .attributeOnly]
            ),
            (Self.fsdax(Self.pageCache, Self.mapping(sync: false)), .provenWithoutSync, [.noMapSync]),
            (Self.fsdax(Self.pageCache, Self.mapping(at: 0)), .notProven, [.foreignMemory]),
            (Self.fsdax(Self.mapping(), queue: false), .notDax, [.queue]),
        ] {
            #expect(found.verdict == verdict && found.reasons.map(\.code) == codes, "\(found)")
            #expect(found.passes == (verdict == .proven))
        }
    }

    @Test func onePlaceThatWasMeasuredIsEnough() {
        let other = FileSystemMeasurement(
            mountPoint: "/there", type: "ext4", daxOption: "always", file: Self.mapping())
        let failed = MappingOutcome.failed(ProofReason(.readOnly, "read-only"))
        #expect(Self.fsdax(failed, and: [other]).verdict == .proven)
        #expect(Self.fsdax(failed).reasons.map(\.code) == [.readOnly])
    }

    @Test func withoutAFileSystemNothingIsProvenAndWhatUsesTheDeviceIsSaid() {
        var measurement = ProofMeasurement()
        measurement.queueSupportsDax = true
        let idle = Self.judged(Self.namespace(.fsdax), measurement)
        #expect(idle.verdict == .notProven && idle.reasons.map(\.code) == [.notMounted])
        measurement.unmeasured = [ProofReason(.partition, "p1"), ProofReason(.stacked, "dm-0")]
        let used = Self.judged(Self.namespace(.fsdax), measurement)
        #expect(used.verdict == .notProven && used.reasons.map(\.code) == [.partition, .stacked])
    }
}
