import Glibc
import ProvisionCore
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
        #expect(profile.regions.contains { !$0.namespaces.isEmpty } || !profile.daxRegions.isEmpty)
        let text = String(decoding: try #require(ProfileFixtures.bytes(of: path)), as: UTF8.self)
        #expect(text.hasPrefix("# For a"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count < 100 })
    }

    private static let documents = [
        "README.md", "docs/profile.md", "docs/guide.md", "docs/fleet.md", "docs/safety.md",
        "docs/capacity.md",
    ]

    /// The profiles in a document: its blocks of YAML that say a version.
    private static func profiles(in document: String) throws -> [String] {
        let path = ProfileFixtures.package.appending(document)
        let lines = String(decoding: try #require(ProfileFixtures.bytes(of: path)), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.drop { $0 == " " } == "```yaml" ? "```yaml" : $0 }
        let blocks = lines.split(separator: "```yaml").dropFirst().map { block in
            let lines = block.prefix { $0.drop { $0 == " " } != "```" }
            let indent = lines.first?.prefix { $0 == " " }.count ?? 0
            return lines.map { $0.dropFirst(indent) }.joined(separator: "\n")
        }
        return blocks.filter { $0.hasPrefix("version:") }
    }

    /// Valid, and free of what the planner refuses everywhere.
    @Test(arguments: documents)
    func everyProfileOfTheDocumentsIsAccepted(document: String) throws {
        for text in try Self.profiles(in: document) {
            #expect(throws: Never.self, "\(text)") {
                _ = try ProfileReader.read(Array(text.utf8), source: "docs")
            }
        }
    }

    @Test func theDocumentsHaveProfiles() throws {
        let counts = try Self.documents.map { try Self.profiles(in: $0).count }
        #expect(counts[0] >= 2 && counts[1] >= 2 && counts[2] >= 1)
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
