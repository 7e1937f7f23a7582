/// What a file of udev rules says of memory blocks and of dax devices.
public struct UdevRules: Equatable, Sendable {
    /// Whether it has rules for memory blocks (`SUBSYSTEM=="memory"`, or `!=` with a jump over them).
    public private(set) var isAboutMemory = false
    /// Whether it has such rules, and one that stores to the attribute `state`: memory comes online by it.
    public private(set) var bringsMemoryOnline = false
    /// Whether it has rules for dax devices.
    public private(set) var isAboutDax = false
    /// How its rules for dax devices call daxctl with its configuration; nil where they do not.
    public private(set) var call: DaxctlCall?

    /// Reads a file of rules.
    public init(_ text: String) {
        let rules = Self.rules(text)
        isAboutMemory = rules.contains { Self.compares("SUBSYSTEM", with: "memory", in: $0) }
        isAboutDax = rules.contains { Self.compares("SUBSYSTEM", with: "dax", in: $0) }
        bringsMemoryOnline = isAboutMemory && rules.contains(where: Self.storesState)
        guard isAboutDax else { return }
        let calls = rules.compactMap(Self.call)
        // One that works counts more than one that does not.
        call = DaxctlCall.allCases.first(where: calls.contains)
    }

    /// The rules: lines that are no comments, each with what a backslash at its end joins to it.
    private static func rules(_ text: String) -> [String] {
        var rules: [String] = []
        var joined = ""
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.drop { $0 == " " || $0 == "\t" }
            guard !line.hasPrefix("#") else { continue }
            if line.hasSuffix("\\") {
                joined += line.dropLast()
            } else {
                rules.append(joined + line)
                joined = ""
            }
        }
        return joined.isEmpty ? rules : rules + [joined]
    }

    /// Whether a rule compares a key with a value, or with alternatives of which it is one ("memory|cpu").
    private static func compares(_ key: String, with value: String, in rule: String) -> Bool {
        tokens(rule).contains { token in
            token.key == key && (token.sign == "==" || token.sign == "!=")
                && token.value.split(separator: "|").contains { $0 == value }
        }
    }

    private static func storesState(_ rule: String) -> Bool {
        tokens(rule).contains { $0.key == "ATTR{state}" && ($0.sign == "=" || $0.sign == ":=") }
    }

    private static func call(_ rule: String) -> DaxctlCall? {
        for token in tokens(rule) where token.sign != "==" && token.sign != "!=" || token.key == "PROGRAM" {
            if token.value.contains(DaxctlConf.unit) { return .unit }
            let words = token.value.split(separator: " ")
            guard let program = words.first, program == "daxctl" || program.hasSuffix("/daxctl"),
                words.contains("-C") || words.contains("--check-config")
            else { continue }
            return words.contains("reconfigure-device") ? .command : .unknownOption
        }
        return nil
    }

    private struct Token {
        let key: Substring
        let sign: String
        let value: Substring
    }

    /// The parts of a rule: KEY, a sign, and a value in quotes.
    private static func tokens(_ rule: String) -> [Token] {
        var tokens: [Token] = []
        var rest = rule[...]
        while let quote = rest.firstIndex(of: "\"") {
            let head = rest[..<quote]
            let body = rest[rest.index(after: quote)...]
            guard let end = body.firstIndex(of: "\"") else { break }
            let bare = head.drop { $0 == "," || $0 == " " || $0 == "\t" }
            let name = bare.prefix { !"=!+-: \t".contains($0) }
            let sign = bare[name.endIndex...].filter { "=!+-:".contains($0) }
            tokens.append(Token(key: name, sign: String(sign), value: body[..<end]))
            rest = body[body.index(after: end)...]
        }
        return tokens
    }
}

/// How a udev rule has daxctl read its configuration when a dax device appears. The first that is found counts.
public enum DaxctlCall: Equatable, Sendable, CaseIterable {
    /// `daxctl reconfigure-device -C`.
    case command
    /// The unit `daxdev-reconfigure@.service`, which runs that.
    case unit
    /// `daxctl -C`, without a command: daxctl answers "Unknown option", and ends.
    case unknownOption
}
