/// One of libyaml's events, copied out of its C struct.
struct YamlEvent {
    /// What happened.
    var kind: Kind
    /// Where the text of the event begins.
    var start: SourcePosition
    /// Where it ends: the place after its last character.
    var end: SourcePosition

    /// The kinds of events.
    enum Kind {
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
    struct NodeProperties {
        /// Whether there is an anchor.
        var hasAnchor: Bool
        /// Whether there is a tag.
        var hasTag: Bool
    }
}

/// Text that libyaml cannot parse.
struct YamlSyntaxError: Error {
    /// libyaml's words for what it was doing, such as "while parsing a block mapping"; may be empty.
    var context: String
    /// libyaml's words for what is wrong.
    var problem: String
    /// Where.
    var position: SourcePosition
    /// Where what it was doing began.
    var contextPosition: SourcePosition?
}
