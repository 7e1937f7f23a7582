public import ProvisionCore
import ProvisionHost

extension SavedPlan {
    /// The most bytes that a saved plan may have.
    public static let maximumSize = OwnDocument.maximumSize

    /// The files that hold a saved plan, of whatever version, whole or damaged further on.
    public static let kind = PrivateFile.Kind("saved plan", limit: maximumSize) { bytes in
        guard OwnDocument.isOne(bytes) else { return false }
        guard OwnDocument.isSmall(bytes), case .object(let object)? = try? JSONValue(parsing: bytes) else {
            // Damaged: saved plans say what they are in their first line or second.
            return String(decoding: bytes.prefix(256), as: UTF8.self).contains("\"\(documentWord)\"")
        }
        return object["document"] == .string(documentWord)
    }

    /// Reads a saved plan. The file is untrusted: everything in it is checked, and nothing in it is carried out.
    public static func read(_ bytes: [UInt8]) throws(SavedPlanError) -> SavedPlan {
        let saved = try checked { () throws(JSONError) in try contents(of: bytes) }
        let profile: Profile
        do throws(ProfileError) {
            profile = try ProfileReader.read(Array(saved.profileText.utf8), source: saved.source)
        } catch {
            guard case .invalid(let diagnostics) = error else { throw .profile([]) }
            throw .profile(diagnostics)
        }
        return SavedPlan(
            toolVersion: saved.toolVersion, profileText: saved.profileText, profile: profile,
            backupLimit: saved.backupLimit, basis: saved.basis, shown: saved.shown,
            fingerprint: saved.fingerprint)
    }

    private static func checked<Value>(
        _ body: () throws(JSONError) -> Value
    ) throws(SavedPlanError) -> Value {
        do throws(JSONError) {
            return try body()
        } catch {
            throw .malformed(error)
        }
    }

    /// What the file says, but for the profile's meaning.
    private struct Contents {
        var toolVersion: String
        var source: String
        var profileText: String
        var backupLimit: ByteCount
        var fingerprint: String
        var basis: PlanBasis
        var shown: Plan
    }

    private static func contents(of bytes: [UInt8]) throws(JSONError) -> Contents {
        guard UInt64(bytes.count) <= maximumSize.bytes else {
            throw JSONError(.path(""), "it is larger than \(maximumSize)")
        }
        guard OwnDocument.isSmall(bytes) else { throw JSONError(.path(""), "it has too many values") }
        let root = JSONCursor(try JSONValue(parsing: bytes))
        try requireDocument(root)
        let changes = try root.required("changes").limitedList(upTo: JSONCursor.maximumNamespaces) {
            node throws(JSONError) in
            let change = try Change(node)
            return (shown: change, facts: PlannedChange(change, steps: try StepFacts.steps(of: node)))
        }
        var contents = Contents(
            toolVersion: try root.required("tool_version").line(),
            source: try root.required("profile").line(),
            profileText: try root.required("profile_text").string(),
            backupLimit: try root.required("backup_limit").byteCount(),
            fingerprint: try root.required("fingerprint").line(),
            basis: PlanBasis(
                objects: try root.required("objects").limitedList(
                    upTo: JSONCursor.maximumNamespaces, ObjectFingerprint.init),
                changes: changes.map(\.facts),
                factsVersion: try root.optional("facts_version")?.integer() ?? 1),
            shown: Plan(
                changes: changes.map(\.shown), steps: [],
                unchanged: try root.required("unchanged").limitedList(upTo: JSONCursor.maximumNamespaces) {
                    item throws(JSONError) in try item.string()
                },
                unmanaged: try root.required("unmanaged").limitedList(upTo: JSONCursor.maximumNamespaces) {
                    item throws(JSONError) in
                    UnmanagedNamespace(
                        address: try item.required("address").string(), summary: try NamespaceSummary(item))
                }, refusals: []))
        contents.shown.proofs = try proofs(in: root)
        return contents
    }

    private static func proofs(in root: JSONCursor) throws(JSONError) -> [PlannedProof] {
        guard let list = try root.optional("proofs") else { return [] }
        return try list.limitedList(upTo: JSONCursor.maximumNamespaces) { item throws(JSONError) in
            PlannedProof(
                try item.required("address").string(),
                ProofRequirement(
                    try item.required("proof").word(),
                    pageSize: try item.optional("page_size").flatMap { size throws(JSONError) in
                        Alignment(try size.byteCount())
                    }))
        }
    }

    private static func requireDocument(_ root: JSONCursor) throws(JSONError) {
        try root.requireFormatVersion(formatVersion)
        guard try root.optional("document")?.string() == documentWord else {
            throw JSONError(.path(""), "it is another document of daxprov's: plan -o saves plans")
        }
    }
}
