import CJson

extension JSONValue {
    /// The most bytes that a text may have.
    public static let maximumLength = 64 << 20
    /// The most arrays and objects that may be open at once.
    public static let maximumDepth = 64

    /// Reads one JSON text (RFC 8259) and nothing after it but white space.
    ///
    /// Refuses what the standard leaves open and no honest writer produces: repeated keys, NUL in strings, numbers that
    /// do not fit in 64 bits.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        guard bytes.count <= Self.maximumLength else {
            throw JSONError(.offset(Self.maximumLength), "the text is longer than 64 MiB")
        }
        try Self.requireUTF8(bytes)
        let keys = try JSONTextScan.countingKeys(in: bytes, depth: Self.maximumDepth)
        let node = try unsafe Self.tokenize(bytes)
        defer { _ = unsafe json_object_put(node) }
        var members = 0
        self = try unsafe Self.value(of: node, members: &members)
        guard members == keys else {
            throw JSONError(.offset(JSONTextScan.offsetOfRepeatedKey(in: bytes) ?? 0), "a key is repeated")
        }
    }

    /// Reads one JSON text; see ``init(parsing:)-([UInt8])``.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    private static func requireUTF8(_ bytes: [UInt8]) throws(JSONError) {
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw JSONError(.offset(error.byteOffsets.lowerBound), "the text is not UTF-8")
        }
    }

    /// The corresponding C function is `json_tokener_parse_ex`. It is given the text and a NUL, so that a number at
    /// the end is seen to be complete.
    private static func tokenize(_ bytes: [UInt8]) throws(JSONError) -> OpaquePointer? {
        guard let tokener = unsafe json_tokener_new_ex(Int32(maximumDepth + 2)) else {
            preconditionFailure("json-c is out of memory")
        }
        defer { unsafe json_tokener_free(tokener) }
        unsafe json_tokener_set_flags(tokener, JSON_TOKENER_STRICT)
        let text = JSONAsciiText(bytes)
        let terminated = text.bytes + [0]
        let node = unsafe terminated.withUnsafeBytes { raw in
            let start = unsafe raw.bindMemory(to: CChar.self).baseAddress
            return unsafe json_tokener_parse_ex(tokener, start, Int32(raw.count))
        }
        let end = text.offset(in: bytes, of: unsafe Int(json_tokener_get_parse_end(tokener)))
        let status = unsafe json_tokener_get_error(tokener)
        guard status == json_tokener_success else {
            unsafe json_object_put(node)
            throw JSONError(.offset(end), reason(of: status))
        }
        return unsafe node
    }

    private static func reason(of status: json_tokener_error) -> String {
        switch status {
        case json_tokener_continue, json_tokener_error_parse_eof: "the text ends too early"
        default: unsafe String(cString: json_tokener_error_desc(status))
        }
    }

    /// Copies a json-c value. The depth is bounded by the tokener.
    private static func value(of node: OpaquePointer?, members: inout Int) throws(JSONError) -> JSONValue {
        switch unsafe json_object_get_type(node) {
        case json_type_boolean: unsafe .bool(json_object_get_boolean(node) != 0)
        case json_type_int: unsafe .integer(integer(of: node))
        case json_type_double: try unsafe .double(finite(json_object_get_double(node)))
        case json_type_string: unsafe .string(string(of: node))
        case json_type_array: try unsafe .array(elements(of: node, members: &members))
        case json_type_object: try unsafe .object(object(of: node, members: &members))
        default: .null
        }
    }

    private static func finite(_ number: Double) throws(JSONError) -> Double {
        guard number.isFinite else { throw JSONError(.path(""), "a number is out of range") }
        return number
    }

    /// json-c clamps a number above Int64.max to it, and one below 0 to 0, when asked for the other type.
    private static func integer(of node: OpaquePointer?) -> Int128 {
        let signed = unsafe json_object_get_int64(node)
        return unsafe signed == .max ? Int128(json_object_get_uint64(node)) : Int128(signed)
    }

    private static func string(of node: OpaquePointer?) -> String {
        let length = unsafe Int(json_object_get_string_len(node))
        let bytes = unsafe UnsafeRawBufferPointer(start: json_object_get_string(node), count: length)
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    private static func elements(
        of node: OpaquePointer?, members: inout Int
    ) throws(JSONError) -> [JSONValue] {
        var elements: [JSONValue] = []
        let count = unsafe json_object_array_length(node)
        elements.reserveCapacity(count)
        for index in 0..<count {
            elements.append(try unsafe value(of: json_object_array_get_idx(node, index), members: &members))
        }
        return elements
    }

    private static func object(of node: OpaquePointer?, members: inout Int) throws(JSONError) -> JSONObject {
        var list: [JSONObject.Member] = []
        list.reserveCapacity(unsafe Int(json_object_object_length(node)))
        var entry = unsafe json_object_get_object(node)?.pointee.head
        while let current = unsafe entry {
            let key = unsafe String(cString: current.pointee.k.assumingMemoryBound(to: CChar.self))
            let child = unsafe current.pointee.v.map { OpaquePointer($0) }
            list.append(.init(key: key, value: try unsafe value(of: child, members: &members)))
            unsafe entry = current.pointee.next
        }
        members += list.count
        return JSONObject(members: list)
    }
}
