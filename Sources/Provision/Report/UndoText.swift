import ProvisionCore

/// How undoing ended, in words: the same after a failed apply, a rollback and a recovery, and true together with what only a
/// reboot completes, and with what somebody wrote meanwhile.
public enum UndoText {
    /// What undoing came to.
    /// - Parameter transaction: the one that was undone; nil: the one that is being talked of.
    public static func undone(_ transaction: String? = nil, _ undone: Undone) -> [String] {
        let before = transaction.map { "before \(TerminalText.clean($0))" } ?? "before"
        let rest = details(undone)
        guard !rest.isEmpty else {
            return ["Everything was undone, and verified: what it touched is as it was \(before)."]
        }
        return ["Everything was undone. What it touched is as it was \(before), but for this:"]
            + rest.map { "  \(TerminalText.clean($0))" }
    }

    private static func details(_ undone: Undone) -> [String] {
        let changed = undone.returned.compactMap { namespace -> String? in
            guard let looked = namespace.looked, !looked.isWhole else { return nil }
            return
                "\(namespace.name) has its layout and identity again, not all of its data: \(looked.changed) of "
                + "\(looked.pages) places that were looked at were written since"
        }
        let pending = undone.afterReboot.map {
            "the namespace of \($0) is back after the next reboot: its old labels are written, and the kernel reads "
                + "them then"
        }
        return changed + undone.left + pending
    }

    /// The members that a document has of it.
    static func describe(_ undone: Undone, in node: inout JSONValue) {
        node.set("regions_after_reboot", each: undone.afterReboot) { .string($0) }
        node.set("returned", each: undone.returned) { item in
            var node = JSONValue.object()
            node.set("name", item.name)
            node.set("places_looked_at", item.looked?.pages)
            node.set("places_changed", item.looked?.changed)
            return node
        }
        node.set("left", each: undone.left) { .string($0) }
    }
}
