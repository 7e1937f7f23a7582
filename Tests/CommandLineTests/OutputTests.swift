import Glibc
import ProvisionCore
import Testing

/// What goes where, and in which form.
@Suite struct OutputTests {
    private let place: Workplace
    private let host: [String]

    init() throws {
        place = try Workplace()
        try place.host("one-dimm")
        try place.write(Profiles.first, to: "profile.yaml")
        host = ["--simulate", place.path("host.json")]
    }

    private var profile: String { place.path("profile.yaml") }

    /// The document on standard output: one, and nothing else.
    private func document(_ arguments: [String], status: Int32) throws -> JSONCursor {
        let run = try place.run(arguments + host)
        #expect(run.status == status, "\(run)")
        #expect(run.output.hasSuffix("}\n"))
        return JSONCursor(try JSONValue(parsing: run.output))
    }

    @Test func theInventoryIsOneDocument() throws {
        let inventory = try document(["inventory", "--json"], status: 0)
        #expect(try inventory.required("format_version").value == .integer(1))
        #expect(try inventory.elements("buses").count == 1)
    }

    @Test func thePlanIsOneDocumentAlsoWhenItIsRefused() throws {
        let plan = try document(["plan", profile, "--json", "--detailed-exitcode"], status: 2)
        #expect(
            try plan.list("changes") { cursor throws(JSONError) in try cursor.required("address").string() }
                == [
                    "region0/wal", "region0/heap",
                ])
        try place.write(Profiles.tooLarge, to: "profile.yaml")
        let refused = try document(["plan", profile, "--json"], status: 3)
        #expect(
            try refused.list("refusals") { cursor throws(JSONError) in try cursor.required("code").string() }
                == ["no_capacity"])
    }

    @Test func theApplicationIsOneDocumentWithItsOutcome() throws {
        func outcome(_ options: String..., status: Int32) throws -> String {
            try document(["apply", profile, "--json", "--yes"] + options, status: status)
                .required("outcome").string()
        }
        #expect(try outcome(status: 0) == "applied")
        #expect(try outcome(status: 0) == "unchanged")
        try place.write(Profiles.larger, to: "profile.yaml")
        #expect(try outcome(status: 3) == "refused")
        #expect(try outcome("--allow-destroy", "heap", status: 0) == "applied")
    }

    @Test(arguments: [
        ["inventory"], ["inventory", "--json"], ["inventory", "--ndctl-json"], ["plan"], ["plan", "--json"],
        ["report"], ["report", "--redact"],
    ])
    func equalInputGivesEqualBytes(command: [String]) throws {
        let arguments = command[0] == "plan" ? command + [profile] + host : command + host
        let first = try place.run(arguments)
        #expect(first.status == 0)
        #expect(first.output.count > 100)
        #expect(try place.run(arguments) == first)
    }

    /// Looking writes nothing: not to the host's state, and not beside it. An apply that is not agreed to leaves its
    /// lock file alone.
    @Test(arguments: [
        ["inventory"], ["plan"], ["plan", "--json", "--detailed-exitcode"], ["apply"],
        ["apply", "--dry-run"],
        ["apply", "--dry-run", "--yes"], ["apply", "--json"],
    ])
    func whatOnlyLooksWritesNothing(command: [String]) throws {
        let before = try place.text("host.json")
        let time = try status("host.json")
        _ = try place.run(command[0] == "inventory" ? command + host : command + [profile] + host)
        #expect(try place.text("host.json") == before)
        #expect(try status("host.json") == time)
        let lock = command.contains("--dry-run") || command[0] != "apply" ? [] : ["host.json.state"]
        #expect(fileNames == ["errors", "host.json"] + lock + ["input", "output", "profile.yaml"])
    }

    /// The names in the folder.
    private var fileNames: [String] {
        guard let stream = unsafe opendir(place.folder) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The number and the time of change of a file: a replaced or rewritten file differs.
    private func status(_ name: String) throws -> [Int] {
        var status = stat()
        try #require(unsafe stat(place.path(name), &status) == 0)
        return [Int(status.st_ino), status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }

    @Test func applyWithoutYesAndWithoutATerminalIs3() throws {
        let run = try place.run(["apply", profile] + host)
        #expect(run.status == 3)
        #expect(run.output.hasSuffix("0 unchanged.\n"))
        #expect(
            run.errors == """
                daxprov: error: there is no terminal to ask on, and --yes was not given
                daxprov: nothing was touched; look at the plan, then say --yes

                """)
    }
}
