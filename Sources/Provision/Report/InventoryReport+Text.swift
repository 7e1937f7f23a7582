import ProvisionCore

/// The host for a person: a block for each bus, its DIMMs, and for each region a summary, a map and a table; then the
/// dax regions that are more than a devdax namespace.
extension InventoryReport {
    /// The text, with a newline at its end.
    public var text: String { text(width: nil) }

    /// The text, with a newline at its end.
    /// - Parameter width: the columns of the terminal; nil: lines are as long as they are.
    public func text(width: Int?) -> String {
        let shown = shown
        var blocks =
            observed.buses.isEmpty
            ? ["No persistent memory: this host has no nvdimm bus."]
            : shown.buses.map { lines(of: $0, shown.cxlMemdevs, width).joined(separator: "\n") }
        let regions = shown.daxRegions.filter(DaxRegionText.shows)
        if !regions.isEmpty {
            blocks.append(Self.lines(of: regions, on: shown, width).joined(separator: "\n"))
        }
        if let agents {
            let lines = MemoryAgentsText.lines(agents.found, agents.effects, isConcerned: true)
                .flatMap { TextFill.lines(TerminalText.clean($0), width: width, indent: 2) }
            if !lines.isEmpty { blocks.append(lines.joined(separator: "\n")) }
        }
        return blocks.joined(separator: "\n\n") + "\n"
    }

    private static func lines(
        of regions: [DaxRegion], on shown: Observed, _ width: Int?
    ) -> [String] {
        var facts: [String] = []
        if let hotplug = shown.memoryHotplug {
            facts.append("memory blocks of \(hotplug.blockSize.brief)")
            if let policy = hotplug.policy {
                facts.append("auto_online_blocks \(TerminalText.clean(policy))")
            }
        }
        var lines = ["dax regions" + (facts.isEmpty ? "" : ": \(facts.joined(separator: ", "))")]
        let namespaces = shown.namespacesByCharacterDevice
        for (index, region) in regions.enumerated() {
            let namespace = region.namespace(among: namespaces)
            let text = DaxRegionText(region, of: namespace, width: width.map { $0 - 2 }).lines
            lines += (index == 0 ? [] : [""]) + text.map { $0.isEmpty ? "" : "  \($0)" }
        }
        return lines
    }

    /// What to check where there is no bus: for stderr, beside the report.
    public static let noBusAdvice = """
        no nvdimm bus was found: load the driver of the platform's persistent memory (nfit, nd_e820, virtio_pmem, \
        of_pmem), and check that the firmware describes it (an ACPI NFIT, or memmap= on the kernel command line)
        """

    private func lines(of bus: Bus, _ memdevs: [CXLMemdev], _ width: Int?) -> [String] {
        let scrub = bus.scrubState.map { ", scrub \($0.rawValue)" } ?? ""
        let width = width.map { $0 - 2 }
        var lines = ["\(TerminalText.clean(bus.device)): \(TerminalText.clean(bus.provider))\(scrub)"]
        if bus.dimms.isEmpty { lines.append("  no DIMMs: nothing here holds labels") }
        var table = TextTable([
            .init("DIMM", .left), .init("ID", .left), .init("LABELS", .left, .below(rank: 1, word: "labels")),
            .init("STATE", .left, .below(rank: 2, word: "")),
        ])
        for dimm in bus.dimms { table.add(Self.dimmCells(dimm)) }
        if !bus.dimms.isEmpty { lines += table.lines(width: width).map { "  \($0)" } }
        lines += bus.dimms.flatMap { Self.healthLines($0, width) }
        if bus.regions.isEmpty {
            lines.append("  no regions" + (bus.wayToRegions.map { ": one is made by \($0)" } ?? ""))
        }
        if bus.provider == Bus.cxlProvider {
            lines += memdevs.filter(\.regions.isEmpty).map { memdev in
                "  memory device \(TerminalText.clean(memdev.name)) (serial \(memdev.serial)): "
                    + "\(memdev.persistentSize.brief) of persistent capacity, in no region"
            }
        }
        for region in bus.regions {
            let text = RegionText(region, dimmIDs: bus.dimmIDs(of: region) ?? [], width: width) {
                shows($0, in: region)
            }
            lines += [""] + text.lines.map { $0.isEmpty ? "" : "  \($0)" }
        }
        return lines
    }

    private static func dimmCells(_ dimm: Dimm) -> [String] {
        var state = [dimm.isEnabled ? "enabled" : "disabled"]
        state += dimm.trouble
        if let security = dimm.security, security != .disabled {
            state.append("security \(security.rawValue)")
        }
        if dimm.isSecurityFrozen { state.append("security frozen") }
        return [
            TerminalText.clean(dimm.device), TerminalText.clean(dimm.uniqueID ?? ""),
            dimm.isLabelAreaUnread ? "not known: root alone can read it" : labels(dimm.labelArea),
            state.joined(separator: ", "),
        ]
    }

    /// What is known of a DIMM's health; no line where nothing is.
    private static func healthLines(_ dimm: Dimm, _ width: Int?) -> [String] {
        guard let facts = dimm.health?.facts, !facts.isEmpty else { return [] }
        let text = "\(TerminalText.clean(dimm.device)): \(facts.joined(separator: ", "))"
        return TextFill.lines(text, width: width, indent: 4).map { "  \($0)" }
    }

    /// The use of a label area. The kernel keeps one slot for updates: it is neither used nor available.
    private static func labels(_ area: LabelArea?) -> String {
        guard let area else { return "no label area" }
        let size = area.size.brief
        guard let slots = area.slots else {
            return area.availableSlots.map { "\($0) slots free, \(size)" } ?? "no label index, \(size)"
        }
        let version = area.version.map { "version \($0.rawValue)" } ?? "version not known"
        guard let available = area.availableSlots else { return "\(version), \(slots) slots, \(size)" }
        return
            "\(version), \(max(0, slots - available - 1)) of \(slots) slots used, \(available) free, \(size)"
    }

}
