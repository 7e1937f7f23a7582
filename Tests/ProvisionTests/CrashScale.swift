import Glibc

/// How much of what can be tried at every store is tried.
enum CrashScale {
    /// What `CRASH_EVERY` of the environment says; nil: nothing.
    private static let chosen = unsafe getenv("CRASH_EVERY").flatMap { unsafe Int(String(cString: $0)) }

    /// Every how manyth store is tried: what `CRASH_EVERY` says, or `usual`.
    static func every(_ usual: Int) -> Int { max(chosen ?? usual, 1) }
}
