public import ProvisionCore
public import ProvisionHost

/// What is to be done after a boot, so that the devices are memory again that daxprov had made memory.
///
/// Nothing is made memory of which it is not known that its bytes are nobody's: the namespace must be the same, and as it was,
/// and what lies outside the memory blocks must be what lay there before it became memory. So what somebody has written to the
/// device in between (another system that was booted, say) is seen, as far as was looked.
public struct BootRestoration: Sendable {
    /// What the devices are to be, as a profile of these namespaces alone.
    public var profile: Profile
    /// The agreement that was given when they became memory, for those of which nothing speaks against it.
    public var consent: Consent
    /// Why a device stays what it is: one refusal for each of those.
    public var refusals: [Refusal]

    /// The name that the profile goes by in plans and in the history.
    public static let source = "devices kept over the boot"

    /// What is to be done on a host. Changes nothing.
    public init(
        _ kept: KeptDeviceStore.Kept, on observed: Observed, _ host: any RestoringHost
    ) throws(HostError) {
        profile = Profile(source: Self.source, regions: [])
        consent = Consent()
        refusals = kept.damaged.map(Self.damaged)
        var declarations: [String: [NamespaceDeclaration]] = [:]
        for device in kept.devices {
            guard let (region, namespace) = Self.find(device, on: observed) else {
                refusals.append(Self.missing(device, on: observed))
                continue
            }
            let address = "\(region.device)/\(namespace.displayName)"
            if let refusal = try Self.refusal(device, namespace, in: region, address, host) {
                refusals.append(refusal)
                continue
            }
            if device.use.isOnline { consent.allowDestroy.insert(address) }
            declarations[region.device, default: []].append(Self.declaration(device, namespace, in: region))
        }
        profile.regions = declarations.sorted { $0.key < $1.key }.enumerated().map { index, region in
            RegionBlock(
                match: RegionMatch(region: Int(region.key.dropFirst("region".count))),
                namespaces: region.value,
                position: SourcePosition(line: index + 1, column: 1))
        }
    }

    private static func find(_ device: KeptDevice, on observed: Observed) -> (Region, Namespace)? {
        for region in observed.regions {
            if let found = region.namespaces.first(where: { $0.keptKey == device.key }) {
                return (region, found)
            }
        }
        return nil
    }

    private static func damaged(_ key: UUID) -> Refusal {
        Refusal(
            .notListed, key.description,
            "what is kept of it is damaged (devices/\(key) in the state directory)",
            advice: "remove that file, and apply the profile again")
    }

    private static func missing(_ device: KeptDevice, on observed: Observed) -> Refusal {
        let disabled = observed.regions.filter { !$0.isEnabled }.map(\.device)
        return Refusal(
            .identityNotFound, device.displayName,
            "its device was memory before the boot, and the namespace \(device.key) is not there",
            advice: disabled.isEmpty
                ? "put its DIMMs back; if it is gone for good, the next apply that sees its region forgets it"
                : "\(disabled.joined(separator: ", ")) is disabled: enable it (ndctl enable-region), and run this again"
        )
    }

    /// Why a device must stay what it is; nil where nothing speaks against it.
    private static func refusal(
        _ device: KeptDevice, _ namespace: Namespace, in region: Region, _ address: String,
        _ host: any RestoringHost
    ) throws(HostError) -> Refusal? {
        if namespace.deviceUse == device.use { return nil }
        var changes: [String] = []
        if namespace.rawSize != device.rawSize {
            changes.append("has \(namespace.rawSize), and had \(device.rawSize)")
        }
        if !namespace.isActive {
            changes.append("is disabled")
        } else {
            if namespace.mode != .devdax {
                changes.append("is \(namespace.mode?.rawValue ?? "of no known mode")")
            }
            if namespace.infoBlockUUID != device.infoBlock { changes.append("was made anew since") }
        }
        guard changes.isEmpty else {
            return Refusal(
                .hostChanged, address,
                "its device was memory before the boot, and it \(changes.joined(separator: ", "))",
                advice: advice(device, "apply the profile that says what it is to be"))
        }
        guard device.use.isOnline, namespace.daxDevice?.mode != .systemRAM else { return nil }
        guard let margins = device.margins else {
            return Refusal(
                .consentMissing, address,
                "its device was memory before the boot, and nothing lies outside its memory blocks, or was looked at there, that "
                    + "could tell whether somebody has written to it since",
                advice: advice(device, "if its bytes may go"))
        }
        let now = try host.memoryMargins(of: NamespaceTarget(namespace, region: region.device))
        guard now != margins else { return nil }
        return Refusal(
            .consentMissing, address,
            now == nil
                ? "its device was memory before the boot, and cannot be looked at"
                : "its device was memory before the boot, and outside its memory blocks is not what was there then: somebody has written to "
                    + "it since, or the blocks lie elsewhere",
            advice: advice(device, "look at what it holds; if that may go"))
    }

    private static func advice(_ device: KeptDevice, _ condition: String) -> String {
        "\(condition): daxprov apply PROFILE --allow-destroy \(ShellText.quoted(device.displayName))"
    }

    private static func declaration(
        _ device: KeptDevice, _ namespace: Namespace, in region: Region
    ) -> NamespaceDeclaration {
        let isLabelled = region.labelling == .labelled
        return NamespaceDeclaration(
            name: isLabelled ? namespace.name.flatMap { NamespaceName($0) } : nil, uuid: device.key,
            mode: .devdax, size: isLabelled ? .raw(namespace.rawSize) : .remaining(divisor: 1),
            align: namespace.align.flatMap { Alignment($0) }, map: namespace.map,
            deviceConfiguration: DeviceConfiguration(mode: .systemRAM, online: device.online))
    }
}
