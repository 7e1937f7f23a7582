extension ProfileDecoder {
    /// What must hold for a region.
    package mutating func regionRequirements(_ node: YamlNode) -> RegionRequirements? {
        let keys = ["persistence_domain", "health", "life_used", "spares", "proof"]
        guard let fields = fields(of: node, called: "`require`", keys: keys) else { return nil }
        let domain: PersistenceDomain? = word("persistence_domain", in: fields)
        let health = fields["health"].flatMap { word($0, key: "health", among: ["ok"]) }
        let lifeUsed = percentageBound("life_used", in: fields, among: [.below, .atMost], example: "< 80%")
        let spares = percentageBound("spares", in: fields, among: [.atLeast, .above], example: ">= 10%")
        return RegionRequirements(
            persistenceDomain: domain, healthy: health != nil, lifeUsed: lifeUsed, spares: spares,
            proof: word("proof", in: fields))
    }

    /// A comparison with a whole percentage. The other direction is a mistake, and so is a bound that no value meets.
    private mutating func percentageBound(
        _ key: String, in fields: Fields, among comparisons: [PercentageBound.Comparison], example: String
    ) -> PercentageBound? {
        guard let node = fields[key] else { return nil }
        let hint = "write it as `\(key): \"\(example)\"`"
        guard case .scalar(let value, _) = node.content, !node.isMissing else {
            reportType(
                of: node, key: "`\(key)`", expected: "a comparison with a percentage", suggestion: hint)
            return nil
        }
        let longestFirst: [PercentageBound.Comparison] = [.atMost, .atLeast, .below, .above]
        guard let comparison = longestFirst.first(where: { value.hasPrefix($0.rawValue) }) else {
            report(
                "`\(key)` must be a comparison with a percentage, not \(PrintableText.quoted(value))",
                at: node, suggestion: hint)
            return nil
        }
        guard comparisons.contains(comparison) else {
            let words = comparisons.map { "`\($0.rawValue)`" }.joined(separator: " or ")
            report(
                "`\(key)` must be compared by \(words), not `\(comparison.rawValue)`", at: node,
                suggestion: hint)
            return nil
        }
        var rest = value.dropFirst(comparison.rawValue.count)
        if rest.first == " " { rest = rest.dropFirst() }
        guard rest.last == "%", let percent = DeviceNumber.parse(rest.dropLast()), percent <= 100 else {
            report(
                "`\(key)` must have a whole percentage from 0% to 100%, not \(PrintableText.quoted(value))",
                at: node, suggestion: hint)
            return nil
        }
        let bound = PercentageBound(comparison, percent)
        guard bound.admits(0) || bound.admits(100) else {
            report("`\(key)`: no percentage is \(PrintableText.quoted(value))", at: node, suggestion: hint)
            return nil
        }
        return bound
    }
}
