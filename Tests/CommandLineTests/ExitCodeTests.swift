import Glibc
import Testing

/// The exit codes and the diagnostics, to the letter.
@Suite struct ExitCodeTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.host("one-dimm")
        try place.write(Profiles.first, to: "profile.yaml")
    }

    private func run(_ command: String, _ options: String...) throws -> Workplace.Run {
        try place.run(
            [command, place.path("profile.yaml"), "--simulate", place.path("host.json")] + options)
    }

    /// Wrong usage: what is wrong, the usage, where to read more; nothing on standard output but the document that was
    /// asked for.
    @Test(arguments: [
        (["--bogus"], "Unknown option '--bogus'\nUsage: daxprov <subcommand>\n  See 'daxprov --help'"),
        (["plan"], "Missing expected argument '<profile>'\nUsage: daxprov plan [<profile>] ["),
        (["plan", "a", "b"], "Unexpected argument 'b'\nUsage: daxprov plan [<profile>] ["),
        (["apply", "a", "--nonsense"], "Unknown option '--nonsense'\nUsage: daxprov apply [<profile>] ["),
        (["apply"], "Missing expected argument '<profile>'\nUsage: daxprov apply [<profile>] ["),
        (["apply", "a", "--boot"], "--boot takes no profile\nUsage: "),
        (["apply", "a", "--allow-destroy"], "Missing value for '--allow-destroy <name>'\nHelp:  "),
        (["validate"], "Missing expected argument '<profile> ...'\nHelp:  <profile>  The host profiles; "),
        (
            ["inventory", "--json", "--ndctl-json"],
            "Value to be set with flag '--ndctl-json' had already been set with flag '--json'\nUsage: "
        ),
    ])
    func wrongUsageIs64(arguments: [String], diagnostic: String) throws {
        let run = try place.run(arguments)
        #expect(run.status == 64)
        #expect(arguments.contains("--json") ? run.output.contains("\"exit_status\": 64") : run.output == "")
        #expect(run.errors.hasPrefix("daxprov: error: \(diagnostic)"), "\(run.errors)")
        #expect(run.errors.hasSuffix("--help' for more information.\n"))
    }

    @Test(arguments: ["validate", "plan", "apply"])
    func aBadProfileIs65(command: String) throws {
        let path = try place.write(
            "version: 1\nregions:\n  - match: {numa_node: 0}\n    namespaces:\n"
                + "      - {name: wal, mode: fsdax, sise: 2 GiB}\n      - {name: heap, size: 1 GiB}\n",
            to: "other.yaml")
        let expected = """
            \(path):5:34: error: unknown key `sise` in a namespace
                  - {name: wal, mode: fsdax, sise: 2 GiB}
                                             ^~~~
              did you mean `size`?
            \(path):6:9: error: a namespace needs the key `mode`
                  - {name: heap, size: 1 GiB}
                    ^
              add `mode`: fsdax, devdax, sector or raw
            daxprov: error: \(path): 2 errors

            """
        let run = try place.run(command, path)
        #expect(run == Workplace.Run(status: 65, output: "", errors: expected))
    }

    @Test(arguments: ["validate", "plan", "apply"])
    func anUnreadableProfileIs1(command: String) throws {
        let path = place.path("nowhere.yaml")
        let expected =
            "daxprov: error: cannot read the profile \(path): No such file or directory\n"
        #expect(try place.run(command, path) == Workplace.Run(status: 1, output: "", errors: expected))
    }

    @Test func aHostThatCannotBeReadIs1() throws {
        let path = place.path("nowhere.json")
        let run = try place.run("inventory", "--simulate", path)
        let expected =
            "daxprov: error: \(path): cannot read the simulated host: No such file or directory\n"
        #expect(run == Workplace.Run(status: 1, output: "", errors: expected))
    }

    @Test func everyProfileIsValidatedAndTheWorstCodeWins() throws {
        let bad = try place.write("version: 2\n", to: "other.yaml")
        let missing = place.path("nowhere.yaml")
        let run = try place.run("validate", bad, missing, place.path("profile.yaml"))
        #expect(run.status == 65)
        #expect(run.output == "\(place.path("profile.yaml")): valid\n")
        #expect(run.errors.contains("daxprov: error: \(bad): 1 error\n"))
        #expect(run.errors.hasSuffix("\(missing): No such file or directory\n"))
    }

    @Test func aProfileIsReadFromStandardInput() throws {
        let run = try place.run("validate", "-", input: Profiles.first)
        #expect(run == Workplace.Run(status: 0, output: "-: valid\n", errors: ""))
    }

    @Test func pendingChangesAre2OnlyWhereAskedFor() throws {
        let plain = try run("plan")
        let detailed = try run("plan", "--detailed-exitcode")
        #expect(plain.status == 0)
        #expect(detailed.status == 2)
        #expect(plain.output == detailed.output)
        #expect(
            plain.output.hasSuffix(
                "Plan: 2 to create, 0 to change, 0 to replace, 0 to destroy; 0 unchanged.\n"))
        #expect(detailed.errors == "")
    }

    @Test func doneIs0AndThenNothingIsLeft() throws {
        let applied = try run("apply", "--yes")
        #expect(applied.status == 0)
        #expect(
            applied.output.contains(
                "\nApplied 2 changes in 2 steps; verified: the host is as the profile says.\n"))
        #expect(applied.errors == "[1/2] create wal in region0\n[2/2] create heap in region0\n")
        let again = try run("plan", "--detailed-exitcode")
        let nothing = "No changes: the host is as the profile says (2 namespaces).\n"
        #expect(again == Workplace.Run(status: 0, output: nothing, errors: ""))
        #expect(try run("apply", "--yes") == again)
    }

    @Test func whatTheHostCannotHoldIs3() throws {
        try place.write(Profiles.tooLarge, to: "profile.yaml")
        let path = place.path("profile.yaml")
        let expected = """
            \(path):5:9: refused: region0/wal: it needs 64 GiB, and region0 has 16 GiB free
              the largest size that fits is 16 GiB
            The plan is refused for 1 reason; nothing will be touched.

            """
        #expect(try run("plan") == Workplace.Run(status: 3, output: expected, errors: ""))
        #expect(try run("plan", "--detailed-exitcode").status == 3)
        let applied = try run("apply", "--yes")
        #expect(applied == Workplace.Run(status: 3, output: expected + "Nothing was touched.\n", errors: ""))
    }

    @Test func aReplacementWithoutItsConsentIs3() throws {
        try #require(try run("apply", "--yes").status == 0)
        let before = try place.text("host.json")
        try place.write(Profiles.larger, to: "profile.yaml")
        let refused = try run("apply", "--yes", "--allow-destroy", "wal")
        #expect(refused.status == 3)
        #expect(refused.output.contains("    ! data on it is lost; needs --allow-destroy heap\n"))
        #expect(
            refused.output.hasSuffix(
                """
                refused: region0/heap: it would be destroyed and created anew, and that was not agreed to
                  if its data may go, say --allow-destroy heap
                Nothing was touched.

                """))
        #expect(try place.text("host.json") == before)
        #expect(try run("apply", "--yes", "--allow-destroy", "heap").status == 0)
        #expect(try run("plan", "--detailed-exitcode").status == 0)
    }

    @Test func whatIsInUseIs3AndNamesItsUser() throws {
        try #require(try run("apply", "--yes").status == 0)
        let busy = "\"simulated_host\": {\"busy\": {\"heap\": \"mapped by process 4711 (redis)\"},"
        var parts = try place.text("host.json").split(separator: "\"simulated_host\": {", maxSplits: 1)
        parts.insert(busy[...], at: 1)
        try place.write(parts.joined(), to: "host.json")
        let before = try place.run("inventory", "--json", "--simulate", place.path("host.json"))
        try #require(before.status == 0, "\(before.errors)")
        try place.write(Profiles.larger, to: "profile.yaml")
        let refused = try run("apply", "--yes", "--allow-destroy", "heap")
        #expect(refused.status == 3)
        #expect((refused.output + refused.errors).contains("mapped by process 4711 (redis)"))
        let after = try place.run("inventory", "--json", "--simulate", place.path("host.json"))
        #expect(after == before)
    }

    /// A step fails in the middle: what was done before is taken back, and that is checked.
    @Test func aFailureThatIsTakenBackIs4() throws {
        let before = try run("plan")
        let fault = "\"simulated_host\": {\"fault\": {\"operation\": 14, \"kind\": \"fail\", \"errno\": 5},"
        var parts = try place.text("host.json").split(separator: "\"simulated_host\": {", maxSplits: 1)
        parts.insert(fault[...], at: 1)
        try place.write(parts.joined(), to: "host.json")
        let failed = try run("apply", "--yes")
        #expect(failed.status == 4, "\(failed)")
        #expect(failed.output.contains("failed to create heap in region0:\n"))
        #expect(failed.errors.contains("undo: remove what was created as "))
        #expect(try run("plan") == before)
    }

    /// The kernel refuses a store of the first step with the words for a device in use: stores were made and taken back.
    @Test(arguments: [1, 2, 3], [16, 13]) func aFirstStepThatWasTakenBackIs4(operation: Int, errno: Int)
        throws
    {
        let before = try run("plan")
        let fault =
            "\"simulated_host\": {\"fault\": {\"operation\": \(operation), \"kind\": \"fail\", \"errno\": \(errno)},"
        var parts = try place.text("host.json").split(separator: "\"simulated_host\": {", maxSplits: 1)
        parts.insert(fault[...], at: 1)
        try place.write(parts.joined(), to: "host.json")
        let failed = try run("apply", "--yes")
        #expect(failed.status == 4, "\(failed)")
        #expect(failed.output.contains("failed to create wal in region0:\n"))
        #expect(try run("plan") == before)
    }

    @Test func aStandardOutputThatTakesNothingIs1AndNothingIsTouched() throws {
        let before = try place.text("host.json")
        let full = try Workplace.open("/dev/full", O_WRONLY)
        defer { close(full) }
        let input = try Workplace.open("/dev/null", O_RDONLY)
        defer { close(input) }
        try place.write("", to: "output")
        let run = try place.run(
            ["apply", "--yes", place.path("profile.yaml"), "--simulate", place.path("host.json")],
            input: input, output: full, environment: [])
        #expect(run.status == 1)
        #expect(run.errors == "daxprov: error: cannot write to standard output: No space left on device\n")
        #expect(try place.text("host.json") == before)
    }
}
