/// A value with its path from the root: reads fields, and says in errors where they are.
///
/// Keys that nobody asks for are ignored: a later version may add some without breaking earlier readers.
public struct JSONCursor: Sendable {
    /// The value.
    public let value: JSONValue
    private let way: Way

    /// Where it is: "buses[0].regions[1]". Empty for the root.
    public var path: String { way.text }

    /// The way from the root, which becomes text only in an error: most values are read without one. That of an array or
    /// an object is one allocation, which the values in it share; a plain value costs none.
    private enum Way: Sendable {
        case root
        case member(String, of: Container)
        case element(Int, of: Container)

        var text: String {
            switch self {
            case .root: return ""
            case .element(let index, let array): return "\(array.way.text)[\(index)]"
            case .member(let key, let object):
                let before = object.way.text
                return before.isEmpty ? key : "\(before).\(key)"
            }
        }
    }

    /// The way to an array or an object.
    private final class Container: Sendable {
        let way: Way

        init(_ way: Way) {
            self.way = way
        }
    }

    /// What the values in this one are reached through; nil where there are none.
    private let container: Container?

    /// The root of a document.
    public init(_ value: JSONValue) {
        self.init(value, by: .root)
    }

    private init(_ value: JSONValue, by way: Way) {
        self.value = value
        self.way = way
        switch value {
        case .array, .object: container = Container(way)
        case .null, .bool, .integer, .double, .string: container = nil
        }
    }

    /// An error about this value.
    public func error(_ reason: String) -> JSONError { JSONError(.path(path), reason) }

    /// The value of `key`; nil where the key is missing or its value is `null`.
    public func optional(_ key: String) throws(JSONError) -> JSONCursor? {
        guard case .object(let object) = value, let container else { throw mismatch("an object") }
        guard let member = object[key], !member.isNull else { return nil }
        return JSONCursor(member, by: .member(key, of: container))
    }

    /// The value of `key`, which must be there.
    public func required(_ key: String) throws(JSONError) -> JSONCursor {
        guard let member = try optional(key) else {
            throw JSONError(.path(container.map { Way.member(key, of: $0).text } ?? key), "is missing")
        }
        return member
    }

    /// The elements of this array.
    public func elements() throws(JSONError) -> [JSONCursor] {
        guard case .array(let elements) = value, let container else { throw mismatch("an array") }
        return elements.enumerated().map { JSONCursor($1, by: .element($0, of: container)) }
    }

    /// The elements of the array at `key`; none where the key is missing.
    public func elements(_ key: String) throws(JSONError) -> [JSONCursor] {
        guard let array = try optional(key) else { return [] }
        return try array.elements()
    }

    /// What `read` makes of each element of the array at `key`; nothing where the key is missing.
    public func list<Element>(
        _ key: String, _ read: (JSONCursor) throws(JSONError) -> Element
    ) throws(JSONError) -> [Element] {
        var list: [Element] = []
        for element in try elements(key) { list.append(try read(element)) }
        return list
    }

    /// This value as text.
    public func string() throws(JSONError) -> String {
        guard case .string(let text) = value else { throw mismatch("a string") }
        return text
    }

    /// This value as an integer of a type that can hold it.
    public func integer<Number: FixedWidthInteger>(
        _ type: Number.Type = Number.self
    ) throws(JSONError) -> Number {
        guard case .integer(let number) = value else { throw mismatch("an integer") }
        guard let exact = Number(exactly: number) else { throw error("\(number) is out of range") }
        return exact
    }

    /// This value as a boolean.
    public func bool() throws(JSONError) -> Bool {
        guard case .bool(let value) = value else { throw mismatch("a boolean") }
        return value
    }

    /// This value as a number of bytes.
    public func byteCount() throws(JSONError) -> ByteCount { ByteCount(try integer()) }

    /// This value as a UUID.
    public func uuid() throws(JSONError) -> UUID {
        let text = try string()
        guard let uuid = UUID(text) else { throw error("is not a UUID") }
        return uuid
    }

    /// This value as one of the words of `Word`.
    public func word<Word: RawRepresentable & CaseIterable>(
        _ type: Word.Type = Word.self
    ) throws(JSONError) -> Word where Word.RawValue == String {
        let text = try string()
        guard let word = Word(rawValue: text) else { throw notOne(of: Word.allCases.map(\.rawValue), text) }
        return word
    }

    /// The error that this value, a text, is none of these words.
    package func notOne(of words: [String], _ text: String) -> JSONError {
        let shown = text.count > 40 ? "\(text.prefix(40))..." : text
        return error("'\(shown)' is none of \(words.joined(separator: ", "))")
    }

    private func mismatch(_ expected: String) -> JSONError {
        error("must be \(expected), not \(value.kind)")
    }
}
