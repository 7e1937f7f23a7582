/// Why a host could not be observed, or a step not be performed.
public struct HostError: Error, Equatable, Sendable {
    /// The kind of the failure; the exit code follows from it.
    public var kind: Kind
    /// What was being done, as a verb phrase: "set the size of namespace0.1".
    public var operation: String
    /// The device it was done to, such as `namespace0.1`; nil where it was the host as a whole.
    public var device: String?
    /// Why it failed, in words, with the errno's text where there is one.
    public var reason: String
    /// What the administrator can do; nil where nothing general helps.
    public var advice: String?
    /// The errno; nil where there was none.
    public var errno: Int32?
    /// What went wrong while undoing the failed step; empty where the undo succeeded or nothing had been done.
    public var undoFailures: [String]
    /// Whether the step that failed had begun to write, so that something was undone, or needed to be.
    public var hasStored = false

    /// The kinds of failure.
    public enum Kind: String, Equatable, Sendable {
        /// The caller lacks the privilege.
        case notPermitted = "not_permitted"
        /// The device is in use.
        case busy
        /// The live object is not what the plan was made for: somebody changed the host.
        case changed
        /// The kernel refused or failed a write, or the result is not what was asked for.
        case failed
        /// The host cannot be reached at all, or its state cannot be read.
        case unavailable
    }

    /// An error with these parts.
    public init(
        _ kind: Kind, while operation: String, device: String? = nil, reason: String, advice: String? = nil,
        errno: Int32? = nil, undoFailures: [String] = []
    ) {
        self.kind = kind
        self.operation = operation
        self.device = device
        self.reason = reason
        self.advice = advice
        self.errno = errno
        self.undoFailures = undoFailures
    }
}

extension HostError: CustomStringConvertible {
    /// One sentence: what failed, on which device, and why. The advice is not part of it.
    public var description: String {
        let place = device.map { operation.contains($0) ? "" : " (\($0))" } ?? ""
        return "could not \(operation)\(place): \(reason)"
    }
}
