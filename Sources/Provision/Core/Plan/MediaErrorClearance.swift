/// What clearing media errors comes to, before anything is touched: the ranges, what keeps it from being done, and what has to be agreed
/// to. Pure, from the host as observed.
public struct MediaErrorClearance: Equatable, Sendable {
    /// What somebody wants to have cleared.
    public struct Request: Equatable, Sendable {
        /// The namespace: its name, label UUID or device. Nil: what lies in no namespace.
        public var namespace: String?
        /// The physical addresses; nil: all of the namespace's data.
        public var range: Range<UInt64>?

        /// A request of these parts; one of them at least.
        public init(namespace: String?, range: Range<UInt64>?) {
            self.namespace = namespace
            self.range = range
        }
    }

    /// The kernel name of the region.
    public var region: String
    /// The namespace; nil where the range lies in none.
    public var namespace: Namespace?
    /// The errors that were asked for.
    public var errors: [MediaError]
    /// What is cleared: from the start of the region, rounded outward to what can be cleared at once, in order.
    public var ranges: [Extent]
    /// What can be cleared at once; zero where nothing can.
    public var unit: ByteCount
    /// Why it is not done; empty where it is.
    public var refusals: [Refusal]

    /// What people know the place by: "region0/wal", "region0".
    public var address: String { namespace.map { "\(region)/\($0.displayName)" } ?? region }

    /// What is given up; nil where there is nothing to clear.
    public var loss: Loss? {
        guard !ranges.isEmpty else { return nil }
        let count = ranges.count == 1 ? "1 range" : "\(ranges.count) ranges"
        let size = ranges.reduce(ByteCount.zero) { $0 + $1.length }
        let consequence =
            namespace?.mode == .sector
            ? "would lose every sector that cannot be read (\(count) of media errors, \(size) in all, rounded outward)"
            : "would lose what lies in \(count) of media errors (\(size) in all, rounded outward)"
        guard let namespace else { return Loss(address: region, words: [], consequence: consequence) }
        return Loss(namespace, in: region, consequence: consequence)
    }

    /// The target that must still be there when it is done; nil where the range lies in no namespace.
    package var target: NamespaceTarget? { namespace.map { NamespaceTarget($0, region: region) } }
}

extension MediaErrorClearance {
    /// Why a request means nothing on a host.
    public struct Unknown: Error, Equatable, Sendable {
        /// Why, in a sentence.
        public var message: String
        /// What to do; nil where nothing general helps.
        public var advice: String?
    }

    /// The clearance that a request comes to.
    /// - Parameters:
    ///   - survey: the errors of the host.
    ///   - unit: what can be cleared at once in a region, at the place of a namespace; nil where nothing can.
    public init(
        _ request: Request, of survey: MediaErrorSurvey, on observed: Observed,
        unit: (Region, Namespace?) -> ByteCount?
    ) throws(Unknown) {
        let (region, found) = try Self.place(request, on: observed)
        self.region = region.device
        namespace = found
        refusals = []
        let device = found?.device
        let start = region.resource ?? 0
        let wanted = try request.range.map { range throws(Unknown) in
            try Self.extent(range, in: region, from: start)
        }
        errors = survey.errors(in: region.device).compactMap { error in
            guard error.namespace?.device == device else { return nil }
            guard let wanted else { return error }
            return error.range.overlap(wanted).map { error.cut(to: $0) }
        }
        ranges = []
        let unit = unit(region, found) ?? .zero
        self.unit = unit
        refusals = Self.refusals(region, found, errors, survey, observed, canClear: unit > .zero)
        guard unit > .zero else { return }
        ranges = Self.merged(errors.map { $0.range.rounded(to: unit) })
        let reach = found.flatMap { region.extent(of: $0) }
        if let reach, ranges.contains(where: { $0.offset < reach.offset || $0.end > reach.end }) {
            refusals.append(
                Refusal(
                    .clearImpossible, address,
                    "what is cleared at once (\(unit)) reaches beyond the namespace"))
        }
        let rest = survey.errors(in: region.device).filter { $0.namespace?.device != device }
        if found == nil {
            // Rounding must not reach into a namespace.
            let others = region.namespaces.compactMap { region.extent(of: $0) }
            if ranges.contains(where: { range in others.contains { $0.overlaps(range) } }) {
                refusals.append(
                    Refusal(
                        .clearImpossible, address,
                        "what is cleared at once (\(unit)) reaches into a namespace",
                        advice: "daxprov errors list shows what lies where"))
            } else if errors.isEmpty, let wanted,
                let other = rest.first(where: { $0.range.overlaps(wanted) })
            {
                refusals.append(other.belongsElsewhere)
            }
        }
    }

    /// Where a request is about; nil where it means nothing on the host.
    package static func place(of request: Request, on observed: Observed) -> (Region, Namespace?)? {
        try? place(request, on: observed)
    }

    private static func place(
        _ request: Request, on observed: Observed
    ) throws(Unknown) -> (Region, Namespace?) {
        guard let word = request.namespace else {
            let range = request.range ?? 0..<1
            let found = observed.regions.first { region in
                region.offset(of: range.lowerBound).map { $0 < region.size } ?? false
            }
            guard let found else {
                throw Unknown(
                    message: "no region lies at \(Hexadecimal.number(range.lowerBound))",
                    advice: "daxprov errors list shows the addresses; only root may read them")
            }
            return (found, nil)
        }
        let selection: HostSelection
        do throws(UnknownPart) {
            selection = try HostSelection([word], on: observed)
        } catch {
            throw Unknown(
                message: "this host has no namespace \(word)",
                advice: error.near.map { "did you mean \($0)?" } ?? "daxprov inventory lists them")
        }
        if observed.regions.contains(where: { selection.showsWhole($0.device) }) {
            throw Unknown(
                message:
                    "\(word) is a region: errors are cleared in one namespace, or in a range of no namespace",
                advice:
                    "name the namespace, or give --range ADDRESS+LENGTH alone: daxprov errors list shows both"
            )
        }
        let named = observed.regions.flatMap { region in
            region.namespaces.filter { selection.shows($0, in: region) }.map { (region, $0) }
        }
        guard let first = named.first, named.count == 1 else {
            throw Unknown(
                message: "\(word) means \(named.count) namespaces",
                advice: "say which one by its label's UUID, or as region0/\(word)")
        }
        return (first.0, first.1)
    }

    private static func extent(
        _ range: Range<UInt64>, in region: Region, from start: UInt64
    ) throws(Unknown) -> Extent {
        guard region.resource != nil, range.lowerBound >= start,
            range.upperBound - start <= region.size.bytes
        else {
            throw Unknown(
                message: "the range does not lie in \(region.device)",
                advice: "addresses are physical ones, as daxprov errors list shows them")
        }
        return Extent(
            offset: ByteCount(range.lowerBound - start), length: ByteCount(UInt64(range.count)))
    }

    private static func merged(_ ranges: [Extent]) -> [Extent] {
        ranges.sorted().reduce(into: []) { merged, range in
            guard let last = merged.last, range.offset <= last.end else { return merged.append(range) }
            let end = max(last.end, range.end)
            merged[merged.count - 1].length = end - last.offset
        }
    }

    private static func refusals(
        _ region: Region, _ namespace: Namespace?, _ errors: [MediaError], _ survey: MediaErrorSurvey,
        _ observed: Observed, canClear: Bool
    ) -> [Refusal] {
        let address = namespace.map { "\(region.device)/\($0.displayName)" } ?? region.device
        guard region.isEnabled else {
            return [
                Refusal(
                    .regionDisabled, address, "the region is disabled, and its errors are not known",
                    advice: "ndctl enable-region \(region.device)")
            ]
        }
        var refusals: [Refusal] = []
        let bus = observed.buses.first { $0.regions.contains { $0.device == region.device } }
        if bus?.scrubState == .active {
            refusals.append(
                Refusal(
                    .scrubRunning, address,
                    "an address range scrub runs on \(bus?.device ?? "its bus"): its result would list again what is cleared now",
                    advice: "wait for its end: daxprov errors scrub --wait, or ndctl wait-scrub"))
        }
        guard !errors.isEmpty else { return refusals }
        if region.isReadOnly {
            refusals.append(Refusal(.regionReadOnly, address, "the region is read-only"))
        }
        for error in errors where !Self.clearable.contains(error.part) {
            refusals.append(error.refusal(address))
        }
        if let namespace, refusals.isEmpty {
            refusals += Self.impossible(namespace, errors, survey.errors(in: region.device), address)
        }
        if !canClear, refusals.isEmpty {
            refusals.append(
                Refusal(
                    .clearImpossible, address, "the platform's firmware cannot clear media errors here",
                    advice: "a DIMM that has errors which cannot be cleared is to be replaced"))
        }
        return refusals
    }

    /// The parts that can be cleared.
    private static let clearable: [MediaError.Part] = [.data, .free]

    private static func impossible(
        _ namespace: Namespace, _ errors: [MediaError], _ all: [MediaError], _ address: String
    ) -> [Refusal] {
        guard namespace.isActive else {
            return [
                Refusal(
                    .clearImpossible, address,
                    "the namespace is disabled, and what its parts hold is not sure",
                    advice: "enable it first: ndctl enable-namespace \(namespace.device)")
            ]
        }
        guard namespace.mode == .sector else { return [] }
        let rest = all.filter { $0.namespace?.device == namespace.device }
        // A sector whose entry of the table cannot be read cannot be read either, though its data may be good.
        if let error = rest.first(where: { $0.part == .translationTable }) { return [error.refusal(address)] }
        let asked = errors.map(\.range)
        guard rest.allSatisfy({ $0.part != .data || $0.range.without(asked).isEmpty }) else {
            return [
                Refusal(
                    .clearImpossible, address,
                    "the range leaves out errors of its data, and in sector mode these are cleared together: where a sector lies only the "
                        + "translation table knows",
                    advice: "leave out --range, or give one that has all errors of its data")
            ]
        }
        return []
    }
}

extension MediaError {
    fileprivate func cut(to piece: Extent) -> MediaError {
        var error = self
        let distance = piece.offset - range.offset
        error.range = piece
        error.address = address.map { $0 + distance.bytes }
        error.namespaceOffset = namespaceOffset.map { $0 + distance }
        error.dataOffset = dataOffset.map { $0 + distance }
        return error
    }

    fileprivate var belongsElsewhere: Refusal {
        let name = namespace?.displayName ?? region
        return Refusal(
            .clearImpossible, region, "the range lies in \(region)/\(name)",
            advice: "name it: daxprov errors clear \(ShellText.quoted(name)) --range ADDRESS+LENGTH")
    }

    /// Why an error outside of data is not cleared, and what to do instead.
    fileprivate func refusal(_ address: String) -> Refusal {
        let place = "\(range.length) at \(namespaceOffset ?? range.offset)"
        let data = "errors in its data can be cleared alone, with --range"
        switch part {
        case .infoBlock:
            return Refusal(
                .mediaErrors, address,
                "\(place) of the errors lie where its info block is: clearing makes that zero, and the namespace would come up raw",
                advice:
                    "copy its data while it is online, destroy it, clear the range, and create it again; \(data)"
            )
        case .pageMap:
            return Refusal(
                .mediaErrors, address,
                "\(place) of the errors lie in its page map, which the kernel uses while the namespace is active",
                advice:
                    "the page map is written anew at every enable: destroy the namespace and create it again after clearing the range, or "
                    + "keep the page map in memory (map: mem); \(data)")
        case .translationTable:
            return Refusal(
                .mediaErrors, address,
                "\(place) of the errors lie in its translation table: clearing would lose which block holds what",
                advice:
                    "copy its data (a sector that cannot be read may have lost only its entry in the table), destroy it, clear the range, and "
                    + "create it again")
        case .undetermined:
            return Refusal(
                .mediaErrors, address, "the namespace is disabled: whether \(place) is data is not known",
                advice: "enable it first, and look again: daxprov errors list")
        case .label:
            return Refusal(
                .mediaErrors, address, "a label takes \(place), and the kernel makes no namespace of it",
                advice: "see daxprov inventory")
        case .unused:
            return Refusal(
                .mediaErrors, address,
                "\(place) of the errors lie in a part of the namespace that nothing uses and no device reaches",
                advice: "they need not be cleared; \(data)")
        case .unknown, .data, .free:
            return Refusal(
                .mediaErrors, address, "what lies in \(place) is not known: addresses are not",
                advice: "run it as root")
        }
    }
}
