import Glibc
import Testing

/// A transaction that cannot be read keeps nobody from anything that it is not about, and can be given up.
@Suite struct DamagedTransactionTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.host("two-socket")
        try place.write(Self.profile(wal: 2, pool: 0), to: "profile.yaml")
        let first = try run("apply", place.path("profile.yaml"), "--yes")
        try #require(first.status == 0, "\(first)")
    }

    /// Namespaces of the two regions, by their sizes in units of 3 GiB.
    private static func profile(wal: Int, pool: Int) -> String {
        let pools = pool == 0 ? "" : "      - {name: pool, mode: raw, size: \(3 * pool) GiB}\n"
        return """
            version: 1
            regions:
              - match: {numa_node: 0}
                namespaces:
                  - {name: wal, mode: raw, size: \(3 * wal) GiB}
              - match: {numa_node: 1}
                namespaces:\(pools.isEmpty ? " []" : "")
            \(pools)
            """
    }

    private func run(_ arguments: String...) throws -> Workplace.Run {
        try place.run(
            arguments + ["--simulate", place.path("host.json"), "--state-dir", place.path("state")])
    }

    /// The program died before its first record was there: there is nothing to give up.
    @Test(arguments: [true, false]) func oneThatNeverBeganIsSaidToBeThat(hasJournal: Bool) throws {
        let other = "000002-20260101T000000Z"
        try #require(unsafe mkdir("\(transactions)/\(other)", 0o700) == 0)
        if hasJournal {
            try place.write("", to: "state/transactions/\(other)/journal")
            try #require(unsafe chmod("\(transactions)/\(other)/journal", 0o600) == 0)
        }
        for command in [
            ["show", other], ["rollback", other, "--yes"], ["recover", "--abandon", other, "--yes"],
        ] {
            let run = try place.run(
                command + ["--simulate", place.path("host.json"), "--state-dir", place.path("state")])
            #expect(run.status == 1, "\(run)")
            #expect(run.errors.contains("the transaction \(other) never began"), "\(run)")
        }
        #expect(try run("recover").status == 0)
    }

    private var transactions: String { place.path("state/transactions") }

    private func names() -> [String] { AttackedPlace.entries(transactions).sorted() }

    /// Changes a byte of a transaction's journal.
    private func damage(_ name: String, firstLine: Bool) throws {
        let path = "\(transactions)/\(name)/journal"
        var bytes = Array(try Workplace.read(path).utf8)
        let end = try #require(bytes.firstIndex(of: 10))
        bytes[firstLine ? end - 3 : end + 20] ^= 1
        let file = try Workplace.open(path, O_WRONLY | O_TRUNC)
        defer { close(file) }
        try #require(unsafe write(file, bytes, bytes.count) == bytes.count)
    }

    private func apply(wal: Int, pool: Int) throws -> Workplace.Run {
        try place.write(Self.profile(wal: wal, pool: pool), to: "profile.yaml")
        return try run("apply", place.path("profile.yaml"), "--yes", "--allow-destroy", "wal")
    }

    @Test func itIsListedWithItsFileAndTheRestGoesOn() throws {
        try #require(try apply(wal: 2, pool: 1).status == 0)
        let name = names()[0]
        try damage(name, firstLine: false)
        let history = try run("history")
        #expect(history.status == 0)
        #expect(history.output.contains("the journal \(transactions)/\(name)/journal is damaged at line 2"))
        #expect(history.output.contains("daxprov recover --abandon \(name)"))
        #expect(history.output.contains(names()[1]))
        #expect(try run("history", "--json").output.contains("\"unreadable\""))
        let status = try run("status")
        #expect(status.status == 5 && status.output.contains("\(name)/journal"), "\(status)")
        #expect(status.output.contains("Last applied: transaction \(names()[1])"))
        #expect(try run("show", "2").status == 0)
        let recover = try run("recover")
        #expect(recover.status == 5 && recover.errors.contains("\(name)/journal"), "\(recover)")
    }

    @Test func onlyTheRegionsOfItsFirstRecordAreLeftAlone() throws {
        let name = names()[0]
        try damage(name, firstLine: false)
        let elsewhere = try apply(wal: 2, pool: 1)
        #expect(elsewhere.status == 0, "\(elsewhere)")
        let there = try apply(wal: 4, pool: 1)
        #expect(there.status == 3 && there.output.contains("\(name)/journal"), "\(there)")
        #expect(there.output.contains("daxprov recover --abandon \(name)"))
        let plan = try run("plan", place.path("profile.yaml"))
        #expect(plan.status == 3 && plan.output.contains("\(name)/journal"))
        #expect(try run("rollback", "2", "--yes", "--allow-destroy", "pool").status == 0)
    }

    @Test func oneOfWhichNothingIsKnownMayBeAboutEverything() throws {
        let name = names()[0]
        try damage(name, firstLine: true)
        let elsewhere = try apply(wal: 2, pool: 1)
        #expect(elsewhere.status == 3 && elsewhere.output.contains("\(name)/journal"), "\(elsewhere)")
        #expect(try apply(wal: 2, pool: 0).status == 0, "nothing is to be changed")
    }

    @Test(arguments: [false, true]) func itCanBeGivenUpAndThenEverythingWorks(firstLine: Bool) throws {
        let name = names()[0]
        try damage(name, firstLine: firstLine)
        let abandoned = try run("recover", "--abandon", "1", "--yes")
        #expect(abandoned.status == 0, "\(abandoned)")
        #expect(names().isEmpty)
        #expect(AttackedPlace.entries(place.path("state/set-aside")) == [name])
        #expect(try run("status").status == 0)
        #expect(try run("history").output.contains("Set aside, since it could not be read: \(name)"))
        #expect(try apply(wal: 4, pool: 1).status == 0)
        #expect(names()[0].hasPrefix("000002-"))
    }

    /// Interrupted in a region that is not there any more: what is left of the host can be worked on.
    @Test func anInterruptedOneOfAMissingRegionKeepsNobodyFromTheOthers() throws {
        let host = try place.text("host.json")
        let fault = #""fault": {"operation": 3, "kind": "kill"}, "info_blocks""#
        try place.write(host.replacing("\"info_blocks\"", with: fault), to: "host.json")
        #expect(try apply(wal: 4, pool: 0).status > 128)
        let lost = try place.text("host.json")
            .replacing("1839-0000000", with: "1839-0000900")
            .replacing(/"iset_id": "0x(.)/) { "\"iset_id\": \"0x\($0.1 == "1" ? "2" : "1")" }
        try place.write(lost, to: "host.json")
        #expect(try run("recover").status == 5)
        try place.write(
            "version: 1\nregions:\n  - match: {numa_node: 1}\n    namespaces:\n"
                + "      - {name: pool, mode: raw, size: 3 GiB}\n", to: "other.yaml")
        let elsewhere = try run("apply", place.path("other.yaml"), "--yes")
        #expect(elsewhere.status == 0, "\(elsewhere)")
        #expect(elsewhere.errors.contains("the region is not there"))
    }
}
