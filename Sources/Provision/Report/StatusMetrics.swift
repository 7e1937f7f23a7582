import ProvisionCore

/// The status of a host as metrics, in the text format of Prometheus.
///
/// What is not known is left out, and never 0: a rule for a missing value can then be told from one for a bad value. Names of
/// regions and namespaces are the kernel's, and change at a boot; they are labels so that no two lines are alike, whatever
/// is on the media. `iset_id` and `uuid` stay.
public struct StatusMetrics: Sendable {
    private let status: HostStatus
    private let now: Int

    /// The metrics of a status that was looked at now.
    public init(_ status: HostStatus) { self.init(status, at: UTCTime.now) }

    init(_ status: HostStatus, at now: Int) {
        self.status = status
        self.now = now
    }

    /// What such a file is, so that no other is replaced by it.
    public static let kind = PrivateFile.Kind("file of daxprov's metrics", limit: .mib(64)) { bytes in
        bytes.starts(with: Array("# HELP daxprov_".utf8))
    }

    /// All of them, each with its help and its type.
    public var text: String {
        var page = Page()
        page.add(
            "build_info", "The version of daxprov.", [([("version", ToolVersion.current)], 1)])
        page.add("last_check_timestamp_seconds", "When the host was looked at.", [([], now)])
        addTransactions(to: &page)
        if let unit = status.bootUnit {
            page.add(
                "boot_unit_success", "Whether the boot unit ended well in this boot.",
                [([], unit.result == .done ? 1 : 0)])
        }
        guard let observed = status.observed else { return page.text }
        addRegions(of: observed, to: &page)
        addNamespaces(of: observed, to: &page)
        addDimms(of: observed, to: &page)
        addMemory(of: observed, to: &page)
        return page.text
    }

    private func addTransactions(to page: inout Page) {
        page.add(
            "transactions_interrupted", "Transactions that did not end: daxprov recover ends them.",
            [([], status.interrupted.count)])
        page.add(
            "transactions_unreadable", "Transactions whose record cannot be read.",
            [([], status.unreadable.count)])
        if let newest = status.newest {
            page.add(
                "last_apply_timestamp_seconds", "When the last apply ended, or began where it did not.",
                [([], newest.ended ?? newest.time)])
            let end = newest.rollback?.undone ?? newest.end
            page.add(
                "last_apply_success",
                "Whether the last apply changed all that its profile says; proofs are not part of it.",
                [([], end == .committed ? 1 : 0)])
        }
        if let last = status.lastSummary {
            page.add(
                "profile_info", "The profile that was applied last, and not undone.",
                [([("profile", last.source), ("transaction", last.id)], 1)])
        }
        guard status.last != nil, status.unknown == nil else { return }
        page.add(
            "drift_changes", "Objects that are not as the last apply left them.",
            [HostDrift.Kind.changed, .missing, .unexpected].map { kind in
                ([("action", kind.rawValue)], status.drift.count { $0.kind == kind })
            })
    }

    private func addRegions(of observed: Observed, to page: inout Page) {
        let regions = observed.buses.flatMap { bus in bus.regions.map { (bus, $0) } }
        func add(_ name: String, _ help: String, _ value: (Bus, Region) -> UInt64?) {
            page.add(
                "region_\(name)", help,
                regions.compactMap { bus, region in value(bus, region).map { (Self.labels(region), $0) } })
        }
        add("size_bytes", "The capacity of a region.") { $1.size.bytes }
        add("free_bytes", "The capacity of a region that no namespace has.") { $1.availableSize.bytes }
        add("largest_free_bytes", "The largest namespace that a region has room for.") {
            $1.maxAvailableExtent?.bytes
        }
        add("label_slots_free", "The namespaces that the label areas of a region's DIMMs have room for.") {
            Self.freeSlots(of: $1, on: $0)
        }
        let known = regions.filter { Self.knowsErrors(of: $1, on: $0) }.map(\.1)
        page.add(
            "media_errors", "Known ranges of media errors in a region.",
            known.map { (Self.labels($0), UInt64($0.badBlocks.count)) })
        page.add(
            "media_error_bytes", "The bytes in known ranges of media errors of a region.",
            known.map { region in
                (Self.labels(region), region.badBlocks.reduce(0) { $0 + UInt64($1.length) * 512 })
            })
    }

    private static func labels(_ region: Region) -> [Label] {
        let cookie = region.interleaveSetID.flatMap { $0 == 0 ? nil : Hexadecimal.number($0) }
        return [("iset_id", cookie ?? ""), ("region", region.device)]
    }

    /// The least that any of its DIMMs has; nil where one does not tell.
    private static func freeSlots(of region: Region, on bus: Bus) -> UInt64? {
        guard region.labelling == .labelled else { return nil }
        let slots = bus.dimms(under: region).compactMap { $0.labelArea?.availableSlots }
        guard slots.count == Set(region.mappings.map(\.dimm)).count else { return nil }
        return slots.min().flatMap { UInt64(exactly: $0) }
    }

    /// Whether an empty list of errors says that there are none: the bus was searched for them, and a driver shows them.
    private static func knowsErrors(of region: Region, on bus: Bus) -> Bool {
        !region.badBlocks.isEmpty || (region.isEnabled && bus.scrubState == .idle)
    }

    private func addNamespaces(of observed: Observed, to page: inout Page) {
        var facts: [Page.Sample] = []
        var sizes: [Page.Sample] = []
        for region in observed.regions {
            for namespace in region.namespaces {
                let uuid = (namespace.labelUUID ?? namespace.infoBlockUUID)?.description ?? ""
                let labels = Self.labels(region) + [("namespace", namespace.device), ("uuid", uuid)]
                facts.append(
                    (labels + [("name", namespace.name ?? ""), ("mode", namespace.mode?.rawValue ?? "")], 1))
                sizes.append((labels, namespace.rawSize.bytes))
            }
        }
        page.add("namespace_info", "A namespace, with its name and its mode.", facts)
        page.add("namespace_size_bytes", "The capacity that a namespace takes.", sizes)
    }

    private func addMemory(of observed: Observed, to page: inout Page) {
        guard let unit = observed.memoryHotplug?.blockSize.bytes else { return }
        var online: UInt64 = 0
        var offline: UInt64 = 0
        for device in observed.daxRegions.flatMap(\.devices) where device.mode == .systemRAM {
            guard let runs = device.memoryBlocks else { return }
            for run in runs {
                let bytes = (run.numbers.upperBound - run.numbers.lowerBound).multipliedReportingOverflow(
                    by: unit)
                guard !bytes.overflow else { return }
                if run.areOnline { online += bytes.partialValue } else { offline += bytes.partialValue }
            }
        }
        let stranded = observed.daxRegions.flatMap(\.strandedRanges)
            .reduce(UInt64(0)) { $0 + ($1.upperBound - $1.lowerBound) }
        page.add(
            "dax_memory_bytes", "Memory of dax devices that are, or are stranded as, system memory.",
            [([("state", "offline")], offline), ([("state", "online")], online)]
                // Where the kernel shows no ranges, none is stranded as far as that shows.
                + (stranded > 0 ? [([("state", "stranded")], stranded)] : []))
    }
}

extension StatusMetrics {
    typealias Label = (name: String, value: String)

    /// Lines of the text format (prometheus.io/docs/instrumenting/exposition_formats).
    struct Page {
        typealias Sample = (labels: [Label], value: UInt64)

        private(set) var text = ""

        /// Adds a metric that can go up and down, with its values; nothing where there are none.
        mutating func add(_ name: String, _ help: String, _ samples: [Sample]) {
            add(name, help, decimals: samples.map { ($0.labels, String($0.value)) })
        }

        /// Adds a metric with decimal numbers as its values; nothing where there are none.
        /// - Parameter type: `gauge`, or `counter` for what only grows.
        mutating func add(
            _ name: String, _ help: String, type: String = "gauge",
            decimals samples: [(labels: [Label], value: String)]
        ) {
            guard !samples.isEmpty else { return }
            text += "# HELP daxprov_\(name) \(help)\n# TYPE daxprov_\(name) \(type)\n"
            for sample in samples {
                let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(
                    separator: ",")
                text += "daxprov_\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(sample.value)\n"
            }
        }

        mutating func add(_ name: String, _ help: String, _ samples: [(labels: [Label], value: Int)]) {
            add(name, help, samples.map { ($0.labels, UInt64(max($0.value, 0))) })
        }

        /// A label's value between quotes. It can be anything: a name is what somebody wrote to a label area.
        private static func escaped(_ text: String) -> String {
            var escaped = ""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\\": escaped += "\\\\"
                case "\"": escaped += "\\\""
                case "\n": escaped += "\\n"
                default: escaped.unicodeScalars.append(scalar)
                }
            }
            return escaped
        }
    }
}
