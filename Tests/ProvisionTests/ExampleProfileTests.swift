import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Every profile in `profiles/` works on the example host that its own comment names:
/// `# Try it: daxprov plan profiles/NAME.yaml --simulate profiles/hosts/HOST.json`.
@Suite struct ExampleProfileTests {
    private static let names = TestFiles.names(in: Example.folder, endingWith: ".yaml")
    private static let hosts = TestFiles.names(in: "\(Example.folder)/hosts", endingWith: ".json")
    /// Those that divide dax regions.
    private static let dividing = names.filter { name in
        (try? TestFiles.text("\(Example.folder)/\(name).yaml"))?.contains("\ndevices:") ?? false
    }

    @Test func thereAreExamplesForSeveralKindsOfHosts() {
        #expect(Self.names.count >= 8 && Self.dividing.count >= 3)
    }

    @Test func everyExampleHostIsUsedByAProfile() throws {
        let used = try Set(Self.names.map { try Example($0).host })
        #expect(Self.hosts.filter { !used.contains($0) } == [])
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
        let bench = try example.bench()
        let steps = try bench.prepare(example.profile).plan.steps
        #expect(try example.apply(to: bench) == steps.count)
        #expect(try bench.prepare(example.profile).plan.isEmpty)
        try bench.host.reboot()
        if !example.profile.daxRegions.isEmpty {
            // The kernel has forgotten the devices, and `apply --boot` makes them again.
            #expect(try !bench.prepare(example.profile).plan.isEmpty)
            let ending = try bench.restore()
            guard case .applied = ending else {
                Issue.record("restoring ended so: \(ending)")
                return
            }
        }
        let after = try bench.prepare(example.profile).plan
        #expect(after.isEmpty, "after the reboot: \(after)")
        let declared =
            example.profile.regions.flatMap(\.namespaces).count
            + example.profile.daxRegions.flatMap(\.devices).count
        #expect(after.unchanged.count >= declared)
    }

    @Test(arguments: dividing)
    func rolledBackTheHostHasTheDevicesThatItHad(name: String) throws {
        let example = try Example(name)
        let bench = try example.bench()
        func namespaces() throws -> [String] {
            try bench.host.observe().regions.flatMap(\.namespaces).filter { $0.rawSize > .zero }
                .map(\.displayName)
        }
        let (devices, before) = (try bench.layouts, try namespaces())
        #expect(try example.apply(to: bench) != nil)
        #expect(try bench.layouts != devices)
        let undone = try bench.rollBack(agreeing: bench.observed.consentWords)
        #expect(undone.left == [])
        #expect(try bench.layouts == devices)
        #expect(try namespaces() == before)
        #expect(bench.host.state.deviceRules.isEmpty)
        #expect(try bench.observed.daxRegions.allSatisfy { $0.devices.allSatisfy { $0.recordedName == nil } })
    }

    /// A host with larger memory blocks than most says so in the plan.
    @Test func theTierIsForetoldInTheBlocksOfItsHost() throws {
        let example = try Example("memory-tiering")
        let notes = try example.bench().prepare(example.profile).plan.notes
        #expect(
            notes.contains {
                $0.code == .memoryForecast && $0.message.contains("(96 blocks of 2 GiB)")
            }, "\(notes)")
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

        /// The host with a state directory.
        func bench() throws -> DaxDivisionTests.Bench {
            try DaxDivisionTests.Bench(TestFiles.text("\(Self.folder)/hosts/\(host).json"))
        }

        /// Applies the profile with the consents that the plan asks for.
        /// - Returns: the number of steps that were done; nil where it was not applied.
        func apply(to bench: DaxDivisionTests.Bench) throws -> Int? {
            let application = Application(
                of: profile, to: bench.host, safeguards: Safeguards(reading: bench.store))
            let prepared = try application.prepare()
            let consent = Consent(allowDestroy: Set(prepared.plan.changes.compactMap(\.consent)))
            let ending = try application.carryOut(prepared, consent: consent, recordingIn: bench.store)
            guard case .applied(let done, _) = ending else {
                Issue.record("it ended so: \(ending)")
                return nil
            }
            return done.count
        }
    }
}
