import SystemPackage
public import ProvisionCore
public import ProvisionHost

/// What is to be done after a boot, so that the devices are memory again that daxprov had made memory.
///
/// Nothing is made memory of which it is not known that its bytes are nobody's: the namespace must be the same, and as it was,
/// and what lies outside the memory blocks must be what lay there before it became memory. So what somebody has written to the
/// device in between (another system that was booted, say) is seen, as far as was looked.
public struct BootRestoration: Sendable {
    /// What the devices are to be, as a profile of these namespaces alone.
    public var profile = Profile(source: source, regions: [])
    /// The agreement that was given when they became memory, for those of which nothing speaks against it.
    public var consent = Consent()
    /// Why a device stays what it is: one refusal for each of those.
    public var refusals: [Refusal] = []
    /// What lay outside the memory blocks of those that become memory, by the kernel names of their namespaces: it must lie
    /// there still when they do.
    public var margins: [String: MemoryMargins] = [:]

    /// The name that the profile goes by in plans and in the history.
    public static let source = "devices kept over the boot"

    /// What is to be done on a host. Changes nothing. The caller holds the host's lock, or only looks.
    /// - Parameters:
    ///   - divisions: what is recorded of dynamic dax regions.
    ///   - marks: the marks of protected namespaces.
    public init(
        _ kept: KeptDeviceStore.Kept, _ divisions: DaxRegionStore.Found = .init(),
        marks: [ProtectionMark] = [], on observed: Observed, _ host: any RestoringHost
    ) throws(OperationError) {
        refusals =
            kept.damaged.map { Self.damaged($0, in: KeptDeviceStore.directory) }
            + divisions.damaged.map { Self.damaged($0, in: DaxRegionStore.directory) }
        let known = observed.remembering(divisions.records)
        let isMapLost = try losesPageMaps(kept.devices, divisions.records, host)
        add(withoutPageMaps(try withoutRights(divisions.records, host), if: isMapLost), on: known)
        var candidates: [BootCandidate] = []
        for device in withoutPageMaps(kept.devices, if: isMapLost) {
            guard let candidate = BootCandidate(device, on: observed) else {
                refusals.append(Self.missing(device, on: observed))
                continue
            }
            if let refusal = candidate.isStuck ?? candidate.change ?? candidate.doubt(host) {
                refusals.append(refusal)
            } else {
                candidates.append(candidate)
            }
        }
        let homes = Dictionary(grouping: try withoutUsers(candidates, host), by: \.region.device)
        let protection = ProtectionReview(marks: marks, on: observed, isAfterBoot: true)
        for (line, home) in homes.sorted(by: { $0.key < $1.key }).enumerated() {
            add(home.value, of: home.key, line: line + 1, on: observed, protection)
        }
    }

    /// The records without the rights of devices, where rules are somebody's: each with a refusal.
    private mutating func withoutRights(
        _ records: [DaxRegionRecord], _ host: any RestoringHost
    ) throws(OperationError) -> [DaxRegionRecord] {
        guard records.contains(where: { $0.devices.contains { $0.layout.rights.rule != nil } }) else {
            return records
        }
        var query = UseQuery(targets: [])
        query.readsDeviceRules = true
        guard let fault = try host.examine(query).deviceRulesFault else { return records }
        return records.map { record in
            var record = record
            for number in record.devices.indices where record.devices[number].layout.rights.rule != nil {
                record.devices[number].layout.rights = .none
                refusals.append(
                    Refusal(
                        .deviceRulesForeign, "\(record.regionName)/\(record.devices[number].name)",
                        "it is put back without the rights of its device, since the rules are not daxprov's: \(fault)",
                        advice: "move that file away, or restore it, and apply the profile again"))
            }
            return record
        }
    }

    /// Whether page maps were to lie in the memory that they describe, and this kernel cannot do that.
    private func losesPageMaps(
        _ kept: [KeptDevice], _ records: [DaxRegionRecord], _ host: any RestoringHost
    ) throws(OperationError) -> Bool {
        let uses =
            kept.map(\.use) + records.flatMap(\.devices).compactMap(\.layout.use)
        guard uses.contains(where: \.hasMemmapOnMemory) else { return false }
        let findings = try host.examine(UseQuery(targets: [], readsMemoryPolicy: true))
        return findings.memmapOnMemory.map { $0 != .on } ?? false
    }

    /// The devices with their page maps elsewhere, where that is lost: each with a refusal. Memory that is missing is the greater fault.
    private mutating func withoutPageMaps(_ kept: [KeptDevice], if isLost: Bool) -> [KeptDevice] {
        kept.map { device in
            guard isLost, device.memmapOnMemory else { return device }
            refusals.append(Self.withoutPageMap(device.displayName))
            var device = device
            device.memmapOnMemory = false
            return device
        }
    }

    private mutating func withoutPageMaps(
        _ records: [DaxRegionRecord], if isLost: Bool
    ) -> [DaxRegionRecord] {
        guard isLost else { return records }
        return records.map { record in
            var record = record
            for number in record.devices.indices {
                guard case .systemRAM(let online, true)? = record.devices[number].layout.use else { continue }
                record.devices[number].layout.use = .systemRAM(online)
                refusals.append(
                    Self.withoutPageMap("\(record.regionName)/\(record.devices[number].name)"))
            }
            return record
        }
    }

    private static func withoutPageMap(_ address: String) -> Refusal {
        Refusal(
            .deviceUnusable, address,
            "its memory is put back, and takes the page map from the memory that the host has: this kernel cannot put it into new memory "
                + "(memmap_on_memory)",
            advice: "boot as before (memory_hotplug.memmap_on_memory=1), and apply the profile again")
    }

    /// Takes those out whose devices somebody uses, each with a refusal.
    private mutating func withoutUsers(
        _ candidates: [BootCandidate], _ host: any RestoringHost
    ) throws(OperationError) -> [BootCandidate] {
        let changing = candidates.filter { !$0.isRight }
        guard !changing.isEmpty else { return candidates }
        let findings = try host.examine(UseQuery(targets: changing.map(\.target)))
        return candidates.filter { candidate in
            let uses = (findings.uses[candidate.namespace.device] ?? []).filter { $0.kind != .systemMemory }
            guard !candidate.isRight, !uses.isEmpty else { return true }
            refusals.append(UseReview.note(candidate.address, uses).refusal)
            return false
        }
    }

    /// Adds the devices of one region, unless a plan, or protection, refuses them: that keeps those of other regions from nothing.
    private mutating func add(
        _ candidates: [BootCandidate], of region: String, line: Int, on observed: Observed,
        _ protection: ProtectionReview
    ) {
        let block = RegionBlock(
            match: RegionMatch(region: Int(region.dropFirst("region".count))),
            namespaces: candidates.map(\.declaration), position: SourcePosition(line: line, column: 1))
        let plan = Planner.plan(Profile(source: Self.source, regions: [block]), on: observed)
        let refused = protection.completed(plan).refusals
        guard refused.isEmpty else {
            refusals += refused
            return
        }
        profile.regions.append(block)
        for candidate in candidates where candidate.isToBeWrittenOver {
            consent.allowDestroy.insert(candidate.address)
            margins[candidate.namespace.device] = candidate.kept.margins
        }
    }

    /// Adds the devices of dynamic dax regions: all of them in one plan, where that can be; else those that can be by themselves. Where a
    /// region begins or ends elsewhere than the one that is recorded of its memory, the memory has been laid out anew, and nothing is
    /// divided.
    private mutating func add(_ records: [DaxRegionRecord], on observed: Observed) {
        let other = records.first { record in
            !record.devices.isEmpty && observed.daxRegion(record.region) == nil
                && observed.daxRegions.contains {
                    $0.kind == .dynamic && $0.range?.overlaps(record.region.range) == true
                }
        }
        if let other {
            refusals.append(Self.missing(other, on: observed))
            refusals += records.filter { $0.region != other.region }.map { record in
                Refusal(
                    .hostChanged, record.regionName,
                    "none of its devices is put back, since \(other.regionName) is not the region that it was",
                    advice: "see to that region first, and run this again")
            }
            return
        }
        var all = self
        for (line, record) in records.enumerated() {
            all.add(record, line: line + 1, on: observed, beside: records)
        }
        if all.refusals.count == refusals.count {
            self = all
            return
        }
        for (line, record) in records.enumerated() {
            add(record, line: line + 1, on: observed, beside: [record])
        }
    }

    /// Adds the devices of a dynamic dax region, unless it is not the region that it was, or a plan refuses it.
    private mutating func add(
        _ record: DaxRegionRecord, line: Int, on observed: Observed, beside all: [DaxRegionRecord]
    ) {
        guard observed.daxRegion(record.region) != nil else {
            refusals.append(Self.missing(record, on: observed))
            return
        }
        let blocks = all.enumerated().map { Self.block($1, line: $0 + 1) }
        let block = Self.block(record, line: line)
        let plan = Planner.plan(
            Profile(source: Self.source, regions: [], daxRegions: blocks), on: observed)
        var agreed = Consent()
        // What a boot has made of the whole region is nobody's, as long as nobody uses it.
        for record in all {
            guard let region = observed.daxRegion(record.region), let whole = region.undivided,
                whole.recordedName == nil
            else { continue }
            agreed.allowDestroy.insert("\(region.name)/\(whole.name)")
        }
        let moved = plan.steps.compactMap(\.step.transition).filter { transition in
            guard transition.region == record.region, let after = transition.after else { return false }
            return record.devices.device(of: after.ranges) == nil
        }
        let kernels = plan.steps.compactMap(\.step.transition).filter {
            $0.region == record.region && $0.wasKernels && $0.after?.use == .devdax
        }
        let refused =
            kernels.map(Self.kernels)
            + plan.refusals + moved.map { Self.taken($0) } + agreed.refusals(for: plan)
        guard refused.isEmpty else {
            refusals += refused
            return
        }
        profile.daxRegions.append(block)
        consent.allowDestroy.formUnion(plan.losses.isEmpty ? [] : agreed.allowDestroy)
    }

    /// What is recorded of a region, as a profile asks for it.
    private static func block(_ record: DaxRegionRecord, line: Int) -> DaxRegionBlock {
        DaxRegionBlock(
            match: DaxRegionMatch(start: record.region.start),
            devices: record.devices.compactMap { device in
                guard let name = NamespaceName(device.name) else { return nil }
                return DaxDeviceDeclaration(
                    name: name, size: .raw(device.layout.size), align: Alignment(device.layout.align),
                    configuration: DeviceConfiguration(
                        use: device.layout.use ?? .devdax, rights: device.layout.rights.rule
                    ),
                    zeroes: false)
            }, position: SourcePosition(line: line, column: 1))
    }

    private static func missing(_ record: DaxRegionRecord, on observed: Observed) -> Refusal {
        let same = observed.daxRegions.first { $0.kind == .dynamic && $0.start == record.region.start }
        return Refusal(
            .noMatchingRegion, record.regionName,
            same.map {
                "it had \(record.region.size), and now a region of \($0.size) begins there: none of its devices is put back"
            }
                ?? "the dax region \(record.region) is not there, and with it \(record.devices.map(\.name).joined(separator: ", "))",
            advice:
                "see daxprov inventory; where the region is what it is to be, remove \(DaxRegionStore.directory)/\(record.key) from the "
                + "state directory, and apply its profile")
    }

    private static func kernels(_ transition: DeviceTransition) -> Refusal {
        Refusal(
            .systemMemory, transition.address,
            "the kernel took it as its memory at the boot, by itself or by a udev rule, and what it held is lost",
            advice:
                "keep it from that with the kernel argument \(SoftReservedMemory.argument), and apply the profile again"
        )
    }

    private static func taken(_ transition: DeviceTransition) -> Refusal {
        Refusal(
            .hostChanged, transition.address,
            "the memory that it had is another device's now, or the kernel's",
            advice: "see daxprov inventory, and apply the profile that says what is to be there")
    }

    private static func damaged(_ key: UUID, in directory: FilePath.Component) -> Refusal {
        Refusal(
            .notListed, key.description,
            "what is kept of it is damaged (\(directory)/\(key) in the state directory)",
            advice: "remove that file, and apply the profile again")
    }

    private static func missing(_ device: KeptDevice, on observed: Observed) -> Refusal {
        let disabled = observed.regions.filter { !$0.isEnabled }.map(\.device)
        return Refusal(
            .identityNotFound, device.displayName,
            "its device was memory before the boot, and the namespace \(device.key) is not there",
            advice: disabled.isEmpty
                ? "put its DIMMs back\(device.region.map { " (\($0))" } ?? ""), or enable it; if it is gone for good, "
                    + "remove \(KeptDeviceStore.directory)/\(device.key) from the state directory"
                : "\(disabled.joined(separator: ", ")) is disabled: enable it (ndctl enable-region), and run this again"
        )
    }
}
