/// The media errors of a host, each with what lies there: the regions' lists, which alone know those of devdax and sector mode, cut
/// along the namespaces, and what only a block device lists.
public struct MediaErrorSurvey: Equatable, Sendable {
    /// The errors, by region and place.
    public var errors: [MediaError] = []
    /// The regions, by kernel name, whose errors are not known, or not all, and why. No error is listed there that nobody looked for.
    public var gaps: [Gap] = []

    /// Why not all media errors of a region are known.
    public struct Gap: Equatable, Sendable {
        /// The region's kernel name.
        public var region: String
        /// Why errors of this region can be missing from the survey.
        public var reason: Reason

        /// Why errors can be missing; the raw values are the words of the JSON document.
        public enum Reason: String, CaseIterable, Sendable {
            /// The region is disabled: the kernel shows its list to nobody (ENXIO).
            case regionDisabled = "region_disabled"
            /// Nothing looks for errors: the platform has no address range scrub.
            case noScrub = "no_scrub"
            /// Where namespaces lie is not known: only root may read addresses.
            case addressesUnknown = "addresses_unknown"
            /// The list is longer than the kernel shows.
            case listTruncated = "list_truncated"
        }
    }

    /// The survey of an observed host.
    /// - Parameter lists: what block devices list, and where data begins; by default what is in the observation.
    public init(of observed: Observed, lists: MediaErrorLists = MediaErrorLists()) {
        let versions = observed.labelVersions
        for bus in observed.buses {
            for region in bus.regions {
                let labels = region.labelling == .labelled ? versions[region.device] : nil
                let found = RegionSurvey(region, labels: labels, lists: lists).errors
                errors += found
                gaps += Self.gaps(of: region, on: bus, hasErrors: !found.isEmpty, lists)
            }
        }
    }

    private static func gaps(
        of region: Region, on bus: Bus, hasErrors: Bool, _ lists: MediaErrorLists
    ) -> [Gap] {
        var reasons: [Gap.Reason] = []
        if !region.isEnabled {
            reasons = [.regionDisabled]
        } else {
            if bus.scrubState == nil { reasons.append(.noScrub) }
            if hasErrors, region.resource == nil { reasons.append(.addressesUnknown) }
            if lists.truncated.contains(region.device) { reasons.append(.listTruncated) }
        }
        return reasons.map { Gap(region: region.device, reason: $0) }
    }

    /// The errors of one region.
    package func errors(in region: String) -> [MediaError] { errors.filter { $0.region == region } }

    /// The part that somebody asked for.
    public func limited(to selection: HostSelection?, of observed: Observed) -> MediaErrorSurvey {
        guard let selection else { return self }
        var part = self
        let shown = selection.limited(observed)
        part.gaps = gaps.filter { shown.region($0.region) != nil }
        part.errors = errors.filter { error in
            guard let region = shown.region(error.region) else { return false }
            guard let namespace = error.namespace else { return selection.showsWhole(region.device) }
            return selection.shows(namespace, in: region)
        }
        return part
    }
}

/// What a host says of media errors beyond an enumeration.
public struct MediaErrorLists: Equatable, Sendable {
    /// What the block device of an active namespace lists, by the namespace's kernel name: in 512-byte units from its data's start.
    /// One that has no such list is not there.
    public var blockDevices: [String: [BadBlocks]] = [:]
    /// The first physical address of a namespace's data as the kernel maps it, by the namespace's kernel name.
    public var dataAddresses: [String: UInt64] = [:]
    /// The regions whose list is longer than the kernel shows.
    public var truncated: Set<String> = []

    /// No lists: no block device was asked, and no data address is known.
    public init() {}
}

extension Namespace {
    /// Whether the kernel refuses to enable it because of errors that the list of its region has here, counted from the start of the
    /// region: it looks for those in the page map with the namespace's own offsets in the region's list, and then cannot clear them in any
    /// namespace but the first (drivers/nvdimm/pfn_devs.c, `nd_pfn_clear_memmap_errors`).
    package func isKeptFromEnabling(by errors: [Extent], in region: Region) -> Bool {
        let mode = isActive ? mode : recordedMode
        guard mode?.isDirectAccess == true, map != .mem, let place = region.extent(of: self) else {
            return false
        }
        return place.isKeptFromEnabling(by: errors, dataOffset: dataRange.offset)
    }
}

extension Extent {
    /// The same of the place of an fsdax or devdax namespace with its page map on the device.
    package func isKeptFromEnabling(by errors: [Extent], dataOffset: ByteCount) -> Bool {
        let reserve = NamespaceGeometry.infoBlockReserve
        guard offset > .zero, dataOffset > reserve else { return false }
        let checked = Extent(offset: reserve, length: dataOffset - reserve)
        return errors.contains { $0.overlaps(checked) }
    }
}

/// The errors of one region, cut along its namespaces.
private struct RegionSurvey {
    private let region: Region
    private let places: [Place]
    private(set) var errors: [MediaError] = []

    /// A part of a namespace, or a label, in the region.
    private struct Place {
        var range: Extent
        var part: MediaError.Part
        var namespace: Namespace?
        var start: ByteCount
        var dataStart: ByteCount
    }

    init(_ region: Region, labels: LabelVersion?, lists: MediaErrorLists) {
        self.region = region
        var places: [Place] = []
        var known: [(namespace: Namespace, ranges: [Extent])] = []
        for namespace in region.namespaces {
            guard let extent = region.extent(of: namespace) else { continue }
            let data = lists.dataAddresses[namespace.device].flatMap { address in
                namespace.resource.flatMap { address >= $0 ? ByteCount(address - $0) : nil }
            }
            let parts = NamespaceParts(of: namespace, labels: labels, dataStart: data)
            places += parts.parts.map { item in
                Place(
                    range: Extent(offset: extent.offset + item.range.offset, length: item.range.length),
                    part: item.part, namespace: namespace, start: extent.offset, dataStart: parts.dataStart)
            }
            let listed = lists.blockDevices[namespace.device] ?? []
            let ranges = listed.compactMap { item in
                Extent(offset: extent.offset + parts.dataStart, length: namespace.rawSize - parts.dataStart)
                    .overlap(item.bytes.moved(by: extent.offset + parts.dataStart))
            }
            known.append((namespace, ranges))
        }
        places += region.uninstantiated.map {
            Place(range: $0.extent, part: .label, namespace: nil, start: .zero, dataStart: .zero)
        }
        self.places = places.sorted { $0.range < $1.range }
        let listed = region.badBlocks.map(\.bytes)
        for item in region.badBlocks { add(item.bytes, item.dimms, [.region]) }
        for (_, ranges) in known {
            for range in ranges {
                for rest in range.without(listed) { add(rest, [], [.blockDevice]) }
                for index in errors.indices where errors[index].range.overlaps(range) {
                    errors[index].lists.insert(.blockDevice)
                }
            }
        }
        errors.sort { $0.range < $1.range }
        let blocking = region.namespaces.filter { $0.isKeptFromEnabling(by: listed, in: region) }
        for index in errors.indices where errors[index].lists.contains(.region) {
            let range = errors[index].range
            errors[index].blocks = blocking.filter { $0.isKeptFromEnabling(by: [range], in: region) }
                .map(\.displayName)
        }
    }

    private mutating func add(_ range: Extent, _ dimms: [String], _ lists: Set<MediaError.List>) {
        func error(_ part: MediaError.Part, _ range: Extent) -> MediaError {
            MediaError(
                region: region.device, range: range,
                address: region.resource.map { $0 + range.offset.bytes }, part: part, dimms: dimms,
                lists: lists)
        }
        var covered: [Extent] = []
        for place in places {
            guard let piece = place.range.overlap(range) else { continue }
            covered.append(piece)
            var found = error(place.part, piece)
            found.namespace = place.namespace
            if place.namespace != nil { found.namespaceOffset = piece.offset - place.start }
            if place.part == .data, place.namespace?.mode != .sector {
                found.dataOffset = piece.offset - place.start - place.dataStart
            }
            errors.append(found)
        }
        let isKnown =
            region.resource != nil && region.namespaces.allSatisfy { region.extent(of: $0) != nil }
        for rest in range.without(covered) { errors.append(error(isKnown ? .free : .unknown, rest)) }
    }
}

extension Extent {
    fileprivate func moved(by distance: ByteCount) -> Extent {
        Extent(offset: offset.adding(distance) ?? offset, length: length)
    }
}
