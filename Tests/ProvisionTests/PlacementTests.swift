import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Where a plan puts things, and what it says where it cannot: on made hosts of one region with gaps.
@Suite struct PlacementTests {
    /// A region whose namespaces of the owner lie at these offsets, in MiB.
    private static func observed(
        _ size: String = "1 GiB", walls: [(offset: Int, size: Int)] = [], badBlocks: [Int] = []
    ) throws -> Observed {
        let namespaces = walls.map {
            #"{"name": "wall-\#($0.offset)", "size": "\#($0.size) MiB", "mode": "raw", "offset": "\#($0.offset) MiB"}"#
        }
        let bad = badBlocks.map { #"{"offset": \#($0), "length": 1}"# }
        return try SimulatedHost(
            json: """
                {"format_version": 1, "simulated_host": {"buses": [{
                  "dimms": [{"id": "a", "size": "\(size)", "label_size": "128 KiB"}],
                  "regions": [{"dimms": ["a"], "badblocks": [\(bad.joined(separator: ", "))],
                    "namespaces": [\(namespaces.joined(separator: ", "))]}]}]}}
                """
        ).observe()
    }

    private static func profile(_ items: [String]) throws -> Profile {
        let text =
            "version: 1\nregions:\n  - match: {region: 0}\n    namespaces:\n"
            + items.map { "      - {\($0)}\n" }.joined()
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    /// Neither the order of the profile nor the largest first leaves the most for the rest: 64 and 48 fill the first gap of 112 MiB.
    @Test func theRestIsTheLargestThatAnyOrderLeaves() throws {
        let plan = Planner.plan(
            try Self.profile([
                "name: a, mode: raw, size: 96 MiB", "name: b, mode: raw, size: 64 MiB",
                "name: c, mode: raw, size: 48 MiB", "name: rest, mode: raw",
            ]), on: try Self.observed(walls: [(112, 64), (336, 688)]))
        #expect(plan.refusals.isEmpty)
        #expect(plan.changes.first { $0.address == "region0/rest" }?.after?.rawSize == .mib(64))
    }

    /// A gap that is filled is none.
    @Test func aFilledGapIsNotListed() throws {
        let plan = Planner.plan(
            try Self.profile(["name: a, mode: raw, size: 64 MiB", "name: big, mode: raw, size: 800 MiB"]),
            on: try Self.observed(walls: [(64, 64), (256, 64)]))
        #expect(plan.refusals.map(\.code) == [.noExtent])
        #expect(plan.refusals[0].message.contains("in 2 extents: 128 MiB at"), "\(plan.refusals[0].message)")
    }

    @Test func aRefusalNamesSixNamespacesAndCountsTheOthers() throws {
        let items =
            (1...8).map { "name: n\($0), mode: raw, size: 64 MiB" } + ["name: big, mode: raw, size: 1 GiB"]
        let plan = Planner.plan(try Self.profile(items), on: try Self.observed())
        #expect(plan.refusals.map(\.code) == [.noCapacity])
        let message = try #require(plan.refusals.first?.message)
        #expect(message.contains("n6 (line 10), 2 more") && !message.contains("n7"), "\(message)")
    }

    @Test func aNoteNamesFourMediaErrorsAndCountsTheOthers() throws {
        func note(_ sectors: [Int]) throws -> String? {
            Planner.plan(
                try Self.profile(["name: a, mode: raw, size: 64 MiB"]),
                on: try Self.observed(badBlocks: sectors)
            ).notes.first { $0.code == .mediaErrors }?.message
        }
        #expect(try note([100, 200, 300, 400])?.hasSuffix("512 B at 200 KiB)") == true)
        #expect(try note([100, 200, 300, 400, 500])?.hasSuffix("512 B at 200 KiB, 1 more)") == true)
    }

    /// Up to 1 GiB is saved of a namespace, as the manual says; the page map of one of 96 GiB takes 1.5 GiB.
    @Test func unlessTheUserSaysOtherwiseOneGibibyteIsSaved() throws {
        let observed = try Self.observed("128 GiB", walls: [(0, 96 << 10)])
        let profile = try Self.profile(["name: wall-0, mode: fsdax, size: 96 GiB"])
        let plan = Planner.plan(profile, on: observed)
        #expect(plan.changes.map(\.reversibility) == [.irreversible])
        #expect(plan == Planner.plan(profile, on: observed, backupLimit: .gib(1)))
        let saved = Planner.plan(profile, on: observed, backupLimit: .gib(2))
        #expect(saved.changes.map(\.reversibility) != [.irreversible])
    }

    @Test func whatIsPlacedOverARangeIsFound() {
        let placed = [(0, 0), (1, 64), (2, 256)].map { declaration, offset in
            Solver.Placed(
                declaration: declaration, extent: Extent(offset: .mib(UInt64(offset)), length: .mib(64)))
        }
        let extents = PlacedExtents(placed.reversed())
        func over(_ start: UInt64, _ end: UInt64) -> Int? {
            extents.declaration(over: Extent(offset: .mib(start), length: .mib(end - start)))
        }
        #expect(over(0, 64) == 0 && over(63, 128) == 0)
        #expect(over(64, 65) == 1 && over(128, 256) == nil)
        #expect(over(128, 257) == 2 && over(320, 384) == nil)
    }

    /// Where the sum of shares cannot be told, nobody gets what rounding leaves over. No profile comes so far: it is refused.
    @Test func sharesWhoseSumIsTooFineAreNoWhole() {
        func shares(_ divisors: [Int]) -> [Solver.Request] {
            divisors.enumerated().map {
                Solver.Request(
                    declaration: $0, layout: Layout(name: nil, mode: .raw, rawSize: .zero),
                    need: .share(divisor: $1), unit: .mib(16))
            }
        }
        #expect(ShareDivision.sizes(of: shares([2, 2]), in: .mib(80)) == [.mib(48), .mib(32)])
        let fine = shares([.max, .max - 1, .max - 2])
        #expect(ShareDivision.sizes(of: fine, in: .mib(80)) == [.zero, .zero, .zero])
    }

    /// A condition that no dynamic dax region meets, and one that two meet, are told apart.
    @Test func aDaxRegionIsMatchedByOneAlone() throws {
        let machine = DaxDivisionTests.machine.replacing(#""target_node": 3"#, with: #""target_node": 2"#)
        let observed = try SimulatedHost(json: machine).observe()
        func refusals(_ match: String) throws -> [Refusal] {
            let text =
                "version: 1\ndevices:\n  - match: {\(match)}\n    devices: [{name: a, size: 128 MiB}]\n"
            return Planner.plan(
                try ProfileReader.read(Array(text.utf8), source: "test.yaml"), on: observed
            ).refusals
        }
        #expect(try refusals("start: 0x100000000").isEmpty)
        #expect(try refusals("start: 0x900000000").map(\.code) == [.noMatchingRegion])
        #expect(try refusals("target_node: 2").map(\.code) == [.ambiguousRegion])
    }
}
