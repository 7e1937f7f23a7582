import CJson

/// One JSON value under construction: owns one reference to a json-c object, and puts it when it dies.
///
/// The corresponding C type is `struct json_object`. A node that is added to another is consumed: json-c takes over
/// the reference (`json_object_object_add_ex`, `json_object_array_add`).
@safe public struct JSONNode: ~Copyable {
    /// Nil is JSON's `null` in json-c.
    package let pointer: OpaquePointer?

    private init(owning pointer: OpaquePointer?) {
        unsafe self.pointer = pointer
    }

    deinit {
        _ = unsafe json_object_put(pointer)
    }

    /// The reference, which the caller must hand to json-c or put.
    package consuming func release() -> OpaquePointer? {
        let released = unsafe pointer
        discard self
        return unsafe released
    }

    /// An empty object. The corresponding C function is `json_object_new_object`.
    public static func object() -> JSONNode { unsafe JSONNode(owning: allocated(json_object_new_object())) }

    /// An empty array. The corresponding C function is `json_object_new_array`.
    public static func array() -> JSONNode { unsafe JSONNode(owning: allocated(json_object_new_array())) }

    /// `null`.
    public static func null() -> JSONNode { unsafe JSONNode(owning: nil) }

    /// A string. The corresponding C function is `json_object_new_string_len`.
    public static func string(_ text: String) -> JSONNode {
        var text = text
        let pointer = text.withUTF8 { bytes in
            let start = unsafe UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
            return unsafe start.map { unsafe json_object_new_string_len($0, Int32(clamping: bytes.count)) }
                ?? json_object_new_string("")
        }
        return unsafe JSONNode(owning: allocated(pointer))
    }

    /// An integer. The corresponding C functions are `json_object_new_int64` and, for unsigned types,
    /// `json_object_new_uint64`.
    public static func integer<Number: FixedWidthInteger>(_ number: Number) -> JSONNode {
        if Number.isSigned, let signed = Int64(exactly: number) {
            return unsafe JSONNode(owning: allocated(json_object_new_int64(signed)))
        }
        return unsafe JSONNode(owning: allocated(json_object_new_uint64(UInt64(number))))
    }

    /// `true` or `false`. The corresponding C function is `json_object_new_boolean`.
    public static func boolean(_ value: Bool) -> JSONNode {
        unsafe JSONNode(owning: allocated(json_object_new_boolean(value ? 1 : 0)))
    }

    /// A finite number with a fraction. The corresponding C function is `json_object_new_double`.
    public static func double(_ number: Double) -> JSONNode {
        precondition(number.isFinite, "JSON has no NaN and no infinity")
        return unsafe JSONNode(owning: allocated(json_object_new_double(number)))
    }

    /// json-c returns NULL only when memory is exhausted.
    private static func allocated(_ pointer: OpaquePointer?) -> OpaquePointer {
        guard let pointer = unsafe pointer else { preconditionFailure("json-c is out of memory") }
        return unsafe pointer
    }
}
