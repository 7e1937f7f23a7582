import ProvisionCore

/// A dynamic dax region on its way into an exported profile: the devices that daxprov's record names. Those of others a profile does
/// not name.
struct ExportedDaxRegion {
    private let region: DaxRegion
    /// The block of the profile; nil where there is nothing to declare, or a plan would change something.
    let block: DaxRegionBlock?
    private var comments: [String] = []

    init(_ region: DaxRegion, in observed: Observed) {
        self.region = region
        let known = region.devices.filter { $0.recordedName != nil && $0.size > .zero }
        for device in region.devices where device.size > .zero && device.recordedName == nil {
            comments.append("\(device.name) of \(device.size) is not daxprov's: it is left alone")
        }
        guard let start = region.start, !known.isEmpty else {
            block = nil
            return
        }
        let undeclarable = known.filter { device in
            device.layout.map { Alignment(declarable: $0.align) == nil } ?? false
        }
        guard undeclarable.isEmpty else {
            comments += undeclarable.map { device in
                "\(device.recordedName ?? device.name): no profile can declare its alignment of \(device.layout?.align ?? .zero)"
            }
            block = nil
            return
        }
        let declared = DaxRegionBlock(
            match: DaxRegionMatch(start: start), devices: known.compactMap(Self.declaration))
        let plan = Planner.plan(Profile(source: "export", regions: [], daxRegions: [declared]), on: observed)
        block = plan.isEmpty ? declared : nil
        if !plan.isEmpty {
            comments.append((plan.refusals.map(\.message) + plan.changes.flatMap(\.reasons)).first ?? "")
        }
    }

    private static func declaration(_ device: DaxRegion.Device) -> DaxDeviceDeclaration? {
        guard let name = device.recordedName.flatMap({ NamespaceName($0) }), let layout = device.layout,
            let use = layout.use
        else { return nil }
        return DaxDeviceDeclaration(
            name: name, size: .raw(device.size), align: Alignment(declarable: layout.align),
            configuration: DeviceConfiguration(use: use, rights: layout.rights.rule))
    }

    /// The lines of the profile's text.
    var lines: [String] {
        let heading = (["\(region.name): \(region.size)" + (block == nil ? ", left out" : "")] + comments)
            .map { "  # " + TerminalText.clean($0) }
        guard let block, let start = block.match.start else { return heading }
        return heading + ["  - match: {start: \(Hexadecimal.number(start))}", "    devices:"]
            + block.devices.map(Self.line)
    }

    private static func line(_ device: DaxDeviceDeclaration) -> String {
        var fields = ["name: \(YamlScalar.text(device.name.text))"]
        if case .raw(let size) = device.size { fields.append("size: \(size)") }
        if let align = device.align { fields.append("align: \(align)") }
        if device.use.isSystemRAM { fields.append("mode: \(device.use.text)") }
        if let rights = device.configuration.rights {
            fields += [
                "owner: \(rights.owner)", "group: \(rights.group)", "permissions: \"\(rights.octal)\"",
            ]
        }
        return "      - {\(fields.joined(separator: ", "))}"
    }
}
