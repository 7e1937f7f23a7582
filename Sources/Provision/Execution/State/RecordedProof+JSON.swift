import ProvisionCore

extension RecordedProof {
    /// The proof that an object of a journal describes.
    init(_ node: JSONCursor) throws(JSONError) {
        let size = try node.optional("page_size").map { size throws(JSONError) in try size.size() }
        self.init(
            address: try node.required("address").string(),
            requirement: ProofRequirement(
                try node.required("proof").word(), pageSize: size.flatMap { Alignment($0) }),
            outcome: try node.optional("outcome").map { word throws(JSONError) in try word.word() },
            verdict: try node.optional("verdict").map { word throws(JSONError) in try word.word() },
            reasons: try node.list("reasons") { reason throws(JSONError) in try reason.string() })
    }
}
