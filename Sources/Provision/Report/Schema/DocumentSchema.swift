public import ProvisionCore

/// The JSON Schema (draft 2020-12) of a profile or of a document that daxprov prints.
///
/// The words of closed sets come from the types that have them, so that no schema can lag behind.
public enum DocumentSchema: String, CaseIterable, Sendable {
    /// A profile, as YAML that was read into JSON's types.
    case profile
    /// `plan --json`.
    case plan
    /// `inventory --json`.
    case inventory
    /// `status --json`.
    case status
    /// `apply --json`.
    case apply
    /// `verify --json`.
    case verify
    /// `errors list --json`.
    case errorsList = "errors-list"
    /// `errors clear --json`.
    case errorsClear = "errors-clear"
    /// `errors scrub --json`.
    case errorsScrub = "errors-scrub"
    /// `wipe --json`.
    case wipe

    /// The schema as one document.
    public var json: JSONValue { value }

    /// What the schemas are called in messages of validators. It is a name, and no address.
    static func identifier(_ name: String) -> String {
        "urn:daxprov:schema:\(name):\(PlanReport.formatVersion)"
    }

    private var value: JSONValue {
        var members: [JSONObject.Member] = [
            .init(key: "$schema", value: .string("https://json-schema.org/draft/2020-12/schema")),
            .init(key: "$id", value: .string(Self.identifier(rawValue))),
            .init(key: "title", value: .string(title)),
        ]
        if case .object(let root) = root { members += root.members }
        members.append(.init(key: "$defs", value: SchemaWords.object(definitions)))
        return .object(JSONObject(members: members))
    }

    private var title: String {
        switch self {
        case .profile: "A profile of daxprov, version 1"
        default: "The document of daxprov \(command) --json, format version \(PlanReport.formatVersion)"
        }
    }

    /// The command that prints the document.
    private var command: String { String(rawValue.map { $0 == "-" ? " " : $0 }) }

    private var root: JSONValue {
        switch self {
        case .profile: ProfileSchema.root
        case .plan: PlanSchema.root
        case .inventory: InventorySchema.root
        case .status: StatusSchema.root
        case .apply: ApplySchema.root
        case .verify: VerificationSchema.root
        case .errorsList: MediaErrorSchema.list
        case .errorsClear: MediaErrorSchema.clearing
        case .errorsScrub: MediaErrorSchema.scrub
        case .wipe: WipeSchema.root
        }
    }

    private var definitions: SchemaWords.Members {
        switch self {
        case .profile: ProfileSchema.definitions
        case .plan: PlanSchema.definitions
        case .inventory: InventorySchema.definitions
        case .status: StatusSchema.definitions
        case .apply: ApplySchema.definitions
        case .verify: VerificationSchema.definitions
        case .errorsList, .errorsClear, .errorsScrub: MediaErrorSchema.definitions
        case .wipe: WipeSchema.definitions
        }
    }
}
