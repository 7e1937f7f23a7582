public import ProvisionCore

/// The media errors of a host as a report.
public struct MediaErrorReport: Sendable {
    private let survey: MediaErrorSurvey

    /// The report of a survey.
    public init(_ survey: MediaErrorSurvey) {
        self.survey = survey
    }

    /// The errors for a person: a table, what they do to other namespaces, and what is not known.
    /// - Parameter width: the columns of the terminal; nil where there is none.
    public func text(width: Int? = nil) -> String {
        var lines: [String] = []
        if survey.errors.isEmpty {
            lines.append(survey.gaps.isEmpty ? "No media errors are known." : "No media errors are listed.")
        } else {
            lines += table.lines(width: width)
        }
        let notes = blocking + MediaErrorText.gaps(survey.gaps)
        if !notes.isEmpty { lines.append("") }
        lines += notes.flatMap { TextFill.lines(TerminalText.clean($0), width: width, indent: 2) }
        return lines.map { $0 + "\n" }.joined()
    }

    private var table: TextTable {
        var table = TextTable([
            .init("RANGE", .left), .init("LENGTH", .right, .below(rank: 1, word: "length")),
            .init("NAMESPACE", .left), .init("HOLDS", .left),
            .init("OFFSET", .right, .below(rank: 2, word: "offset")),
            .init("DIMM", .left, .below(rank: 0, word: "dimm")),
        ])
        for error in survey.errors {
            table.add([
                MediaErrorText.range(error), error.range.length.description,
                TerminalText.clean(MediaErrorText.place(error)), MediaErrorText.words(error),
                (error.dataOffset ?? error.namespaceOffset ?? error.range.offset).description,
                TerminalText.clean(error.dimms.joined(separator: " ")),
            ])
        }
        return table
    }

    private var blocking: [String] {
        MediaErrorText.blocking(survey.errors).map { "! \($0)" }
    }

    /// One document.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", PlanReport.formatVersion)
        document.set("tool_version", ToolVersion.current)
        document.set("errors", each: survey.errors) { Self.node($0) }
        document.set("unknown", each: survey.gaps) { gap in
            var node = JSONValue.object()
            node.set("region", gap.region)
            node.set("code", gap.reason.rawValue)
            node.set("message", gap.reason.words)
            return node
        }
        return document
    }

    /// An error as an object.
    static func node(_ error: MediaError) -> JSONValue {
        var node = JSONValue.object()
        node.set("region", error.region)
        node.set("address", error.address)
        node.set("offset", error.range.offset)
        node.set("length", error.range.length)
        node.set("part", error.part.rawValue)
        if let namespace = error.namespace {
            node.set("namespace", namespace.device)
            node.set("name", namespace.name)
            node.set("raw_uuid", namespace.labelUUID)
            node.set("mode", namespace.mode?.rawValue)
        }
        node.set("namespace_offset", error.namespaceOffset)
        node.set("data_offset", error.dataOffset)
        if !error.dimms.isEmpty { node.set("dimms", each: error.dimms) { .string($0) } }
        node.set("listed_by", each: MediaError.List.allCases.filter(error.lists.contains)) {
            .string($0.rawValue)
        }
        if !error.blocks.isEmpty { node.set("blocks", each: error.blocks) { .string($0) } }
        return node
    }
}

/// Media errors in words.
enum MediaErrorText {
    /// "0x110200000+1024": as `errors clear --range` takes it. Where addresses are not known, from the start of the region.
    static func range(_ error: MediaError) -> String {
        let length = error.range.length.bytes
        guard let address = error.address else {
            return "\(error.region)+\(error.range.offset.bytes)+\(length)"
        }
        return "\(Hexadecimal.number(address))+\(length)"
    }

    /// "region1/wal", or the region.
    static func place(_ error: MediaError) -> String {
        guard let namespace = error.namespace else { return error.region }
        return "\(error.region)/\(namespace.displayName)"
    }

    /// What lies there.
    static func words(_ error: MediaError) -> String {
        switch error.part {
        case .data: "data"
        case .infoBlock: "info block"
        case .pageMap: "page map"
        case .translationTable: "translation table"
        case .unused: "nothing"
        case .undetermined: "data or metadata"
        case .label: "a label"
        case .free: "free"
        case .unknown: "not known"
        }
    }

    /// What errors do to namespaces that they do not lie in, a sentence for each error, and the way out.
    static func blocking(_ errors: [MediaError]) -> [String] {
        errors.filter { !$0.blocks.isEmpty }.map { error in
            let address =
                error.namespace.map { " \(ShellText.quoted($0.displayName))" } ?? ""
            return
                "\(range(error)) keeps the kernel from enabling \(error.blocks.joined(separator: ", ")), at the next boot as "
                + "well: clear it (daxprov errors clear\(address) --range \(range(error))); what is disabled by then comes back with ndctl "
                + "disable-region \(error.region) and ndctl enable-region \(error.region), while nobody uses the region"
        }
    }

    /// What is not known, a sentence for each reason.
    static func gaps(_ gaps: [MediaErrorSurvey.Gap]) -> [String] {
        MediaErrorSurvey.Gap.Reason.allCases.compactMap { reason in
            let regions = gaps.filter { $0.reason == reason }.map(\.region)
            return regions.isEmpty ? nil : "not known of \(regions.joined(separator: ", ")): \(reason.words)"
        }
    }
}

extension MediaErrorSurvey.Gap.Reason {
    /// The reason in words.
    var words: String {
        switch self {
        case .regionDisabled: "the region is disabled, and the kernel shows no errors of it"
        case .noScrub:
            "the platform has no address range scrub, so nothing looks for media errors; those that are listed are what the kernel met"
        case .addressesUnknown:
            "addresses are not known (only root may read them), so where errors lie is not either"
        case .listTruncated: "the kernel's list is longer than it shows"
        }
    }
}
