/// One of libyaml's events, copied out of its C struct.
package struct YamlEvent {
    /// What the parser met, with the text of a scalar.
    package var kind: Kind
    /// Where the text of the event begins.
    package var start: SourcePosition
    /// Where it ends: the place after its last character.
    package var end: SourcePosition

    /// The kinds of events.
    package enum Kind {
        /// The text begins.
        case streamStart
        /// The text ends.
        case streamEnd
        /// A document begins; with `%TAG` lines or without.
        case documentStart(hasTagDirectives: Bool)
        /// A document ends.
        case documentEnd
        /// A reference to an anchor.
        case alias
        /// A scalar.
        case scalar(String, isPlain: Bool, NodeProperties)
        /// A list begins.
        case sequenceStart(NodeProperties)
        /// A list ends.
        case sequenceEnd
        /// A mapping begins.
        case mappingStart(NodeProperties)
        /// A mapping ends.
        case mappingEnd
    }

    /// What is written before a node.
    package struct NodeProperties {
        /// Whether there is an anchor.
        package var hasAnchor: Bool
        /// Whether there is a tag.
        package var hasTag: Bool
    }
}

/// Text that libyaml cannot parse.
package struct YamlSyntaxError: Error {
    /// libyaml's words for what it was doing, such as "while parsing a block mapping"; may be empty.
    package var context: String
    /// libyaml's words for what is wrong.
    package var problem: String
    /// The place of the error in the text.
    package var position: SourcePosition
    /// Where what it was doing began.
    package var contextPosition: SourcePosition?
}
