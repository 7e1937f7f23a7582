import ProvisionCore

/// The verdicts on a host's namespaces as a report.
public struct VerificationReport: Sendable {
    let verification: Verification

    /// The report of these verdicts.
    public init(_ verification: Verification) {
        self.verification = verification
    }

    /// The verdicts for a person: a paragraph for each namespace, and a last line.
    public func text(_ style: TextStyle = .plain) -> String {
        let findings = verification.findings
        guard !findings.isEmpty else { return "There are no namespaces: nothing was proven.\n" }
        let paragraphs = findings.map { paragraph($0, style) }
        let wrong = findings.count { !$0.judgement.passes }
        let last =
            wrong == 0
            ? "All pass."
            : "\(wrong) of \(findings.count) \(wrong == 1 ? "does" : "do") not pass."
        return paragraphs.joined(separator: "\n")
            + "\n" + TextFill.lines(last, width: style.width, indent: 0).map { $0 + "\n" }.joined()
    }

    private func paragraph(_ finding: Verification.Finding, _ style: TextStyle) -> String {
        let namespace = finding.namespace
        let device = (namespace.blockDevice ?? namespace.characterDevice).map { ", /dev/\($0)" } ?? ""
        let mode = namespace.mode?.rawValue ?? "no mode"
        let name = "\(finding.region.device)/\(namespace.displayName) (\(mode)\(device))"
        let verdict = Self.words(finding.judgement.verdict)
        var heading = TextFill.lines(
            "\(TerminalText.clean(name)): \(verdict)", width: style.width, indent: 4)
        if let last = heading.last, last.hasSuffix(verdict) {
            let painted = style.paint(verdict, finding.judgement.passes ? .addition : .loss)
            heading[heading.count - 1] = last.dropLast(verdict.count) + painted
        }
        let lines = Self.facts(finding).flatMap {
            TextFill.lines("  " + TerminalText.clean($0), width: style.width, indent: 4)
        }
        return (heading + lines).map { $0 + "\n" }.joined()
    }

    private static func facts(_ finding: Verification.Finding) -> [String] {
        var facts = finding.judgement.reasons.map(\.message)
        if let mapping = finding.judgement.mapping { facts += Self.facts(mapping) }
        if let flush = durability(finding) { facts.append(flush) }
        return facts
    }

    private static func facts(_ mapping: MappingMeasurement) -> [String] {
        guard let touch = mapping.touch else { return [] }
        let faults = "\(touch.faults) page \(touch.faults == 1 ? "fault" : "faults")"
        let verb = touch.access == .load ? "loading from" : "storing to"
        return ["pages \(touch.pages.words): \(faults) while \(verb) \(touch.length.brief)"]
    }

    /// What makes a store durable.
    private static func durability(_ finding: Verification.Finding) -> String? {
        guard let flush = finding.judgement.flush, finding.judgement.verdict != .notDax else { return nil }
        let domain = finding.region.persistenceDomain
        switch flush {
        case .none:
            return "durable: the platform flushes the CPU caches (persistence domain \(domain.rawValue))"
        case .sync: return "durable after fsync or msync"
        case .cpuCache:
            let doubt =
                domain == .memoryController
                ? "" : "; the platform does not say whether such a store survives a power cut"
            return
                "durable after a flush of the CPU caches (persistence domain \(domain.rawValue))\(doubt)"
        }
    }

    /// A verdict in words.
    static func words(_ verdict: ProofVerdict) -> String {
        switch verdict {
        case .proven: "proven"
        case .provenWithoutSync: "DAX, without MAP_SYNC"
        case .provenPerFile: "DAX for files with the attribute alone"
        case .systemMemory: "system memory"
        case .notDax: "not DAX"
        case .notProven: "not proven"
        }
    }
}
