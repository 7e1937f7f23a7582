import ProvisionCore
import Testing

/// `daxprov ansible-module` as Ansible runs it: a file of arguments in, one JSON object on standard output, and nothing
/// anywhere else.
@Suite struct AnsibleModuleTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.host("one-dimm")
    }

    private struct Answer {
        var changed: Bool
        var failed: Bool
        var message: String
        var document: JSONCursor
    }

    private static func profile(wal: Int) -> String {
        "{\"version\": 1, \"regions\": [{\"match\": {\"numa_node\": 0}, \"namespaces\": "
            + "[{\"name\": \"wal\", \"mode\": \"fsdax\", \"size\": \"\(wal) GiB\"}]}]}"
    }

    /// Runs the module with these members besides the simulated host.
    private func run(_ members: String, check: Bool = false, module: String = "profile") throws -> Answer {
        let path = try place.write(
            "{\"simulate\": \"\(place.path("host.json"))\", \"_ansible_check_mode\": \(check), "
                + "\"_ansible_diff\": true, \"_ansible_of_next_year\": {}\(members.isEmpty ? "" : ", " + members)}",
            to: "plan")
        return try answer(to: path, module)
    }

    private func answer(to path: String, _ module: String = "profile") throws -> Answer {
        let run = try place.run("ansible-module", "--module", module, path)
        #expect(run.errors == "")
        #expect(run.output.filter { $0 == "\n" }.count == 1)
        let document = JSONCursor(try JSONValue(parsing: run.output))
        let failed = try document.required("failed").bool()
        #expect(run.status == (failed ? 1 : 0))
        return Answer(
            changed: try document.required("changed").bool(), failed: failed,
            message: try document.required("msg").string(), document: document)
    }

    @Test func aHostIsChangedOnceAndCheckModeSaysSoBefore() throws {
        let profile = "\"profile\": \(Self.profile(wal: 2))"
        let untouched = try place.text("host.json")
        let answers = [
            try run(profile, check: true), try run(profile), try run(profile), try run(profile, check: true),
        ]
        #expect(answers.map(\.changed) == [true, true, false, false])
        #expect(answers.map(\.failed) == [false, false, false, false])
        #expect(untouched != (try place.text("host.json")))
        let diffs = try answers.map { try $0.document.required("diff") }
        for diff in diffs.prefix(2) {
            #expect(try !diff.required("before").string().contains("wal"))
            #expect(try diff.required("after").string().contains("- name: wal\n"))
            #expect(try diff.required("prepared").string().contains("+ region0/wal: fsdax 2 GiB"))
        }
        for diff in diffs.suffix(2) {
            #expect(try diff.required("before").string() == diff.required("after").string())
        }
    }

    @Test func checkModeTouchesNothing() throws {
        let before = try place.text("host.json")
        #expect(try run("\"profile\": \(Self.profile(wal: 2))", check: true).changed)
        #expect(try place.text("host.json") == before)
        #expect(AttackedPlace.entries(place.folder).filter { $0.contains("state") } == [])
    }

    @Test(arguments: [true, false]) func dataIsLostOnlyWhereTheTaskNamesIt(check: Bool) throws {
        _ = try run("\"profile\": \(Self.profile(wal: 2))")
        let larger = "\"profile\": \(Self.profile(wal: 4))"
        let refused = try run(larger, check: check)
        #expect(refused.failed)
        #expect(!refused.changed)
        #expect(refused.message.contains("add wal to allow_destroy"))
        #expect(!refused.message.contains("--allow-destroy"))
        let misspelt = try run("\(larger), \"allow_destroy\": [\"wal\", \"wall\"]", check: check)
        #expect(misspelt.failed)
        #expect(misspelt.message.contains("allow_destroy: there is no namespace 'wall'"))
        let allowed = try run("\(larger), \"allow_destroy\": [\"wal\"]", check: check)
        #expect(!allowed.failed)
        #expect(allowed.changed)
    }

    @Test(arguments: [
        ("\"profle\": {}", "unknown argument profle (did you mean profile?)"),
        ("\"nonsense\": 1, \"other\": 2", "unknown arguments nonsense, other"),
        ("\"path\": null", "one of profile and path is required"),
        ("\"profile\": {}, \"path\": \"/x\"", "profile and path exclude each other"),
        ("\"profile\": [1]", "profile must be a mapping or the text of a profile, not an array"),
        ("\"path\": \"-\"", "path must be that of a file"),
        ("\"path\": \"/no/such/file\"", "cannot read the profile /no/such/file: No such file or directory"),
        ("\"profile\": {\"version\": 1, \"regionss\": []}", "did you mean `regions`?"),
        ("\"profile\": \"version: 2\"", "profile:1:10: error:"),
        ("\"profile\": \"version: 1\", \"allow_destroy\": {}", "allow_destroy must be a list of texts"),
        (
            "\"profile\": \"version: 1\", \"lock_timeout\": \"soon\"",
            "lock_timeout must be a number from 0 to 86400"
        ),
        ("\"profile\": \"version: 1\", \"backup_limit\": \"much\"", "backup_limit: 'much' is not a size"),
    ])
    func whatIsWrongIsSaidInTheAnswer(members: String, message: String) throws {
        let answer = try run(members)
        #expect(answer.failed)
        #expect(!answer.changed)
        #expect(answer.message.contains(message), "\(answer.message)")
    }

    @Test func wordsOnOneLineArriveAsTexts() throws {
        _ = try run("\"profile\": \(Self.profile(wal: 2))")
        let path = try place.write(Self.profile(wal: 4), to: "profile.yaml")
        let answer = try run(
            "\"path\": \"\(path)\", \"allow_destroy\": \" wal , wal\", \"lock_timeout\": \"3\", \"backup_limit\": \"2 GiB\""
        )
        #expect(!answer.failed, "\(answer.message)")
        #expect(answer.changed)
    }

    @Test(arguments: ["[]", "", "{", "{\"a\": 1, \"a\": 2}"])
    func anythingButAnObjectOfArgumentsIsAFailure(text: String) throws {
        let answer = try answer(to: try place.write(text, to: "plan"))
        #expect(answer.failed)
        #expect(answer.message.contains("the module's arguments are not what Ansible writes"))
    }

    @Test func aFileOfArgumentsThatIsNotThereIsAFailure() throws {
        let answer = try answer(to: "/no/such/file")
        #expect(answer.message.contains("cannot read the module's arguments in /no/such/file: No such file"))
    }

    @Test func theInventoryIsThatOfTheCommand() throws {
        let answer = try run("", module: "inventory_info")
        #expect(!answer.failed)
        #expect(!answer.changed)
        let printed = try place.run("inventory", "--json", "--simulate", place.path("host.json"))
        #expect(try answer.document.required("inventory").value == JSONValue(parsing: printed.output))
        #expect(
            try run("\"profile\": {}", module: "inventory_info").message.contains("unknown argument profile"))
    }

    @Test func theAnswerHasWhatTheTaskGaveAndNothingOfAnsibles() throws {
        let invocation = try run("\"path\": \"/no/such/file\"").document.required("invocation")
        guard case .object(let arguments) = try invocation.required("module_args").value else {
            Issue.record("no object")
            return
        }
        #expect(arguments.members.map(\.key) == ["simulate", "path"])
    }
}
