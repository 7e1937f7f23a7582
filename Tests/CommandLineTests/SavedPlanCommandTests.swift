import Glibc
import Testing

/// Saved plans on the command line: files, exit codes, and what is said.
@Suite struct SavedPlanCommandTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.host("one-dimm")
        try place.write(Profiles.first, to: "profile.yaml")
    }

    private func run(_ words: String...) throws -> Workplace.Run {
        try place.run(words + ["--simulate", place.path("host.json")])
    }

    private func savePlan() throws {
        let run = try run("plan", place.path("profile.yaml"), "-o", place.path("plan"))
        #expect(run.status == 0)
        #expect(run.errors == "daxprov: the plan is saved in \(place.path("plan"))\n")
        #expect(run.output == (try self.run("plan", place.path("profile.yaml")).output))
    }

    @Test func aSavedPlanIsPrivateAndIsAppliedWithoutItsProfile() throws {
        try savePlan()
        var status = stat()
        try #require(unsafe lstat(place.path("plan"), &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
        unsafe unlink(place.path("profile.yaml"))
        let applied = try run("apply", place.path("plan"), "--yes")
        #expect(applied.status == 0, "\(applied)")
        #expect(applied.output.contains("Applied 2 changes in 2 steps; verified"))
        try place.write(Profiles.first, to: "profile.yaml")
        #expect(try run("plan", place.path("profile.yaml"), "--detailed-exitcode").status == 0)
    }

    @Test func thePathIsLeftAloneWhereThePlanIsRefused() throws {
        try savePlan()
        let saved = try place.text("plan")
        try place.write(Profiles.tooLarge, to: "profile.yaml")
        let run = try run("plan", place.path("profile.yaml"), "--out", place.path("plan"))
        #expect(run.status == 3)
        #expect(run.errors == "daxprov: the plan is refused, and not saved\n")
        #expect(try place.text("plan") == saved)
    }

    @Test func whatIsNoSavedPlanIsNotReplaced() throws {
        let inventory = try run("inventory", "--json").output
        for text in ["mine", "{\"format_version\": 1}", inventory, Profiles.first] {
            try place.write(text, to: "plan")
            let run = try run("plan", place.path("profile.yaml"), "-o", place.path("plan"))
            #expect(run.status == 1 && run.output.isEmpty, "\(run)")
            #expect(
                run.errors.contains("cannot write \(place.path("plan")): it exists and is not a saved plan"))
            #expect(try place.text("plan") == text)
        }
        let itself = try run("plan", place.path("profile.yaml"), "-o", place.path("profile.yaml"))
        #expect(itself.status == 1)
        #expect(try place.text("profile.yaml") == Profiles.first)
        try place.write("", to: "plan")
        try savePlan()
        try savePlan()
        let damaged = try place.text("plan").prefix(300)
        try place.write(String(damaged), to: "plan")
        try savePlan()
    }

    @Test func aStalePlanIs6AndNothingIsTouched() throws {
        try savePlan()
        try place.write(
            Profiles.first.replacing("heap", with: "theirs").replacing("wal", with: "too"), to: "other.yaml")
        #expect(try run("apply", place.path("other.yaml"), "--yes").status == 0)
        let before = try place.text("host.json")
        let stale = try run("apply", place.path("plan"), "--yes")
        #expect(stale.status == 6)
        #expect(
            stale.output == """
                stale: nmem0: its available_slots was 509, and is 507
                stale: region0: allocated since: 2 GiB at 0x100000000, 4 GiB at 0x180000000
                stale: region0/wal: its planned after.resource was 0x100000000, and would be 0x280000000
                stale: region0/wal: its planned steps were: create 2 GiB at 0x100000000, and would be: \
                create 2 GiB at 0x280000000
                stale: region0/heap: its planned after.resource was 0x180000000, and would be 0x300000000
                stale: region0/heap: its planned steps were: create 4 GiB at 0x180000000, and would be: \
                create 4 GiB at 0x300000000
                The host is not what the plan was made for. Nothing was touched; plan again.

                """)
        let json = try run("apply", place.path("plan"), "--yes", "--json")
        #expect(json.status == 6)
        #expect(json.output.contains("\"outcome\": \"stale\""))
        #expect(json.output.contains("\"message\": \"its available_slots was 509, and is 507\""))
        let dry = try run("apply", place.path("plan"), "--dry-run")
        #expect(dry.status == 6)
        #expect(dry.errors.contains("stale: nmem0: "))
        #expect(try place.text("host.json") == before)
    }

    @Test func aSavedPlanIsNoConsent() throws {
        #expect(try run("apply", place.path("profile.yaml"), "--yes").status == 0)
        try place.write(Profiles.larger, to: "profile.yaml")
        try savePlan()
        let before = try place.text("host.json")
        let refused = try run("apply", place.path("plan"), "--yes")
        #expect(refused.status == 3)
        #expect(refused.output.contains("say --allow-destroy heap"))
        #expect(try place.text("host.json") == before)
        #expect(try run("apply", place.path("plan"), "--yes", "--allow-destroy", "heap").status == 0)
    }

    @Test func showSaysWhatThePlanIsAndWhetherItIsStale() throws {
        try savePlan()
        let plan = try run("plan", place.path("profile.yaml")).output
        let shown = try run("show", place.path("plan"))
        #expect(shown.status == 0)
        #expect(shown.output.contains(plan))
        #expect(shown.output.hasSuffix("The host is what it was made for.\n"))
        #expect(try run("show", place.path("plan"), "--json").output.contains("\"stale\": false"))
        #expect(try run("apply", place.path("plan"), "--yes").status == 0)
        let stale = try run("show", place.path("plan"))
        #expect(stale.status == 6)
        #expect(stale.output.contains(plan))
        #expect(stale.output.hasSuffix("It is stale: apply would refuse it. Plan again.\n"))
        #expect(try run("show", place.path("plan"), "--json").output.contains("\"stale\": true"))
    }

    @Test func showStillShowsTransactions() throws {
        #expect(try run("apply", place.path("profile.yaml"), "--yes").status == 0)
        let history = try run("history", "--json").output
        let id = try #require(history.split(separator: "\"id\": \"").last?.split(separator: "\"").first)
        let shown = try run("show", String(id))
        #expect(shown.output.hasPrefix("transaction \(id)\n"))
        #expect(try run("show", "000009-20200101T000000Z").errors.contains("there is no transaction"))
        let none = try run("show", "nonsense")
        #expect(none.status == 1)
        #expect(none.errors.contains("there is no transaction nonsense, and no file of that name"))
        #expect(try run("show", place.path("profile.yaml")).status == 65)
    }

    @Test(arguments: [
        ("{\"format_version\": 1, ", "byte "),
        ("{\"format_version\": 1}", "it is another document of daxprov's"),
        ("{\"format_version\": 7}", "7 is not supported"),
    ])
    func aDamagedPlanIs65(text: String, reason: String) throws {
        try place.write(text, to: "plan")
        let run = try run("apply", place.path("plan"), "--yes")
        #expect(run.status == 65)
        #expect(run.errors.hasPrefix("daxprov: error: the saved plan \(place.path("plan")) cannot be used: "))
        #expect(run.errors.contains(reason), "\(run.errors)")
    }

    @Test func aPlanThatIsTooLargeIs65() throws {
        try place.write("{\"format_version\": 1,", to: "plan")
        #expect(unsafe truncate(place.path("plan"), 17 << 20) == 0)
        let run = try run("apply", place.path("plan"), "--yes")
        #expect(run.status == 65)
        #expect(run.errors.contains("it is larger than 16 MiB"))
    }

    @Test(arguments: [["-o", "-"], ["-o", ""], ["-o", "x", "--inventory", "a.json"]])
    func whereNoPlanCanBeSavedIs64(options: [String]) throws {
        #expect(try place.run(["plan", place.path("profile.yaml")] + options).status == 64)
    }

    @Test func theBackupLimitIsThePlans() throws {
        try savePlan()
        #expect(try run("apply", place.path("plan"), "--yes", "--backup-limit", "1 MiB").status == 64)
    }

    @Test func aLinkIsNotWrittenThrough() throws {
        try place.write("mine", to: "other.yaml")
        try #require(unsafe symlink(place.path("other.yaml"), place.path("plan")) == 0)
        let run = try run("plan", place.path("profile.yaml"), "-o", place.path("plan"))
        #expect(run.status == 1)
        #expect(run.errors.contains("links are not followed"))
        #expect(try place.text("other.yaml") == "mine")
    }
}
