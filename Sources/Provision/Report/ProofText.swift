import ProvisionCore

/// Required proofs in words, and as objects.
enum ProofText {
    /// What an apply of a plan will end with; nothing where it requires no proof.
    static func lines(_ proofs: [PlannedProof], _ style: TextStyle) -> [String] {
        guard !proofs.isEmpty else { return [] }
        let items = proofs.map { "\(TerminalText.clean($0.address)) (\($0.requirement.words))" }
        return TextFill.lines(
            "To be proven at the end: \(items.joined(separator: ", "))", width: style.width, indent: 4) + [""]
    }

    /// What came of the proofs: what was proven in one line, then what was not, with the reasons.
    static func lines(_ results: [ProofResult], _ style: TextStyle) -> [String] {
        let met = results.filter { $0.outcome == .met }
        let items = met.map { "\(TerminalText.clean($0.address)) (\(words($0)))" }
        let proven =
            met.isEmpty
            ? []
            : TextFill.lines("Proven: \(items.joined(separator: ", ")).", width: style.width, indent: 4)
        return proven
            + results.filter { $0.outcome != .met }.flatMap { result -> [String] in
                let isMissed = result.outcome == .missed
                let verdict = isMissed ? VerificationReport.words(result.verdict) : "proof waits"
                let required = isMissed ? ", and \(result.requirement.words) is required" : ""
                let heading = "\(TerminalText.clean(result.address)): \(verdict)\(required)"
                return TextFill.lines(heading, width: style.width, indent: 4)
                    .map { style.paint($0, isMissed ? .loss : .change) }
                    + result.reasons.flatMap {
                        TextFill.lines("  " + TerminalText.clean($0.message), width: style.width, indent: 4)
                    }
            }
    }

    /// What was seen: "DAX in pages of 2 MiB".
    private static func words(_ result: ProofResult) -> String {
        switch result.requirement.kind {
        case .dax, .daxIfMounted:
            return result.finding?.judgement.mapping?.touch.map { "DAX in pages \($0.pages.words)" } ?? "DAX"
        case .memory:
            let device = result.device
            let memory = result.finding?.namespace.daxDevice?.memory ?? device?.memory
            let blocks = memory.map { "\($0.online) memory blocks" } ?? "memory"
            let node = (device?.targetNode).map { " of node \($0)" } ?? ""
            let zones = Set(device?.memoryBlocks?.compactMap(\.zone) ?? []).sorted()
            return "\(blocks)\(node)"
                + (zones.isEmpty ? "" : " in the zone \(zones.joined(separator: " and "))")
        }
    }

    /// A proof of a plan as an object.
    static func json(_ proof: PlannedProof) -> JSONValue {
        var node = JSONValue.object()
        describe(proof.address, proof.requirement, in: &node)
        return node
    }

    /// What came of a proof as an object.
    static func json(_ result: ProofResult) -> JSONValue {
        var node = JSONValue.object()
        describe(result.address, result.requirement, in: &node)
        node.set("outcome", result.outcome.rawValue)
        node.set("verdict", result.verdict.rawValue)
        node.set("reasons", each: result.reasons) { VerificationReport.reason($0) }
        if let mapping = result.finding?.judgement.mapping {
            node.set("mapping", VerificationReport.json(mapping))
        }
        if result.verdict == .systemMemory {
            node.set(
                "memory",
                VerificationReport.memory(
                    result.finding?.namespace.daxDevice?.memory ?? result.device?.memory, of: result.device,
                    node: result.device?.targetNode ?? result.finding?.namespace.targetNode))
        }
        return node
    }

    /// What a journal keeps of a proof as an object.
    static func json(_ proof: RecordedProof) -> JSONValue {
        var node = JSONValue.object()
        describe(proof.address, proof.requirement, in: &node)
        node.set("outcome", proof.outcome?.rawValue)
        node.set("verdict", proof.verdict?.rawValue)
        if !proof.reasons.isEmpty { node.set("reasons", each: proof.reasons) { .string($0) } }
        return node
    }

    private static func describe(
        _ address: String, _ requirement: ProofRequirement, in node: inout JSONValue
    ) {
        node.set("address", address)
        node.set("proof", requirement.kind.rawValue)
        node.set("page_size", requirement.pageSize?.size)
    }
}
