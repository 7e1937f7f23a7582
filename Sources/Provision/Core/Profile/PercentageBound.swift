/// A bound on a whole percentage, as `require:` writes it: `< 80%`, `>= 10%`.
public struct PercentageBound: Equatable, Sendable, CustomStringConvertible {
    /// How a value is compared with the bound.
    public var comparison: Comparison
    /// The bound: 0 to 100.
    public var percent: Int

    /// A value that compares so with `percent`.
    public init(_ comparison: Comparison, _ percent: Int) {
        self.comparison = comparison
        self.percent = percent
    }

    /// The comparisons, as they are written.
    public enum Comparison: String, CaseIterable, Sendable {
        case below = "<"
        case atMost = "<="
        case above = ">"
        case atLeast = ">="
    }

    /// Whether a percentage is as the bound says.
    public func admits(_ value: Int) -> Bool {
        switch comparison {
        case .below: value < percent
        case .atMost: value <= percent
        case .above: value > percent
        case .atLeast: value >= percent
        }
    }

    public var description: String { "\(comparison.rawValue) \(percent)%" }
}
