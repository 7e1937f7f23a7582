import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Where media errors lie, and what clearing them comes to.
@Suite struct MediaErrorTests {
    private static let start: UInt64 = 0x1_0000_0000

    private static func namespace(
        _ name: String, at mebibytes: UInt64, _ mode: NamespaceMode, map: MapLocation? = nil,
        isActive: Bool = true
    ) -> Namespace {
        let number = mebibytes / 64
        return Namespace(
            device: "namespace0.\(number)", resource: start + mebibytes << 20, rawSize: .mib(64), extents: 1,
            mode: mode, recordedMode: mode == .raw ? nil : mode, isActive: isActive,
            usableSize: isActive ? (mode.isDirectAccess ? .mib(62) : .mib(64)) : nil, map: map,
            align: mode.isDirectAccess ? .mib(2) : nil, name: name,
            labelUUID: UUID("00000000-0000-4000-8000-00000000000\(number)"),
            blockDevice: mode == .devdax ? nil : "pmem0.\(number)",
            characterDevice: mode == .devdax ? "dax0.\(number)" : nil)
    }

    private static let namespaces = [
        namespace("bulk", at: 0, .raw), namespace("files", at: 64, .fsdax, map: .dev),
        namespace("heap", at: 128, .devdax, map: .dev), namespace("log", at: 192, .sector),
        namespace("memory", at: 256, .fsdax, map: .mem),
    ]

    private static func host(_ sectors: [(UInt64, UInt32)], scrub: ScrubState? = .idle) -> Observed {
        let region = Region(
            device: "region0", size: .gib(1), resource: start,
            badBlocks: sectors.map { BadBlocks(offset: $0.0, length: $0.1, dimms: ["nmem1"]) },
            namespaces: namespaces)
        return Observed(buses: [
            Bus(device: "ndbus0", provider: "test", scrubState: scrub, dimms: [], regions: [region])
        ])
    }

    private static func sector(_ mebibytes: UInt64, _ offset: UInt64 = 0) -> UInt64 {
        mebibytes * 2048 + offset
    }

    private static func parts(_ host: Observed) -> [String] {
        MediaErrorSurvey(of: host).errors.map {
            "\($0.namespace?.displayName ?? "-") \($0.part.rawValue) \($0.range.offset.bytes / 512)+\($0.range.length.bytes / 512)"
        }
    }

    @Test func anErrorIsCutAlongThePartsOfNamespaces() {
        let host = Self.host([
            (Self.sector(64) - 1, 2), (Self.sector(64, 15), 2), (Self.sector(66) - 1, 2),
            (Self.sector(128, 8), 1), (Self.sector(192, 8), 9), (Self.sector(256) - 1, 1),
            (Self.sector(256, 16), 1), (Self.sector(320), 4),
        ])
        #expect(
            Self.parts(host) == [
                "bulk data 131071+1", "files info_block 131072+1", "files info_block 131087+1",
                "files page_map 131088+1", "files page_map 135167+1", "files data 135168+1",
                "heap info_block 262152+1", "log info_block 393224+8", "log data 393232+1",
                "log translation_table 524287+1", "memory unused 524304+1", "- free 655360+4",
            ])
        let survey = MediaErrorSurvey(of: host)
        #expect(survey.errors.first?.address == Self.start + 131_071 * 512)
        #expect(survey.errors.allSatisfy { $0.dimms == ["nmem1"] })
        #expect(
            survey.errors.filter { $0.part == .data }.map { $0.dataOffset } == [
                .mib(64) - ByteCount(512), .zero, nil,
            ])
        #expect(survey.gaps.isEmpty)
    }

    @Test func whatNobodyLooksForIsNotNone() {
        #expect(MediaErrorSurvey(of: Self.host([], scrub: nil)).gaps.map(\.reason) == [.noScrub])
        var host = Self.host([])
        host.buses[0].regions[0].isEnabled = false
        #expect(MediaErrorSurvey(of: host).gaps.map(\.reason) == [.regionDisabled])
        var hidden = Self.host([(5, 1)])
        hidden.buses[0].regions[0].resource = nil
        #expect(MediaErrorSurvey(of: hidden).gaps.map(\.reason) == [.addressesUnknown])
        #expect(MediaErrorSurvey(of: hidden).errors.map(\.part) == [.unknown])
    }

    @Test func whatOnlyABlockDeviceListsIsListed() {
        var lists = MediaErrorLists()
        lists.blockDevices["namespace0.1"] = [BadBlocks(offset: 0, length: 2)]
        let survey = MediaErrorSurvey(of: Self.host([(Self.sector(66), 1)]), lists: lists)
        #expect(survey.errors.map { $0.range.offset.bytes / 512 } == [Self.sector(66), Self.sector(66, 1)])
        #expect(survey.errors.map(\.lists) == [[.region, .blockDevice], [.blockDevice]])
    }

    /// drivers/nvdimm/pfn_devs.c, `nd_pfn_clear_memmap_errors`: the region's sectors 16 to dataoff, for any namespace but the first.
    @Test(arguments: [
        (UInt64(15), false), (16, true), (64, true), (4095, true), (4096, false),
    ])
    func anErrorAtTheStartOfARegionBlocksOthers(sector: UInt64, isBlocking: Bool) {
        let survey = MediaErrorSurvey(of: Self.host([(sector, 1)]))
        #expect(survey.errors.map(\.blocks) == [isBlocking ? ["files", "heap"] : []])
    }

    private static func clearance(
        _ name: String?, _ range: Range<UInt64>? = nil, on host: Observed, unit: ByteCount? = ByteCount(512)
    ) throws -> MediaErrorClearance {
        try MediaErrorClearance(
            MediaErrorClearance.Request(namespace: name, range: range), of: MediaErrorSurvey(of: host),
            on: host
        ) { _, _ in unit }
    }

    /// What keeps a step from being taken names the namespace whose error it is, and none whose place is not known.
    @Test func theCommandThatClearsNamesTheNamespaceOfTheError() throws {
        var host = Self.host([(Self.sector(64, 8), 1)])
        host.buses[0].regions[0].namespaces[0].resource = nil
        let region = host.buses[0].regions[0]
        let target = NamespaceTarget(region.namespaces[1], region: "region0")
        let layout = Layout(name: nil, mode: .fsdax, map: .dev, align: .huge, rawSize: .mib(64))
        let refusal = MediaErrorObstacles(region: region).refusal(
            .reconfigure(target, layout), "region0/files")
        #expect(refusal?.advice?.contains("daxprov errors clear files --range") == true, "\(refusal as Any)")
    }

    @Test func rangesAreRoundedOutwardAndMerged() throws {
        let host = Self.host([(10, 1), (13, 1), (100, 2)])
        let found = try Self.clearance("bulk", on: host, unit: ByteCount(2048))
        #expect(found.ranges.map { [$0.offset.bytes / 512, $0.length.bytes / 512] } == [[8, 8], [100, 4]])
        #expect(found.refusals.isEmpty && found.loss?.address == "region0/bulk")
        let one = try Self.clearance("bulk", Self.start + 6656..<Self.start + 6657, on: host)
        #expect(one.ranges.map { [$0.offset.bytes / 512, $0.length.bytes / 512] } == [[13, 1]])
        #expect(try Self.clearance("files", on: host).ranges.isEmpty)
    }

    @Test func whatMustNotBeClearedIsRefused() throws {
        func codes(_ found: MediaErrorClearance) -> [Refusal.Code] { found.refusals.map(\.code) }
        let files = Self.host([(Self.sector(64, 20), 1), (Self.sector(70), 1)])
        #expect(codes(try Self.clearance("files", on: files)) == [.mediaErrors])
        let data = Self.start + Self.sector(70) * 512
        #expect(codes(try Self.clearance("files", data..<data + 512, on: files)) == [])
        #expect(codes(try Self.clearance("bulk", on: Self.host([(5, 1)], scrub: .active))) == [.scrubRunning])
        #expect(codes(try Self.clearance("bulk", on: Self.host([(5, 1)]), unit: nil)) == [.clearImpossible])
        let free = Self.host([(Self.sector(320), 1)])
        let place = Self.start + Self.sector(320) * 512
        #expect(codes(try Self.clearance(nil, place..<place + 512, on: free)) == [])
        #expect(try Self.clearance(nil, place..<place + 512, on: free).loss?.address == "region0")
        // Rounding must not reach into a namespace.
        #expect(
            codes(try Self.clearance(nil, place..<place + 512, on: free, unit: .mib(512))) == [
                .clearImpossible
            ])
        #expect(codes(try Self.clearance(nil, data..<data + 512, on: files)) == [.clearImpossible])
        #expect(throws: MediaErrorClearance.Unknown.self) { try Self.clearance("region0", on: files) }
        #expect(throws: MediaErrorClearance.Unknown.self) { try Self.clearance("none", on: files) }
        // A region whose place is not told is not taken for the one at an address.
        var two = free
        two.buses[0].regions.insert(Region(device: "region7", size: .gib(1), resource: nil), at: 0)
        #expect(try Self.clearance(nil, place..<place + 512, on: two).region == "region0")
    }

    @Test func sectorModeIsClearedAsAWholeAndNotWithAnErrorInItsTable() throws {
        func codes(_ found: MediaErrorClearance) -> [Refusal.Code] { found.refusals.map(\.code) }
        let data = Self.host([(Self.sector(200), 1), (Self.sector(210), 2)])
        let both = try Self.clearance("log", on: data)
        #expect(codes(both) == [] && both.ranges.count == 2)
        #expect(both.loss?.consequence.contains("every sector that cannot be read") == true)
        func range(_ start: UInt64, _ end: UInt64) -> Range<UInt64> {
            Self.start + start * 512..<Self.start + end * 512
        }
        let one = range(Self.sector(200), Self.sector(200, 1))
        #expect(codes(try Self.clearance("log", one, on: data)) == [.clearImpossible])
        let all = range(Self.sector(192, 8), Self.sector(220))
        #expect(codes(try Self.clearance("log", all, on: data)) == [])
        let block = Self.host([(Self.sector(200), 1), (Self.sector(192, 7), 1)])
        #expect(codes(try Self.clearance("log", on: block)) == [.mediaErrors])
        #expect(codes(try Self.clearance("log", one, on: block)) == [])
        // The last sectors hold the map, the log and the copy of the info block.
        let table = Self.host([(Self.sector(200), 1), (Self.sector(256) - 9, 1)])
        #expect(codes(try Self.clearance("log", on: table)) == [.mediaErrors])
        #expect(codes(try Self.clearance("log", one, on: table)) == [.mediaErrors])
    }

    /// The BTT would write the lost sectors as zeroes, and fail at the same place again later.
    @Test func sectorModeIsRefusedWhereNothingClears() throws {
        let host = Self.host([(Self.sector(200), 1)])
        let found = try Self.clearance("log", on: host, unit: nil)
        #expect(found.refusals.map(\.code) == [.clearImpossible] && found.ranges.isEmpty)
        #expect(try Self.clearance("log", on: host).refusals.isEmpty)
    }

    /// Which sectors were written over before the program died is not in the journal: recovery says so, for sector mode alone.
    @Test func recoveryTellsThatSectorsMayBeLostWhereASectorModeClearingDied() throws {
        func log(_ device: String, _ records: [JournalRecord]) throws -> TransactionLog {
            var header = JournalHeader(
                id: "000001-20261129T120000Z", time: 0, toolVersion: "0", source: "",
                before: Self.host([(Self.sector(200), 1)]),
                steps: (0..<2).map { number in
                    JournalStep(
                        kind: .clearErrors, region: "region0", device: device, phrase: "clear",
                        reversibility: .irreversible, reversibilityReason: "",
                        errors: Extent(offset: ByteCount(512 * UInt64(number)), length: ByteCount(512)))
                })
            header.clearsErrors = true
            return try #require(TransactionLog([.begin(header)] + records))
        }
        let begun = JournalRecord.intent(step: 0, .none)
        #expect(try log("namespace0.3", [begun]).sectorsLost.count == 1)
        #expect(try log("namespace0.3", [begun, .done(step: 0)]).sectorsLost.count == 1)
        #expect(try log("namespace0.3", []).sectorsLost.isEmpty)
        #expect(
            try log("namespace0.3", [begun, .done(step: 0), .intent(step: 1, .none), .done(step: 1)])
                .sectorsLost
                .isEmpty)
        #expect(try log("namespace0.0", [begun]).sectorsLost.isEmpty)
    }

    @Test func aListAsLongAsAPageMayBeCut() {
        #expect(!SysfsText.isCut("10 1\n20 2"))
        #expect(SysfsText.isCut(String(repeating: "1000000 8\n", count: 408)))
    }

    @Test func aTransactionThatClearedErrorsIsNoApplicationAndNotUndone() throws {
        var header = JournalHeader(
            id: "000001-20261129T120000Z", time: 0, toolVersion: "0", source: "",
            before: Self.host([(10, 1)]),
            steps: [
                JournalStep(
                    kind: .clearErrors, region: "region0", device: "namespace0.0", phrase: "clear",
                    reversibility: .irreversible, reversibilityReason: "",
                    errors: Extent(offset: ByteCount(5120), length: ByteCount(512)))
            ])
        header.clearsErrors = true
        let text = JournalRecord.begin(header).json(sequence: 0)
        guard case .begin(let read) = try JournalRecord(JSONCursor(JSONValue(parsing: Array(text.utf8))))
        else {
            Issue.record("it is no beginning")
            return
        }
        #expect(read.clearsErrors && read.steps == header.steps)
        let log = try #require(
            TransactionLog([.begin(header), .done(step: 0), .end(.committed, after: Self.host([]))]))
        #expect(!log.summary.isApplication)
        let review = RollbackReview(of: log, on: Self.host([]), later: [], consent: Consent())
        #expect(review.refusals.map(\.code) == [.nothingToUndo])
        let open = try #require(TransactionLog([.begin(header), .intent(step: 0, .none)]))
        #expect(open.errorsLeft(on: Self.host([(10, 1)])) == ["512 B at 5 KiB of region0 is not cleared"])
    }
}
