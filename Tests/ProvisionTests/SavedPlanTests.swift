import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Saved plans: what is written is read back, what is damaged is refused, and what the host has outlived is stale.
@Suite struct SavedPlanTests {
    /// Namespaces of every mode, to be changed later.
    private static let first = """
        version: 1
        regions:
          - match: {region: 0}
            namespaces:
              - {name: wal, mode: fsdax, size: 128 MiB}
              - {name: heap, mode: devdax, size: 64 MiB}
              - {name: other, mode: sector, size: 64 MiB}

        """
    /// A rename, a replacement and a creation.
    private static let second = """
        version: 1
        regions:
          - match: {region: 0}
            namespaces:
              - {name: log, renamed_from: wal, mode: fsdax, size: 128 MiB}
              - {name: heap, mode: devdax, size: 96 MiB}
              - {name: new, mode: raw, size: 64 MiB}

        """

    private static func profile(_ text: String) throws -> Profile {
        try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    private static func host() throws -> SimulatedHost {
        let host = try SimulatedHost(json: TestFiles.text("../../profiles/hosts/one-dimm.json"))
        let application = Application(of: try profile(first), to: host)
        _ = try application.carryOut(application.prepare(), consent: Consent(), recordingIn: nil)
        return host
    }

    private static func saved(_ host: SimulatedHost, limit: ByteCount = .mib(64)) throws -> SavedPlan {
        let profile = try profile(second)
        let application = Application(of: profile, to: host, backupLimit: limit)
        return SavedPlan(try application.prepare(), of: profile, text: second, backupLimit: limit)
    }

    private func read(_ text: String) throws -> SavedPlan { try SavedPlan.read(Array(text.utf8)) }

    @Test func whatIsWrittenIsReadBack() throws {
        let saved = try Self.saved(Self.host())
        #expect(saved.basis.changes.count == 3)
        #expect(
            Set(saved.basis.objects.map(\.kind))
                == Set(ObjectFingerprint.Kind.allCases).subtracting([.daxRegion, .daxDevice]))
        #expect(saved.basis.objects.filter { $0.kind == .namespace }.count == 2, "not the untouched one")
        let again = try read(saved.text)
        #expect(again == saved)
        #expect(again.text == saved.text)
        #expect(again.profileText == Self.second)
        #expect(again.backupLimit == .mib(64))
    }

    @Test func anEmptyPlanIsSavedAndApplied() throws {
        let host = try Self.host()
        let profile = try Self.profile(Self.first)
        let application = Application(of: profile, to: host)
        let prepared = try application.prepare()
        let saved = try read(
            SavedPlan(prepared, of: profile, text: Self.first, backupLimit: .gib(1)).text)
        let later = Application(of: saved, to: host)
        let ending = try later.carryOut(later.prepare(), consent: Consent(), recordingIn: nil)
        guard case .unchanged = ending else {
            Issue.record("\(ending)")
            return
        }
    }

    @Test func aPlanThatHoldsIsApplied() throws {
        let host = try Self.host()
        let application = Application(of: try read(Self.saved(host).text), to: host)
        let prepared = try application.prepare()
        #expect(prepared.differences.isEmpty)
        let refused = try application.carryOut(prepared, consent: Consent(), recordingIn: nil)
        guard case .refused(let refusals) = refused else {
            Issue.record("a saved plan is no consent: \(refused)")
            return
        }
        #expect(refusals.map(\.code) == [.consentMissing])
        let ending = try application.carryOut(
            application.prepare(), consent: Consent(allowDestroy: ["heap"]), recordingIn: nil)
        guard case .applied = ending else {
            Issue.record("\(ending)")
            return
        }
    }

    /// Kernel names change at a boot; what the plan means does not.
    @Test func aRebootDoesNotMakeAPlanStale() throws {
        let names = ["a", "b", "c", "d"]
        func text(_ fields: (String) -> String) -> String {
            let items = names.map { "      - {\(fields($0)), mode: raw, size: 1536 MiB}\n" }.joined()
            return "version: 1\nregions:\n  - match: {region: 0}\n    namespaces:\n\(items)"
        }
        let host = try SimulatedHost(json: TestFiles.text("../../profiles/hosts/one-dimm.json"))
        let first = Application(of: try Self.profile(text { "name: \($0)" }), to: host)
        _ = try first.carryOut(first.prepare(), consent: Consent(), recordingIn: nil)
        let renamed = text { "name: new-\($0), renamed_from: \($0)" }
        let profile = try Self.profile(renamed)
        let saved = SavedPlan(
            try Application(of: profile, to: host).prepare(), of: profile, text: renamed,
            backupLimit: Planner.defaultBackupLimit)
        func devices() throws -> [String: String] {
            Dictionary(
                uniqueKeysWithValues: try host.observe().regions[0].namespaces.map {
                    ($0.displayName, $0.device)
                })
        }
        let before = try devices()
        try host.reboot()
        #expect(try devices() != before)
        let later = Application(of: saved, to: host)
        let ending = try later.carryOut(later.prepare(), consent: Consent(), recordingIn: nil)
        guard case .applied = ending else {
            Issue.record("\(ending)")
            return
        }
        #expect(try devices().keys.sorted() == names.map { "new-\($0)" })
    }

    /// Two DIMMs with a region each. What is declared for the second goes by its DIMM.
    private static let pair = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "4 GiB", "label_size": "128 KiB"},
            {"id": "b", "size": "4 GiB", "label_size": "128 KiB"}],
          "regions": [{"dimms": ["a"]}, {"dimms": ["b"]}]}]}}
        """

    private static func pairProfile(_ namespaces: String, match: String = "dimms: [b]") -> String {
        "version: 1\nregions:\n  - match: {\(match)}\n    namespaces:\n\(namespaces)"
    }

    private static func applied(_ text: String, to host: SimulatedHost) throws {
        let first = Application(of: try profile(text), to: host)
        let ending = try first.carryOut(first.prepare(), consent: Consent(), recordingIn: nil)
        guard case .applied = ending else {
            Issue.record("\(ending)")
            return
        }
    }

    private static func savedForPair(_ text: String, on host: SimulatedHost) throws -> SavedPlan {
        let profile = try profile(text)
        let limit = Planner.defaultBackupLimit
        return SavedPlan(
            try Application(of: profile, to: host).prepare(), of: profile, text: text, backupLimit: limit)
    }

    /// A boot gives regions and DIMMs other numbers. A plan means the region on its DIMMs, whatever lies in the region that has its
    /// number now, and says addresses as they are now.
    @Test func aPlanMeansItsRegionByTheDIMMsAfterABootThatRenumbersIt() throws {
        let wal = "      - {name: wal, mode: fsdax, size: 128 MiB}\n"
        let host = try SimulatedHost(json: Self.pair)
        let theirs = "      - {name: theirs, mode: fsdax, size: 128 MiB}\n"
        try Self.applied(Self.pairProfile(theirs, match: "dimms: [a]"), to: host)
        try Self.applied(Self.pairProfile(wal), to: host)
        let wanted = """
                  - {name: wal, mode: devdax, size: 128 MiB}
                  - {name: new, mode: raw, size: 64 MiB}

            """
        let saved = try Self.savedForPair(Self.pairProfile(wanted), on: host)
        #expect(saved.basis.changes.map(\.address) == ["region1/wal", "region1/new"])
        let first = try #require(try host.observe().regions.first)

        host.state.renumber(region: 0)
        try host.reboot()
        let later = Application(of: try read(saved.text), to: host)
        let prepared = try later.prepare()
        #expect(prepared.differences == [])
        let ending = try later.carryOut(
            prepared, consent: Consent(allowDestroy: ["region0/wal"]), recordingIn: nil)
        guard case .applied = ending else {
            Issue.record("\(ending)")
            return
        }
        let now = try host.observe().regions
        #expect(now.map { $0.namespaces.map(\.displayName).sorted() } == [["new", "wal"], ["theirs"]])
        #expect(now[1].namespaces.map(\.labelUUID) == first.namespaces.map(\.labelUUID))
    }

    /// A profile that goes by the number means another region after such a boot: what was reviewed is not what would be done.
    @Test func aPlanForANumberIsStaleWhenAnotherRegionHasIt() throws {
        let host = try SimulatedHost(json: Self.pair)
        let wal = "      - {name: wal, mode: fsdax, size: 128 MiB}\n"
        let saved = try Self.savedForPair(Self.pairProfile(wal, match: "region: 0"), on: host)
        host.state.renumber(region: 0)
        try host.reboot()
        let differences = try Application(of: try read(saved.text), to: host).prepare().differences
        #expect(
            Set(differences.map(\.address)).isSuperset(of: ["region0", "region1/wal"]), "\(differences)")
    }

    /// The DIMM was taken out, and another lies in its place: its region has the number and the address that were meant.
    @Test func aPlanForADIMMThatIsGoneIsStale() throws {
        let host = try SimulatedHost(json: Self.pair)
        let wal = "      - {name: wal, mode: fsdax, size: 128 MiB}\n"
        let saved = try Self.savedForPair(Self.pairProfile(wal, match: "region: 1"), on: host)
        host.state.buses[0].dimms[1].id = "c"
        let differences = try Application(of: try read(saved.text), to: host).prepare().differences
        #expect(differences.contains { $0.message == "the dimm is gone" }, "\(differences)")
    }

    /// One namespace spans a region without labels, and has no name but the kernel's, with the region's number in it.
    @Test func aPlanForARegionWithoutLabelsMeansItByItsAddress() throws {
        let host = try SimulatedHost(
            json: """
                {"format_version": 1, "simulated_host": {"buses": [{
                  "provider": "e820", "regions": [{"size": "1 GiB"}, {"size": "2 GiB"}]}]}}
                """)
        let text = Self.pairProfile("      - {mode: devdax}\n", match: "min_size: 2 GiB")
        let saved = try Self.savedForPair(text, on: host)
        #expect(saved.basis.objects.contains { $0.kind == .namespace && $0.identity == "namespace1.0" })
        host.state.renumber(region: 0)
        #expect(try Application(of: try read(saved.text), to: host).prepare().differences == [])
    }

    /// Each way in which the host can have changed, as a change of the observation, and a word of what is said of it.
    private static let changes: [(String, @Sendable (inout Observed) -> Void, String)] = [
        ("gone", { $0.touch { $0.namespaces.removeAll { $0.name == "heap" } } }, "the namespace is gone"),
        (
            "recreated",
            {
                $0.touch {
                    $0.change("heap") { $0.labelUUID = UUID(bytes: [UInt8](repeating: 7, count: 16)) }
                }
            },
            "the namespace is gone"
        ),
        (
            "renamed", { $0.touch { $0.change("heap") { $0.name = "pile" } } },
            "its name was heap, and is pile"
        ),
        (
            "larger", { $0.touch { $0.change("heap") { $0.rawSize += .mib(16) } } },
            "its raw_size was 64 MiB, and is 80 MiB"
        ),
        ("moved", { $0.touch { $0.change("heap") { $0.resource? += 1 << 30 } } }, "its resource was 0x"),
        (
            "disabled", { $0.touch { $0.change("heap") { $0.isActive = false } } },
            "its state was active, and is disabled"
        ),
        ("mode", { $0.touch { $0.change("heap") { $0.mode = .raw } } }, "its mode was devdax, and is raw"),
        ("map", { $0.touch { $0.change("heap") { $0.map = .mem } } }, "its map was dev, and is mem"),
        (
            "align", { $0.touch { $0.change("heap") { $0.align = .gib(1) } } },
            "its align was 2 MiB, and is 1 GiB"
        ),
        ("info block", { $0.touch { $0.change("heap") { $0.infoBlockUUID = nil } } }, "its uuid was "),
        (
            "neighbour", { $0.touch { $0.change("other") { $0.rawSize += .mib(16) } } },
            "no longer allocated: 64 MiB at "
        ),
        ("read-only", { $0.touch { $0.isReadOnly = true } }, "its read_only was false, and is true"),
        ("disabled region", { $0.touch { $0.isEnabled = false } }, "its state was enabled, and is disabled"),
        ("region align", { $0.touch { $0.align = .mib(32) } }, "its align was "),
        (
            "label slots", { $0.buses[0].dimms[0].labelArea?.availableSlots = 3 }, "its available_slots was "
        ),
        (
            "DIMM flags", { $0.buses[0].dimms[0].flags = [.failedSave] },
            "its flags was none, and is failed_save"
        ),
        ("DIMM gone", { $0.buses[0].dimms.removeFirst() }, "the dimm is gone"),
    ]

    @Test(arguments: changes.indices)
    func whatChangedIsSaid(index: Int) throws {
        let (name, change, words) = Self.changes[index]
        let host = try Self.host()
        let saved = try Self.saved(host)
        var observed = try host.observe()
        change(&observed)
        let plan = Planner.plan(saved.profile, on: observed, backupLimit: saved.backupLimit)
        let messages = saved.basis.differences(to: plan, on: observed).map(\.message)
        #expect(messages.contains { $0.hasPrefix(words) }, "\(name): \(messages)")
    }

    @Test func whatThePlanDoesNotTouchMayChange() throws {
        let host = try Self.host()
        let saved = try Self.saved(host)
        var observed = try host.observe()
        observed.touch { $0.change("other") { $0.isActive = false } }
        let plan = Planner.plan(saved.profile, on: observed, backupLimit: saved.backupLimit)
        #expect(saved.basis.differences(to: plan, on: observed) == [])
    }

    @Test func aStalePlanTouchesNothing() throws {
        let host = try Self.host()
        let saved = try Self.saved(host)
        let foreign = Application(
            of: try Self.profile(Self.first.replacing("other, mode: sector", with: "other, mode: raw")),
            to: host)
        _ = try foreign.carryOut(
            foreign.prepare(), consent: Consent(allowDestroy: ["other"]), recordingIn: nil)
        let more = Application(
            of: try Self.profile(Self.first + "      - {name: more, mode: raw, size: 64 MiB}\n"), to: host)
        _ = try more.carryOut(more.prepare(), consent: Consent(allowDestroy: ["other"]), recordingIn: nil)
        let before = host.json
        let scratch = try ScratchDirectory()
        let application = Application(of: saved, to: host)
        let ending = try application.carryOut(
            application.prepare(), consent: Consent(allowDestroy: ["heap"]), recordingIn: scratch.store)
        guard case .stale(let differences) = ending else {
            Issue.record("\(ending)")
            return
        }
        #expect(differences.contains { $0.message.contains("allocated since: 64 MiB at ") })
        #expect(host.json == before)
        #expect(try scratch.store.names().isEmpty)
    }

    /// Whatever a file claims, the derived plan decides.
    @Test(arguments: [
        ("\"data_loss\": true,\n      \"consent\": \"heap\"", "\"data_loss\": false"),
        ("\"kind\": \"replace\"", "\"kind\": \"create\""),
        ("\"raw_size\": 100663296", "\"raw_size\": 33554432"),
        ("\"action\": \"destroy\"", "\"action\": \"enable\""),
        ("{name: heap, mode: devdax, size: 96 MiB}", "{name: heap, mode: fsdax, size: 96 MiB}"),
        ("\"allocated\": \"", "\"allocated\": \"1 MiB at 0x0,"),
        ("\"name\": \"heap\"", "\"name\": \"wal\""),
    ])
    func aFileThatWasChangedIsStale(original: String, forged: String) throws {
        let host = try Self.host()
        let text = try Self.saved(host).text
        try #require(text.contains(original), "\(original)")
        let saved = try read(text.replacing(original, with: forged, maxReplacements: 1))
        #expect(try Application(of: saved, to: host).prepare().differences != [])
    }

    @Test(arguments: [
        ("\"format_version\": 1", "\"format_version\": 2", "2 is not supported"),
        ("\"document\": \"saved_plan\"", "\"document\": \"plan\"", "another document"),
        ("\"profile_text\"", "\"profile_test\"", "profile_text: is missing"),
        ("\"profile\": \"test.yaml\"", "\"profile\": \"a\\u001b[2Jb\"", "does not print"),
        ("\"kind\": \"dimm\"", "\"kind\": \"disk\"", "objects[0].kind: 'disk' is none of"),
        ("\"data_loss\": true", "\"data_loss\": false", "contradicts"),
        ("\"raw_size\": 100663296", "\"raw_size\": 18446744073709551615", "more than 1 PiB"),
        ("\"reversibility\": \"", "\"reversibility\": \"x", "is none of lossless"),
        ("\"facts\": {", "\"facts\": [{", ""),
        ("\"objects\": [", "\"objects\": [[[[", ""),
    ])
    func aMalformedFileIsRefused(original: String, forged: String, reason: String) throws {
        let text = try Self.saved(Self.host()).text
        try #require(text.contains(original), "\(original)")
        let error = #expect(throws: SavedPlanError.self) {
            try read(text.replacing(original, with: forged, maxReplacements: 1))
        }
        #expect(error?.description.contains(reason) == true || reason.isEmpty, "\(error as Any)")
    }

    @Test func aWrongProfileInsideIsRefused() throws {
        let text = try Self.saved(Self.host()).text.replacing("mode: raw", with: "mode: rau")
        let error = #expect(throws: SavedPlanError.self) { try read(text) }
        guard case .profile(let diagnostics)? = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(diagnostics.first?.source == "test.yaml")
    }

    @Test func noPrefixOfAFileIsReadAndEachIsKnownForAPlan() throws {
        let bytes = Array(try Self.saved(Self.host()).text.utf8)
        for length in stride(from: 24, to: bytes.count - 2, by: 97) {
            let part = Array(bytes[..<length])
            #expect(OwnDocument.isOne(part), "\(length)")
            #expect(throws: SavedPlanError.self, "\(length)") { try SavedPlan.read(part) }
        }
    }

    @Test func theContentTellsAPlanFromAProfile() throws {
        func isDocument(_ text: String) -> Bool { OwnDocument.isOne(Array(text.utf8)) }
        #expect(!isDocument(Self.first))
        #expect(!isDocument("{\"version\": 1, \"regions\": []}"), "YAML can look like JSON")
        #expect(!isDocument(""))
        #expect(isDocument("  {\n \"format_version\": 1, oops"))
        #expect(isDocument("{\"a\": 1, \"format_version\": 1}"), "in another order")
    }

    @Test func whatIsTooLargeIsRefused() throws {
        let large =
            Array("{\"format_version\": 1, \"x\": \"".utf8) + [UInt8](repeating: 0x61, count: 16 << 20)
        #expect(throws: SavedPlanError.self) { try SavedPlan.read(large + Array("\"}".utf8)) }
        let many = "{\"format_version\": 1, \"x\": [" + String(repeating: "[],", count: 300_000) + "[]]}"
        let error = #expect(throws: SavedPlanError.self) { try read(many) }
        #expect(error?.description == "it has too many values")
        let deep =
            "{\"format_version\": 1, \"x\": " + String(repeating: "[", count: 80)
            + String(repeating: "]", count: 80) + "}"
        #expect(throws: SavedPlanError.self) { try read(deep) }
    }
}

extension Observed {
    fileprivate mutating func touch(_ body: (inout Region) -> Void) { body(&buses[0].regions[0]) }
}

extension Region {
    fileprivate mutating func change(_ name: String, _ body: (inout Namespace) -> Void) {
        for index in namespaces.indices where namespaces[index].name == name { body(&namespaces[index]) }
    }
}
