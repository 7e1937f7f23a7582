import ProvisionCore
import ProvisionHost

/// Why the state directory, the lock or a journal cannot be used.
public struct StateError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind; the exit code follows from it.
    public var kind: Kind
    /// What is wrong, and with which file.
    public var description: String
    /// What the administrator can do; nil where nothing general helps.
    public var advice: String?

    /// The kinds of failure.
    public enum Kind: Equatable, Sendable {
        /// A file or directory cannot be read or written.
        case unusable
        /// Only root may look at it, and the caller is another user.
        case notPermitted
        /// Someone else could have tampered with it: wrong owner, mode or type.
        case untrusted
        /// A journal or backup is damaged.
        case damaged
        /// Another process holds the lock.
        case locked
        /// A transaction is interrupted that another state directory has, or may have.
        case interrupted
        /// The transaction asked for is not there, or cannot be undone.
        case unsuitable
    }

    /// An error of a kind.
    public init(_ kind: Kind, _ description: String, advice: String? = nil) {
        self.kind = kind
        self.description = description
        self.advice = advice
    }
}
