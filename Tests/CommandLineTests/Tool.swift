import Glibc
import Testing

/// The built `daxprov`, run as a process.
enum Tool {
    /// The executable: beside the test bundle that this process runs.
    static let path: String = {
        let bundle = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            let length = unsafe readlink("/proc/self/exe", start, buffer.count)
            let bytes = unsafe UnsafeRawBufferPointer(buffer).prefix(max(0, length))
            return unsafe String(decoding: bytes, as: UTF8.self)
        }
        return bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/") + "/daxprov"
    }()

    /// Whether this build, and so the tool's, is instrumented by a sanitizer.
    static let isSanitized = unsafe dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil

    /// Starts the tool with these descriptors as its standard ones, waits, and returns its exit code, or 128 and more
    /// where a signal ended it. With `command` that is run instead, with the tool's arguments behind its own.
    static func run(
        _ arguments: [String], environment: [String], input: Int32, output: Int32, errors: Int32,
        command: [String] = [path]
    ) throws -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (standard, descriptor) in [input, output, errors].enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(standard))
        }
        var process: pid_t = 0
        let failure = try unsafe withCStrings(command + arguments) { argv in
            try unsafe withCStrings(environment) { envp in
                unsafe posix_spawn(&process, command[0], &actions, nil, argv, envp)
            }
        }
        try #require(failure == 0, "cannot start \(path): errno \(failure)")
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) == -1 { try #require(errno == EINTR) }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    private static func withCStrings<Result>(
        _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) throws -> Result
    ) throws -> Result {
        var copies: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { unsafe strdup($0) } + [nil]
        defer { unsafe copies.forEach { unsafe free($0) } }
        return try unsafe copies.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { throw CancellationError() }
            return try unsafe body(start)
        }
    }
}
