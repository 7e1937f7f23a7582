/// The percentages and shares that one region block has given away so far.
package struct DeclaredCapacity {
    /// Millionths of a percent.
    package private(set) var millionths: UInt64 = 0
    /// The sum of the shares of `remaining`.
    private var shares = Fraction.zero
    /// The line of the first namespace that takes a share.
    package private(set) var firstShareLine: Int?

    /// Why a request cannot be met beside those before it.
    package enum Excess: Equatable {
        /// The percentages are more than 100.
        case percentages
        /// The shares of `remaining` are more than the whole.
        case shares
        /// The shares have so many different divisors that their sum cannot be told exactly.
        case tooManyDivisors
    }

    /// Adds a request. Returns what it is too much for; what is reported once is not added, so that those after it
    /// are judged without it.
    package mutating func add(_ request: SizeRequest, line: Int) -> Excess? {
        switch request {
        case .raw, .usable: return nil
        case .fraction(let percentage):
            guard millionths + percentage.millionths <= 100_000_000 else { return .percentages }
            millionths += percentage.millionths
            return nil
        case .remaining(let divisor):
            guard let sum = shares.addingReciprocal(of: divisor) else { return .tooManyDivisors }
            guard sum.isAtMostOne else { return .shares }
            shares = sum
            firstShareLine = firstShareLine ?? line
            return nil
        }
    }
}

/// An exact fraction in lowest terms.
package struct Fraction: Equatable {
    /// The part above the line.
    package let numerator: UInt128
    /// The part below the line.
    package let denominator: UInt128

    /// Nothing.
    package static let zero = Fraction(numerator: 0, denominator: 1)

    /// Whether it is one or less.
    package var isAtMostOne: Bool { numerator <= denominator }

    /// This fraction plus one `divisor`th; nil where the sum does not fit in 128 bits. `divisor` must be above zero.
    package func addingReciprocal(of divisor: Int) -> Fraction? {
        let divisor = UInt128(divisor)
        let (product, overflow) = denominator.multipliedReportingOverflow(by: divisor)
        let (scaled, excess) = numerator.multipliedReportingOverflow(by: divisor)
        let (sum, carry) = scaled.addingReportingOverflow(denominator)
        guard !overflow, !excess, !carry else { return nil }
        let common = Self.greatestCommonDivisor(sum, product)
        return Fraction(numerator: sum / common, denominator: product / common)
    }

    private static func greatestCommonDivisor(_ left: UInt128, _ right: UInt128) -> UInt128 {
        var (left, right) = (left, right)
        while right != 0 { (left, right) = (right, left % right) }
        return left
    }
}

extension ProfileDecoder {
    /// Reports a size that the region block has no room for beside those before it.
    package mutating func check(
        _ size: SizeRequest, of fields: Fields, against capacity: inout DeclaredCapacity
    ) {
        let node = fields["size"] ?? fields.node
        switch capacity.add(size, line: node.position.line) {
        case nil: return
        case .percentages: report("the percentages of this region add up to more than 100%", at: node)
        case .tooManyDivisors:
            report("the shares of this region have too many different divisors", at: node)
        case .shares: reportShares(at: node, hasSize: fields["size"] != nil, first: capacity.firstShareLine)
        }
    }

    private mutating func reportShares(at node: YamlNode, hasSize: Bool, first: Int?) {
        let who = hasSize ? "" : "; a namespace without a size takes all that remains"
        report(
            "the shares of `remaining` of this region add up to more than the whole\(who)", at: node,
            suggestion: first.map {
                "the first is on line \($0); for two equal parts write `remaining/2` twice"
            })
    }
}
