public import ProvisionCore

/// Whether profiles are right in themselves, as a document.
public struct ValidationReport: Sendable {
    private var profiles: [Item] = []

    private struct Item: Sendable {
        var profile: String
        var error: String?
        var diagnostics: [Diagnostic]
    }

    /// A report of no profile.
    public init() {}

    /// Adds a profile.
    /// - Parameters:
    ///   - error: why it is not valid, or could not be read; nil where it is valid.
    ///   - diagnostics: what is wrong in it.
    public mutating func add(_ profile: String, error: String? = nil, diagnostics: [Diagnostic] = []) {
        profiles.append(Item(profile: profile, error: error, diagnostics: diagnostics))
    }

    /// One document.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", 1)
        document.set("tool_version", ToolVersion.current)
        document.set("profiles", each: profiles) { item in
            var node = JSONValue.object()
            node.set("profile", item.profile)
            node.set("valid", item.error == nil)
            node.set("error", item.error)
            node.set("diagnostics", each: item.diagnostics) { DiagnosticText.json($0) }
            return node
        }
        return document
    }
}
