import Glibc
import Testing

@testable import ProvisionHost

/// Signals that come while something is done to a host.
@Suite struct SignalTests {
    /// Those that report a fault of the program, and the one that nobody can answer.
    private static let fatal = [SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT]
    /// Those that stop a process until it is told to go on.
    private static let stopping = [SIGTSTP, SIGTTIN, SIGTTOU]
    /// Those that ask a run to end.
    private static let asking = [SIGINT, SIGTERM, SIGQUIT, SIGXCPU]
    /// 32 and 33 are the C library's own; the last of the real-time signals is 64.
    private static let others = (1...64).map { Int32($0) }
        .filter { !(fatal + stopping + asking).contains($0) && ![32, 33].contains($0) }

    @Test func noneEndsARunButWhatAFaultOfTheProgramDoes() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let interruption = Interruption.bySignals()
            for signal in Self.others {
                guard raise(signal) == 0, !interruption.isRequested else { exit(signal) }
            }
            exit(7)
        }
    }

    @Test func oneThatAsksToStopIsCounted() async {
        await #expect(processExitsWith: .exitCode(7)) { Self.ask(SIGINT) }
        await #expect(processExitsWith: .exitCode(7)) { Self.ask(SIGTERM) }
        await #expect(processExitsWith: .exitCode(7)) { Self.ask(SIGQUIT) }
        // The kernel repeats that one every second, which is no second request.
        await #expect(processExitsWith: .exitCode(8)) { Self.ask(SIGXCPU) }
    }

    /// Asks twice, and exits with 7 where both count, with 8 where the first alone does.
    private static func ask(_ signal: Int32) -> Never {
        let interruption = Interruption.bySignals()
        guard raise(signal) == 0, interruption.isRequested, !interruption.isInsisting else { exit(1) }
        guard raise(signal) == 0 else { exit(2) }
        exit(interruption.isInsisting ? 7 : 8)
    }

    /// A limit on the size of files is an error of the write, like a full disk.
    @Test func aFileThatIsTooLargeIsAnError() async {
        await #expect(processExitsWith: .exitCode(7)) {
            _ = Interruption.bySignals()
            var limit = rlimit(rlim_cur: 8, rlim_max: 8)
            guard unsafe setrlimit(__rlimit_resource_t(1), &limit) == 0 else { exit(1) }  // RLIMIT_FSIZE
            let path = "/tmp/daxprov-test-size-\(getpid())"
            let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            unsafe unlink(path)
            let text = [UInt8](repeating: 0x20, count: 16)
            _ = unsafe write(file, text, text.count)
            exit(unsafe write(file, text, text.count) == -1 && errno == EFBIG ? 7 : 2)
        }
    }
}
