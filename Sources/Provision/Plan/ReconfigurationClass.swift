/// What undoing a change of mode, map, alignment or sector size brings back.
enum ReconfigurationClass {
    /// The class and the reason. Only what is written to the media counts: a label can always be restored.
    ///
    /// Setting raw mode writes nothing. Every other mode writes an info block over the old one; the old one is not
    /// saved by this version, so undo cannot bring the old mode back.
    static func of(_ namespace: Namespace, to layout: Layout) -> (Reversibility, String) {
        switch layout.mode {
        case .raw:
            return (
                .untilWritten, "raw mode writes nothing; the old info block stays until the device is written"
            )
        case .fsdax, .devdax:
            let written = layout.map == .dev ? "an info block and the page map" : "an info block"
            return (.irreversible, "\(layout.mode.rawValue) writes \(written) at the start of the namespace")
        case .sector:
            return (
                .irreversible,
                "sector mode writes an info block and a translation table at the end of its arenas"
            )
        }
    }
}
