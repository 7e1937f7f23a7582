import Glibc

/// What standard output can show, where it is a terminal.
enum Terminal {
    /// Whether colours are shown: not where `NO_COLOR` is set and not empty (no-color.org), and not on a terminal that
    /// says nothing of itself or that it is `dumb`.
    static var hasColours: Bool {
        if !text("NO_COLOR").isEmpty { return false }
        return !["", "dumb"].contains(text("TERM"))
    }

    /// The columns: what `COLUMNS` says, else what the terminal says; 80 where neither does (a serial line).
    static var width: Int {
        if let columns = Int(text("COLUMNS")), columns > 0 { return columns }
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    private static func text(_ variable: String) -> String {
        unsafe getenv(variable).map { unsafe String(cString: $0) } ?? ""
    }
}
