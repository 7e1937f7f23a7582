import Glibc
import Testing

/// Where the words of the command line come from, and what those mean that are none.
@Suite struct CommandLineWordTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.host("one-dimm")
        try place.write(Profiles.first, to: "profile.yaml")
    }

    @Test func noWordsAreNoCommand() throws {
        let run = try place.run()
        #expect(run.status == 64 && run.output == "")
        #expect(
            run.errors.hasPrefix("daxprov: error: Missing expected argument '<subcommand>'\nUsage: daxprov "))
    }

    @Test(arguments: [["help"], ["--help"], ["-h"]]) func helpThatWasAskedForIsData(words: [String]) throws {
        let run = try place.run(words)
        #expect(run.status == 0 && run.errors == "")
        #expect(run.output.contains("EXIT CODES:\n") && run.output.hasSuffix("for detailed help.\n"))
    }

    /// Without /proc a program that was built with a sanitizer does not start at all.
    @Test(.enabled(if: AttackedPlace.isRoot && !Tool.isSanitized)) func theyDoNotComeFromProc() throws {
        let input = try Workplace.open("/dev/null", O_RDONLY)
        defer { close(input) }
        let output = try Workplace.open(place.path("output"), O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(output) }
        let run = try place.run(
            [
                "plan", place.path("profile.yaml"), "--detailed-exitcode", "--simulate",
                place.path("host.json"),
            ],
            input: input, output: output, environment: [],
            command: ["/bin/sh", "-c", Self.withoutProc, Tool.path])
        #expect(run.status == 2 && run.output.contains("+ region0/wal"), "\(run)")
    }

    /// A container may forbid mount namespaces; then the test fails, and says so.
    private static let withoutProc =
        "exec unshare -m sh -c 'umount -l /proc && ! test -e /proc/self && exec \"$0\" \"$@\"' \"$0\" \"$@\""

    @Test(arguments: ["-1", "86401"]) func aTimeThatIsNoneSaysWhatItCanBe(seconds: String) throws {
        let run = try place.run(
            "apply", place.path("profile.yaml"), "--lock-timeout", seconds, "--simulate",
            place.path("host.json"))
        #expect(run.status == 64, "\(run)")
        #expect(run.errors.hasPrefix("daxprov: error: --lock-timeout takes 0 to 86400 seconds\n"), "\(run)")
    }
}
