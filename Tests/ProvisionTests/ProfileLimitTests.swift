import Glibc
import ProvisionCore
import SystemPackage
import Testing

/// What a hostile or mistaken profile can be at most, and what cannot be opened as one.
@Suite struct ProfileLimitTests {
    private static let namespaceStart = "version: 1\nregions:\n- match: {numa_node: 0}\n  namespaces:\n"

    @Test func nestingIsAllowedTo64LevelsAndNoDeeper() throws {
        // `regions:` is in the root mapping: 63 lists below it are 64 levels.
        let deepest = try diagnostics("version: 1\nregions: \(nested(63))")
        #expect(deepest.map(\.message) == ["a region block must be a mapping, not a list"])
        let deeper = try diagnostics("version: 1\nregions: \(nested(64))")
        #expect(deeper.map(\.message) == ["lists and mappings are nested deeper than 64 levels"])
        #expect(deeper.first?.position == SourcePosition(line: 2, column: 10 + 63))
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "{? ", "[{"])
    func endlessNestingIsRefused(opening: String) throws {
        let text = "version: 1\nregions:\n" + String(repeating: opening, count: 400_000 / opening.count)
        #expect(try !diagnostics(text).isEmpty)
    }

    /// Repetitions that cost some YAML parsers quadratic time. `make bench` shows how the time grows.
    @Test(arguments: [
        "a ", "a: ", "a: b\n", "- a\n", "'a' ", "\"\\u00e9\"\n", "&a ", "*a ", "!a ", "# c\n", " \n", "? a\n",
        "a,", "a\n",
        "%A\n", "---\n", "|\n", "{a: b}, ", "é", "\t", "\r\n", ": ", ">\n  a\n\n", "''",
    ])
    func endlessRepetitionIsRefused(pattern: String) throws {
        for start in ["", "version: 1\nregions: [", "version: 1\nregions: \"", "version: 1\nregions: |\n  "] {
            let text = start + String(repeating: pattern, count: (64 << 10) / pattern.utf8.count)
            #expect(try !diagnostics(text).isEmpty, "\(start)")
        }
    }

    @Test func namespacesAreCountedOverAllBlocks() throws {
        let items = (0..<4096).map { "  - {name: n\($0), mode: raw, size: 1 GiB}\n" }.joined()
        let most = try read(Self.namespaceStart + items)
        #expect(most.regions[0].namespaces.count == 4096)
        let second = "- match: {numa_node: 1}\n  namespaces:\n  - {mode: raw}\n  - {mode: raww}\n"
        let found = try diagnostics(Self.namespaceStart + items + second)
        #expect(found.map(\.message) == ["the profile has more than 4096 namespaces"])
        #expect(found.first?.position.line == 4 + 4096 + 3)
    }

    @Test func regionBlocksAreCounted() throws {
        let items = String(repeating: "- {match: {region: 0}, namespaces: []}\n", count: 1024)
        #expect(try read("version: 1\nregions:\n" + items).regions.count == 1024)
        let found = try diagnostics("version: 1\nregions:\n\(items)- 1\n- 2\n")
        #expect(found.map(\.message) == ["`regions` has more than 1024 items"])
        #expect(found.first?.position.line == 1027)
    }

    @Test func valuesAreCounted() throws {
        let found = try diagnostics("version: 1\nregions: [" + String(repeating: "1,", count: 100_000) + "]")
        #expect(found.map(\.message) == ["the profile has more than 100000 values"])
    }

    @Test func everyUnknownKeyOfManyIsReported() throws {
        let keys = (0..<10_000).map { "namespace\($0): 1, " }.joined()
        #expect(try diagnostics("{version: 1, \(keys) regions: 1}").count == 10_001)
    }

    @Test func oneMebibyteIsReadAndOneByteMoreIsNot() throws {
        let text = "version: 1\nregions:\n- {match: {region: 0}, namespaces: []}\n#"
        let padding = String(repeating: "x", count: (1 << 20) - text.utf8.count)
        #expect(try read(text + padding).regions.count == 1)
        let found = try diagnostics(text + padding + "x")
        #expect(found.map(\.description) == ["p.yaml:1:1: error: the profile is larger than 1 MiB"])
    }

    @Test func aSingleLineOfTenMegabytesIsRefused() throws {
        let path = try temporaryPath()
        defer { unsafe unlink(path.string) }
        try ProfileFixtures.write(String(repeating: "a", count: 10_000_000), to: path)
        #expect(throws: ProfileError.self) { try ProfileReader.read(contentsOf: path) }
    }

    @Test func aFifoIsRefusedWithoutWaitingForItsWriter() throws {
        let path = try temporaryPath()
        defer { unsafe unlink(path.string) }
        try #require(unsafe mkfifo(path.string, 0o600) == 0)
        #expect(reason(of: path) == "it is a FIFO")
    }

    @Test func whatIsNoRegularFileIsUnreadable() throws {
        #expect(reason(of: "/") == "it is a directory")
        #expect(reason(of: "/dev/null") == "it is a character device")
        #expect(reason(of: "/nonexistent/profile.yaml") == "No such file or directory")
        #expect(reason(of: FilePath("/etc/passwd/profile.yaml")) == "Not a directory")
    }

    @Test func anUnreadableProfileIsDescribedWithoutControlCharacters() {
        do {
            _ = try ProfileReader.read(contentsOf: "/nonexistent/\u{1B}[31m\nx")
            Issue.record("read a file that is not there")
        } catch {
            #expect(
                error.description
                    == "error: cannot read the profile /nonexistent/\u{FFFD}[31m\u{FFFD}x: No such file or directory"
            )
        }
    }

    @Test func aDashReadsStandardInput() async {
        await #expect(processExitsWith: .success) {
            let text = "version: 1\nregions:\n- {match: {region: 7}, namespaces: []}\n"
            let (reading, writing) = try FileDescriptor.pipe()
            try writing.closeAfter { _ = try writing.writeAll(text.utf8) }
            _ = try reading.duplicate(as: .standardInput)
            let profile = try ProfileReader.read(contentsOf: "-")
            precondition(profile.source == "<stdin>" && profile.regions.map(\.match.region) == [7])
        }
    }

    @Test func endlessStandardInputIsGivenUpAtTheLimit() async {
        await #expect(processExitsWith: .success) {
            let endless = try FileDescriptor.open(FilePath("/dev/zero"), .readOnly)
            _ = try endless.duplicate(as: .standardInput)
            precondition(Self.messages(of: "-") == ["the profile is larger than 1 MiB"])
        }
    }

    private static func messages(of path: FilePath) -> [String] {
        do {
            _ = try ProfileReader.read(contentsOf: path)
        } catch .invalid(let diagnostics) {
            return diagnostics.map(\.message)
        } catch {}
        return []
    }

    private func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    private func read(_ text: String) throws -> Profile {
        try ProfileReader.read(Array(text.utf8), source: "p.yaml")
    }

    private func diagnostics(_ text: String) throws -> [Diagnostic] {
        do {
            _ = try ProfileReader.read(Array(text.utf8), source: "p.yaml")
            return []
        } catch .invalid(let diagnostics) {
            return diagnostics
        }
    }

    private func reason(of path: FilePath) -> String? {
        do {
            _ = try ProfileReader.read(contentsOf: path)
        } catch .unreadable(let profile) {
            #expect(profile.source == path.string)
            return profile.reason
        } catch {}
        return nil
    }

    private func temporaryPath() throws -> FilePath {
        FilePath("\(P_tmpdir)/daxprov-profile-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).yaml")
    }
}
