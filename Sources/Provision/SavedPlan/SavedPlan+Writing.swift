import ProvisionCore

extension SavedPlan {
    /// The version of the file's shape.
    public static let formatVersion = 1
    /// The word that tells a saved plan from the other documents.
    static let documentWord = "saved_plan"

    /// The file's text.
    public var text: String { document.text() }

    /// The saved plan as one document.
    var document: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", Self.formatVersion)
        document.set("document", Self.documentWord)
        document.set("tool_version", toolVersion)
        document.set("profile", profile.source)
        document.set("profile_text", profileText)
        document.set("backup_limit", backupLimit)
        document.set("fingerprint", fingerprint)
        document.set("facts_version", basis.factsVersion)
        document.set("objects", each: basis.objects) { Self.object($0) }
        describePlan(in: &document)
        return document
    }

    /// The parts of the plan's own document.
    func describePlan(in document: inout JSONValue) {
        document.set("changes", each: zip(shown.changes, basis.changes)) { change, facts in
            PlanReport.change(change, steps: facts.steps)
        }
        document.set("unchanged", each: shown.unchanged) { .string($0) }
        document.set("unmanaged", each: shown.unmanaged) { PlanReport.unmanaged($0) }
        if !shown.proofs.isEmpty { document.set("proofs", each: shown.proofs) { ProofText.json($0) } }
    }

    private static func object(_ object: ObjectFingerprint) -> JSONValue {
        var node = JSONValue.object()
        node.set("kind", object.kind.rawValue)
        node.set("address", object.address)
        node.set("identity", object.identity)
        var facts = JSONValue.object()
        for fact in ObjectFingerprint.Fact.allCases {
            guard let value = object.facts[fact] else { continue }
            facts.set(fact.rawValue, .string(FactText.text(of: value)))
        }
        node.set("facts", facts)
        return node
    }
}
