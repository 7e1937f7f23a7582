import Testing

@testable import ProvisionCore

@Suite struct ProfileNearestWordTests {
    private static let keys = [
        "name", "mode", "size", "usable_size", "sector_size", "numa_node", "map", "match",
    ]

    @Test(arguments: [
        ("", "", 0), ("", "abc", 3), ("size", "size", 0), ("sise", "size", 1), ("szie", "size", 1),
        ("siz", "size", 1),
        ("numaNode", "numa_node", 2), ("kitten", "sitting", 3), ("ca", "abc", 3), ("é", "e", 1),
    ])
    func distanceCountsEditsAndSwaps(left: String, right: String, distance: Int) {
        #expect(NearestWord.distance(left, right) == distance)
        #expect(NearestWord.distance(right, left) == distance)
    }

    @Test(arguments: [
        ("sise", "size"), ("SIZE", "size"), ("numa-node", "numa_node"), ("numaNode", "numa_node"),
        ("nmae", "name"),
        ("mpa", "map"), ("matches", "match"), ("sector", "sector_size"), ("usable", "usable_size"),
    ])
    func nearWordIsFound(word: String, expected: String) {
        #expect(NearestWord.to(word, among: Self.keys) == expected)
    }

    @Test(arguments: ["", "x", "zz", "colour", "ab", "\u{0}\u{0}\u{0}\u{0}"])
    func farWordIsNotSuggested(word: String) {
        #expect(NearestWord.to(word, among: Self.keys) == nil)
    }

    @Test func overlongWordIsNotCompared() {
        #expect(NearestWord.to(String(repeating: "a", count: 100_000), among: Self.keys) == nil)
    }
}
