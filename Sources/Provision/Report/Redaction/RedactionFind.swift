/// A secret found in a text.
struct RedactionFind {
    /// What it is.
    var kind: RedactionKind
    /// What makes two finds the same secret.
    var identity: String
    /// The place behind it.
    var end: Int
}

/// What a secret is; the word in its place begins so.
package enum RedactionKind: String, CaseIterable, Sendable {
    /// The identity of a DIMM.
    case serial
    /// A UUID.
    case uuid
    /// The cookie of an interleave set, which is a checksum of serial numbers.
    case set
    /// The name of a host.
    case host
    /// The name of a user or of a group.
    case user
    /// A path below `/home`.
    case path
    /// The address of a network card.
    case mac
    /// An address of the Internet protocol.
    case ip
    /// A password or a key.
    case secret
}
