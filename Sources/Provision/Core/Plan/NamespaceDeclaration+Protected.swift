extension NamespaceDeclaration {
    /// The refusal of a change to a namespace that the profile says to protect.
    /// - Parameters:
    ///   - address: what people know the namespace by.
    ///   - reasons: what would change, each in a phrase.
    ///   - label: the UUID in its label; nil where it has none.
    package func protectedRefusal(_ address: String, _ reasons: [String], label: UUID?) -> Refusal {
        Refusal(
            .protected, address, at: position,
            "it is protected, and the profile asks for a change: \(reasons.joined(separator: ", "))",
            advice: "take protect: true out of the profile if the change is meant", label: label)
    }
}
