import ProvisionCore

/// The words of JSON Schema (draft 2020-12), as values that can be put together.
enum SchemaWords {
    typealias Members = KeyValuePairs<String, JSONValue>

    static func object(_ members: Members) -> JSONValue {
        .object(JSONObject(members: members.map { .init(key: $0.key, value: $0.value) }))
    }

    /// An object of a document. Later versions may add keys, so others are allowed.
    static func record(_ required: Members, optional: Members = [:]) -> JSONValue {
        shape(required, Array(optional), isClosed: false)
    }

    /// A mapping of a profile: an unknown key is an error.
    static func mapping(
        _ required: Members, optional: Members = [:], further: Members = [:], and more: Members = [:]
    ) -> JSONValue {
        guard
            case .object(let object) = shape(required, Array(optional) + Array(further), isClosed: true)
        else { return .null }
        return .object(
            JSONObject(members: object.members + more.map { .init(key: $0.key, value: $0.value) }))
    }

    private static func shape(
        _ required: Members, _ optional: [Members.Element], isClosed: Bool
    ) -> JSONValue {
        let all = (Array(required) + optional).map {
            JSONObject.Member(key: $0.key, value: $0.value)
        }
        var members: [JSONObject.Member] = [
            .init(key: "type", value: .string("object")),
            .init(key: "properties", value: .object(JSONObject(members: all))),
        ]
        if !required.isEmpty {
            members.append(.init(key: "required", value: .array(required.map { .string($0.key) })))
        }
        if isClosed { members.append(.init(key: "additionalProperties", value: .bool(false))) }
        return .object(JSONObject(members: members))
    }

    static func list(of item: JSONValue) -> JSONValue {
        object(["type": .string("array"), "items": item])
    }

    static func reference(_ name: String) -> JSONValue { object(["$ref": .string("#/$defs/\(name)")]) }

    static func either(_ schemas: JSONValue...) -> JSONValue { object(["anyOf": .array(schemas)]) }

    static func pattern(_ text: String) -> JSONValue {
        object(["type": .string("string"), "pattern": .string(text)])
    }

    static func words(_ words: [String]) -> JSONValue { object(["enum": .array(words.map { .string($0) })]) }

    static func words<Word: CaseIterable & RawRepresentable>(_ type: Word.Type) -> JSONValue
    where Word.RawValue == String {
        words(Word.allCases.map(\.rawValue))
    }

    static func constant(_ value: JSONValue) -> JSONValue { object(["const": value]) }

    static let text = object(["type": .string("string")])
    static let flag = object(["type": .string("boolean")])
    static let isTrue = constant(.bool(true))
    static let number = object(["type": .string("integer")])
    /// A size, an address, a count: never negative.
    static let count = object(["type": .string("integer"), "minimum": .integer(0)])
    static let texts = list(of: text)
    static let uuid = pattern(
        "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$")
}
