/// A value with its path from the root: reads fields, and says in errors where they are.
///
/// Keys that nobody asks for are ignored: a later version may add some without breaking earlier readers.
public struct JSONCursor: Sendable {
    /// The value.
    public let value: JSONValue
    private let place: Place

    /// Where it is: "buses[0].regions[1]". Empty for the root.
    public var path: String { place.text }

    /// The way from the root, which becomes text only in an error: most values are read without one.
    private indirect enum Place: Sendable {
        case root
        case member(String, of: Place)
        case element(Int, of: Place)

        var text: String {
            switch self {
            case .root: return ""
            case .element(let index, let array): return "\(array.text)[\(index)]"
            case .member(let key, let object):
                let before = object.text
                return before.isEmpty ? key : "\(before).\(key)"
            }
        }
    }

    /// The root of a document.
    public init(_ value: JSONValue) {
        self.value = value
        self.place = .root
    }

    private init(_ value: JSONValue, at place: Place) {
        self.value = value
        self.place = place
    }

    /// An error about this value.
    public func error(_ reason: String) -> JSONError { JSONError(.path(path), reason) }

    /// The value of `key`; nil where the key is missing or its value is `null`.
    public func optional(_ key: String) throws(JSONError) -> JSONCursor? {
        guard case .object(let object) = value else { throw mismatch("an object") }
        guard let member = object[key], member != .null else { return nil }
        return JSONCursor(member, at: .member(key, of: place))
    }

    /// The value of `key`, which must be there.
    public func required(_ key: String) throws(JSONError) -> JSONCursor {
        guard let member = try optional(key) else {
            throw JSONError(.path(Place.member(key, of: place).text), "is missing")
        }
        return member
    }

    /// The elements of this array.
    public func elements() throws(JSONError) -> [JSONCursor] {
        guard case .array(let elements) = value else { throw mismatch("an array") }
        return elements.enumerated().map { JSONCursor($1, at: .element($0, of: place)) }
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
        guard let word = Word(rawValue: try string()) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw error("is none of \(words)")
        }
        return word
    }

    private func mismatch(_ expected: String) -> JSONError {
        error("must be \(expected), not \(value.kind)")
    }
}
