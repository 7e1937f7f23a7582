import ProvisionCore

/// A namespace on its way into an exported profile.
struct ExportedNamespace {
    private let namespace: Namespace
    private let isSizeUnknown: Bool
    private var note: String?
    /// What there is to say of its device.
    private var deviceNotes: [String] = []
    /// What the planner calls it.
    let address: String
    /// What declares it; nil where nothing does.
    private(set) var declaration: NamespaceDeclaration?

    /// The namespace with its declaration, where it has one.
    /// - Parameter limits: what a saved inventory does not say.
    init(_ namespace: Namespace, in region: Region, identities: Identities, limits: InventoryLimits) {
        self.namespace = namespace
        self.isSizeUnknown = limits.contains(.noRawSize(namespace.device))
        let isLabelled = region.labelling == .labelled
        let name = isLabelled ? identities.name(of: namespace) : nil
        let uuid = isLabelled && name == nil ? identities.uuid(of: namespace) : nil
        self.address =
            isLabelled
            ? "\(region.device)/\(name?.text ?? uuid?.description ?? namespace.displayName)" : region.device
        let isUUIDKnown = !limits.contains(.noLabelUUID(namespace.device))
        note = Self.problem(
            with: namespace, isIdentified: !isLabelled || name != nil || uuid != nil, isUUIDKnown: isUUIDKnown
        )
        guard note == nil, let mode = namespace.mode else { return }
        if isLabelled, name == nil {
            note = namespace.name.map { "its name is '\($0)'" } ?? "it has no name: give it one with name:"
        }
        let align = namespace.align.flatMap { Alignment(declarable: $0) }
        declaration = NamespaceDeclaration(
            name: name, uuid: uuid, mode: mode,
            size: isLabelled ? Self.size(of: namespace, isUnknown: isSizeUnknown) : .remaining(divisor: 1),
            align: mode.isDirectAccess ? align : nil, map: mode.isDirectAccess ? namespace.map : nil,
            sectorSize: mode == .sector ? namespace.sectorSize.flatMap { SectorSize($0) } : nil,
            deviceConfiguration: Self.device(of: namespace))
        if mode == .devdax, namespace.deviceUse == nil, let deviation = namespace.daxDevice?.deviation {
            deviceNotes.append("its device is as no profile can declare it: \(deviation)")
        }
    }

    /// What its device is used as, where that is not as a device, and whose it is by a rule of daxprov's.
    private static func device(of namespace: Namespace) -> DeviceConfiguration? {
        if let use = namespace.deviceUse, use.isSystemRAM { return DeviceConfiguration(use: use) }
        return namespace.rights.rule.map { rights in
            DeviceConfiguration(
                owner: "\(rights.owner)", group: "\(rights.group)", permissions: rights.permissions)
        }
    }

    /// Adds what daxctl's files ask of its device.
    /// - Parameter takingOver: whether the profile is to ask for the same.
    /// - Returns: whether the profile asks for another use of the device than the host has.
    mutating func add(_ effects: [DaxctlEffect], takingOver: Bool) -> Bool {
        guard declaration != nil, namespace.mode == .devdax, let uuid = namespace.infoBlockUUID else {
            return false
        }
        var isOther = false
        for effect in effects where effect.section.uuid == uuid {
            deviceNotes.append("\(effect.section.text): \(effect.message)")
            guard takingOver, case .use(let use) = effect.section.request else { continue }
            switch use {
            case .devdax:
                var device = declaration?.deviceConfiguration ?? DeviceConfiguration()
                (device.mode, device.online) = (.devdax, nil)
                declaration?.deviceConfiguration = device
            case .systemRAM: declaration?.deviceConfiguration = DeviceConfiguration(use: use)
            }
            isOther = namespace.deviceUse != use
        }
        return isOther
    }

    /// The raw size, or where that is not known, the usable size that it has at least.
    private static func size(of namespace: Namespace, isUnknown: Bool) -> SizeRequest {
        guard isUnknown, let usable = namespace.usableSize else { return .raw(namespace.rawSize) }
        return .usable(usable)
    }

    /// Why it cannot be declared; nil where it can.
    private static func problem(
        with namespace: Namespace, isIdentified: Bool, isUUIDKnown: Bool
    ) -> String? {
        if let extents = namespace.extents, extents != 1 {
            return "its allocation is broken: \(extents) extents"
        }
        switch namespace.unfinished {
        case .neverEnabled: return "its creation did not finish"
        case .lacksInfoBlock(let mode): return "its creation as \(mode.rawValue) did not finish"
        case nil: break
        }
        guard namespace.isActive else { return "it is disabled" }
        guard namespace.mode != nil else { return "its mode is not known" }
        if isIdentified { return nil }
        return isUUIDKnown
            ? "it has neither a name nor a UUID that is its own"
            : "it has no name that is its own, and its UUID is not told"
    }

    /// Takes the declaration out; nil where the region's comment says why.
    mutating func withdraw(_ reason: String?) {
        guard declaration != nil else { return }
        declaration = nil
        note = reason
    }

    /// What there is to say of a namespace that is not declared.
    var comments: [String] {
        let raw = isSizeUnknown ? "size not known" : "\(namespace.rawSize)"
        let size = "\(namespace.mode?.rawValue ?? "mode unknown"), \(raw)"
        return ["not declared: \(namespace.displayName) (\(size))\(note.map { ": \($0)" } ?? "")"]
    }

    /// The lines of the profile's text.
    var lines: [String] {
        guard let declaration else { return comments.map { "      # " + TerminalText.clean($0) } }
        var fields: [String] = []
        if let name = declaration.name { fields.append("name: \(YamlScalar.text(name.text))") }
        if let uuid = declaration.uuid { fields.append("uuid: \"\(uuid)\"") }
        fields.append("mode: \(declaration.mode.rawValue)")
        if case .raw(let size) = declaration.size { fields.append("size: \(size)") }
        if case .usable(let size) = declaration.size { fields.append("usable_size: \(size)") }
        if let align = declaration.align { fields.append("align: \(align)") }
        if let map = declaration.map { fields.append("map: \(map.rawValue)") }
        if let sector = declaration.sectorSize { fields.append("sector_size: \(sector.bytes)") }
        if let device = declaration.deviceConfiguration {
            let rights = device.rights.map {
                ", owner: \($0.owner), group: \($0.group), permissions: \"\($0.octal)\""
            }
            fields.append("device: {mode: \(device.use.text)\(rights ?? "")}")
        }
        let item = fields.enumerated().map { ($0 == 0 ? "      - " : "        ") + $1 }
        return ([note].compactMap(\.self) + deviceNotes).map { "      # " + TerminalText.clean($0) } + item
    }
}
