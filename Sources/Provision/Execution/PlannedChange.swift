/// A change of a plan as its document says it, to be compared with another's.
struct PlannedChange {
    let address: String
    let kind: String
    /// The change without the kernel's names of namespaces, which change at every boot and mean nothing: labels' UUIDs
    /// and fingerprints say which one is meant.
    let comparable: JSONValue

    init(_ value: JSONValue) {
        address = Self.text(value, "address")
        kind = Self.text(value, "kind")
        comparable = Self.withoutDevices(value)
    }

    /// The change is not planned any more.
    var gone: PlanDifference {
        PlanDifference(
            address: address, message: "the plan has '\(kind)' for it, and that is not what it needs now")
    }

    /// The change was not in the plan.
    var added: PlanDifference {
        PlanDifference(address: address, message: "it needs '\(kind)' now, and the plan does not have that")
    }

    /// What differs, by member.
    func differences(to now: PlannedChange) -> [PlanDifference] {
        Self.differences("", comparable, now.comparable).prefix(16).map {
            PlanDifference(address: address, message: $0)
        }
    }

    private static func differences(_ path: String, _ was: JSONValue, _ now: JSONValue) -> [String] {
        guard was != now else { return [] }
        guard case .object(let old) = was, case .object(let new) = now else {
            return ["its planned \(path) was \(text(was)), and would be \(text(now))"]
        }
        var keys = old.members.map(\.key)
        keys += new.members.map(\.key).filter { old[$0] == nil }
        return keys.flatMap { key in
            differences(path.isEmpty ? key : "\(path).\(key)", old[key] ?? .null, new[key] ?? .null)
        }
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: "none"
        case .bool(let value): "\(value)"
        case .integer(let number): "\(number)"
        case .double(let number): "\(number)"
        case .string(let text): text
        case .array, .object: JSONNode(value).text(.compact)
        }
    }

    private static func text(_ value: JSONValue, _ key: String) -> String {
        guard case .object(let object) = value, case .string(let text)? = object[key] else { return "" }
        return text
    }

    private static func withoutDevices(_ change: JSONValue) -> JSONValue {
        guard case .object(let object) = change else { return change }
        let members = object.members.map { member in
            guard member.key == "steps", case .array(let steps) = member.value else { return member }
            return JSONObject.Member(key: member.key, value: .array(steps.map(withoutDevice)))
        }
        return .object(JSONObject(members: members))
    }

    private static func withoutDevice(_ step: JSONValue) -> JSONValue {
        guard case .object(let object) = step else { return step }
        return .object(JSONObject(members: object.members.filter { $0.key != "device" }))
    }
}
