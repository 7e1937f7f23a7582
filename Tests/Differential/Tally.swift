/// What a run did.
struct Tally {
    private var counts: [String: Int] = [:]

    /// Counts one of a kind.
    mutating func count(_ kind: String) { counts[kind, default: 0] += 1 }

    /// The counts, a line each.
    var text: String {
        counts.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)" }.joined(separator: "\n")
    }
}
