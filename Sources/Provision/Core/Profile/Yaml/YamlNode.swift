/// A YAML value with its place in the text.
package struct YamlNode {
    /// What the value is.
    package var content: Content
    /// Where it begins.
    package var position: SourcePosition
    /// How many characters it covers on its first line, for carets.
    package var length: Int

    /// The kinds of values.
    package enum Content {
        /// A scalar as it reads after unquoting. Only a plain one can be a number, a boolean or nothing.
        case scalar(String, isPlain: Bool)
        /// A list.
        case sequence([YamlNode])
        /// A mapping with its pairs as written, repeated keys included.
        case mapping([YamlPair])
        /// Something that was refused, with a diagnostic, when it was read: decoding it says nothing more.
        case refused
    }

    /// Whether the value is missing: `key:` with nothing after it.
    package var isMissing: Bool {
        if case .scalar("", isPlain: true) = content { true } else { false }
    }
}

/// One `key: value` of a mapping.
package struct YamlPair {
    /// The key: in YAML any node, in profiles always a scalar.
    package var key: YamlNode
    /// The value.
    package var value: YamlNode
}
