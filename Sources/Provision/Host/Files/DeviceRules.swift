package import ProvisionCore

/// daxprov's udev rules: the rights of device-dax devices, each found by the UUID of its namespace's info block, which is an
/// attribute of the device's parent and stays through boots and new numbers.
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

    /// The rules, by the UUIDs of the info blocks.
    package var rules: [UUID: Rule]

    /// These rules.
    package init(_ rules: [UUID: Rule] = [:]) {
        self.rules = rules
    }

    /// The rules of a file's text; nil where the text is not what daxprov writes.
    package init?(parsing text: String) {
        self.init()
        var name: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix(Self.comment), line.hasSuffix(":") {
                name = String(line.dropFirst(Self.comment.count).dropLast())
            } else if let known = name {
                guard let (uuid, rights) = Self.rule(line) else { return nil }
                rules[uuid] = Rule(rights, for: known)
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
        for (uuid, rule) in rules.sorted(by: { $0.key.description < $1.key.description }) {
            let rights = rule.rights
            lines.append("\(Self.comment)\(rule.name):")
            lines.append(
                "SUBSYSTEMS==\"nd\", ATTRS{uuid}==\"\(uuid)\", "
                    + "OWNER=\"\(rights.owner)\", GROUP=\"\(rights.group)\", MODE=\"\(rights.octal)\"")
        }
        return (lines + ["LABEL=\"daxprov_end\"", ""]).joined(separator: "\n")
    }

    private static let comment = "# Namespace "

    private static func rule(_ line: Substring) -> (UUID, NodeRights)? {
        let values = line.split(separator: "\"", omittingEmptySubsequences: false)
        guard values.count == 11, let uuid = UUID(String(values[3])), let owner = UInt32(values[5]),
            let group = UInt32(values[7]), let permissions = UInt16(values[9], radix: 8)
        else { return nil }
        return (uuid, NodeRights(owner: owner, group: group, permissions: permissions))
    }
}
