extension ProfileDecoder {
    /// The items of a list; nil, once reported, where the node is none.
    package mutating func list(_ node: YamlNode, key: String) -> [YamlNode]? {
        if case .sequence(let items) = node.content { return items }
        reportType(of: node, key: "`\(key)`", expected: "a list")
        return nil
    }

    /// The boolean under a key: `true` or `false`, unquoted.
    package mutating func boolean(_ key: String, in fields: Fields) -> Bool? {
        guard let node = fields[key] else { return nil }
        guard case .scalar(let value, let isPlain) = node.content, !node.isMissing else {
            reportType(of: node, key: "`\(key)`", expected: "true or false")
            return nil
        }
        if isPlain, value == "true" || value == "false" { return value == "true" }
        let meant = ScalarText.boolean(value).map { "write `\(key): \($0)`" }
        reportType(of: node, key: "`\(key)`", expected: "true or false", suggestion: meant)
        return nil
    }

    /// The string under a key.
    package mutating func string(_ key: String, in fields: Fields) -> String? {
        fields[key].flatMap { string($0, called: "`\(key)`") }
    }

    /// A string that is not empty and harmless to print. A plain scalar that YAML takes for something else must be
    /// quoted.
    package mutating func string(_ node: YamlNode, called name: String) -> String? {
        guard case .scalar(let value, let isPlain) = node.content, !node.isMissing else {
            reportType(of: node, key: name, expected: "a string")
            return nil
        }
        let needsQuotes =
            ScalarText.isNumber(value) || ScalarText.boolean(value) != nil || ScalarText.isNull(value)
        if isPlain, needsQuotes {
            report(
                "\(name) must be a string, and YAML does not take \(PrintableText.quoted(value)) for one",
                at: node,
                suggestion: "quote it: `\"\(PrintableText.plain(value.unicodeScalars))\"`")
            return nil
        }
        return printable(value, called: name, at: node)
    }

    /// The word under a key that is one of an enumeration's.
    package mutating func word<Word>(_ key: String, in fields: Fields) -> Word?
    where Word: RawRepresentable<String> & CaseIterable {
        guard let node = fields[key] else { return nil }
        let words = Word.allCases.map(\.rawValue)
        guard let value = word(node, key: key, among: words) else { return nil }
        return Word(rawValue: value)
    }

    /// One of `words`; reported, with the nearest, where it is another.
    package mutating func word(_ node: YamlNode, key: String, among words: [String]) -> String? {
        let expected = words.count == 1 ? "`\(words[0])`" : "one of \(words.joined(separator: ", "))"
        guard case .scalar(let value, _) = node.content, !node.isMissing else {
            reportType(of: node, key: "`\(key)`", expected: expected)
            return nil
        }
        if words.contains(value) { return value }
        let meant = Self.otherNames[value].flatMap { words.contains($0) ? $0 : nil }
        let near = meant ?? NearestWord.to(value, among: words)
        report(
            "`\(key)` must be \(expected), not \(PrintableText.quoted(value))", at: node,
            suggestion: near.map { "did you mean `\($0)`?" })
        return nil
    }

    /// The integer under a key, from 0, that fits in 31 bits: a device or node number.
    package mutating func number(_ key: String, in fields: Fields) -> Int? {
        guard let node = fields[key] else { return nil }
        guard case .scalar(let value, isPlain: true) = node.content, !node.isMissing else {
            reportType(of: node, key: "`\(key)`", expected: "a whole number from 0")
            return nil
        }
        if let number = DeviceNumber.parse(value[...]) { return number }
        guard DeviceNumber.isTooLarge(value) else {
            reportType(of: node, key: "`\(key)`", expected: "a whole number from 0")
            return nil
        }
        report(
            "`\(key)` is too large: the kernel gives numbers from 0 to \(DeviceNumber.maximum)", at: node,
            suggestion: "daxprov inventory lists the regions with their numbers and nodes")
        return nil
    }

    private mutating func printable(_ value: String, called name: String, at node: YamlNode) -> String? {
        if value.isEmpty {
            report("\(name) is empty", at: node)
            return nil
        }
        guard value.unicodeScalars.allSatisfy(PrintableText.isHarmless) else {
            report("\(name) has a control or direction character", at: node)
            return nil
        }
        return value
    }

    /// Words that the kernel and the tools use for the same things.
    private static let otherNames = [
        "memory": "fsdax", "dax": "devdax", "safe": "sector", "btt": "sector", "pfn": "fsdax",
        "system_ram": "system-ram", "kmem": "system-ram", "ram": "mem", "online_movable": "movable",
        "online_kernel": "kernel", "mem_ctrl": "memory_controller", "ADR": "memory_controller",
        "eADR": "cpu_cache",
    ]
}

/// The number of a device or of a NUMA node, as the kernel counts them: an `int` from 0.
package enum DeviceNumber {
    /// The largest.
    package static let maximum = Int(Int32.max)

    /// The number that decimal digits write, without zeros in front; nil where it is none, or too large.
    package static func parse(_ text: Substring) -> Int? {
        isDecimal(text) ? Int32(text).map { Int($0) } : nil
    }

    /// Whether a text is a number that the kernel has no device for.
    package static func isTooLarge(_ text: String) -> Bool { isDecimal(text[...]) && Int32(text) == nil }

    private static func isDecimal(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            && (text == "0" || text.first != "0")
    }
}
