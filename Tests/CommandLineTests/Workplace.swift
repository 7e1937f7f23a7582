import Glibc
import Testing

/// A temporary folder to run `daxprov` in, with its own copies of example hosts; gone with the value.
final class Workplace {
    /// The folder.
    let folder: String

    /// What a run of the tool left.
    struct Run: Equatable {
        /// The exit code.
        var status: Int32
        /// What it wrote on standard output.
        var output: String
        /// What it wrote on standard error.
        var errors: String
    }

    /// The repository.
    static let repository = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        .dropLast(3).joined(separator: "/")

    /// An empty folder.
    init() throws {
        let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/daxprov-test.XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) }
        }
        folder = try #require(made)
    }

    deinit {
        let names = ["host.json", "profile.yaml", "other.yaml", "plan", "input", "output", "errors"]
        for name in names { unsafe unlink("\(folder)/\(name)") }
        unsafe rmdir(folder)
    }

    /// The path of a file in the folder.
    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Puts a copy of an example host into the folder, as `host.json`.
    @discardableResult
    func host(_ example: String) throws -> String {
        try write(Self.read("\(Self.repository)/profiles/hosts/\(example).json"), to: "host.json")
    }

    /// Writes a file in the folder, and returns its path.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let file = try Self.open(path(name), O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(file) }
        var text = text
        let written = text.withUTF8 { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
        try #require(written == text.utf8.count)
        return path(name)
    }

    /// The text of a file in the folder.
    func text(_ name: String) throws -> String { try Self.read(path(name)) }

    /// Runs `daxprov` without a terminal.
    func run(_ arguments: String..., input: String = "", environment: [String] = []) throws -> Run {
        try run(arguments, input: input, environment: environment)
    }

    /// Runs `daxprov` without a terminal.
    func run(_ arguments: [String], input: String = "", environment: [String] = []) throws -> Run {
        let input = try Self.open(try write(input, to: "input"), O_RDONLY)
        defer { close(input) }
        let output = try Self.open(path("output"), O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(output) }
        return try run(arguments, input: input, output: output, environment: environment)
    }

    /// Runs `daxprov` with these as its standard input and output; `Run.output` is what the file `output` holds.
    func run(
        _ arguments: [String], input: Int32, output: Int32, environment: [String],
        command: [String] = [Tool.path]
    ) throws -> Run {
        let errors = try Self.open(path("errors"), O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(errors) }
        let status = try Tool.run(
            arguments, environment: environment, input: input, output: output, errors: errors,
            command: command)
        return Run(status: status, output: try text("output"), errors: try text("errors"))
    }

    /// Opens a file for this process alone.
    static func open(_ path: String, _ flags: Int32) throws -> Int32 {
        let file = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600)
        try #require(file >= 0, "cannot open \(path): errno \(errno)")
        return file
    }

    /// The text of a file.
    static func read(_ path: String) throws -> String {
        let file = try open(path, O_RDONLY)
        defer { close(file) }
        return String(decoding: bytes(of: file), as: UTF8.self)
    }

    /// What there is to read until the end, or until an error.
    static func bytes(of file: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe Glibc.read(file, $0.baseAddress, $0.count)
            }
            guard count > 0 else { return bytes }
            bytes += chunk.prefix(count)
        }
    }
}

/// Profiles for the host `one-dimm`: 16 GiB with labels.
enum Profiles {
    /// Two namespaces in free capacity.
    static let first = """
        version: 1
        regions:
          - match: {numa_node: 0}
            namespaces:
              - {name: wal, mode: fsdax, size: 2 GiB}
              - {name: heap, mode: devdax, size: 4 GiB}

        """
    /// The same, with another size.
    static let larger = """
        version: 1
        regions:
          - match: {numa_node: 0}
            namespaces:
              - {name: wal, mode: fsdax, size: 2 GiB}
              - {name: heap, mode: devdax, size: 6 GiB}

        """
    /// More than there is.
    static let tooLarge = """
        version: 1
        regions:
          - match: {numa_node: 0}
            namespaces:
              - {name: wal, mode: fsdax, size: 64 GiB}

        """
}
