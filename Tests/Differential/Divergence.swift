/// The two hosts, or the plan and a host, disagree.
struct Divergence: Error {
    /// What was being compared.
    var occasion: String
    /// What the kernel shows and the simulated host does not.
    var kernel: [String]
    /// What the simulated host shows and the kernel does not.
    var simulated: [String]

    /// Throws where the lines differ.
    static func check(_ occasion: String, kernel: [String], simulated: [String]) throws(Divergence) {
        guard kernel != simulated else { return }
        let difference = kernel.difference(from: simulated)
        throw Divergence(
            occasion: occasion, kernel: difference.insertions.map(\.text),
            simulated: difference.removals.map(\.text))
    }

    /// The divergence for people.
    var text: String {
        (["\(occasion):"] + kernel.map { "  kernel:    \($0)" } + simulated.map { "  simulated: \($0)" })
            .joined(separator: "\n")
    }
}

extension CollectionDifference.Change where ChangeElement == String {
    fileprivate var text: String {
        switch self {
        case .insert(_, let element, _), .remove(_, let element, _): element
        }
    }
}
