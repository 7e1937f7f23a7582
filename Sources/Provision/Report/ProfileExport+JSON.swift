public import ProvisionCore

extension ProfileExport {
    /// The profile as one document: its text, comments included, in a member.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", 1)
        document.set("tool_version", ToolVersion.current)
        document.set("profile_text", text)
        return document
    }
}
