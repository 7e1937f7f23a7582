/// Values that are built member by member. Setting a key twice is a programming error.
extension JSONValue {
    /// An object without members.
    public static func object() -> JSONValue { .object(JSONObject(members: [])) }

    /// An integer, between the smallest Int64 and the largest UInt64.
    public static func number<Number: FixedWidthInteger>(_ number: Number) -> JSONValue {
        .integer(Int128(number))
    }

    /// Adds a member to this object.
    public mutating func set(_ key: String, _ value: JSONValue) {
        guard case .object(var object) = self else { preconditionFailure("\(key) is set in \(kind)") }
        // Given up here, so that the members are not copied.
        self = .null
        object.append(key, value)
        self = .object(object)
    }

    /// Adds a string, or nothing where it is nil.
    public mutating func set(_ key: String, _ text: String?) {
        if let text { set(key, .string(text)) }
    }

    /// Adds an integer, or nothing where it is nil.
    public mutating func set<Number: FixedWidthInteger>(_ key: String, _ number: Number?) {
        if let number { set(key, .number(number)) }
    }

    /// Adds `true` or `false`, or nothing where it is nil.
    public mutating func set(_ key: String, _ value: Bool?) {
        if let value { set(key, .bool(value)) }
    }

    /// Adds a number of bytes, or nothing where it is nil.
    public mutating func set(_ key: String, _ size: ByteCount?) {
        if let size { set(key, .number(size.bytes)) }
    }

    /// Adds a UUID's text, or nothing where it is nil.
    public mutating func set(_ key: String, _ uuid: UUID?) {
        if let uuid { set(key, .string(uuid.description)) }
    }

    /// Adds `true`, or nothing.
    public mutating func setFlag(_ key: String, if condition: Bool) {
        if condition { set(key, .bool(true)) }
    }

    /// Adds an array of what `make` gives for each item, also where there are none.
    public mutating func set<Items: Sequence>(
        _ key: String, each items: Items, _ make: (Items.Element) -> JSONValue
    ) {
        set(key, .array(of: items, make))
    }

    /// An array of what `make` gives for each item.
    public static func array<Items: Sequence>(
        of items: Items, _ make: (Items.Element) -> JSONValue
    ) -> JSONValue {
        .array(items.map(make))
    }
}
