import CJson

/// Adding members to an object and elements to an array. Setting a key twice is a programming error.
extension JSONNode {
    /// Adds a member. The key must stay valid for ever, as a literal does: json-c keeps the pointer.
    public borrowing func set(_ key: StaticString, _ value: consuming JSONNode) {
        precondition(key.hasPointerRepresentation)
        let member = unsafe value.release()
        key.withUTF8Buffer { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                let flags = UInt32(JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY)
                guard let name = characters.baseAddress else { preconditionFailure("an empty key") }
                unsafe assert(json_object_object_get_ex(pointer, name, nil) == 0, "\(key) is set twice")
                let status = unsafe json_object_object_add_ex(pointer, name, member, flags)
                precondition(status == 0, "json-c is out of memory")
            }
        }
    }

    /// Adds a member whose key is known only at run time; json-c copies it.
    package borrowing func set(copying key: String, _ value: consuming JSONNode) {
        let status = unsafe json_object_object_add_ex(
            pointer, key, value.release(), UInt32(JSON_C_OBJECT_ADD_KEY_IS_NEW))
        precondition(status == 0, "json-c is out of memory")
    }

    /// Adds a string, or nothing where it is nil.
    public borrowing func set(_ key: StaticString, _ text: String?) {
        if let text { set(key, .string(text)) }
    }

    /// Adds an integer, or nothing where it is nil.
    public borrowing func set<Number: FixedWidthInteger>(_ key: StaticString, _ number: Number?) {
        if let number { set(key, .integer(number)) }
    }

    /// Adds `true` or `false`, or nothing where it is nil.
    public borrowing func set(_ key: StaticString, _ value: Bool?) {
        if let value { set(key, .boolean(value)) }
    }

    /// Adds a number of bytes, or nothing where it is nil.
    public borrowing func set(_ key: StaticString, _ size: ByteCount?) {
        if let size { set(key, .integer(size.bytes)) }
    }

    /// Adds a UUID's text, or nothing where it is nil.
    public borrowing func set(_ key: StaticString, _ uuid: UUID?) {
        if let uuid { set(key, .string(uuid.description)) }
    }

    /// Adds `true`, or nothing.
    public borrowing func setFlag(_ key: StaticString, if condition: Bool) {
        if condition { set(key, .boolean(true)) }
    }

    /// Adds an array of what `make` gives for each item, also where there are none.
    public borrowing func set<Items: Sequence>(
        _ key: StaticString, each items: Items, _ make: (Items.Element) -> JSONNode
    ) {
        set(key, .array(of: items, make))
    }

    /// An array of what `make` gives for each item.
    public static func array<Items: Sequence>(
        of items: Items, _ make: (Items.Element) -> JSONNode
    ) -> JSONNode {
        let array = JSONNode.array()
        for item in items { array.append(make(item)) }
        return array
    }

    /// Adds an element to an array. The corresponding C function is `json_object_array_add`.
    public borrowing func append(_ value: consuming JSONNode) {
        let status = unsafe json_object_array_add(pointer, value.release())
        precondition(status == 0, "json-c is out of memory")
    }

    /// A copy of a value that was read.
    public init(_ value: JSONValue) {
        switch value {
        case .null: self = .null()
        case .bool(let value): self = .boolean(value)
        case .integer(let number): self = .integer(number)
        case .double(let number): self = .double(number)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .array(of: elements) { JSONNode($0) }
        case .object(let object):
            self = .object()
            for member in object.members { set(copying: member.key, JSONNode(member.value)) }
        }
    }
}
