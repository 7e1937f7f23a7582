import Provision
import ProvisionCore
import ProvisionHost
import SystemPackage

/// The arguments of an Ansible task, as a module that is not Python is given them: a JSON object in a file.
///
/// Nothing has looked at them before: what is written `key=value` arrives as text, what is YAML keeps its type.
struct AnsibleArguments {
    /// Whether only to say what would be done.
    private(set) var isCheck = false
    /// Whether a comparison of before and after is wanted.
    private(set) var wantsDiff = false
    /// What the task gives, in its order, without what Ansible adds and without what is null.
    private let given: [JSONObject.Member]

    /// The most that is read: a profile and what is around it.
    private static let maximumLength = 4 << 20

    /// Reads the file that Ansible wrote.
    static func read(_ path: String) throws(CommandFailure) -> AnsibleArguments {
        let bytes: [UInt8]
        do throws(ProfileError) {
            bytes = try RegularFile(FilePath(path)).contents(upTo: maximumLength + 1)
        } catch {
            let reason = if case .unreadable(let file) = error { file.reason } else { "\(error)" }
            throw CommandFailure(.error, "cannot read the module's arguments in \(path): \(reason)")
        }
        guard bytes.count <= maximumLength else {
            throw CommandFailure(.usage, "the module's arguments are longer than 4 MiB")
        }
        do throws(JSONError) {
            return try AnsibleArguments(JSONValue(parsing: bytes))
        } catch {
            throw CommandFailure(.usage, "the module's arguments are not what Ansible writes: \(error)")
        }
    }

    private init(_ document: JSONValue) throws(JSONError) {
        guard case .object(let object) = document else {
            throw JSONError(.path(""), "must be an object, not \(document.kind)")
        }
        var given: [JSONObject.Member] = []
        for member in object.members {
            switch member.key {
            case "_ansible_check_mode": isCheck = member.value == .bool(true)
            case "_ansible_diff": wantsDiff = member.value == .bool(true)
            case let key where key.hasPrefix("_ansible_"): break
            default: if !member.value.isNull { given.append(member) }
            }
        }
        self.given = given
    }

    /// What the task gave, for the module's answer.
    var document: JSONValue {
        var arguments = JSONValue.object()
        for member in given { arguments.set(member.key, member.value) }
        return arguments
    }

    /// Refuses every argument that is not one of these.
    func require(among names: [String]) throws(CommandFailure) {
        let unknown = given.map(\.key).filter { !names.contains($0) }
        guard !unknown.isEmpty else { return }
        let words = unknown.map { key in
            NearestWord.to(key, among: names).map { "\(key) (did you mean \($0)?)" } ?? key
        }
        throw CommandFailure(
            .usage, "unknown argument\(words.count == 1 ? "" : "s") \(words.joined(separator: ", "))",
            advice: "the arguments are \(names.joined(separator: ", "))")
    }

    /// The value of an argument; nil where the task does not give it.
    subscript(name: String) -> JSONValue? { given.first { $0.key == name }?.value }

    /// A text; nil where the task does not give it.
    func text(_ name: String) throws(CommandFailure) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = Self.word(value) else { throw Self.mismatch(name, "a text", value) }
        guard !text.isEmpty else { throw CommandFailure(.usage, "\(name) must not be empty") }
        return text
    }

    /// A list of texts; one text is taken apart at its commas, as Ansible's own modules do.
    func texts(_ name: String) throws(CommandFailure) -> [String] {
        guard let value = self[name] else { return [] }
        var words: [String] = []
        if case .array(let elements) = value {
            for element in elements {
                guard let word = Self.word(element) else {
                    throw Self.mismatch(name, "a list of texts", element)
                }
                words.append(word)
            }
        } else if let list = Self.word(value) {
            words = list.split(separator: ",").map { Self.trimmed($0) }
        } else {
            throw Self.mismatch(name, "a list of texts", value)
        }
        guard !words.contains("") else { throw CommandFailure(.usage, "\(name) has an empty entry") }
        return words
    }

    /// A whole number in a range; nil where the task does not give it.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(CommandFailure) -> Int? {
        guard let value = self[name] else { return nil }
        guard let number = Self.word(value).flatMap({ Int($0) }), range.contains(number) else {
            throw CommandFailure(
                .usage, "\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A text, or a number as YAML takes a name of digits alone.
    private static func word(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .integer(let number): String(number)
        case .null, .bool, .double, .array, .object: nil
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        String(String(text.drop { $0 == " " }.reversed()).drop { $0 == " " }.reversed())
    }

    private static func mismatch(_ name: String, _ expected: String, _ value: JSONValue) -> CommandFailure {
        CommandFailure(.usage, "\(name) must be \(expected), not \(value.kind)")
    }
}
