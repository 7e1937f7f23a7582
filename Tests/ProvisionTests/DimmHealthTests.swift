import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// The health of DIMMs: which numbers of the firmware mean something, what requires it, and that looking at it does not make
/// plans stale.
@Suite struct DimmHealthTests {
    // MARK: Reading

    private static let everything = SmartData(
        valid: .max, health: 0b101, mediaTemperature: 0x8008, controllerTemperature: 400, spares: 3,
        alarms: 0b11,
        lifeUsed: 5, shutdownState: 1, shutdownCount: 43)

    private func health(_ data: SmartData) -> DimmHealth {
        var health = DimmHealth()
        health.take(data)
        return health
    }

    @Test func whatIsValidIsTakenOver() {
        let found = health(Self.everything)
        #expect(found.state == .fatal, "the worst of what is reported")
        #expect(found.mediaTemperature?.description == "-0.5 C")
        #expect(found.controllerTemperature?.celsius == 25)
        #expect(found.spares == 3 && found.lifeUsed == 5)
        #expect(found.alarms == [.spares, .mediaTemperature])
        #expect(found.lastShutdown == .dirty && found.shutdownCount == 43)
    }

    /// Each value depends on its own flag, and on no other.
    @Test(arguments: [
        (SmartData.Valid.health, "state"), (SmartData.Valid.spares, "spares"),
        (SmartData.Valid.lifeUsed, "lifeUsed"), (SmartData.Valid.mediaTemperature, "mediaTemperature"),
        (SmartData.Valid.controllerTemperature, "controllerTemperature"),
        (SmartData.Valid.shutdownCount, "shutdownCount"), (SmartData.Valid.alarms, "alarms"),
        (SmartData.Valid.shutdownState, "lastShutdown"),
    ])
    func aValueWithoutItsFlagIsUnknown(bit: UInt32, name: String) {
        func known(_ health: DimmHealth) -> Set<String> {
            let values: [(String, Bool)] = [
                ("state", health.state != nil), ("spares", health.spares != nil),
                ("lifeUsed", health.lifeUsed != nil), ("mediaTemperature", health.mediaTemperature != nil),
                ("controllerTemperature", health.controllerTemperature != nil),
                ("shutdownCount", health.shutdownCount != nil), ("alarms", health.alarms != nil),
                ("lastShutdown", health.lastShutdown != nil),
            ]
            return Set(values.filter(\.1).map(\.0))
        }
        var alone = Self.everything
        alone.valid = bit
        #expect(known(health(alone)) == [name])
        alone.valid = ~bit
        #expect(known(health(alone)).count == 7 && !known(health(alone)).contains(name))
        alone.valid = 0
        #expect(health(alone) == DimmHealth())
    }

    @Test func numbersWithoutMeaningAreUnknownAndNeverGood() {
        #expect(health(SmartData(valid: 1, health: 0)).state == .ok)
        #expect(health(SmartData(valid: 1, health: 0b1000)).state == nil)
        #expect(health(SmartData(valid: .max, spares: 0xff, lifeUsed: 1000)).spares == nil)
        #expect(health(SmartData(valid: .max, spares: 0xff, lifeUsed: 1000)).lifeUsed == nil)
    }

    @Test func aThresholdWithoutItsAlarmHasNoMeaning() {
        let all = SmartThresholds(enabled: 0b11, mediaTemperature: 640, controllerTemperature: 7, spares: 5)
        let found = DimmHealth.Thresholds(all)
        #expect(found.enabled == [.spares, .mediaTemperature])
        #expect(found.mediaTemperature?.decimal == "40" && found.spares == 5)
        #expect(found.controllerTemperature == nil)
        #expect(DimmHealth.Thresholds(SmartThresholds(enabled: 0, spares: 5)).spares == nil)
    }

    @Test(arguments: [(0, "0"), (1, "0.0625"), (-24, "-1.5"), (1440, "90"), (1442, "90.125")])
    func temperaturesAreExact(sixteenths: Int, text: String) {
        #expect(Temperature(sixteenths: sixteenths).decimal == text)
    }

    // MARK: Listings

    /// What ndctl 76.1 prints for a DIMM of nfit_test (`ndctl list -DHF`).
    @Test func ndctlsListingGivesTheHealth() throws {
        let text = """
            [{"dev":"nmem0","id":"cdab-0a-07e0-ffffffff","handle":0,"phys_id":0,"security":"disabled",
              "health":{"health_state":"fatal","temperature_celsius":90.0,"controller_temperature_celsius":25.0,
              "spares_percentage":3,"alarm_temperature":true,"alarm_controller_temperature":false,"alarm_spares":true,
              "alarm_enabled_media_temperature":true,"temperature_threshold":40.0,
              "alarm_enabled_ctrl_temperature":false,"alarm_enabled_spares":true,"spares_threshold":5,
              "life_used_percentage":5,"shutdown_state":"dirty","shutdown_count":43},
              "firmware":{"current_version":0,"can_update":true}},
             {"dev":"nmem1","health":{"health_state":"unknown"},"firmware":{"current_version":-1}},
             {"dev":"nmem2","firmware":{"current_version":"0x12","next_version":"0x13","need_powercycle":true}},
             {"dev":"nmem3"}]
            """
        let dimms = try SavedInventory.read(Array(text.utf8)).observed.buses[0].dimms
        let first = try #require(dimms[0].health)
        #expect(first.state == .fatal && first.mediaTemperature?.celsius == 90 && first.spares == 3)
        #expect(first.alarms == [.mediaTemperature, .spares] && first.lastShutdown == .dirty)
        #expect(first.thresholds?.spares == 5 && first.thresholds?.controllerTemperature == nil)
        #expect(first.firmware == DimmHealth.Firmware(current: 0))
        #expect(dimms[1].health == DimmHealth(unread: .failed))
        #expect(dimms[2].health?.firmware == DimmHealth.Firmware(current: 0x12, next: 0x13))
        #expect(dimms[3].health == nil)
        let printed = try JSONValue(
            parsing: InventoryReport(
                Observed(buses: [
                    Bus(
                        device: "ndbus0", provider: "x", scrubState: nil, dimms: dimms, regions: [])
                ])
            ).ndctlJSON)
        let shown = try JSONCursor(printed).elements()[0].elements("dimms")
        let health = try JSONCursor(JSONValue(parsing: text)).elements()[0].required("health").value
        #expect(try Self.members(shown[0].required("health").value) == Self.members(health))
        #expect(try shown[1].required("health").required("health_state").string() == "unknown")
        #expect(try shown[3].optional("health") == nil)
    }

    private static func members(_ value: JSONValue) -> [String: JSONValue] {
        guard case .object(let object) = value else { return [:] }
        return Dictionary(uniqueKeysWithValues: object.members.map { ($0.key, $0.value) })
    }

    // MARK: Requirements

    /// A host with one DIMM that has these members beside its own.
    private func host(_ members: String) throws -> SimulatedHost {
        try SimulatedHost(
            json: """
                {"format_version": 1, "simulated_host": {"buses": [{
                  "dimms": [{"id": "dimm-0", "size": "1 GiB", "label_size": "128 KiB"\(members)}],
                  "regions": [{"dimms": ["dimm-0"]}]}]}}
                """)
    }

    private func profile(_ require: String) throws -> (profile: Profile, text: String) {
        let text = """
            version: 1
            regions:
              - match: {region: 0}
                require: {\(require)}
                namespaces:
                  - {name: a, mode: raw, size: 64 MiB}

            """
        return (try ProfileReader.read(Array(text.utf8), source: "p.yaml"), text)
    }

    private static let good =
        #", "health": {"health_state": "ok", "life_used_percentage": 4, "spares_percentage": 75}"#
    private static let bad =
        #", "health": {"health_state": "fatal", "life_used_percentage": 80, "spares_percentage": 9}"#

    @Test(
        arguments: [
            (good, "health: ok", nil), (good, #"life_used: "< 5%", spares: ">= 75%""#, nil),
            (good, #"life_used: "<=4%", spares: "> 74%""#, nil),
            (bad, "health: ok", "requirement_not_met: the health of nmem0 is fatal"),
            (bad, #"life_used: "< 80%""#, "requirement_not_met: nmem0 has life_used of 80%"),
            (bad, #"spares: ">= 10%""#, "requirement_not_met: nmem0 has spares of 9%"),
            ("", "health: ok", nil),
            (
                "", #"life_used: "<= 100%""#,
                "requirement_not_met: life_used of nmem0 is not known: its firmware has no"
            ),
            (#", "health": {}"#, "health: ok", nil),
            (#", "health": {}"#, #"spares: ">= 0%""#, "requirement_not_met: spares of nmem0 is not known"),
            (
                #", "health": {"unknown": "failed"}"#, "health: ok",
                "health_unknown: health of nmem0 is not known"
            ),
            (#", "health": {"unknown": "not_permitted"}"#, "health: ok", "health_unknown: health of nmem0"),
            (
                #", "flags": ["failed_save"], "health": {"health_state": "ok"}"#, "health: ok",
                "requirement_not_met: nmem0 reports failed_save"
            ),
        ] as [(String, String, String?)])
    func aRequirementIsMetOrRefused(members: String, require: String, refusal: String?) throws {
        let plan = try Application(of: profile(require).profile, to: host(members)).prepare().plan
        guard let refusal else {
            #expect(plan.refusals == [] && plan.changes.count == 1)
            return
        }
        let found = plan.refusals.map { "\($0.code.rawValue): \($0.message)" }
        #expect(found.count == 1 && found[0].hasPrefix(refusal), "\(found)")
        #expect(plan.refusals[0].position?.line == 3)
        #expect(plan.changes.isEmpty)
    }

    @Test func aSavedInventoryCarriesTheHealthAndAnOldOneIsNotTrusted() throws {
        let observed = try host(Self.good).observeWithHealth()
        let wanted = try profile(#"life_used: "< 80%""#).profile
        func refusals(_ observed: Observed) throws -> [String] {
            let saved = try SavedInventory.read(Array(InventoryReport(observed).json.utf8))
            return PlanReport(of: wanted, on: saved).plan.refusals.map(\.code.rawValue)
        }
        #expect(try refusals(observed) == [])
        #expect(try refusals(host(Self.bad).observeWithHealth()) == ["requirement_not_met"])
        #expect(try refusals(host(Self.good).observe()) == ["not_listed"], "its DIMMs were not asked")
    }

    @Test func dimmsAreAskedOnlyWhereThatMatters() throws {
        let host = try host(Self.good)
        #expect(try host.observe().buses[0].dimms[0].health == nil)
        let plain = try Application(of: profile("").profile, to: host).prepare()
        #expect(plain.observed.buses[0].dimms[0].health == nil)
        let asking = try Application(of: profile("health: ok").profile, to: host).prepare()
        #expect(asking.observed.buses[0].dimms[0].health?.state == .ok)
        #expect(asking.plan.notes == [])
    }

    @Test func troubleThatIsNotForbiddenIsNoted() throws {
        let members =
            #", "health": {"health_state": "critical", "spares_percentage": 75, "alarm_spares": true}"#
        let plan = try Application(of: profile(#"spares: "> 1%""#).profile, to: host(members)).prepare().plan
        #expect(plan.refusals == [])
        let note = try #require(plan.notes.first)
        #expect(note.code == .dimmHealth && note.address == "nmem0")
        #expect(note.message.contains("health critical, alarm of spares"))
    }

    /// Temperatures and counts change all the time; a requirement that is no longer met is found all the same.
    @Test func aPlanIsNotStaleWhenATemperatureChanged() throws {
        let (wanted, text) = try profile("health: ok")
        func members(_ state: String, _ celsius: Int) -> String {
            #", "health": {"health_state": "\#(state)", "temperature_celsius": \#(celsius).5, "shutdown_count": \#(celsius)}"#
        }
        let prepared = try Application(of: wanted, to: host(members("ok", 20))).prepare()
        let saved = SavedPlan(prepared, of: wanted, text: text, backupLimit: .gib(1))
        #expect(try Application(of: saved, to: host(members("ok", 60))).prepare().differences == [])
        let sick = try Application(of: saved, to: host(members("fatal", 60))).prepare()
        #expect(
            sick.differences.contains { $0.message.contains("refused now: the health of nmem0 is fatal") })
    }

    // MARK: Reports

    @Test func theInventoryTellsWhatIsKnownAndWhatIsNotWell() throws {
        let members =
            #", "health": {"health_state": "fatal", "temperature_celsius": 90.0, "temperature_threshold": 40.0, "#
            + #""alarm_enabled_media_temperature": true, "alarm_temperature": true, "shutdown_state": "dirty", "#
            + #""shutdown_count": 43}, "firmware": {"current_version": 18, "next_version": 19}"#
        let report = InventoryReport(try host(members).observeWithHealth())
        #expect(
            report.text.contains("enabled, health fatal, alarm of media temperature, last shutdown dirty\n"))
        #expect(
            report.text.contains(
                "  nmem0: health fatal, media 90 C (alarm at 40 C), last shutdown dirty, dirty shutdowns 43, "
                    + "alarm of media temperature, firmware 0x12, 0x13 from the next power cycle on\n"))
        let unsupported = InventoryReport(try host("").observeWithHealth())
        #expect(!unsupported.text.contains("nmem0:") && !unsupported.text.contains("health"))
        #expect(unsupported.json.contains(#""unknown": "unsupported""#))
        let failed = InventoryReport(try host(#", "health": {"unknown": "failed"}"#).observeWithHealth())
        #expect(failed.text.contains("enabled, health could not be read\n"))
    }

    @Test func theStatusSaysWhichDimmIsNotWell() throws {
        let scratch = try ScratchDirectory()
        let sick = try host(Self.bad).observeWithHealth()
        let status = try HostStatus(of: scratch.store) { sick }
        #expect(
            StatusReport(status).text()
                == "No transaction is recorded.\nDIMM nmem0 (dimm-0) reports: health fatal. Run daxprov inventory.\n"
        )
        #expect(StatusReport(status).json.text(.ndctl).contains(#""health fatal""#))
        #expect(status.observed == nil && status.unknown == nil)
        let good = try host(Self.good).observeWithHealth()
        let well = try HostStatus(of: scratch.store) { good }
        #expect(StatusReport(well).text() == "No transaction is recorded.\n")
        let unseen = try HostStatus(of: scratch.store) { () throws(OperationError) in
            throw OperationError(.unavailable, while: "enumerate the host", reason: "none")
        }
        #expect(unseen.unknown == nil && unseen.troubledDimms == [])
    }

    @Test func aSimulatedHostKeepsItsHealthInItsFile() throws {
        let host = try host(Self.bad + #", "firmware": {"current_version": 7}"#)
        let again = try SimulatedHost(json: host.json)
        #expect(try again.observeWithHealth() == host.observeWithHealth())
        #expect(try again.observeWithHealth().buses[0].dimms[0].health?.firmware?.current == 7)
    }
}
