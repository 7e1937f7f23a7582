internal import CNdctl

/// Requests by signals to stop.
public struct Interruption: Sendable {
    private let count: @Sendable () -> Int

    /// A run that no signal interrupts: it counts no request to stop.
    public static let never = Interruption { 0 }

    /// Counts SIGINT and SIGTERM from now on instead of dying of them, and ignores SIGHUP and SIGPIPE, so that no run
    /// ends in the middle of a step.
    public static func bySignals() -> Interruption {
        daxprov_signals_install()
        return Interruption { Int(daxprov_signals_count()) }
    }

    /// An interruption whose requests a function counts.
    public init(count: @escaping @Sendable () -> Int) {
        self.count = count
    }

    /// Whether somebody asked to stop: the current step is finished, and everything undone.
    public var isRequested: Bool { count() > 0 }

    /// Whether somebody asked twice: undoing stops as well, and is left to recovery.
    public var isInsisting: Bool { count() > 1 }
}
