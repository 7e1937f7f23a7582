package import ProvisionCore

/// daxprov's udev rules: the rights of device-dax devices, each found by what stays through boots and new numbers: the UUID of its
/// namespace's info block, which is an attribute of the device's parent, or the addresses of its memory.
///
/// udev resets nothing of which no rule speaks, and a node that is used again would keep the rights of another device. So the first
/// rule makes every such device root's alone. The file's name sorts before those of others: where their rules speak of a device, they win.
package struct DeviceRules: Equatable, Sendable {
    /// What is given, and to what.
    package struct Rule: Equatable, Sendable {
        /// What is given.
        package var rights: NodeRights
        /// What people know the namespace by; for whoever reads the file.
        package var name: String

        /// A rule of these parts.
        package init(_ rights: NodeRights, for name: String) {
            self.rights = rights
            self.name = Self.shown(name)
        }

        /// A name as a comment can hold it: udev goes on with the next line after a backslash, and some characters join those
        /// beside them.
        private static func shown(_ name: String) -> String {
            let plain = TerminalText.clean(name).unicodeScalars.map { scalar -> Character in
                scalar.isASCII && scalar != "\\" ? Character(scalar) : "?"
            }
            return String(plain.prefix(64))
        }
    }

    /// The rules, by what finds their devices.
    package var rules: [DeviceKey: Rule]

    /// These rules.
    package init(_ rules: [DeviceKey: Rule] = [:]) {
        self.rules = rules
    }

    /// The rules of a file's text; nil where the text is not what daxprov writes.
    package init?(parsing text: String) {
        self.init()
        var name: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let comment = Self.comments.first { line.hasPrefix($0) }
            if let comment, line.hasSuffix(":") {
                name = String(line.dropFirst(comment.count).dropLast())
            } else if let known = name {
                guard let (key, rights) = Self.rule(line) else { return nil }
                rules[key] = Rule(rights, for: known)
                name = nil
            }
        }
        guard self.text == text else { return nil }
    }

    /// The file's text.
    package var text: String {
        var lines = [
            "# Written by daxprov, which replaces this file, and refuses to where it was changed.",
            "ACTION==\"remove\", GOTO=\"daxprov_end\"",
            "SUBSYSTEM!=\"dax\", GOTO=\"daxprov_end\"",
            "OWNER=\"0\", GROUP=\"0\", MODE=\"0600\"",
        ]
        for (key, rule) in rules.sorted(by: { $0.key < $1.key }) {
            let rights = rule.rights
            lines.append("\(Self.comment(key))\(rule.name):")
            lines.append(
                "\(Self.condition(key)), "
                    + "OWNER=\"\(rights.owner)\", GROUP=\"\(rights.group)\", MODE=\"\(rights.octal)\"")
        }
        return (lines + ["LABEL=\"daxprov_end\"", ""]).joined(separator: "\n")
    }

    /// The most ranges that a device of a rule can have: udev reads no line that is longer than 16 KiB.
    package static let maximumRangeCount = 128

    private static let comments = ["# Namespace ", "# Device "]

    private static func comment(_ key: DeviceKey) -> String {
        switch key {
        case .infoBlock: comments[0]
        case .memory: comments[1]
        }
    }

    /// What is true of the device alone. Ranges are told by all of them, and by there being no more.
    private static func condition(_ key: DeviceKey) -> String {
        switch key {
        case .infoBlock(let uuid): return "SUBSYSTEMS==\"nd\", ATTRS{uuid}==\"\(uuid)\""
        case .memory(let ranges):
            let parts = ranges.enumerated().map { number, range in
                "ATTR{mapping\(number)/start}==\"\(address(range.lowerBound))\", "
                    + "ATTR{mapping\(number)/end}==\"\(address(range.upperBound - 1))\""
            }
            return (parts + ["TEST!=\"mapping\(ranges.count)\""]).joined(separator: ", ")
        }
    }

    /// An address as the kernel writes it (drivers/dax/bus.c, `start_show`: `%#llx`, which has no `0x` for zero).
    private static func address(_ number: UInt64) -> String {
        number == 0 ? "0" : Hexadecimal.number(number)
    }

    private static func rule(_ line: Substring) -> (DeviceKey, NodeRights)? {
        let values = line.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .compactMap { $0.offset.isMultiple(of: 2) ? nil : String($0.element) }
        guard values.count >= 5, let owner = UInt32(values[values.count - 3]),
            let group = UInt32(values[values.count - 2]),
            let permissions = UInt16(values[values.count - 1], radix: 8)
        else { return nil }
        let rights = NodeRights(owner: owner, group: group, permissions: permissions)
        if line.hasPrefix("SUBSYSTEMS") { return UUID(values[1]).map { (.infoBlock($0), rights) } }
        var ranges: [Range<UInt64>] = []
        for number in stride(from: 0, to: values.count - 4, by: 2) {
            guard let start = Self.number(values[number]), let last = Self.number(values[number + 1]),
                start <= last, last < .max
            else { return nil }
            ranges.append(start..<(last + 1))
        }
        return (.memory(ranges), rights)
    }

    private static func number(_ address: String) -> UInt64? {
        address.hasPrefix("0x") ? UInt64(address.dropFirst(2), radix: 16) : UInt64(address)
    }
}
