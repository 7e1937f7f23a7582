import Glibc
import Provision
import ProvisionCore

/// Questions on the terminal. What is typed there is the only answer: no variable of the environment gives one.
enum Question {
    /// Whether there is somebody to ask.
    static var isPossible: Bool { isatty(STDIN_FILENO) == 1 }

    /// Why nobody was asked.
    static var impossible: OperationError {
        OperationError(
            .declined, "there is no terminal to ask on, and --yes was not given",
            advice: "\(UntouchedText.advice); look at the plan, then say --yes")
    }

    private static var declined: OperationError {
        OperationError(.declined, "not confirmed", advice: UntouchedText.advice)
    }

    /// Returns when the person at the terminal types yes; fails otherwise, and where there is no terminal to ask on.
    static func confirm(_ question: String) throws(OperationError) {
        guard isPossible else { throw impossible }
        Console.prompt("\(question) Type yes: ")
        guard answer()?.lowercased() == "yes" else { throw declined }
    }

    /// The consent with everything that the person at the terminal agreed to by typing its name; fails at the first
    /// name that is not typed as it is.
    static func agree(_ requests: [ConsentRequest], to consent: Consent) throws(OperationError) -> Consent {
        guard isPossible else { throw impossible }
        var consent = consent
        for request in requests {
            let name = TerminalText.clean(request.word)
            Console.prompt(
                "\(TerminalText.clean(request.address)) \(request.consequence). Type \(name) to agree: ")
            guard answer() == request.word else { throw declined }
            consent.allowDestroy.insert(request.grant)
        }
        return consent
    }

    /// One typed line; nil at the end of the input, and when a signal asks to stop.
    ///
    /// The handlers that let a step finish restart a read, and never a poll: without one, Control-C would do nothing.
    private static func answer() -> String? {
        var request = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&request, 1, -1) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe read(STDIN_FILENO, $0.baseAddress, $0.count)
        }
        guard count > 0, bytes[count - 1] == UInt8(ascii: "\n") else { return nil }
        return String(decoding: bytes[..<(count - 1)], as: UTF8.self)
    }
}
