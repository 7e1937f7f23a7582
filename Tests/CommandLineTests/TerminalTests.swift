import Glibc
import Testing

/// The two ends of a pseudo terminal.
private struct Terminal: ~Copyable {
    /// `TIOCGPTN` and `TIOCSPTLCK` of asm-generic/ioctls.h, which Swift does not import.
    private static let getNumber: UInt = 0x8004_5430
    private static let setLock: UInt = 0x4004_5431

    let controller: Int32
    let terminal: Int32

    init() throws {
        let controller = try Workplace.open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var isLocked: Int32 = 0
        try #require(unsafe ioctl(controller, Self.setLock, &isLocked) == 0)
        var number: UInt32 = 0
        try #require(unsafe ioctl(controller, Self.getNumber, &number) == 0)
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

    @Test func aTerminalGetsColours() throws {
        #expect(try planOnTerminal([]).contains("\(escape)["))
        #expect(try planOnTerminal(["NO_COLOR="]).contains("\(escape)["), "empty is as if it were not set")
    }

    @Test func noColorIsHonoured() throws {
        #expect(try !planOnTerminal(["NO_COLOR=1"]).contains(escape))
    }

    @Test func whatIsNoTerminalGetsNoColours() throws {
        let run = try place.run(arguments("plan"))
        #expect(run.output.contains("region0/wal"))
        #expect(!run.output.contains(escape))
    }

    /// Runs apply with a terminal as standard input on which `answer` was typed.
    private func apply(answering answer: String) throws -> Workplace.Run {
        let terminal = try Terminal()
        try terminal.type(answer)
        let output = try Workplace.open(place.path("output"), O_WRONLY | O_TRUNC)
        defer { close(output) }
        return try place.run(arguments("apply"), input: terminal.terminal, output: output, environment: [])
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
}
