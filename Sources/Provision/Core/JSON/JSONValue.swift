/// A JSON value: one that was read, or one to be written.
public enum JSONValue: Equatable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number without fraction and exponent, between the smallest Int64 and the largest UInt64.
    case integer(Int128)
    /// A finite number with a fraction or an exponent.
    case double(Double)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object.
    case object(JSONObject)

    /// Whether it is `null`: no comparison of values.
    package var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// What it is, with its article, for error messages: "a string".
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .double: "a number with a fraction"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// A JSON object: its members in the order of the text, each key once.
public struct JSONObject: Equatable, Sendable {
    /// One key and its value.
    public struct Member: Equatable, Sendable {
        /// The key.
        public let key: String
        /// The value.
        public let value: JSONValue

        /// A key with its value.
        package init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The members in the order of the text.
    public private(set) var members: [Member]

    /// An object of these members. The keys must differ.
    package init(members: [Member]) {
        self.members = members
    }

    /// Adds a member, whose key the object must not have.
    package mutating func append(_ key: String, _ value: JSONValue) {
        assert(!members.contains { $0.key.utf8.elementsEqual(key.utf8) }, "\(key) is set twice")
        members.append(Member(key: key, value: value))
    }

    /// The value of `key`, or nil where there is none.
    public subscript(key: String) -> JSONValue? {
        for index in members.indices where members[index].key == key { return members[index].value }
        return nil
    }
}
