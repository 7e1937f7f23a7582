import Glibc
import Provision
import SystemPackage
import ProvisionCore
import Testing

/// One host has one lock, whatever its transactions are recorded in; and whoever looks at it is told of whoever changes
/// it.
@Suite struct OneHostTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.host("one-dimm")
        try place.write(Profiles.first, to: "profile.yaml")
        try #require(unsafe mkdir("\(place.folder)/host.json.state", 0o700) == 0)
    }

    private var profile: String { place.path("profile.yaml") }

    private func run(_ words: [String], host: String = "host.json") throws -> Workplace.Run {
        try place.run(words + ["--simulate", place.path(host)])
    }

    private func lock() throws -> HostLock {
        try HostLock(FilePath(place.path("host.json.state/lock")))
    }

    @Test func anotherStateDirectoryIsNoOtherLock() throws {
        let held = try lock()
        for option in [
            [], ["--state-dir", place.path("other")], ["--state-dir", place.path("host.json.state")],
        ] {
            for words in [
                ["apply", profile, "--yes"], ["recover"], ["rollback", "--yes"], ["unprotect", "a"],
                ["wipe", "a", "--yes"],
            ] {
                let run = try run(words + option)
                #expect(run.status == 7, "\(words + option): \(run)")
                #expect(run.errors.contains("another daxprov (process \(getpid())) holds the lock"), "\(run)")
            }
        }
        _ = consume held
        #expect(
            try run(["apply", profile, "--yes", "--state-dir", place.path("host.json.state")]).status == 0)
    }

    @Test func aLinkToTheHostIsNoOtherHost() throws {
        try #require(unsafe symlink(place.path("host.json"), place.path("plan")) == 0)
        let held = try lock()
        #expect(try run(["apply", profile, "--yes"], host: "plan").status == 7)
        extendLifetime(held)
    }

    @Test func whoLooksIsToldOfWhoChangesAndDisturbsNobody() throws {
        let quiet = try run(["plan", profile, "--json"])
        #expect(quiet.status == 0 && !quiet.output.contains("host_changing"))
        let held = try lock()
        let words =
            "another daxprov (process \(getpid())) is changing the host: what is shown may be half of its change"
        let plan = try run(["plan", profile, "--json"])
        #expect(plan.status == 0 && plan.output.contains("\"code\": \"host_changing\""), "\(plan)")
        #expect(plan.output.contains(words))
        for words in [["plan", profile], ["apply", profile, "--dry-run"]] {
            #expect(try run(words).output.contains("note: host: another daxprov"), "\(words)")
        }
        for words in [["inventory"], ["inventory", "--json"], ["status"]] {
            let run = try run(words)
            #expect(run.status == 0 && run.errors.contains("is changing the host"), "\(run)")
        }
        extendLifetime(held)
    }

    @Test func lookingTakesNoLock() throws {
        let path = FilePath(place.path("host.json.state/lock"))
        #expect(HostLock.state(of: path) == .free)
        #expect(unsafe access(path.string, F_OK) != 0)
        let held = try lock()
        #expect(HostLock.state(of: path) == .held(by: Int(getpid())))
        #expect(throws: OperationError.self) { _ = try HostLock(path) }
        #expect(HostLock.state(of: path) == .held(by: Int(getpid())))
        extendLifetime(held)
    }

    @Test func aLockThatWasTakenAndLeftMeanwhileIsSeen() throws {
        let path = FilePath(place.path("host.json.state/lock"))
        let first = LockWatch(path)
        #expect(first.notes.isEmpty)
        do { extendLifetime(try lock()) }
        #expect(first.notes.map(\.code) == [.hostChanging])
        #expect(LockWatch(path).notes.isEmpty)
    }
}
