public import ProvisionCore

/// Why a transaction was undone: the step that failed, and its error, whole.
public struct StepFailure: Equatable, Sendable {
    /// The number of the step.
    public var step: Int
    /// What it failed with.
    public var error: OperationError

    /// The failure of a step.
    public init(step: Int, error: OperationError) {
        self.step = step
        self.error = error
    }
}

extension StepFailure {
    /// As a journal has it. Of what went wrong beside it, so many are kept: room for the record is reserved before the first step.
    private static let mostUndoFailures = 16

    var json: JSONValue {
        var node = JSONValue.object()
        node.set("step", step)
        node.set("kind", error.kind.word)
        if case .record(let kind) = error.kind { node.set("record_kind", kind.rawValue) }
        if case .consentMissing(let losses) = error.kind {
            node.set("losses", each: losses) { loss in
                var item = JSONValue.object()
                item.set("address", loss.address)
                item.set("words", each: loss.words) { .string($0) }
                item.set("consequence", loss.consequence)
                return item
            }
        }
        node.set("operation", error.operation)
        node.set("device", error.device)
        node.set("reason", error.reason)
        node.set("advice", error.advice)
        node.set("errno", error.errno)
        node.set("undo_failures", each: error.undoFailures.prefix(Self.mostUndoFailures)) { .string($0) }
        node.set("has_stored", error.hasStored)
        return node
    }

    init(_ node: JSONCursor) throws(JSONError) {
        let kind = try OperationError.Kind(node)
        var error = OperationError(
            kind, while: "", device: try node.optional("device")?.string(),
            reason: try node.required("reason").string(), advice: try node.optional("advice")?.string(),
            errno: try node.optional("errno")?.integer(),
            undoFailures: try node.list("undo_failures") { item throws(JSONError) in try item.string() })
        error.operation = try node.optional("operation")?.string()
        error.hasStored = try node.required("has_stored").bool()
        self.init(step: try node.required("step").integer(), error: error)
    }
}

extension OperationError.Kind {
    fileprivate init(_ node: JSONCursor) throws(JSONError) {
        let word = try node.required("kind").string()
        switch word {
        case "state": self = .record(try node.required("record_kind").word())
        case "interrupted": self = .interrupted
        case "consent_missing":
            self = .consentMissing(
                try node.list("losses") { item throws(JSONError) in
                    Loss(
                        address: try item.required("address").string(),
                        words: try item.list("words") { word throws(JSONError) in try word.string() },
                        consequence: try item.required("consequence").string())
                })
        default:
            let plain: [Self] = [
                .notPermitted, .busy, .changed, .failed, .unavailable, .unfinished, .declined,
            ]
            guard let kind = plain.first(where: { $0.word == word }) else {
                throw node.error("has the unknown kind '\(word)'")
            }
            self = kind
        }
    }
}
