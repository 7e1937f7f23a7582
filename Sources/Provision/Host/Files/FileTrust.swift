/// Whose files are read.
public enum FileTrust: Equatable, Sendable {
    /// Anybody's: what they say is looked at, and not done.
    case anybody
    /// Those that root and the caller alone could have written: what they say is done.
    case rootAndCaller
}
