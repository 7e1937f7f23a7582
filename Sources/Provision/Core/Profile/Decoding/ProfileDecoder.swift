/// Turns a YAML tree into a ``Profile``, and reports everything that keeps it from being one.
///
/// A decoding function returns nil where a value is absent or where it has reported what is wrong with it; the
/// profile counts only when nothing was reported.
package struct ProfileDecoder {
    /// The most items of `regions:`.
    package static let maximumRegionCount = 1024
    /// The most namespaces in one profile.
    package static let maximumNamespaceCount = 4096
    /// The version of the profile language that this code reads.
    package static let version = 1

    /// The text, for excerpts.
    package let text: SourceText
    /// What is wrong, in the order of discovery.
    package var diagnostics: [Diagnostic]
    /// What the namespaces so far are called.
    package var identities = DeclaredIdentities()
    private var namespaceCount = 0

    /// A decoder for a tree made from `text`.
    package init(text: SourceText, diagnostics: [Diagnostic] = []) {
        self.text = text
        self.diagnostics = diagnostics
    }

    /// The profile that `root` writes; nil for no document.
    package mutating func profile(from root: YamlNode?) -> Profile? {
        guard let root, !root.isMissing else {
            report(
                "the profile is empty", at: SourcePosition(line: 1, column: 1),
                suggestion: "a profile begins with `version: 1` and has a list `regions:`")
            return nil
        }
        guard acceptsVersion(of: root) else { return nil }
        let keys = ["version", "unmanaged", "regions", "devices"]
        guard let fields = fields(of: root, called: "the profile", keys: keys) else { return nil }
        require(
            "version", in: fields, example: "the number \(Self.version), the version that this daxprov reads")
        let unmanaged: UnmanagedPolicy? = word("unmanaged", in: fields)
        let regions = regionBlocks(in: fields)
        checkRenames()
        let daxRegions = daxRegionBlocks(in: fields)
        return Profile(
            source: text.source, unmanaged: unmanaged ?? .keep, regions: regions, daxRegions: daxRegions)
    }

    /// Counts a namespace; false, once reported, where there are too many.
    package mutating func admitsNamespace(at node: YamlNode) -> Bool {
        namespaceCount += 1
        if namespaceCount == Self.maximumNamespaceCount + 1 {
            report("the profile has more than \(Self.maximumNamespaceCount) namespaces", at: node)
        }
        return namespaceCount <= Self.maximumNamespaceCount
    }

    /// Whether the profile is of a version that this code reads. Says nothing of a version that is missing.
    /// A wrong one makes every other complaint void, those of the composer too.
    private mutating func acceptsVersion(of root: YamlNode) -> Bool {
        guard case .mapping(let pairs) = root.content else { return true }
        for pair in pairs {
            guard case .scalar("version", _) = pair.key.content else { continue }
            if case .scalar(String(Self.version), isPlain: true) = pair.value.content { return true }
            if case .refused = pair.value.content { return true }
            diagnostics = []
            reportVersion(pair.value)
            return false
        }
        return true
    }

    private mutating func reportVersion(_ node: YamlNode) {
        let known = "this daxprov reads `version: \(Self.version)`"
        guard case .scalar(let value, let isPlain) = node.content, !node.isMissing else {
            return reportType(of: node, key: "`version`", expected: "a number", suggestion: known)
        }
        if !isPlain, Int(value) != nil {
            return report(
                "`version` must be a number, not a string", at: node, suggestion: "leave the quotes out")
        }
        guard isPlain, ScalarText.isNumber(value) else {
            return reportType(of: node, key: "`version`", expected: "a number", suggestion: known)
        }
        report("version \(PrintableText.quoted(value)) is not supported", at: node, suggestion: known)
    }

    private mutating func regionBlocks(in fields: Fields) -> [RegionBlock] {
        guard fields["devices"] == nil || fields["regions"] != nil else { return [] }
        guard let node = require("regions", in: fields, example: "a list with one item for each region")
        else {
            return []
        }
        guard let items = list(node, key: "regions") else { return [] }
        if items.isEmpty {
            report(
                "`regions` is empty", at: node,
                suggestion: fields["devices"] == nil
                    ? "a profile declares at least one region" : "leave it out")
        }
        if items.count > Self.maximumRegionCount {
            report(
                "`regions` has more than \(Self.maximumRegionCount) items", at: items[Self.maximumRegionCount]
            )
        }
        return items.prefix(Self.maximumRegionCount).compactMap { regionBlock($0) }
    }
}
