import Glibc
import Testing

/// Standard streams that are closed, full, or read by nobody: what is done to the host, and the exit code, do not depend
/// on what becomes of the output.
@Suite struct BrokenStreamTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.host("one-dimm")
        try place.write(Profiles.first, to: "profile.yaml")
        try place.write("", to: "output")
    }

    private var profile: String { place.path("profile.yaml") }
    private var host: [String] { ["--simulate", place.path("host.json")] }

    /// Runs the tool through a shell that closes some of its streams.
    private func run(closing streams: String, _ arguments: [String]) throws -> Workplace.Run {
        let input = try Workplace.open("/dev/null", O_RDONLY)
        defer { close(input) }
        let output = try Workplace.open(place.path("output"), O_WRONLY | O_TRUNC)
        defer { close(output) }
        return try place.run(
            arguments, input: input, output: output, environment: [],
            command: ["/bin/sh", "-c", "exec \"$0\" \"$@\" \(streams)", Tool.path])
    }

    @Test(arguments: 0..<8) func closedStreamsAreNoFilesOfOurs(closed: Int) throws {
        let streams = ["0<&-", "1>&-", "2>&-"].enumerated().filter { closed & 1 << $0.offset != 0 }
        let run = try run(
            closing: streams.map(\.element).joined(separator: " "), ["apply", profile, "--yes"] + host)
        #expect(run.status == 0, "\(run)")
        #expect(run.output.contains("the host is as the profile says.\n") == (closed & 2 == 0), "\(run)")
        #expect(run.errors.hasPrefix("[1/2] create wal") == (closed & 4 == 0), "\(run)")
        let lock = try place.text("host.json.state/lock")
        #expect(
            lock.hasSuffix("\n") && Int(lock.dropLast()) != nil, "the lock holds more than a number: \(lock)")
        let history = try place.run(["history"] + host)
        #expect(history.status == 0 && history.output.contains("committed"), "the journal: \(history)")
        let settled = try place.run(["plan", profile, "--detailed-exitcode"] + host)
        #expect(settled.status == 0, "\(settled)")
    }

    /// Runs the tool with a standard output that has no room.
    private func full(_ arguments: [String]) throws -> Workplace.Run {
        let output = try Workplace.open("/dev/full", O_WRONLY)
        defer { close(output) }
        return try run(arguments, output: output)
    }

    /// Runs the tool with a standard output that nobody reads any more.
    private func unread(_ arguments: [String]) throws -> Workplace.Run {
        let output = try unreadPipe()
        defer { close(output) }
        return try run(arguments, output: output)
    }

    /// The end for writing of a pipe whose reader is gone. No child of another test can have got the other one.
    private func unreadPipe() throws -> Int32 {
        let path = place.path("other.yaml")
        try #require(unsafe mkfifo(path, 0o600) == 0)
        defer { unsafe unlink(path) }
        let reader = try Workplace.open(path, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        return try Workplace.open(path, O_WRONLY)
    }

    private func run(_ arguments: [String], output: Int32) throws -> Workplace.Run {
        let input = try Workplace.open("/dev/null", O_RDONLY)
        defer { close(input) }
        return try place.run(arguments, input: input, output: output, environment: [])
    }

    /// Both ways in which an output breaks, each with the error that it gives.
    private func broken(_ arguments: [String]) throws -> [(run: Workplace.Run, reason: String)] {
        [
            (try full(arguments), "No space left on device"), (try unread(arguments), "Broken pipe"),
        ]
    }

    @Test(arguments: [true, false]) func anApplyThatCannotReportIsWhatItDid(isFull: Bool) throws {
        let apply = ["apply", profile, "--yes", "--json"] + host
        let run = isFull ? try full(apply) : try unread(apply)
        #expect(run.status == 0, "\(run)")
        #expect(run.errors.contains("daxprov: error: cannot write the report to standard output: "), "\(run)")
        #expect(try place.run(["plan", profile, "--detailed-exitcode"] + host).status == 0)

        // Nothing is left to do: the document is all that was asked for.
        for (run, reason) in try broken(apply) {
            #expect(run.status == 1 && run.errors.hasSuffix("\(reason)\n"), "\(run)")
        }
        // A refusal stays one.
        try place.write(Profiles.larger, to: "profile.yaml")
        for (run, reason) in try broken(apply) {
            #expect(run.status == 3 && run.errors.contains(reason), "\(run)")
        }
    }

    @Test func anApplyWhosePlanNobodyCanSeeTouchesNothing() throws {
        let before = try place.text("host.json")
        for (run, _) in try broken(["apply", profile, "--yes"] + host) { #expect(run.status == 1, "\(run)") }
        #expect(try place.text("host.json") == before)
    }

    @Test func aFailureIsOneWhateverBecomesOfItsReport() throws {
        let fault = "\"simulated_host\": {\"fault\": {\"operation\": 14, \"kind\": \"fail\", \"errno\": 5},"
        var parts = try place.text("host.json").split(separator: "\"simulated_host\": {", maxSplits: 1)
        parts.insert(fault[...], at: 1)
        try place.write(parts.joined(), to: "host.json")
        #expect(try unread(["apply", profile, "--yes", "--json"] + host).status == 4)
    }

    @Test func aBrokenErrorStreamEndsNothing() throws {
        let pipe = try unreadPipe()
        defer { close(pipe) }
        let status = try Tool.run(
            ["apply", profile, "--yes"] + host, environment: [], input: pipe, output: pipe, errors: pipe)
        #expect(status == 1)
        let json = try Tool.run(
            ["apply", profile, "--yes", "--json"] + host, environment: [], input: pipe, output: pipe,
            errors: pipe)
        #expect(json == 0)
        #expect(try place.run(["plan", profile, "--detailed-exitcode"] + host).status == 0)
    }

    /// Where nothing is done, a report that is lost is the error.
    @Test(arguments: [
        ["inventory"], ["inventory", "--json"], ["plan"], ["plan", "--json", "--detailed-exitcode"],
        ["status"],
        ["history"], ["export"], ["report"], ["recover"], ["--help"], ["--version"], ["help", "plan"],
    ])
    func whatOnlyLooksFailsWhereNobodyCanSeeIt(command: [String]) throws {
        try #require(try place.run(["apply", profile, "--yes"] + host).status == 0)
        var arguments = command
        if command[0] == "plan" { arguments.append(profile) }
        if !["--help", "--version", "help"].contains(command[0]) { arguments += host }
        for (run, reason) in try broken(arguments) {
            #expect(run.status == 1, "\(run)")
            #expect(run.errors == "daxprov: error: cannot write to standard output: \(reason)\n", "\(run)")
        }
    }
}
