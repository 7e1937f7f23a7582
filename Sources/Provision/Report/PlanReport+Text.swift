public import ProvisionCore
import ProvisionHost

extension PlanReport {
    /// The plan for a person.
    public func text(_ style: TextStyle = .plain) -> String {
        var lines: [String] = []
        for change in plan.changes { lines += PlanText.lines(for: change, style) }
        if !plan.changes.isEmpty { lines.append("") }
        lines += RefusalText.lines(plan.refusals, source: source, style)
        lines += NoteText.lines(plan.notes, style)
        lines += PlanText.unmanaged(plan.unmanaged, style)
        if plan.refusals.isEmpty { lines += ProofText.lines(plan.proofs, style) }
        if let limits {
            lines += LimitReport.lines(limits, of: origin)
                .flatMap { TextFill.lines($0, width: style.width, indent: 8) }
        }
        lines += TextFill.lines(summary, width: style.width, indent: 2)
        return lines.map { $0 + "\n" }.joined()
    }

    /// The last line: how many of each.
    public var summary: String {
        guard plan.refusals.isEmpty else {
            let count = plan.refusals.count
            return "The plan is refused for \(count) reason\(count == 1 ? "" : "s"); nothing will be touched."
        }
        guard !plan.changes.isEmpty else {
            return "No changes: the host is as the profile says (\(plan.unchanged.count) namespaces)."
        }
        func count(_ kinds: Change.Kind...) -> Int { plan.changes.count { kinds.contains($0.kind) } }
        return "Plan: \(count(.create)) to create, "
            + "\(count(.initializeLabels, .rename, .enable, .reconfigure, .configureDevice, .resizeDevice)) to change, "
            + "\(count(.replace)) to replace, \(count(.destroy)) to destroy; \(plan.unchanged.count) unchanged."
    }
}

/// The lines of a plan's text.
enum PlanText {
    /// A change: its line, and below it why, what is lost and what undo brings back.
    static func lines(for change: Change, _ style: TextStyle) -> [String] {
        let marker = change.kind.marker
        let pad = String(repeating: " ", count: max(0, 3 - marker.count))
        var lines = TextFill.lines("\(pad)\(marker) \(title(change))", width: style.width, indent: 8)
            .map { style.paint($0, change.kind.meaning) }
        var details: [String] = []
        details += reasons(for: change).map { TerminalText.clean($0) }
        for content in change.contents ?? [] { details.append("holds: \(content)") }
        lines += details.flatMap { TextFill.lines("      \($0)", width: style.width, indent: 8) }
        if change.losesData, let consent = change.consentArgument {
            let lost = change.kind == .initializeLabels ? "whatever it holds is lost" : "data on it is lost"
            lines.append(
                style.paint("    ! \(lost); needs --allow-destroy \(TerminalText.clean(consent))", .loss))
        }
        if change.kind != .create {
            lines += TextFill.lines(
                "      undo: \(change.reversibility.phrase): \(TerminalText.clean(change.reversibilityReason))",
                width: style.width, indent: 8)
        }
        return lines
    }

    /// Why, as far as the line itself does not say it: that a new one is made because there is none, it does. A saved plan has all
    /// reasons in one text.
    private static func reasons(for change: Change) -> [String] {
        guard change.kind == .create else { return change.reasons }
        return change.reasons.joined(separator: "; ").split(separator: "; ").dropFirst().map(String.init)
    }

    /// The namespaces that stay as they are.
    static func unmanaged(_ namespaces: [UnmanagedNamespace], _ style: TextStyle) -> [String] {
        guard !namespaces.isEmpty else { return [] }
        let items = namespaces.flatMap { namespace in
            TextFill.lines(
                "      \(TerminalText.clean(namespace.address)): \(description(namespace.summary))",
                width: style.width,
                indent: 8)
        }
        return ["Not named by the profile, left alone:"] + items + [""]
    }

    private static func title(_ change: Change) -> String {
        let address = TerminalText.clean(change.address)
        switch (change.kind, change.before, change.after) {
        case (.initializeLabels, _, _): return "\(address): write v1.2 label indexes"
        case (.replace, let before?, let after?):
            return "\(address): \(description(before)) becomes \(description(after))"
        case (_, _, let after?): return "\(address): \(description(after))"
        case (_, let before?, nil): return "\(address): \(description(before))"
        case (_, nil, nil): return address
        }
    }

    /// "fsdax 1 GiB (usable 1006 MiB), map dev, align 2 MiB, at 0x100000000".
    static func description(_ summary: NamespaceSummary) -> String {
        var text = "\(summary.mode?.rawValue ?? "mode unknown") \(summary.rawSize.brief)"
        if let usable = summary.usableSize, usable != summary.rawSize { text += " (usable \(usable.brief))" }
        for attribute in NamespaceConfiguration.Attribute.allCases {
            if let part = part(attribute, of: summary.configuration) { text += ", \(part)" }
        }
        let places = summary.mappings?.map(\.lowerBound) ?? [summary.resource].compactMap(\.self)
        if !places.isEmpty {
            text += ", at " + places.map { Hexadecimal.number($0) }.joined(separator: " and ")
        }
        if let deviation = summary.device?.deviation { text += ", \(deviation)" }
        if summary.rights != .none { text += ", \(summary.rights.text)" }
        return summary.isActive ? text : text + ", disabled"
    }

    /// What a description says of an attribute behind mode and size; nil where that is nothing.
    private static func part(
        _ attribute: NamespaceConfiguration.Attribute, of configuration: NamespaceConfiguration
    ) -> String? {
        guard let value = configuration[attribute] else { return nil }
        switch attribute {
        case .name, .mode, .rawSize: return nil
        case .map: return "map \(value)"
        case .align: return "align \(value)"
        case .sectorSize: return configuration.mode == .sector ? "sectors of \(value) B" : nil
        }
    }
}

/// Refusals in words.
public enum RefusalText {
    /// A line for each refusal with its place in the profile, and one for its advice.
    public static func lines(_ refusals: [Refusal], source: String, _ style: TextStyle) -> [String] {
        refusals.flatMap { refusal in
            let place = refusal.position.map { "\(source):\($0.line):\($0.column): " } ?? ""
            let address = TerminalText.clean(refusal.address)
            let message = TerminalText.clean("\(place)refused: \(address): \(refusal.message)")
            let advice = refusal.advice.map { ["  \(TerminalText.clean($0))"] } ?? []
            return TextFill.lines(message, width: style.width, indent: 4).map { style.paint($0, .loss) }
                + advice
        }
    }
}

/// Notes in words.
enum NoteText {
    /// A line for each note, one for its advice, and an empty line; nothing where there is none.
    static func lines(_ notes: [Note], _ style: TextStyle) -> [String] {
        guard !notes.isEmpty else { return [] }
        return notes.flatMap { note in
            let message = TerminalText.clean("note: \(note.address): \(note.message)")
            let advice = note.advice.map { ["  \(TerminalText.clean($0))"] } ?? []
            return TextFill.lines(message, width: style.width, indent: 4).map { style.paint($0, .change) }
                + advice
        } + [""]
    }
}

extension Change.Kind {
    /// The marker in the first column.
    fileprivate var marker: String {
        switch self {
        case .create: "+"
        case .destroy: "-"
        case .replace: "-/+"
        case .initializeLabels, .rename, .enable, .reconfigure, .configureDevice, .resizeDevice: "~"
        }
    }

    fileprivate var meaning: TextStyle.Meaning {
        switch self {
        case .create: .addition
        case .destroy, .replace: .loss
        case .initializeLabels, .rename, .enable, .reconfigure, .configureDevice, .resizeDevice: .change
        }
    }
}

extension Reversibility {
    /// The class in words.
    fileprivate var phrase: String {
        switch self {
        case .lossless: "lossless"
        case .untilWritten: "until written"
        case .irreversible: "irreversible"
        }
    }
}
