import Glibc
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What can happen between a crash and its recovery, and what must be true then.
///
/// A host has two or three regions; a transaction touches one or two of them, and dies at any of its stores, or comes to its end
/// and is rolled back. Rollback and recovery die at any of their stores as well. Between: the host boots; people write to
/// everything that they reach; and any of the regions, touched or not, is disabled by its owner, loses its DIMM for a boot or
/// more, is mapped elsewhere, gets another number, or is changed by another tool that writes no journal (``AnotherTool``).
///
/// Then: without consent, every page that anybody wrote is what they wrote, and what the other tool made is as it made it. With
/// consent to what it names, nothing else goes. A transaction whose region is not there waits and says for which DIMM, and work on
/// other regions goes on. Where the other tool took a place, recovery stops, and ends when that is free again. In the end each
/// region in which a step began is as it was before, page for page, but for what others did; and every other is as it was
/// found. `Tests/VM/test_undo_property.py` does this on the real kernel.
@Suite struct UndoPropertyTests {
    private static let cases = UInt64(getenv("UNDO_CASES") ?? "32") ?? 32

    private static func getenv(_ name: String) -> String? {
        unsafe Glibc.getenv(name).map { unsafe String(cString: $0) }
    }

    @Test(arguments: 0..<cases) func nobodysDataIsWrittenOver(seed: UInt64) throws {
        let setting = try UndoScenario.setting(seed: seed)
        var scenario = try UndoScenario(setting)
        try scenario.crash(atStore: scenario.number(upTo: 90))
        try scenario.happen(try scenario.randomEvents(atMost: 3))
        if scenario.isOneOf(2) {
            try scenario.crashRecovering(atStore: scenario.number(upTo: 40))
            try scenario.happen(try scenario.randomEvents(atMost: 1))
        }
        try scenario.recoverToTheEnd()
        scenario.expectNoComplaint("seed \(seed)")
    }

    /// The same at every store of a transaction, and of its recovery or rollback, with another tool at work in between. The suite tries
    /// one store in ``stride``; `UNDO_SWEEPS` says how many situations are tried at every one.
    @Test(arguments: 0..<max(sweeps, 1)) func noStoreLosesWhatAnotherToolLeft(seed: UInt64) throws {
        var store = 1
        while try sweep(seed, store, recovers: false) { store += stride }
        for store in Swift.stride(from: 1, through: 60, by: stride) {
            _ = try sweep(seed, store, recovers: true)
        }
    }

    /// What ran raw since the program died looking at it was written to, and then got another name.
    @Test func whatRanRawAndGotAnotherNameEndsTheRecovery() throws { _ = try sweep(7, 16, recovers: false) }

    private static let sweeps = UInt64(getenv("UNDO_SWEEPS") ?? "0") ?? 0
    private let stride = sweeps > 0 ? 1 : 18

    /// - Returns: whether the transaction died at the store.
    private func sweep(_ seed: UInt64, _ store: Int, recovers: Bool) throws -> Bool {
        var scenario = try UndoScenario(UndoScenario.setting(seed: seed))
        scenario.random = RandomObserved.Generator(
            state: seed << 16 | UInt64(store) << 1 | (recovers ? 1 : 0))
        try scenario.crash(atStore: recovers ? scenario.number(upTo: 90) : store)
        let isDead = !scenario.isRollingBack
        if recovers {
            try scenario.happen(try scenario.changes(atMost: 2))
            try scenario.crashRecovering(atStore: store)
        }
        try scenario.happen(try scenario.changes(atMost: 3))
        try scenario.recoverToTheEnd()
        scenario.expectNoComplaint("seed \(seed), store \(store)\(recovers ? " of recovery" : "")")
        return isDead
    }

    /// What dies at a store, after how many stores of an apply and, if it came to its end, of its rollback.
    struct Death: CustomTestStringConvertible {
        var apply: Int
        var rollback: Int?

        var testDescription: String {
            rollback.map { "rollback at \($0)" } ?? "apply at \(apply)"
        }
    }

    /// In the same boot, a creation that was never enabled holds the only object with which a place can be looked at (27 to 30);
    /// after a boot, what was half brought back runs raw, and is written to (66).
    @Test(arguments: (24...32).map { Death(apply: $0) } + (60...70).map { Death(apply: .max, rollback: $0) })
    func whatIsHalfMadeIsNotInTheWay(_ death: Death) throws {
        var scenario = try UndoScenario(UndoScenario.setting(seed: 7))
        try scenario.crash(atStore: death.apply)
        if let store = death.rollback {
            try scenario.crashRecovering(atStore: store)
            try scenario.happen([.renumber(1), .write])
        }
        try scenario.recoverToTheEnd()
        scenario.expectNoComplaint(death.testDescription)
    }
}

extension UndoScenario {
    fileprivate func expectNoComplaint(_ what: String) {
        #expect(
            complaints.isEmpty, "\(what): \((story + complaints).joined(separator: "; "))")
    }

    fileprivate mutating func number(upTo last: Int) -> Int { Int.random(in: 1...last, using: &random) }

    /// What another tool does, with a boot and people who write in between.
    fileprivate mutating func changes(atMost most: Int) throws -> [Event] {
        var events: [Event] = []
        for _ in 0..<number(upTo: most) {
            if let change = AnotherTool.Change.allCases.randomElement(using: &random) {
                events.append(.change(change, number(upTo: dimms.count) - 1))
            }
            if isOneOf(2) { events.append(.write) }
            if isOneOf(4) { events.append(.boot) }
        }
        return events
    }

    fileprivate mutating func isOneOf(_ count: Int) -> Bool { number(upTo: count) == 1 }

    /// Some events, and now and then a boot and people who write, in any order.
    fileprivate mutating func randomEvents(atMost most: Int) throws -> [Event] {
        var events: [Event] = []
        for _ in 0..<Int.random(in: 0...most, using: &random) {
            let all = Event.all(regions: dimms.count)
            if let event = all.randomElement(using: &random) { events.append(event) }
        }
        if isOneOf(3) { events.append(.boot) }
        if isOneOf(2) { events.append(.write) }
        events.shuffle(using: &random)
        return events
    }
}
