public import ProvisionCore

/// The status of a host as a report.
public struct StatusReport: Sendable {
    private let status: HostStatus

    /// The report of a status.
    public init(_ status: HostStatus) {
        self.status = status
    }

    /// The status for a person.
    /// - Parameter width: the columns of the terminal; nil where there is none.
    public func text(width: Int? = nil) -> String {
        var lines = status.interrupted.map { "Interrupted: transaction \($0). Run daxprov recover." }
        lines += status.unreadable.flatMap(UnreadableText.lines)
        lines += status.unfinishedWipes.map { "Unfinished: \(WipeText.unfinished($0))" }
        lines += applied
        lines += status.bootUnit.map(Self.bootLines) ?? []
        lines += status.troubledDimms.map { dimm in
            let id = dimm.uniqueID.map { " (\($0))" } ?? ""
            return
                "DIMM \(dimm.device)\(id) reports: \(dimm.trouble.joined(separator: ", ")). Run daxprov inventory."
        }
        lines += status.protected.map { mark in
            let name = mark.name.map { "\($0) " } ?? ""
            let source = mark.source.map { "by \($0)" } ?? "by a mark that is damaged"
            return "Protected: \(name)(label \(mark.labelUUID)), \(source)\(unseen(mark))"
        }
        lines += status.cxlRegions.map { "CXL: \($0.message). \($0.advice.asSentence)" }
        lines += status.softReserved.map { ["Memory: \($0.message). \($0.advice.asSentence)."] } ?? []
        if let agents = status.memoryAgents {
            lines += MemoryAgentsText.lines(agents, status.daxctlEffects, isConcerned: !status.kept.isEmpty)
        }
        return lines.flatMap { TextFill.lines(TerminalText.clean($0), width: width, indent: 8) }
            .map { $0 + "\n" }.joined()
    }

    /// What there is to say of a mark whose label no namespace shows: nothing of any other.
    private func unseen(_ mark: ProtectionMark) -> String {
        guard status.unseenMarks.contains(mark) else { return "" }
        if let disabled = status.disabledRegions[mark.labelUUID] {
            return
                ". No namespace shows this label, and a disabled region can have it. Run ndctl enable-region "
                + disabled.joined(separator: " ")
        }
        return
            ". No namespace shows this label: nothing is written to a region that has lost its labels and can hold it"
    }

    /// What there is to say of the boot unit: nothing where it did what it is for.
    private static func bootLines(_ unit: BootUnit) -> [String] {
        switch unit.result {
        case .done: []
        case .running:
            ["Boot: \(BootUnit.name) has not ended in this boot. Run systemctl status \(BootUnit.name)."]
        case .notRun:
            [
                "Boot: \(BootUnit.name) is enabled, and did not run in this boot: systemd drops a unit that is in an "
                    + "ordering cycle. Run journalctl -b --grep 'ordering cycle'."
            ]
        case .failed:
            [
                "Boot: \(BootUnit.name) failed"
                    + (unit.exitStatus.map { " with exit code \($0)" } ?? "")
                    + ". Run systemctl status \(BootUnit.name)."
            ]
        }
    }

    private var applied: [String] {
        if let last = status.last {
            let verdict =
                status.unknown.map { "the host could not be observed: \($0)" }
                ?? (status.drift.isEmpty ? "the host is as it left it" : "the host has changed since:")
            return ["Last applied: transaction \(last); \(verdict)"]
                + DriftText.lines(status.drift).map { "      \($0)" }
        }
        if let newest = status.newest {
            guard newest.end != nil else { return [] }
            let state = TransactionText.state(newest.end)
            return ["The last transaction, \(newest.id), was \(state). No transaction stands."]
        }
        return status.isUnsettled ? [] : ["No transaction is recorded."]
    }

    /// One document.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", 1)
        document.set("tool_version", ToolVersion.current)
        document.set("interrupted", each: status.interrupted) { .string($0) }
        document.set("unreadable", each: status.unreadable) { UnreadableText.json($0) }
        document.set("unfinished_wipes", each: status.unfinishedWipes) { WipeText.json($0) }
        if let newest = status.newest {
            var node = JSONValue.object()
            TransactionReport.describe(newest, in: &node)
            document.set("last_transaction", node)
        }
        document.set("last_applied", status.last)
        if status.last != nil {
            document.set("drift_unknown", status.unknown)
            if status.unknown == nil { document.set("drift", each: status.drift) { DriftText.json($0) } }
        }
        document.set("protected", each: status.protected) { mark in
            var node = ProtectionText.json(mark)
            node.setFlag("label_missing", if: status.unseenMarks.contains(mark))
            return node
        }
        if !status.troubledDimms.isEmpty {
            document.set("dimms", each: status.troubledDimms) { dimm in
                var node = JSONValue.object()
                node.set("dev", dimm.device)
                node.set("id", dimm.uniqueID)
                node.set("reports", each: dimm.trouble) { .string($0) }
                return node
            }
        }
        if !status.cxlRegions.isEmpty {
            document.set("cxl_regions", each: status.cxlRegions) { CXLRegionText.json($0) }
        }
        if let risk = status.softReserved {
            var node = JSONValue.object()
            node.set("regions", each: risk.regions) { .string($0) }
            node.set("message", risk.message)
            node.set("advice", risk.advice)
            document.set("soft_reserved", node)
        }
        if let unit = status.bootUnit {
            var node = JSONValue.object()
            node.set("enabled", unit.isEnabled)
            node.set("result", unit.result.rawValue)
            node.set("exit_status", unit.exitStatus)
            document.set("boot_unit", node)
        }
        if let agents = status.memoryAgents {
            document.set("memory_agents", MemoryAgentsText.json(agents, status.daxctlEffects))
        }
        return document
    }
}

/// Recorded CXL regions that are not there as they were, as objects.
enum CXLRegionText {
    /// What became of a region.
    static func json(_ standing: CXLRegionStanding) -> JSONValue {
        var node = JSONValue.object()
        node.set("region", standing.address)
        switch standing.kind {
        case .missing: node.set("state", "missing")
        case .changed: node.set("state", "changed")
        }
        node.set("serials", each: standing.record.serials) { .number($0) }
        node.set("interleave_ways", standing.record.ways)
        node.set("interleave_granularity", standing.record.granularity)
        node.set("size", standing.record.size)
        node.set("message", standing.message)
        node.set("advice", standing.advice)
        return node
    }
}

extension String {
    /// The text with a capital at its start.
    fileprivate var asSentence: String { prefix(1).uppercased() + dropFirst() }
}

/// Marks of protected namespaces as objects.
enum ProtectionText {
    /// A mark.
    static func json(_ mark: ProtectionMark) -> JSONValue {
        var node = JSONValue.object()
        node.set("raw_uuid", mark.labelUUID)
        node.set("name", mark.name)
        node.set("profile", mark.source)
        return node
    }
}
