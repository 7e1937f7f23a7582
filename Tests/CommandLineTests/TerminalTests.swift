import Glibc
import Testing

/// The two ends of a pseudo terminal.
private struct Terminal: ~Copyable {
    /// `TIOCGPTN` and `TIOCSPTLCK` of asm-generic/ioctls.h, which Swift does not import.
    private static let getNumber: UInt = 0x8004_5430
    private static let setLock: UInt = 0x4004_5431

    let controller: Int32
    let terminal: Int32

    /// - Parameter columns: the width that the terminal tells; nil: it tells none.
    init(columns: UInt16? = nil) throws {
        let controller = try Workplace.open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var isLocked: Int32 = 0
        try #require(unsafe ioctl(controller, Self.setLock, &isLocked) == 0)
        var number: UInt32 = 0
        try #require(unsafe ioctl(controller, Self.getNumber, &number) == 0)
        if let columns {
            var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
            try #require(unsafe ioctl(controller, UInt(TIOCSWINSZ), &size) == 0)
        }
        self.terminal = try Workplace.open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        self.controller = controller
    }

    /// Types a line.
    func type(_ line: String) throws {
        var text = line + "\n"
        let count = text.withUTF8 { unsafe write(controller, $0.baseAddress, $0.count) }
        try #require(count == text.utf8.count)
    }

    /// Everything that was printed so far.
    func printed() -> String {
        var bytes: [UInt8] = []
        var poll = pollfd(fd: controller, events: Int16(POLLIN), revents: 0)
        var chunk = [UInt8](repeating: 0, count: 4096)
        while unsafe Glibc.poll(&poll, 1, 0) == 1, poll.revents & Int16(POLLIN) != 0 {
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe read(controller, $0.baseAddress, $0.count)
            }
            guard count > 0 else { break }
            bytes += chunk.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    deinit {
        close(terminal)
        close(controller)
    }
}

/// What a person at a terminal meets.
@Suite struct TerminalTests {
    private let place: Workplace
    private let escape = "\u{1b}"

    init() throws {
        place = try Workplace()
        try place.host("one-dimm")
        try place.write(Profiles.first, to: "profile.yaml")
        try place.write("", to: "output")
    }

    private func arguments(_ command: String) -> [String] {
        [command, place.path("profile.yaml"), "--simulate", place.path("host.json")]
    }

    private func planOnTerminal(_ environment: [String]) throws -> String {
        let terminal = try Terminal()
        let input = try Workplace.open("/dev/null", O_RDONLY)
        defer { close(input) }
        let run = try place.run(
            arguments("plan"), input: input, output: terminal.terminal, environment: environment)
        #expect(run.status == 0)
        let text = terminal.printed()
        #expect(text.contains("region0/wal"))
        return text
    }

    private let colourful = "TERM=xterm-256color"

    @Test func aTerminalGetsColours() throws {
        #expect(try planOnTerminal([colourful]).contains("\(escape)["))
        #expect(
            try planOnTerminal([colourful, "NO_COLOR="]).contains("\(escape)["),
            "empty is as if it were not set")
    }

    @Test func noColorIsHonoured() throws {
        #expect(try !planOnTerminal([colourful, "NO_COLOR=1"]).contains(escape))
    }

    @Test(arguments: [[], ["TERM="], ["TERM=dumb"]])
    func aTerminalThatCannotShowColoursGetsNoEscapeCodes(environment: [String]) throws {
        #expect(try !planOnTerminal(environment).contains(escape))
    }

    /// The longest line of an inventory on a terminal.
    private func longestLine(columns: UInt16?, _ environment: [String] = []) throws -> Int {
        let terminal = try Terminal(columns: columns)
        let input = try Workplace.open("/dev/null", O_RDONLY)
        defer { close(input) }
        let run = try place.run(
            ["inventory", "--simulate", place.path("host.json")], input: input, output: terminal.terminal,
            environment: environment)
        #expect(run.status == 0)
        let lines = terminal.printed().split(separator: "\r\n").map(\.count)
        return try #require(lines.max())
    }

    @Test func reportsAreAsWideAsTheTerminal() throws {
        #expect(try longestLine(columns: 80) == 80)
        #expect(try longestLine(columns: 200) == 200)
        #expect(try longestLine(columns: 60) == 60)
        #expect(try longestLine(columns: nil) == 80, "a serial line tells no width")
        #expect(try longestLine(columns: nil, ["COLUMNS=100"]) == 100)
        #expect(try longestLine(columns: 80, ["COLUMNS=100"]) == 100)
        #expect(try longestLine(columns: 80, ["COLUMNS=x"]) == 80)
    }

    @Test func whatIsNoTerminalIsNotShortened() throws {
        try place.write(
            Profiles.first.replacing("name: wal", with: "name: \(String(repeating: "w", count: 63))"),
            to: "profile.yaml")
        #expect(try place.run(arguments("apply") + ["--yes"]).status == 0)
        let run = try place.run(
            ["inventory", "--simulate", place.path("host.json")], environment: ["COLUMNS=60"])
        #expect(run.output.contains(String(repeating: "w", count: 63)))
        #expect(!run.output.contains("…"))
    }

    @Test func whatIsNoTerminalGetsNoColours() throws {
        let run = try place.run(arguments("plan"))
        #expect(run.output.contains("region0/wal"))
        #expect(!run.output.contains(escape))
    }

    /// Runs apply with a terminal as standard input on which `answers` were typed.
    private func apply(
        answering answers: String..., options: [String] = [], environment: [String] = []
    ) throws -> Workplace.Run {
        try run(arguments("apply") + options, answering: answers, environment: environment)
    }

    private func run(
        _ words: [String], answering answers: [String], environment: [String] = []
    ) throws -> Workplace.Run {
        let terminal = try Terminal()
        for answer in answers { try terminal.type(answer) }
        let output = try Workplace.open(place.path("output"), O_WRONLY | O_TRUNC)
        defer { close(output) }
        return try place.run(words, input: terminal.terminal, output: output, environment: environment)
    }

    /// The host as the first profile says, and a profile that replaces `heap` and changes `wal`.
    private func prepareLosses() throws {
        #expect(try apply(answering: "yes").status == 0)
        try place.write(
            Profiles.larger.replacing("wal, mode: fsdax", with: "wal, mode: sector"), to: "profile.yaml")
    }

    @Test func aTypedYesIsEnough() throws {
        let run = try apply(answering: "yes")
        #expect(run.status == 0)
        #expect(run.errors.hasPrefix("Apply these changes? Type yes: [1/2] create wal in region0\n"))
        #expect(try place.run(arguments("plan") + ["--detailed-exitcode"]).status == 0)
    }

    @Test(arguments: ["no", "", "y", "yes please"])
    func anythingElseChangesNothing(answer: String) throws {
        let before = try place.text("host.json")
        let run = try apply(answering: answer)
        #expect(run.status == 3)
        #expect(
            run.errors == """
                Apply these changes? Type yes: daxprov: error: not confirmed
                daxprov: nothing was touched

                """)
        #expect(try place.text("host.json") == before)
    }

    @Test func whatLosesDataIsAgreedToByItsName() throws {
        try prepareLosses()
        let run = try apply(answering: "wal", "heap")
        #expect(run.status == 0, "\(run)")
        #expect(
            run.errors.hasPrefix(
                "region0/wal would be reconfigured; its data is lost. Type wal to agree: "
                    + "region0/heap would be destroyed and created anew; its data is lost. Type heap to agree: [1/"
            ),
            "\(run.errors)")
        #expect(try place.run(arguments("plan") + ["--detailed-exitcode"]).status == 0)
    }

    @Test(arguments: [
        ["yes"], ["wal", "yes"], ["wal", "wal"], ["heap", "wal"], ["WAL", "heap"], ["wal ", "heap"],
        ["wal", ""],
    ])
    func aNameThatIsNotTypedAsItIsChangesNothing(answers: [String]) throws {
        try prepareLosses()
        let before = try place.text("host.json")
        let run = try run(arguments("apply"), answering: answers)
        #expect(run.status == 3)
        #expect(run.errors.hasSuffix("daxprov: error: not confirmed\ndaxprov: nothing was touched\n"))
        #expect(try place.text("host.json") == before)
    }

    @Test func whatWasAllowedByAnOptionIsNotAskedFor() throws {
        try prepareLosses()
        let run = try apply(answering: "heap", options: ["--allow-destroy", "wal"])
        #expect(run.status == 0, "\(run)")
        #expect(!run.errors.contains("Type wal"))
    }

    @Test func yesIsNoConsentOnATerminalEither() throws {
        try prepareLosses()
        let before = try place.text("host.json")
        let run = try apply(answering: "wal", "heap", options: ["--yes"])
        #expect(run.status == 3)
        #expect(run.output.contains("say --allow-destroy wal"))
        #expect(!run.errors.contains("Type"))
        #expect(try place.text("host.json") == before)
    }

    @Test func theEnvironmentAgreesToNothing() throws {
        try prepareLosses()
        let before = try place.text("host.json")
        let variables = ["YES", "ASSUME_YES", "ALLOW_DESTROY", "CONSENT", "NONINTERACTIVE"]
        let environment = variables.map { "DAXPROV_\($0)=heap" } + ["CI=1", "DEBIAN_FRONTEND=noninteractive"]
        #expect(try apply(answering: "no", environment: environment).status == 3)
        let input = try Workplace.open("/dev/null", O_RDONLY)
        defer { close(input) }
        let output = try Workplace.open(place.path("output"), O_WRONLY | O_TRUNC)
        defer { close(output) }
        let run = try place.run(arguments("apply"), input: input, output: output, environment: environment)
        #expect(run.status == 3)
        #expect(try place.text("host.json") == before)
    }

    @Test func aPlanIsShownBeforeAQuestionAlsoWithJSON() throws {
        let run = try apply(answering: "yes", options: ["--json"])
        #expect(run.status == 0)
        #expect(run.errors.hasPrefix("  + region0/wal: fsdax 2 GiB"))
        #expect(run.output.hasPrefix("{"))
    }

    @Test func aRollbackAsksForTheNamesThatLoseData() throws {
        #expect(try apply(answering: "yes").status == 0)
        let words = ["rollback", "--simulate", place.path("host.json")]
        let before = try place.text("host.json")
        let declined = try run(words, answering: ["wal", "no"])
        #expect(declined.status == 3)
        #expect(
            declined.errors.hasPrefix(
                "region0/wal would lose what was written to it since it was made. Type wal to agree: "))
        #expect(try place.text("host.json") == before)
        let input = try Workplace.open("/dev/null", O_RDONLY)
        defer { close(input) }
        #expect(try place.run(words).status == 3, "no terminal, no consent")
        #expect(try place.text("host.json") == before)
        #expect(try run(words, answering: ["wal", "heap"]).status == 0)
        #expect(try !place.run(arguments("plan")).output.contains("No changes"))
    }
}
