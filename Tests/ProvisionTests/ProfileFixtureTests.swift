import Glibc
import Provision
import SystemPackage
import Testing

/// Every profile under the fixtures is read, and what comes of it compared with the `.expected` file beside it. With
/// `RECORD_PROFILE_FIXTURES` in the environment the files are written, and the tests fail.
@Suite struct ProfileFixtureTests {
    @Test(arguments: ProfileFixtures.profiles(in: ProfileFixtures.folder.appending("bad")))
    func badProfileIsExplained(path: FilePath) throws {
        let outcome = ProfileFixtures.outcome(of: path)
        #expect(outcome.contains(": error: "))
        try compare(outcome, with: path)
    }

    @Test(arguments: ProfileFixtures.profiles(in: ProfileFixtures.folder.appending("good")))
    func goodProfileIsReadWhole(path: FilePath) throws {
        let outcome = ProfileFixtures.outcome(of: path)
        #expect(outcome.hasPrefix("unmanaged: "))
        try compare(outcome, with: path)
    }

    @Test(arguments: ProfileFixtures.profiles(in: ProfileFixtures.package.appending("profiles")))
    func exampleProfileIsValid(path: FilePath) throws {
        let profile = try ProfileReader.read(contentsOf: path)
        #expect(profile.source == path.string)
        #expect(profile.regions.contains { !$0.namespaces.isEmpty })
        let text = String(decoding: try #require(ProfileFixtures.bytes(of: path)), as: UTF8.self)
        #expect(text.hasPrefix("# For a"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count < 100 })
    }

    @Test func everyProfileOfTheReferenceIsValid() throws {
        let path = ProfileFixtures.package.appending("docs/profile.md")
        let lines = String(decoding: try #require(ProfileFixtures.bytes(of: path)), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        let blocks = lines.split(separator: "```yaml").dropFirst().map { $0.prefix { $0 != "```" } }
        #expect(blocks.count >= 2)
        for block in blocks {
            let text = block.joined(separator: "\n")
            #expect(throws: Never.self, "\(text)") {
                try ProfileReader.read(Array(text.utf8), source: "docs")
            }
        }
    }

    @Test func thereAreFixturesAndExamples() {
        #expect(ProfileFixtures.profiles(in: ProfileFixtures.folder.appending("bad")).count >= 40)
        #expect(ProfileFixtures.profiles(in: ProfileFixtures.folder.appending("good")).count >= 5)
        #expect(ProfileFixtures.profiles(in: ProfileFixtures.package.appending("profiles")).count >= 5)
    }

    private func compare(_ outcome: String, with path: FilePath) throws {
        let expectation = FilePath(String(path.string.dropLast("yaml".count)) + "expected")
        if unsafe getenv("RECORD_PROFILE_FIXTURES") != nil {
            try ProfileFixtures.write(outcome, to: expectation)
            Issue.record("recorded \(expectation)")
            return
        }
        let expected = try #require(ProfileFixtures.bytes(of: expectation), "no \(expectation)")
        #expect(outcome == String(decoding: expected, as: UTF8.self))
    }
}
