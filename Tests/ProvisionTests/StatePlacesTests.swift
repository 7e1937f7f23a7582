import Glibc
import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore

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
