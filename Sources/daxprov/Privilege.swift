import Glibc

/// What the caller may do.
enum Privilege {
    /// Whether the caller is not root.
    static var isMissing: Bool { geteuid() != 0 }
}
