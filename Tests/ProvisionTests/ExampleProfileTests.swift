import Provision
import ProvisionCore
import ProvisionHost
import SystemPackage
import Testing

/// Every profile in `profiles/` works on the example host that its own comment names:
/// `# Try it: daxprov plan profiles/NAME.yaml --simulate profiles/hosts/HOST.json`.
@Suite struct ExampleProfileTests {
    private static let names = TestFiles.names(in: Example.folder, endingWith: ".yaml")
    private static let hosts = TestFiles.names(in: "\(Example.folder)/hosts", endingWith: ".json")

    @Test func thereAreExamplesForSeveralKindsOfHosts() {
        #expect(Self.names.count >= 5)
    }

    /// A host that has dax regions alone can only be looked at.
    @Test func everyExampleHostIsUsedByAProfile() throws {
        let used = try Self.names.map { try Example($0).host }
        let unused = try Self.hosts.filter { name in
            let host = try SimulatedHost(json: TestFiles.text("\(Example.folder)/hosts/\(name).json"))
            return try !used.contains(name) && !host.observe().buses.isEmpty
        }
        #expect(unused == [])
    }

    @Test(arguments: names)
    func theHostNeedsChangesAndThePlanIsNotRefused(name: String) throws {
        let example = try Example(name)
        let plan = Planner.plan(example.profile, on: try example.simulatedHost().observe())
        #expect(plan.refusals.map(\.message) == [])
        #expect(!plan.changes.isEmpty)
    }

    @Test(arguments: names)
    func appliedItLeavesNothingToDoAlsoAfterAReboot(name: String) throws {
        let example = try Example(name)
        let host = try example.simulatedHost()
        let application = Application(of: example.profile, to: host)
        let prepared = try application.prepare()
        let consent = Consent(allowDestroy: Set(prepared.plan.changes.compactMap(\.consent)))
        let ending = try application.carryOut(prepared, consent: consent, recordingIn: nil)
        guard case .applied(let done) = ending else {
            Issue.record("it ended so: \(ending)")
            return
        }
        #expect(done.count == prepared.plan.steps.count)
        #expect(Planner.plan(example.profile, on: try host.observe()).isEmpty)
        try host.reboot()
        let after = Planner.plan(example.profile, on: try host.observe())
        #expect(after.isEmpty, "after the reboot: \(after)")
        #expect(after.unchanged.count >= example.profile.regions.flatMap(\.namespaces).count)
    }

    /// Data is put out of reach only where the profile's comment says so.
    @Test(arguments: names)
    func consentIsNeededOnlyWhereTheCommentNamesIt(name: String) throws {
        let example = try Example(name)
        let plan = Planner.plan(example.profile, on: try example.simulatedHost().observe())
        #expect(plan.changes.contains { $0.consent != nil } == example.text.contains("--allow-destroy"))
    }

    /// A profile of `profiles/`, with the host that it names.
    private struct Example {
        /// `profiles/`, seen from the fixtures.
        static let folder = "../../profiles"

        var text: String
        var profile: Profile
        var host: String

        init(_ name: String) throws {
            let path = "\(Self.folder)/\(name).yaml"
            text = try TestFiles.text(path)
            profile = try ProfileReader.read(contentsOf: FilePath("\(TestFiles.directory)/\(path)"))
            let command = "# Try it: daxprov plan profiles/\(name).yaml --simulate profiles/hosts/"
            let lines = text.split(separator: "\n").filter { $0.hasPrefix(command) && $0.hasSuffix(".json") }
            #expect(lines.count == 1, "\(name).yaml needs one line '\(command)HOST.json'")
            host = try String(#require(lines.first).dropFirst(command.count).dropLast(".json".count))
        }

        func simulatedHost() throws -> SimulatedHost {
            try SimulatedHost(json: TestFiles.text("\(Self.folder)/hosts/\(host).json"))
        }
    }
}
