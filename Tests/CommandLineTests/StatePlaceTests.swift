import Glibc
import Testing

/// Attacks on the state directory by somebody who could write somewhere on the way to it: each is seen before anything
/// is believed or written, and ends with an error.
@Suite struct StatePlaceTests {
    /// What was done to a place, with what the error must name.
    struct Attack: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let names: String
        let carryOut: @Sendable (AttackedPlace) throws -> Void
        /// Whether it is about one transaction, and not about the place of all.
        var isOfTransaction: Bool { ["/0000", "/journal"].contains(names) }

        init(
            _ description: String, _ names: String,
            _ carryOut: @escaping @Sendable (AttackedPlace) throws -> Void
        ) {
            self.testDescription = description
            self.names = names
            self.carryOut = carryOut
        }
    }

    private static func mode(_ path: String, _ mode: mode_t) throws {
        try #require(unsafe chmod(path, mode) == 0)
    }

    private static func give(_ path: String) throws {
        try #require(unsafe lchown(path, AttackedPlace.stranger, AttackedPlace.stranger) == 0)
    }

    /// What everybody can try who may write there.
    static let attacks: [Attack] = [
        Attack("a directory on the way is everybody's", "/way") { try mode($0.way, 0o777) },
        Attack("the directory is a link", "/state") { try $0.replaceByLink($0.state) },
        Attack("the directory is open to others", "/state") { try mode($0.state, 0o755) },
        Attack("the directory is a FIFO", "/state") { try $0.replaceByFIFO($0.state) },
        Attack("the list of transactions is a link", "/transactions") {
            try $0.replaceByLink($0.transactions)
        },
        Attack("the list of transactions is open to a group", "/transactions") {
            try mode($0.transactions, 0o770)
        },
        Attack("the list of transactions is a FIFO", "/transactions") {
            try $0.replaceByFIFO($0.transactions)
        },
        Attack("a transaction is a link", "/0000") { try $0.replaceByLink($0.transaction) },
        Attack("a transaction is open to others", "/0000") { try mode($0.transaction, 0o701) },
        Attack("a journal is a link", "/journal") { try $0.replaceByLink($0.journal) },
        Attack("a journal is a link to nothing", "/journal") {
            try $0.replaceByLink($0.journal)
            try #require(unsafe unlink($0.place.path("elsewhere")) == 0)
        },
        Attack("a journal is a FIFO", "/journal") { try $0.replaceByFIFO($0.journal) },
        Attack("a journal is a directory", "/journal") {
            try #require(unsafe unlink($0.journal) == 0 && mkdir($0.journal, 0o700) == 0)
        },
        Attack("a journal has a second name", "/journal") {
            try #require(unsafe link($0.journal, $0.place.path("elsewhere")) == 0)
        },
        Attack("a journal is everybody's", "/journal") { try mode($0.journal, 0o666) },
        Attack("a journal is another transaction's", "/journal") {
            let other = "\($0.transactions)/000009-20261122T120000Z"
            try #require(unsafe rename($0.transaction, other) == 0)
        },
    ]

    /// What only root can set up: the rest belongs to somebody else.
    static let foreign: [Attack] = [
        Attack("a directory on the way is somebody else's", "/way") { try give($0.way) },
        Attack("a link on the way is somebody else's", "/way") {
            try $0.replaceByLink($0.way)
            try give($0.way)
        },
        Attack("a group may write on the way", "/way") {
            try #require(unsafe chown($0.way, 0, AttackedPlace.stranger) == 0)
            try mode($0.way, 0o775)
        },
        Attack("the directory is somebody else's", "/state") { try give($0.state) },
        Attack("the list of transactions is somebody else's", "/transactions") { try give($0.transactions) },
        Attack("a transaction is somebody else's", "/0000") { try give($0.transaction) },
        Attack("a journal is somebody else's", "/journal") { try give($0.journal) },
    ]

    /// The lock alone: what only looks does not need it.
    static let locks: [Attack] = [
        Attack("the lock is a link", "/lock") { try $0.replaceByLink($0.lock) },
        Attack("the lock is a FIFO", "/lock") { try $0.replaceByFIFO($0.lock) },
        Attack("the lock has a second name", "/lock") {
            try #require(unsafe link($0.lock, $0.place.path("elsewhere")) == 0)
        },
        Attack("the lock is everybody's", "/lock") { try mode($0.lock, 0o666) },
        Attack("the lock is a directory", "/lock") {
            try #require(unsafe unlink($0.lock) == 0 && mkdir($0.lock, 0o700) == 0)
        },
    ]

    /// What cannot read a journal cannot know whether its transaction was interrupted: 5, where it is to say or to end that.
    /// Nothing else is done in a region that the transaction may have been about, and the rest of the list is read.
    private func status(of command: [String], after attack: Attack) -> Int32 {
        guard attack.isOfTransaction else { return 1 }
        return switch command[0] {
        case "history": 0
        case "apply": 3
        case "rollback": 1  // there is no other transaction to undo
        default: 5
        }
    }

    private func expectRefusal(
        _ attack: Attack, by commands: [[String]], on place: AttackedPlace
    ) throws {
        let before = try place.place.text("host.json")
        try attack.carryOut(place)
        for command in commands {
            let run = try place.place.run(
                command + ["--simulate", place.place.path("host.json"), "--state-dir", place.state])
            #expect(run.status == status(of: command, after: attack), "\(command): \(run)")
            if attack.isOfTransaction, command[0] != "recover" {
                #expect(
                    (run.errors + run.output).contains(attack.names) || command[0] == "rollback", "\(run)")
            } else {
                #expect(run.errors.contains(attack.names), "\(command): \(run.errors)")
                #expect(run.output.isEmpty, "\(command): \(run.output)")
            }
        }
        #expect(try place.place.text("host.json") == before)
    }

    private func writers(_ place: AttackedPlace) -> [[String]] {
        [
            ["apply", place.place.path("other.yaml"), "--yes", "--allow-destroy", "heap"], ["recover"],
            ["rollback", "--yes", "--allow-destroy", "wal", "--allow-destroy", "heap"],
        ]
    }

    @Test(arguments: attacks) func anAttackIsSeenAndNothingIsTouched(attack: Attack) throws {
        let place = try AttackedPlace()
        try expectRefusal(attack, by: writers(place) + [["history"], ["status"]], on: place)
    }

    @Test(.enabled(if: AttackedPlace.isRoot), arguments: foreign)
    func whatIsSomebodyElsesIsSeenAndNothingIsTouched(attack: Attack) throws {
        let place = try AttackedPlace()
        try expectRefusal(attack, by: writers(place) + [["history"], ["status"]], on: place)
    }

    @Test(arguments: locks) func aLockThatOthersCouldHoldIsNotTaken(attack: Attack) throws {
        let place = try AttackedPlace()
        try expectRefusal(attack, by: writers(place), on: place)
    }

    @Test func whatAStickyDirectoryHoldsIsItsOwners() throws {
        let place = try AttackedPlace()
        try Self.mode(place.way, 0o1777)
        #expect(try place.run("history").status == 0)
    }

    @Test(.enabled(if: AttackedPlace.isRoot)) func whoMayNotLookIsNotToldThatThereIsNothing() throws {
        let place = try AttackedPlace()
        let run = try Unprivileged(place.place).run(
            ["history", "--simulate", place.place.path("host.json"), "--state-dir", place.state])
        #expect(run.status == 77 && run.output.isEmpty && run.errors.contains("/state"), "\(run)")
        #expect(run.errors.contains("run it as root") && !run.errors.contains("chown"), "\(run)")
    }

    @Test(.enabled(if: AttackedPlace.isRoot)) func aStateDirectoryOfTheCallersOwnIsEnough() throws {
        let place = try AttackedPlace()
        let user = try Unprivileged(place.place)
        let state = "\(place.way)/theirs"
        try #require(unsafe mkdir(state, 0o700) == 0)
        try Self.give(state)
        let run = try user.run(["history", "--state-dir", state])
        #expect(run.status == 0 && run.output == "No transaction is recorded.\n", "\(run)")
    }
}

/// The tool as run by somebody without privileges, from a copy that they may read.
struct Unprivileged {
    private let place: Workplace
    private let copy: String

    init(_ place: Workplace) throws {
        self.place = place
        self.copy = place.path("input")
        try #require(unsafe chmod(place.folder, 0o755) == 0)
        // Not written by this process: while another test starts one, that would hold the copy open for writing.
        let null = try Workplace.open("/dev/null", O_RDWR)
        defer { close(null) }
        let status = try Tool.run(
            [Tool.path, copy], environment: [], input: null, output: null, errors: null, command: ["/bin/cp"])
        try #require(status == 0)
        try #require(unsafe chmod(copy, 0o755) == 0)
    }

    func run(_ arguments: [String]) throws -> Workplace.Run {
        let input = try Workplace.open("/dev/null", O_RDONLY)
        defer { close(input) }
        let output = try Workplace.open(place.path("output"), O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(output) }
        let user = String(AttackedPlace.stranger)
        return try place.run(
            arguments, input: input, output: output, environment: [],
            command: ["/usr/bin/setpriv", "--reuid", user, "--regid", user, "--clear-groups", copy])
    }
}
