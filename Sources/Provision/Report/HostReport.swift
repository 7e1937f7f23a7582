import ProvisionCore
import ProvisionHost

/// All that whoever is asked about a host wants to know of it, as one text for a ticket.
package struct HostReport {
    private let material: HostMaterial
    private let notes: [String]

    /// The report of what was found.
    /// - Parameter notes: what was noticed while it was looked at.
    package init(_ material: HostMaterial, notes: [String] = []) {
        self.material = material
        self.notes = notes
    }

    /// The text: sections, each with a heading. No section is empty.
    package var text: String { text(stating: Self.warning) }

    /// The same without serial numbers, UUIDs, the host's name, names of people, addresses and passwords (``Redaction``).
    package var redactedText: String {
        Redaction(RedactionSecrets(material)).redacted(text(stating: Self.promise))
    }

    private static let warning =
        "Not redacted: it has serial numbers, UUIDs and the host's name. daxprov report --redact leaves them out."
    private static let promise =
        "Redacted: equal words in the place of serial numbers, UUIDs, names, addresses and passwords stand for equal "
        + "ones. Names of namespaces stay. Read it before you send it."

    private func text(stating statement: String) -> String {
        var sections = [ReportSection("daxprov", head + [statement] + notes)]
        sections += machineSections
        sections += [
            ReportSection("Label areas", labels), ReportSection("Uses of devices", uses),
            ReportSection("Inventory", of: material.observed.map { InventoryReport($0).text }),
            ReportSection("Status", status),
            ReportSection("History", of: material.history.map { $0.text() }),
            ReportSection("daxctl, udev and memory", agents),
        ]
        return sections.map(\.text).joined(separator: "\n")
    }

    private var head: [String] {
        let origin = material.origin
        return [
            "daxprov \(ToolVersion.current), \(ToolVersion.build)",
            "host: \(material.machine == nil ? "simulated" : origin?.hostName ?? "its name is not known")",
            origin?.time.map { "time: \($0)" },
        ].compactMap { $0 }
    }

    private static let simulated = "The host is simulated: there is no machine to look at."

    private var machineSections: [ReportSection] {
        let machine = material.machine
        let parts: [(String, [MachineFact]?)] = [
            ("Kernel", machine?.kernel), ("Distribution", machine?.distribution),
            ("Libraries", machine?.libraries), ("Modules", machine?.modules),
            ("Memory hotplug", machine?.memoryHotplug), ("Kernel configuration", machine?.configuration),
            ("Address map", machine?.addresses), ("Kernel log", machine?.log),
        ]
        return parts.map { title, facts in
            ReportSection(title, facts?.flatMap { MachineFactText.lines($0) } ?? [Self.simulated])
        }
    }

    private var labels: [String] {
        guard material.machine != nil else { return [Self.simulated] }
        switch material.labels {
        case .success(let listings): return listings.flatMap { LabelAreaText.lines($0) }
        case .failure(let why): return [ReportSection.words(why)]
        }
    }

    private var uses: [String] {
        if case .failure(let why) = material.observed { return [ReportSection.words(why)] }
        let obstacle = material.uses.compactMap { $0.obstacle }.first
        let heading = obstacle.map { ["not everybody can be seen: \($0.reason)"] } ?? []
        return heading + material.uses.flatMap { lines($0) }
    }

    private func lines(_ finding: UseFinding) -> [String] {
        let words = "\(finding.name): it is system memory: the kernel uses it"
        let memory = finding.isSystemMemory ? [words] : []
        switch finding.holders {
        case .failure(let why): return memory + ["\(finding.name): \(ReportSection.words(why))"]
        case .success(let holders):
            let found = memory + holders.map { "\(finding.name): \($0)" }
            let limit = finding.obstacle == nil ? "" : " among those that can be seen"
            return found.isEmpty ? ["\(finding.name): no use was found\(limit)"] : found
        }
    }

    private var status: [String] {
        let elsewhere = material.elsewhere.map { [$0] } ?? []
        switch material.status {
        case .success(let status): return elsewhere + ReportSection.lines(StatusReport(status).text())
        case .failure(let why): return elsewhere + [ReportSection.words(why)]
        }
    }

    private var agents: [String] {
        guard let agents = material.memoryAgents else { return [Self.simulated] }
        var effects: [DaxctlEffect] = []
        if case .success(let status) = material.status { effects = status.daxctlEffects }
        var lines = ["\(DaxctlConf.directory): \(agents.reading.reason)"]
        lines += MemoryAgentsText.lines(agents, effects, isConcerned: true)
        lines += agents.daxRules.map { "udev: \($0) is about dax devices." }
        lines += agents.memoryRules.map { "udev: \($0.file) is about memory blocks." }
        lines += material.machine?.deviceRules.flatMap { MachineFactText.lines($0) } ?? []
        return lines
    }
}
