public import ProvisionCore

/// What became of asking the buses of a host for an address range scrub, as a document.
public struct ScrubReport: Sendable {
    /// How it is with a bus.
    public enum Outcome: String, CaseIterable, Sendable {
        /// A scrub was started, and may still run.
        case started
        /// One ran already, and may still run.
        case running
        /// It was waited for, and has ended.
        case ended
        /// The platform has none: media errors stay unknown.
        case unsupported
    }

    /// A bus.
    public struct Item: Sendable {
        /// The bus.
        public var bus: Bus
        /// How it is with it.
        public var outcome: Outcome
        /// How often it was scrubbed since its driver was loaded; nil where it has no scrub.
        public var scrubs: UInt64?

        /// A value of these parts.
        public init(_ bus: Bus, _ outcome: Outcome, scrubs: UInt64? = nil) {
            self.bus = bus
            self.outcome = outcome
            self.scrubs = scrubs
        }
    }

    private let items: [Item]

    /// The report of these.
    public init(_ items: [Item]) { self.items = items }

    /// One document.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", PlanReport.formatVersion)
        document.set("tool_version", ToolVersion.current)
        document.set("buses", each: items) { item in
            var node = JSONValue.object()
            node.set("dev", item.bus.device)
            node.set("provider", item.bus.provider)
            node.set("outcome", item.outcome.rawValue)
            node.set("scrubs", item.scrubs)
            return node
        }
        return document
    }
}
