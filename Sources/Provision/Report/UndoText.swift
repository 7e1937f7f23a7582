/// How undoing ended, in words: the same after a failed apply, a rollback and a recovery, and true together with what only a
/// reboot completes.
public enum UndoText {
    /// That everything was undone.
    /// - Parameters:
    ///   - transaction: the one that was undone; nil: the one that is being talked of.
    ///   - afterReboot: the regions whose old labels a reboot has still to read.
    public static func undone(_ transaction: String? = nil, afterReboot: [String]) -> [String] {
        let before = transaction.map { "before \(TerminalText.clean($0))" } ?? "before"
        guard !afterReboot.isEmpty else {
            return ["Everything was undone, and verified: the host is as it was \(before)."]
        }
        let heading =
            "Everything was undone. The host is as it was \(before), but for what only a reboot brings back:"
        return [heading]
            + afterReboot.map {
                "  the namespace of \(TerminalText.clean($0)) is back after the next reboot: its old labels are "
                    + "written, and the kernel reads them then"
            }
    }
}
