/// Builds the node tree of a text that must be one plain YAML document: no anchors, aliases, tags, merge keys, and
/// nothing deeper or larger than a profile can need.
package struct YamlComposer: ~Copyable {
    /// The deepest nesting of lists and mappings.
    package static let maximumDepth = 64
    /// The most values in one text.
    package static let maximumNodeCount = 100_000

    /// What was refused without ending the reading.
    package private(set) var diagnostics: [Diagnostic] = []
    private var stream: YamlEventStream?
    private let text: SourceText
    private var nodeCount = 0

    /// A composer for `bytes`, which `text` decodes.
    package init(_ bytes: [UInt8], text: SourceText) {
        stream = YamlEventStream(bytes)
        self.text = text
    }

    /// The document's root; nil where the text has no document. Throws what ends the reading: a syntax error, or a
    /// limit passed.
    package mutating func document() throws(Diagnostic) -> YamlNode? {
        var root: YamlNode?
        while true {
            let event = try next()
            switch event.kind {
            case .streamStart, .documentEnd: continue
            case .documentStart(let hasTagDirectives):
                guard root == nil else { throw secondDocument(event) }
                if hasTagDirectives { refuseTagDirectives(event) }
                root = try node(from: try next(), depth: 1)
            default: return root
            }
        }
    }

    private mutating func next() throws(Diagnostic) -> YamlEvent {
        do {
            if let event = try stream?.next() { return event }
        } catch {
            throw error.diagnostic(in: text)
        }
        throw Diagnostic("there is not enough memory to parse this", source: text.source)
    }

    private mutating func node(from event: YamlEvent, depth: Int) throws(Diagnostic) -> YamlNode {
        nodeCount += 1
        guard nodeCount <= Self.maximumNodeCount else {
            throw diagnostic("the profile has more than \(Self.maximumNodeCount) values", at: event)
        }
        switch event.kind {
        case .alias:
            report(
                "aliases are not supported", at: event, suggestion: "write the value out where it is meant")
            return YamlNode(.refused, event, in: text)
        case .scalar(let value, let isPlain, let properties):
            let isRefused = refuse(properties, of: event)
            return YamlNode(isRefused ? .refused : .scalar(value, isPlain: isPlain), event, in: text)
        case .sequenceStart(let properties):
            let isRefused = refuse(properties, of: event)
            let items = try items(of: event, depth: depth)
            return YamlNode(isRefused ? .refused : .sequence(items), event, in: text)
        case .mappingStart(let properties):
            let isRefused = refuse(properties, of: event)
            return try mapping(of: event, isRefused: isRefused, depth: depth)
        default: throw diagnostic("the YAML structure is broken here", at: event)
        }
    }

    private mutating func items(of event: YamlEvent, depth: Int) throws(Diagnostic) -> [YamlNode] {
        try requireShallow(depth, at: event)
        var items: [YamlNode] = []
        while true {
            let item = try next()
            if case .sequenceEnd = item.kind { return items }
            items.append(try node(from: item, depth: depth + 1))
        }
    }

    private mutating func mapping(of event: YamlEvent, isRefused: Bool, depth: Int) throws(Diagnostic)
        -> YamlNode
    {
        try requireShallow(depth, at: event)
        var pairs: [YamlPair] = []
        var length = 1
        while true {
            let first = try next()
            if case .mappingEnd = first.kind { break }
            let key = try node(from: first, depth: depth + 1)
            if pairs.isEmpty, key.position == event.start { length = key.length }
            let value = try node(from: try next(), depth: depth + 1)
            pairs.append(YamlPair(key: refusingMerge(key), value: value))
        }
        return YamlNode(
            content: isRefused ? .refused : .mapping(pairs), position: event.start, length: length)
    }

    private mutating func refusingMerge(_ key: YamlNode) -> YamlNode {
        guard case .scalar("<<", isPlain: true) = key.content else { return key }
        diagnostics.append(
            Diagnostic(
                "merge keys (`<<`) are not supported", at: key.position, length: key.length,
                suggestion: "write the merged keys out", in: text))
        return YamlNode(content: .refused, position: key.position, length: key.length)
    }

    private func requireShallow(_ depth: Int, at event: YamlEvent) throws(Diagnostic) {
        guard depth > Self.maximumDepth else { return }
        throw diagnostic("lists and mappings are nested deeper than \(Self.maximumDepth) levels", at: event)
    }
}

extension YamlComposer {
    /// Reports an anchor or a tag; whether there is one. libyaml drops the tag `!`, but not its place.
    private mutating func refuse(_ properties: YamlEvent.NodeProperties, of event: YamlEvent) -> Bool {
        if properties.hasAnchor {
            report("anchors are not supported", at: event, suggestion: "leave the `&name` out")
        }
        let hasTag = properties.hasTag || text.scalar(at: event.start) == "!"
        if hasTag {
            report(
                "tags are not supported", at: event,
                suggestion: "leave the `!tag` out; quote a value to make it a string")
        }
        return properties.hasAnchor || hasTag
    }

    private mutating func refuseTagDirectives(_ event: YamlEvent) {
        report("%TAG directives are not supported", at: event, suggestion: "leave the %TAG line out")
    }

    private func secondDocument(_ event: YamlEvent) -> Diagnostic {
        diagnostic("a second YAML document begins here; a profile is one document", at: event)
    }

    private mutating func report(_ message: String, at event: YamlEvent, suggestion: String) {
        diagnostics.append(
            Diagnostic(
                message, at: event.start, length: event.length(in: text), suggestion: suggestion, in: text))
    }

    private func diagnostic(_ message: String, at event: YamlEvent) -> Diagnostic {
        Diagnostic(message, at: event.start, length: event.length(in: text), in: text)
    }
}

extension YamlEvent {
    fileprivate func length(in text: SourceText) -> Int {
        text.span(from: text.nearest(to: start), to: text.nearest(to: end))
    }
}

extension YamlNode {
    fileprivate init(_ content: Content, _ event: YamlEvent, in text: SourceText) {
        self.init(content: content, position: event.start, length: event.length(in: text))
        if case .sequence = content { length = 1 }
    }
}
