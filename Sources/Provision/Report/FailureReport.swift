public import ProvisionCore

/// A command that failed before it had anything else to report, as a document.
public struct FailureReport: Sendable {
    private let message: String
    private let advice: String?
    private let exitStatus: Int32
    private let diagnostics: [Diagnostic]

    /// The report of a failure.
    /// - Parameters:
    ///   - message: what failed, on what, and why.
    ///   - advice: what to do; nil where nothing general helps.
    ///   - exitStatus: what the command exits with.
    ///   - diagnostics: what is wrong in a profile.
    public init(_ message: String, advice: String?, exitStatus: Int32, diagnostics: [Diagnostic] = []) {
        self.message = message
        self.advice = advice
        self.exitStatus = exitStatus
        self.diagnostics = diagnostics
    }

    /// One document.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", 1)
        document.set("tool_version", ToolVersion.current)
        document.set("outcome", "error")
        document.set("exit_status", exitStatus)
        var error = JSONValue.object()
        error.set("message", message)
        error.set("advice", advice)
        if !diagnostics.isEmpty { error.set("diagnostics", each: diagnostics) { DiagnosticText.json($0) } }
        document.set("error", error)
        return document
    }
}

/// Diagnostics as objects.
enum DiagnosticText {
    /// A diagnostic.
    static func json(_ diagnostic: Diagnostic) -> JSONValue {
        var node = JSONValue.object()
        node.set("line", diagnostic.position.line)
        node.set("column", diagnostic.position.column)
        node.set("length", diagnostic.length)
        node.set("message", diagnostic.message)
        node.set("suggestion", diagnostic.suggestion)
        return node
    }
}
