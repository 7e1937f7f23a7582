import Glibc
import Testing

/// What is said of transactions, and of the host since the last one.
@Suite struct RecordCommandTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.host("one-dimm")
        try place.write(Profiles.first, to: "profile.yaml")
    }

    private func run(_ arguments: String...) throws -> Workplace.Run {
        try place.run(
            arguments + ["--simulate", place.path("host.json"), "--state-dir", place.path("state")])
    }

    private func apply(_ options: String...) throws -> Workplace.Run {
        try place.run(
            ["apply", place.path("profile.yaml"), "--yes"] + options
                + ["--simulate", place.path("host.json"), "--state-dir", place.path("state")])
    }

    private func edit(_ old: String, _ new: String) throws {
        let text = try place.text("host.json")
        try #require(text.contains(old), "\(text)")
        try place.write(text.replacing(old, with: new), to: "host.json")
    }

    private var name: String {
        AttackedPlace.entries(place.path("state/transactions")).sorted().last ?? "none"
    }

    @Test func applySaysWhatItMadeAndHowToUndoIt() throws {
        let applied = try apply()
        #expect(
            applied.output.contains(/\n {6}region0\/wal   \/dev\/pmem0(\.1)? +label [-0-9a-f]{36}\n/),
            "\(applied.output)")
        #expect(applied.output.contains(/\n {6}region0\/heap  \/dev\/dax0\.\d +label [-0-9a-f]{36}\n/))
        let undo =
            "daxprov rollback \(name) --simulate \(place.path("host.json")) --state-dir \(place.path("state"))"
        let last = "It is recorded as transaction \(name); to undo it: \(undo)\n"
        #expect(applied.output.hasSuffix(last), "\(applied.output)")
        #expect(try apply().output.contains("No changes"))
    }

    @Test func theSameIsInTheDocument() throws {
        let applied = try apply("--json")
        for text in [
            "\"transaction\": \"\(name)\"", "\"undo\": \"daxprov rollback \(name) --simulate ", "\"made\": [",
            "\"node\": \"/dev/", "\"raw_uuid\": \"", "\"address\": \"region0/heap\"",
        ] { #expect(applied.output.contains(text), "\(text): \(applied.output)") }
    }

    @Test func afterARecoveryItIsNotSaidThatNothingIsRecorded() throws {
        try edit("\"simulated_host\": {", #""simulated_host": {"fault": {"operation": 4, "kind": "kill"},"#)
        #expect(try apply().status > 128)
        #expect(try run("recover").status == 0)
        let status = try run("status")
        #expect(status.status == 0)
        #expect(status.output == "The last transaction, \(name), was rolled back. No transaction stands.\n")
    }

    @Test func whatChangedIsSaidOfTheObjectThatChanged() throws {
        try #require(try apply().status == 0)
        #expect(try run("status", "--detailed-exitcode").status == 0)
        let text = try place.text("host.json")
        let wal = try #require(text.firstRange(of: "\"name\": \"wal\""))
        let active = try #require(text[wal.upperBound...].firstRange(of: "\"active\": true"))
        var changed = text
        changed.replaceSubrange(active, with: "\"active\": false")
        try place.write(changed, to: "host.json")
        let status = try run("status")
        #expect(status.status == 0)
        #expect(
            status.output == "Last applied: transaction \(name); the host has changed since:\n"
                + "      region0/wal is disabled\n")
        #expect(try run("status", "--detailed-exitcode").status == 2)
        let document = try run("status", "--json").output
        #expect(document.contains(#""address": "region0/wal""#) && document.contains(#""after": "disabled""#))
    }

    @Test func metricsTellWhatWasApplied() throws {
        let before = try run("status", "--prometheus")
        #expect(before.status == 0 && !before.output.contains("daxprov_last_apply"), "\(before)")
        try #require(try apply().status == 0)
        let metrics = try run("status", "--prometheus")
        #expect(metrics.status == 0 && metrics.errors.isEmpty)
        for line in [
            "daxprov_last_apply_success 1", "daxprov_drift_changes{action=\"missing\"} 0",
            "daxprov_profile_info{profile=\"\(place.path("profile.yaml"))\",transaction=\"\(name)\"} 1",
        ] { #expect(metrics.output.contains("\n\(line)\n"), "\(line): \(metrics.output)") }
    }

    @Test func metricsAreNotMixedWithOtherReports() throws {
        #expect(try run("status", "--prometheus", "--json").status == 64)
        #expect(try run("status", "--output", place.path("plan")).status == 64)
    }

    @Test func aRollbackHasALineAndStepsHaveTimes() throws {
        try #require(try apply().status == 0)
        let agreed = ["--allow-destroy", "wal", "--allow-destroy", "heap"]
        try #require(try run("rollback", "--yes", agreed[0], agreed[1], agreed[2], agreed[3]).status == 0)
        let history = try run("history").output.split(separator: "\n")
        #expect(history.count == 3, "\(history)")
        #expect(history[1].contains("apply") && history[1].contains("committed"))
        #expect(history[2].contains("rollback") && history[2].contains("rolled back"))
        let shown = try run("show", "1").output
        #expect(shown.contains(/began: 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ/), "\(shown)")
        #expect(
            shown.contains(/1\. create wal in region0: done 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ/), "\(shown)")
        #expect(try run("show", "1", "--json").output.contains("\"done_time\""))
    }

    @Test(arguments: ["1", "000001", "000001-2", "01"])
    func aTransactionCanBeNamedInShort(word: String) throws {
        try #require(try apply().status == 0)
        #expect(try run("show", word).output.hasPrefix("transaction \(name)\n"))
        let agreed = ["--yes", "--allow-destroy", "wal", "--allow-destroy", "heap"]
        let undone = try place.run(
            ["rollback", word] + agreed
                + ["--simulate", place.path("host.json"), "--state-dir", place.path("state")])
        #expect(undone.status == 0, "\(undone)")
    }

    @Test(arguments: ["2", "9", "000002-", "1-"]) func oneThatIsNotThereIsNot(word: String) throws {
        try #require(try apply().status == 0)
        let shown = try run("show", word)
        #expect(shown.status == 1 && shown.errors.contains("there is no transaction \(word)"), "\(shown)")
    }

    /// What was given up cannot be rolled back first, so an earlier one does not wait for it.
    @Test func afterGivingUpAnEarlierTransactionCanBeUndone() throws {
        try #require(try apply().status == 0)
        let first = name
        try edit("\"info_blocks\"", #""fault": {"operation": 1, "kind": "kill"}, "info_blocks""#)
        try place.write(Profiles.larger, to: "profile.yaml")
        #expect(try apply("--allow-destroy", "heap").status > 128)
        #expect(try run("recover", "--abandon", "2", "--yes").status == 0)
        let refused = try run("rollback", "2", "--yes")
        #expect(refused.status == 3 && refused.output.contains("given up"), "\(refused)")
        let undone = try run("rollback", first, "--yes", "--allow-destroy", "wal", "--allow-destroy", "heap")
        #expect(undone.status == 0, "\(undone)")
    }

    @Test func aStaleSavedPlanShowsItInTheExitCode() throws {
        try #require(try run("plan", place.path("profile.yaml"), "-o", place.path("plan")).status == 0)
        #expect(try run("show", place.path("plan")).status == 0)
        try #require(try apply().status == 0)
        #expect(try run("show", place.path("plan")).status == 6)
        #expect(try run("show", place.path("plan"), "--json").status == 6)
    }

    @Test func everyCommandPrintsADocument() throws {
        let profile = place.path("profile.yaml")
        try place.write(
            Profiles.first.replacing("size: 2 GiB", with: "size: 2 GiB, protect: true"), to: "profile.yaml")
        try #require(try apply().status == 0)
        for command in [
            ["status"], ["history"], ["show", "1"], ["export"], ["unprotect", "wal"],
        ] {
            let run = try place.run(
                command
                    + ["--json", "--simulate", place.path("host.json"), "--state-dir", place.path("state")])
            #expect(run.status == 0, "\(command): \(run)")
            let beginning = "{\n  \"format_version\": 1,\n  \"tool_version\""
            #expect(run.output.hasPrefix(beginning), "\(command): \(run)")
        }
        let bad = try place.write("version: 1\nregions: 5\n", to: "other.yaml")
        let valid = try place.run("validate", profile, bad, "--json")
        #expect(valid.status == 65)
        #expect(valid.output.contains("\"valid\": true") && valid.output.contains("\"valid\": false"))
        #expect(valid.output.contains("\"line\": 2"))
    }

    private static let errors: [(arguments: [String], code: Int32)] = [
        (["plan", "nowhere.yaml", "--json"], 1), (["inventory", "--simulate", "nowhere", "--json"], 1),
        (["status", "--bogus", "--json"], 64), (["show", "77", "--json"], 1),
    ]

    @Test(arguments: errors)
    func anErrorIsADocumentToo(arguments: [String], code: Int32) throws {
        let run = try place.run(arguments + ["--state-dir", place.path("state")])
        #expect(run.status == code, "\(run)")
        #expect(run.output.contains("\"outcome\": \"error\",\n  \"exit_status\": \(code),"), "\(run)")
        #expect(run.output.contains("\"message\": ") && run.errors.hasPrefix("daxprov: error: "), "\(run)")
    }

    @Test func whatIsWrongInAProfileIsInTheDocument() throws {
        let bad = try place.write("version: 1\nregions: 5\n", to: "other.yaml")
        let run = try place.run("plan", bad, "--json", "--simulate", place.path("host.json"))
        #expect(run.status == 65 && run.output.contains("\"diagnostics\": ["), "\(run)")
        #expect(run.output.contains("\"line\": 2"))
    }
}
