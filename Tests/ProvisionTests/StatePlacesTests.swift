import Glibc
import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What is interrupted is found wherever it is recorded.
@Suite struct StatePlacesTests {
    private let scratch: ScratchDirectory
    private let places: StatePlaces

    init() throws {
        scratch = try ScratchDirectory()
        places = StatePlaces(
            usual: scratch.path.appending("usual"), runtime: scratch.path.appending("runtime"))
        try StateDirectory(places.runtime).prepareAlone()
    }

    private func path(_ name: String) -> FilePath { scratch.path.appending(name) }

    /// A crash in the middle of a transaction that is recorded in a directory.
    private func crash(in place: FilePath) throws -> String {
        let writer = try TransactionWriter.begin(
            in: TransactionStore(StateDirectory(place)), source: "p.yaml", before: Observed(buses: []),
            plan: Plan(changes: [], steps: [], unchanged: [], unmanaged: [], refusals: []))
        return writer.name
    }

    private func refusal(besides place: FilePath) -> OperationError? {
        #expect(throws: OperationError.self) { try places.requireNothingInterrupted(besides: place) }
    }

    @Test func whereNothingWasRecordedNothingIsInterrupted() throws {
        try places.requireNothingInterrupted(besides: places.usual)
        try places.requireNothingInterrupted(besides: path("other"))
        #expect(unsafe access(places.usual.string, F_OK) != 0, "looking makes nothing")
    }

    @Test(arguments: [false, true]) func anotherDirectoryIsNamed(afterReboot: Bool) throws {
        #expect(try places.remember(path("other")) == nil)
        let id = try crash(in: path("other"))
        if afterReboot { unsafe unlink(places.runtime.appending(StatePlaces.mark).string) }
        for place in [places.usual, path("third")] {
            let error = try #require(refusal(besides: place))
            #expect(error.kind == .record(.interrupted))
            #expect(
                error.description
                    == "transaction \(id), recorded in \(path("other")), was interrupted")
            #expect(error.advice == "run daxprov recover --state-dir \(path("other"))")
        }
        try places.requireNothingInterrupted(besides: path("other"))
        try places.requireNothingInterrupted(besides: FilePath("\(scratch.path)/./other/"))
    }

    /// A crash in the middle of a transaction whose journal cannot be read any more.
    private func damage(in name: String) throws -> String {
        let id = try crash(in: path(name))
        try scratch.write("garbage\n", to: "\(name)/transactions/\(id)/journal")
        let store = TransactionStore(StateDirectory(path(name)))
        try #require(try store.unreadable().map(\.name) == [id])
        try #require(try store.interrupted().isEmpty)
        return id
    }

    /// Nobody knows whether it was interrupted, so nothing is changed beside it either.
    @Test func aTransactionThatCannotBeReadIsNamed() throws {
        #expect(try places.remember(path("other")) == nil)
        let id = try damage(in: "other")
        for place in [places.usual, path("third")] {
            let error = try #require(refusal(besides: place))
            #expect(error.kind == .record(.interrupted))
            let words =
                "transaction \(id), recorded in \(path("other")), may have been interrupted, and cannot be read: "
            #expect(error.description.hasPrefix(words))
            #expect(error.description.hasSuffix("is damaged at line 1"))
            let command = "daxprov recover --abandon \(id) --state-dir \(path("other"))"
            #expect(error.advice?.hasSuffix(command) == true)
        }
        try places.requireNothingInterrupted(besides: path("other"))
        _ = try TransactionStore(StateDirectory(path("other"))).setAside(id)
        try places.requireNothingInterrupted(besides: places.usual)
    }

    /// The next command must find it, as long as nobody gave it up.
    @Test func aDirectoryWithATransactionThatCannotBeReadIsNotForgotten() throws {
        let site = HostSite(
            store: TransactionStore(StateDirectory(path("other"))),
            lockDirectory: StateDirectory(places.runtime), places: places, makesState: true, options: [])
        do {
            let claim = try site.claim(for: .apply, patience: 0) { line in #expect(line.isEmpty) }
            _ = try damage(in: "other")
            extendLifetime(claim)
        }
        for place in [places.usual, places.runtime] {
            #expect(unsafe access(place.appending(StatePlaces.mark).string, F_OK) == 0)
        }
        #expect(refusal(besides: path("third"))?.description.contains("cannot be read") == true)
    }

    @Test func theUsualDirectoryIsNamed() throws {
        let id = try crash(in: places.usual)
        let error = try #require(refusal(besides: path("other")))
        #expect(
            error.description == "transaction \(id), recorded in \(places.usual), was interrupted")
        #expect(error.advice == "run daxprov recover")
        try places.requireNothingInterrupted(besides: places.usual)
    }

    @Test func whatEndedIsForgotten() throws {
        try StateDirectory(path("other")).prepare()
        #expect(try places.remember(path("other")) == nil)
        try places.requireNothingInterrupted(besides: places.usual)
        places.forget(path("third"))
        #expect(unsafe access(places.usual.appending(StatePlaces.mark).string, F_OK) == 0)
        places.forget(path("other"))
        for place in [places.usual, places.runtime] {
            #expect(unsafe access(place.appending(StatePlaces.mark).string, F_OK) != 0)
        }
        #expect(try places.remember(places.usual) == nil)
        #expect(
            unsafe access(places.runtime.appending(StatePlaces.mark).string, F_OK) != 0,
            "it is looked at anyway")
    }

    @Test func aDirectoryThatIsNotThereIsNotTakenForOneWithoutTransactions() throws {
        #expect(try places.remember(path("unmounted")) == nil)
        let error = try #require(refusal(besides: places.usual))
        #expect(
            error.kind == .record(.interrupted)
                && error.description.contains("\(path("unmounted")), which does not exist"))
        #expect(error.advice?.contains("\(places.runtime.appending(StatePlaces.mark))") == true)
    }

    @Test func aUsualPlaceThatCannotBeWrittenIsTold() throws {
        try StateDirectory(path("other")).prepare()
        try scratch.write("", to: "usual")
        #expect(try places.remember(path("other"))?.kind == .record(.untrusted))
        #expect(unsafe access(places.runtime.appending(StatePlaces.mark).string, F_OK) == 0)
    }

    @Test func aMarkThatSomebodyElseCouldHaveWrittenIsNotBelieved() throws {
        #expect(try places.remember(path("other")) == nil)
        try #require(unsafe chmod(places.runtime.appending(StatePlaces.mark).string, 0o666) == 0)
        #expect(refusal(besides: places.usual)?.kind == .record(.untrusted))
    }
}
