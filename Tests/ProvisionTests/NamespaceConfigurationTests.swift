import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What a namespace is configured as: every attribute counts wherever configurations are compared, described, written or
/// read, and a missing value counts for what it does there.
@Suite struct NamespaceConfigurationTests {
    typealias Attribute = NamespaceConfiguration.Attribute

    private static let whole = NamespaceConfiguration(
        name: "wal", mode: .devdax, rawSize: .gib(1), map: .dev, align: .mib(2), sectorSize: 4096)

    /// The configuration with another value of an attribute.
    private static func changed(_ attribute: Attribute) -> NamespaceConfiguration {
        var changed = whole
        switch attribute {
        case .name: changed.name = "log"
        case .mode: changed.mode = .fsdax
        case .rawSize: changed.rawSize = .gib(2)
        case .map: changed.map = .mem
        case .align: changed.align = .kib(4)
        case .sectorSize: changed.sectorSize = 512
        }
        return changed
    }

    /// The configuration without these attributes. All have a size.
    private static func whole(without attributes: [Attribute]) -> NamespaceConfiguration {
        var rest = whole
        for attribute in attributes {
            switch attribute {
            case .name: rest.name = nil
            case .mode: rest.mode = nil
            case .rawSize: break
            case .map: rest.map = nil
            case .align: rest.align = nil
            case .sectorSize: rest.sectorSize = nil
            }
        }
        return rest
    }

    private static let label = UUID("199cb51e-a8af-45c4-b80d-29c26f9dc084") ?? .null
    private static let block = UUID("299cb51e-a8af-45c4-b80d-29c26f9dc084") ?? .null

    private static func namespace(
        _ configuration: NamespaceConfiguration, isActive: Bool = true
    ) -> Namespace {
        var namespace = Namespace(
            device: "namespace0.1", resource: 1 << 32, rawSize: configuration.rawSize, extents: 1,
            isActive: isActive, usableSize: .mib(900), labelUUID: label, infoBlockUUID: block)
        namespace.configuration = configuration
        return namespace
    }

    private static func drift(_ before: Namespace, _ now: Namespace) -> [String] {
        func host(_ namespace: Namespace) -> Observed {
            let region = Region(
                device: "region0", size: .gib(16), resource: 1 << 32, interleaveSetID: 7,
                namespaces: [namespace])
            return Observed(buses: [
                Bus(device: "ndbus0", provider: "ACPI.NFIT", scrubState: nil, dimms: [], regions: [region])
            ])
        }
        return HostDrift(from: host(before), to: host(now)).differences
            .flatMap { $0.changes.map(\.property) }
    }

    /// What reading back says after a creation with this layout.
    private static func readBack(_ layout: Layout, _ found: NamespaceConfiguration) -> [String] {
        let placement = Placement(region: "region0", layout: layout, resource: 1 << 32, usableSize: .mib(900))
        return ReadBack.differences(
            after: .create(placement), identity: FreshIdentity(labelUUID: label, infoBlock: block),
            found: namespace(found))
    }

    // MARK: - Differences

    @Test(arguments: Attribute.allCases) func eachAttributeCounts(attribute: Attribute) throws {
        let (before, now) = (Self.whole, Self.changed(attribute))
        #expect(before != now)
        let differences = before.differences(to: now)
        #expect(differences.map(\.attribute) == [attribute])
        #expect(differences[0].from == before[attribute] && differences[0].to == now[attribute])
        #expect(before.differences(to: now, in: Attribute.allCases.filter { $0 != attribute }).isEmpty)

        let (old, new) = (Self.namespace(before), Self.namespace(now))
        #expect(old.isSame(as: old) && !old.isSame(as: new))
        let facts = [old, new].map { ObjectFingerprint($0, in: "region0").facts }
        let fact = try #require(ObjectFingerprint.Fact(rawValue: attribute.rawValue))
        #expect(facts[0].filter { facts[1][$0.key] != $0.value }.map(\.key) == [fact])
        #expect(Self.drift(old, new) == [attribute.rawValue])
        #expect(
            NamespaceSummary(old).configuration == before && NamespaceSummary(new) != NamespaceSummary(old))
    }

    @Test func differencesComeInTheOrderThatIsAskedFor() {
        let other = NamespaceConfiguration(rawSize: .gib(2))
        #expect(Self.whole.differences(to: other).map(\.attribute) == Attribute.allCases)
        let some = Self.whole.differences(to: other, in: [.align, .name])
        #expect(some.map(\.attribute) == [.align, .name])
        #expect(some.map { $0.from?.description } == ["2 MiB", "wal"] && some.allSatisfy { $0.to == nil })
    }

    // MARK: - Those that compare

    /// What a layout leaves open can be anything after a step, and what it says cannot be missing.
    @Test func readingBackSkipsWhatTheLayoutLeavesOpen() throws {
        let words: [Attribute: String] = [
            .name: "name is log, planned wal", .mode: "mode is fsdax, planned devdax",
            .rawSize: "size is 2 GiB, planned 1 GiB", .map: "map is mem, planned dev",
            .align: "align is 4 KiB, planned 2 MiB", .sectorSize: "sector size is 512, planned 4096",
        ]
        let layout = try #require(Layout(Self.whole))
        #expect(Self.readBack(layout, Self.whole) == [])
        for attribute in Attribute.allCases {
            #expect(Self.readBack(layout, Self.changed(attribute)) == [words[attribute] ?? ""])
        }
        for attribute in [Attribute.name, .map, .align, .sectorSize] {
            let open = try #require(Layout(Self.whole(without: [attribute])))
            #expect(Self.readBack(open, Self.changed(attribute)) == [])
            #expect(Self.readBack(layout, Self.whole(without: [attribute])).count == 1)
        }
    }

    /// The kernel host wants no page map and no alignment where the layout has none. A sector size that is not asked for is the
    /// kernel's choice.
    @Test func verifyingIsStrictAboutPageMapAndAlignment() throws {
        let words: [Attribute: String] = [
            .name: "its label has another name", .mode: "it came up as fsdax", .rawSize: "its size is 2 GiB",
            .map: "its alignment or page map is not the one asked for",
            .align: "its alignment or page map is not the one asked for",
            .sectorSize: "its sector size is not the one asked for",
        ]
        func mismatch(_ layout: NamespaceConfiguration, _ found: NamespaceConfiguration) throws -> String? {
            Self.namespace(found).mismatch(try #require(Layout(layout)), in: Attribute.allCases)
        }
        #expect(try mismatch(Self.whole, Self.whole) == nil)
        for attribute in Attribute.allCases {
            #expect(try mismatch(Self.whole, Self.changed(attribute)) == words[attribute])
        }
        for attribute in [Attribute.name, .map, .align] {
            #expect(try mismatch(Self.whole(without: [attribute]), Self.whole) == words[attribute])
            #expect(try mismatch(Self.whole, Self.whole(without: [attribute])) == words[attribute])
        }
        #expect(try mismatch(Self.whole, Self.whole(without: [.mode])) == "it came up as nothing")
        #expect(try mismatch(Self.whole(without: [.sectorSize]), Self.whole) == nil)
        #expect(
            try mismatch(Self.whole, Self.whole(without: [.sectorSize]))
                == "its sector size is not the one asked for")
    }

    /// An inactive namespace shows neither page map nor alignment, and a layout may leave them open: neither is a change.
    @Test func decidingNeedsBothSides() throws {
        func reasons(_ existing: NamespaceConfiguration, _ layout: NamespaceConfiguration) throws -> [String]
        {
            LayoutDecision.differences(from: Self.namespace(existing), to: try #require(Layout(layout)))
        }
        let words: [Attribute: [String]] = [
            .name: [], .mode: ["mode fsdax becomes devdax"], .rawSize: [], .map: ["map mem becomes dev"],
            .align: ["align 4 KiB becomes 2 MiB"], .sectorSize: ["sector size 512 B becomes 4096 B"],
        ]
        for attribute in Attribute.allCases {
            #expect(try reasons(Self.changed(attribute), Self.whole) == words[attribute])
        }
        for attribute in [Attribute.name, .map, .align, .sectorSize] {
            #expect(try reasons(Self.whole(without: [attribute]), Self.whole) == [])
            #expect(try reasons(Self.whole, Self.whole(without: [attribute])) == [])
        }
        #expect(
            try reasons(Self.whole(without: [.mode]), Self.whole) == ["mode unknown becomes devdax"])
        var all = Self.whole
        (all.map, all.align, all.sectorSize) = (.mem, .kib(4), 512)
        #expect(
            try reasons(all, Self.whole) == [
                "map mem becomes dev", "align 4 KiB becomes 2 MiB", "sector size 512 B becomes 4096 B",
            ])
    }

    /// Where the driver came or went, what only a driver shows is no difference. The name is in the label.
    @Test func driftHidesWhatOnlyADriverShowsAndNotTheName() {
        let active = Self.namespace(Self.whole)
        for attribute in [Attribute.mode, .map, .align, .sectorSize] {
            let disabled = Self.namespace(Self.whole(without: [attribute]), isActive: false)
            #expect(Self.drift(active, disabled) == ["state"])
            #expect(Self.drift(disabled, active) == ["state"])
            #expect(Self.drift(active, Self.namespace(disabled.configuration)) == [attribute.rawValue])
        }
        let nameless = Self.namespace(Self.whole(without: [.name]), isActive: false)
        #expect(Self.drift(active, nameless) == ["state", "name"])
        for attribute in Attribute.allCases {
            let disabled = Self.namespace(Self.changed(attribute), isActive: false)
            #expect(Self.drift(active, disabled) == ["state", attribute.rawValue])
        }
    }

    @Test func aSavedPlansDifferencesComeInTheOrderOfItsKeys() {
        func planned(_ after: NamespaceSummary) -> PlannedChange {
            PlannedChange(
                Change(
                    address: "region0/wal", kind: .create, after: after, reasons: [],
                    reversibility: .lossless, reversibilityReason: ""), steps: [])
        }
        var now = NamespaceSummary(
            NamespaceConfiguration(rawSize: .gib(2)), usableSize: .gib(2), resource: nil, labelUUID: nil,
            isActive: true)
        let was = NamespaceSummary(
            Self.whole, usableSize: nil, resource: nil, labelUUID: nil, isActive: true)
        #expect(
            planned(was).differences(to: planned(now)).map(\.message) == [
                "its planned after.name was wal, and would be none",
                "its planned after.mode was devdax, and would be none",
                "its planned after.raw_size was 1 GiB, and would be 2 GiB",
                "its planned after.usable_size was none, and would be 2 GiB",
                "its planned after.map was dev, and would be none",
                "its planned after.align was 2 MiB, and would be none",
                "its planned after.sector_size was 4096, and would be none",
            ])
        now.configuration = Self.whole
        now.usableSize = nil
        #expect(planned(was).differences(to: planned(now)).isEmpty)
    }

    // MARK: - Words

    /// Fingerprints of saved documents are made of these texts, to the byte.
    @Test func theFactOfASnapshotHasEveryAttributeThatIsThere() {
        let region = Region(device: "region0", size: .gib(16), resource: 1 << 32)
        func fact(_ configuration: NamespaceConfiguration) -> String {
            HostSnapshot.describe(Self.namespace(configuration), in: region)
        }
        let uuids = "label \(Self.label) info block \(Self.block) active"
        #expect(
            fact(Self.whole)
                == "namespace wal at 0x100000000 of 0x100000000 1 GiB devdax map dev align 2 MiB sector 4096 "
                + uuids)
        #expect(
            fact(Self.whole(without: Attribute.allCases))
                == "namespace without name at 0x100000000 of 0x100000000 1 GiB mode unknown " + uuids)
        for attribute in Attribute.allCases { #expect(fact(Self.changed(attribute)) != fact(Self.whole)) }
    }

    /// A sector size is told of sector mode alone: elsewhere it says nothing that a person would miss.
    @Test func aPlanTellsWhatANamespaceIs() {
        func text(_ configuration: NamespaceConfiguration) -> String {
            var summary = NamespaceSummary(Self.namespace(configuration))
            summary.usableSize = nil
            return PlanText.description(summary)
        }
        #expect(text(Self.whole) == "devdax 1 GiB, map dev, align 2 MiB, at 0x100000000")
        #expect(text(Self.whole(without: Attribute.allCases)) == "mode unknown 1 GiB, at 0x100000000")
        var sectors = Self.whole(without: [.map, .align])
        sectors.mode = .sector
        #expect(text(sectors) == "sector 1 GiB, sectors of 4096 B, at 0x100000000")
    }

    // MARK: - JSON

    /// Every set of attributes is read back from both documents as it was written.
    @Test func whatIsWrittenIsReadBack() throws {
        let optional = Attribute.allCases.filter { $0 != .rawSize }
        for bits in 0..<(1 << optional.count) {
            let configuration = Self.whole(
                without: optional.enumerated().filter { bits & (1 << $0.offset) != 0 }.map(\.element))
            let namespace = Self.namespace(configuration)
            let text = InventoryReport.node(namespace).text(.compact)
            #expect(try InventoryReader.namespace(JSONCursor(JSONValue(parsing: text))) == namespace)
            let summary = NamespaceSummary(namespace)
            let planned = PlanReport.summary(summary).text(.compact)
            #expect(try NamespaceSummary(JSONCursor(JSONValue(parsing: planned))) == summary)
        }
    }

    @Test func eachDocumentKeepsItsOrderOfMembers() {
        var namespace = Self.namespace(Self.whole)
        namespace.recordedMode = .devdax
        #expect(
            InventoryReport.node(namespace).text(.compact)
                == #"{"dev":"namespace0.1","mode":"devdax","configured_mode":"devdax","state":"active","map":"dev","#
                + #""resource":4294967296,"raw_size":1073741824,"size":943718400,"usable_size":943718400,"extents":1,"#
                + #""uuid":"299cb51e-a8af-45c4-b80d-29c26f9dc084","raw_uuid":"199cb51e-a8af-45c4-b80d-29c26f9dc084","#
                + #""sector_size":4096,"align":2097152,"name":"wal"}"#)
        #expect(
            PlanReport.summary(NamespaceSummary(namespace)).text(.compact)
                == #"{"name":"wal","mode":"devdax","raw_size":1073741824,"usable_size":943718400,"map":"dev","#
                + #""align":2097152,"sector_size":4096,"resource":4294967296,"#
                + #""raw_uuid":"199cb51e-a8af-45c4-b80d-29c26f9dc084","state":"active"}"#)
    }

    /// The limits hold in both documents, and an error says where the value stands.
    @Test(arguments: [
        (#""raw_size": 1125899906842625"#, "raw_size"), (#""raw_size": null"#, "raw_size"),
        (#""raw_size": 1, "align": 0"#, "align"), (#""raw_size": 1, "align": 1125899906842625"#, "align"),
        (#""raw_size": 1, "sector_size": -1"#, "sector_size"),
        (#""raw_size": 1, "sector_size": 4294967296"#, "sector_size"),
        (#""raw_size": 1, "mode": "memory""#, "mode"), (#""raw_size": 1, "map": "disk""#, "map"),
        (#""raw_size": 1, "name": 7"#, "name"),
    ])
    func whatIsOutOfRangeIsRefused(members: String, path: String) throws {
        let node = JSONCursor(try JSONValue(parsing: #"{"dev": "namespace0.0", \#(members)}"#))
        for read in [
            { _ = try NamespaceConfiguration(node) }, { _ = try InventoryReader.namespace(node) },
            { _ = try NamespaceSummary(node) },
        ] as [() throws -> Void] {
            let error = #expect(throws: JSONError.self) { try read() }
            #expect(error?.description.contains(path) == true)
        }
    }

    // MARK: - Layouts

    @Test func aLayoutIsMadeOfAConfigurationAndBack() throws {
        let layout = try #require(Layout(Self.whole))
        #expect(layout.configuration == Self.whole)
        #expect(Layout(Self.whole(without: [.mode])) == nil)
        let open = Self.whole(without: [.name, .map, .align, .sectorSize])
        #expect(Layout(open)?.configuration == open)
        // What no layout can have.
        var odd = Self.whole
        (odd.name, odd.align, odd.sectorSize) = ("", ByteCount(4097), 513)
        #expect(Layout(odd)?.configuration == Self.whole(without: [.name, .align, .sectorSize]))
    }

    @Test func layoutsAreFormattedAlikeWhateverNameAndSizeTheyHave() throws {
        let layout = try #require(Layout(Self.whole))
        for attribute in Attribute.allCases {
            let other = try #require(Layout(Self.changed(attribute)))
            let isAlike = attribute == .name || attribute == .rawSize
            #expect(layout.isFormatted(as: other) == isAlike && other.isFormatted(as: layout) == isAlike)
        }
    }

    /// The arithmetic of a layout is that of its parts, for the size that is asked about.
    @Test func theGeometryOfALayoutIsThatOfItsParts() {
        for mode in NamespaceMode.allCases {
            for (map, align, sector) in [(.dev, .huge, SectorSize(512)), (.mem, .page, nil), (nil, nil, nil)]
                as [(MapLocation?, Alignment?, SectorSize?)]
            {
                let layout = Layout(
                    name: nil, mode: mode, map: map, align: align, sectorSize: sector, rawSize: .gib(9))
                for labels in [.v1_1, .v1_2, nil] as [LabelVersion?] {
                    let (size, start) = (ByteCount.mib(256), UInt64(1) << 32 + 4096 * 512)
                    #expect(
                        NamespaceGeometry.usableSize(of: layout, rawSize: size, start: start, labels: labels)
                            == NamespaceGeometry.usableSize(
                                rawSize: size, start: start, mode: mode, map: map, align: align,
                                sectorSize: sector, labels: labels))
                    #expect(
                        NamespaceGeometry.dataOffset(of: layout, rawSize: size, start: start, labels: labels)
                            == NamespaceGeometry.dataOffset(
                                rawSize: size, start: start, mode: mode, map: map, align: align,
                                labels: labels))
                    #expect(
                        NamespaceGeometry.rawSize(
                            of: layout, forUsable: size, unit: .mib(16), start: start, labels: labels)
                            == NamespaceGeometry.rawSize(
                                forUsable: size, unit: .mib(16), start: start, mode: mode, map: map,
                                align: align, sectorSize: sector, labels: labels))
                }
            }
        }
    }
}
