/// Something that would be out of reach afterwards, and that somebody has to agree to by name.
public struct Loss: Equatable, Sendable {
    /// What it is about: `region0/wal`, or `region0` for what a region without labels holds. Always agrees to it.
    public var address: String
    /// What agrees to it as well, the best first: its name, and the UUID of its label.
    public var words: [String]
    /// What happens to it and to what it holds: "would be destroyed with what it holds (ext4)".
    public var consequence: String

    /// A loss; words that are nil are left out.
    public init(address: String, words: [String?], consequence: String) {
        self.address = address
        self.words = words.compactMap(\.self)
        self.consequence = consequence
    }

    /// The loss of a namespace. One without a label spans its region, whose name is the word that plans ask for as well.
    package init(_ namespace: Namespace, in region: String, words: [String?] = [], consequence: String) {
        self.init(
            address: "\(region)/\(namespace.displayName)",
            words: [namespace.name, namespace.labelUUID?.description] + words
                + (namespace.labelUUID == nil ? [region, namespace.device] : []),
            consequence: consequence)
    }
}

extension Loss {
    /// What it is about, with nothing in it that the kernel numbers but the region: the namespace that spans a region without labels has
    /// no other name.
    package var lastingAddress: String {
        let region = String(address.prefix { $0 != "/" })
        return words.contains(region) ? region : address
    }
}
