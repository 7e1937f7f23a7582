public import ProvisionCore

extension ByteCount {
    /// The size as a person reads it: exact where it is a whole number of MiB, as every capacity that a profile can ask
    /// for ("65472 MiB"), or where at most four digits say it; else with up to two decimals, behind `~` where those round
    /// it ("~254.72 MiB").
    ///
    /// A number of MiB reads the same everywhere, here, in refusals and in the profile; and what is left of it after
    /// metadata is in the same unit.
    public var brief: String {
        let exact = description
        let digits = exact.prefix(while: \.isNumber).count
        if digits <= 4 || (digits <= 7 && isMultiple(of: .mib(1))) { return exact }
        let units: [(shift: UInt64, name: String)] = [(20, "MiB"), (40, "TiB"), (10, "KiB")]
        let fits = units.first { unit in (1..<10_000_000).contains(bytes >> unit.shift) }
        guard let unit = fits ?? (bytes >> 40 > 0 ? units[1] : nil) else { return exact }
        let scaled = UInt128(bytes) * 100
        let hundredths = (scaled + (1 << UInt128(unit.shift - 1))) >> UInt128(unit.shift)
        let isExact = hundredths << UInt128(unit.shift) == scaled
        return "\(isExact ? "" : "~")\(Self.decimal(hundredths: hundredths)) \(unit.name)"
    }

    /// A number of hundredths with the decimals that it needs: 150 is "1.5".
    private static func decimal(hundredths: UInt128) -> String {
        let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
        if rest == 0 { return "\(whole)" }
        return rest % 10 == 0 ? "\(whole).\(rest / 10)" : "\(whole).\(rest / 10)\(rest % 10)"
    }
}
