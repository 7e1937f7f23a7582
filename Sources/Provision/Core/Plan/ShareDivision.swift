/// Divides one gap among the namespaces that take shares of the rest.
package enum ShareDivision {
    /// The sizes of the shares: each its part of `rest`, rounded down to its unit.
    ///
    /// Where the shares make a whole, the units that rounding left over go to the first of them, one each, and what
    /// is left then to the one with the smallest unit: less than that unit is stranded.
    package static func sizes(of shares: [Solver.Request], in rest: ByteCount) -> [ByteCount] {
        var sizes = shares.map { (rest / UInt64($0.divisor)).roundedDown(to: $0.unit) }
        guard makeWhole(shares) else { return sizes }
        var left = sizes.reduce(rest) { $0 - $1 }
        for (index, share) in shares.enumerated() where left >= share.unit {
            sizes[index] += share.unit
            left -= share.unit
        }
        let finest = shares.indices.min { shares[$0].unit < shares[$1].unit }
        if let finest { sizes[finest] += left.roundedDown(to: shares[finest].unit) }
        return sizes
    }

    /// Whether the shares add up to one.
    private static func makeWhole(_ shares: [Solver.Request]) -> Bool {
        var sum = Fraction.zero
        for share in shares {
            guard let next = sum.addingReciprocal(of: share.divisor) else { return false }
            sum = next
        }
        return sum.numerator == sum.denominator
    }
}
