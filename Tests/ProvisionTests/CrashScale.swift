import Glibc

/// How much of what can be tried at every store is tried.
enum CrashScale {
    /// Every how many stores: 1, or `CRASH_EVERY` of the environment.
    static let every = unsafe getenv("CRASH_EVERY").flatMap { unsafe Int(String(cString: $0)) } ?? 1
}
