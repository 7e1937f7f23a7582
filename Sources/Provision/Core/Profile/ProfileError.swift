/// Why a profile could not be read.
public enum ProfileError: Error, Equatable, Sendable {
    /// There is no text to judge (exit 1): no such file, not a regular file, not permitted, an I/O error.
    case unreadable(UnreadableProfile)
    /// The text is no valid profile (exit 65): everything that is wrong, in the order of the text; never empty.
    case invalid([Diagnostic])
}

/// A profile that could not be opened or read.
public struct UnreadableProfile: Equatable, Sendable {
    /// The path, or `<stdin>`.
    public var source: String
    /// Why, in words.
    public var reason: String
    /// What the administrator can do; nil where nothing general helps.
    public var advice: String?
    /// Whether it was not read because somebody else could have written it (exit 77).
    public var isUntrusted: Bool

    /// A profile that could not be read for this reason.
    public init(source: String, reason: String, advice: String? = nil, isUntrusted: Bool = false) {
        self.source = source
        self.reason = reason
        self.advice = advice
        self.isUntrusted = isUntrusted
    }
}

extension ProfileError: CustomStringConvertible {
    /// The text for standard error, without a line break at the end.
    public var description: String {
        switch self {
        case .unreadable(let profile):
            let path = PrintableText.plain(profile.source.unicodeScalars)
            let first = "error: cannot read the profile \(path): \(profile.reason)"
            return profile.advice.map { "\(first)\n  \($0)" } ?? first
        case .invalid(let diagnostics):
            return diagnostics.map(\.description).joined(separator: "\n")
        }
    }
}
