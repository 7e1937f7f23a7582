import CYaml

/// libyaml's event parser over a text: the owner of a `yaml_parser_t`, freed with it on every path.
@safe
package struct YamlEventStream: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    /// A parser at the beginning of `bytes`, which must be UTF-8; nil where there is no memory for it.
    /// The corresponding C function is `yaml_parser_initialize`.
    package init?(_ bytes: [UInt8]) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            return nil
        }
        let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = unsafe input.initialize(from: bytes)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe self.parser = parser
        unsafe self.input = input
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// The next event. After an error, and after the end of the stream, there is none: do not ask again.
    /// The corresponding C function is `yaml_parser_parse`.
    package mutating func next() throws(YamlSyntaxError) -> YamlEvent {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
        defer { unsafe yaml_event_delete(&event) }
        return unsafe YamlEvent(
            kind: Self.kind(of: event), start: SourcePosition(event.start_mark),
            end: SourcePosition(event.end_mark))
    }

    private func syntaxError() -> YamlSyntaxError {
        let context = unsafe parser.pointee.context
        let problem = unsafe parser.pointee.problem
        return unsafe YamlSyntaxError(
            context: context.map { unsafe String(cString: $0) } ?? "",
            problem: problem.map { unsafe String(cString: $0) } ?? "out of memory",
            position: SourcePosition(parser.pointee.problem_mark),
            contextPosition: context == nil ? nil : SourcePosition(parser.pointee.context_mark))
    }

    private static func kind(of event: yaml_event_t) -> YamlEvent.Kind {
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_DOCUMENT_START_EVENT:
            let tags = unsafe event.data.document_start.tag_directives
            return unsafe .documentStart(hasTagDirectives: tags.start != tags.end)
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return .alias
        case YAML_SCALAR_EVENT: return unsafe scalar(of: event)
        case YAML_SEQUENCE_START_EVENT:
            let sequence = unsafe event.data.sequence_start
            return unsafe .sequenceStart(
                .init(hasAnchor: sequence.anchor != nil, hasTag: sequence.tag != nil))
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let mapping = unsafe event.data.mapping_start
            return unsafe .mappingStart(.init(hasAnchor: mapping.anchor != nil, hasTag: mapping.tag != nil))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: return .streamEnd
        }
    }

    private static func scalar(of event: yaml_event_t) -> YamlEvent.Kind {
        let scalar = unsafe event.data.scalar
        let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        return unsafe .scalar(
            String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
            .init(hasAnchor: scalar.anchor != nil, hasTag: scalar.tag != nil))
    }
}

extension SourcePosition {
    /// The place of one of libyaml's marks, which count characters from 0.
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }
}
