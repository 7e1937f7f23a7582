/// One device of a dynamic dax region, from what it is to what it is to be. Turned round, it is its own inverse.
public struct DeviceTransition: Equatable, Sendable {
    /// The region.
    public var region: DaxRegionIdentity
    /// What the region is called: `hmem.0`. For words alone.
    public var regionName: String
    /// What the device is called: its name in the profile, or the kernel's.
    public var name: String
    /// The kernel's name of the device when it was planned; nil where it is made. For words, and to look for users.
    public var device: String?
    /// What it is; nil: there is none, and it is made.
    public var before: DeviceLayout?
    /// What it is to be; nil: it is removed.
    public var after: DeviceLayout?
    /// Whether memory that is new to it is filled with zeroes before anybody can open it: what a former device had there would
    /// show (drivers/dax never clears anything). Not for system memory, which the kernel clears itself.
    public var zeroes: Bool
    /// Memory that is new to it as far as the kernel knows, and was its own before a boot: it keeps what it holds.
    public var kept: [Range<UInt64>]
    /// Memory that only the record has, of a device of this name with a rule: it is that device's no more, and so the rule goes.
    public var forgotten: [Range<UInt64>]

    /// A transition of these parts.
    package init(
        region: DaxRegionIdentity, regionName: String, name: String, device: String? = nil,
        before: DeviceLayout?, after: DeviceLayout?, zeroes: Bool = false, kept: [Range<UInt64>] = [],
        forgotten: [Range<UInt64>] = []
    ) {
        self.region = region
        self.regionName = regionName
        self.name = name
        self.device = device
        self.before = before
        self.after = after
        self.zeroes = zeroes
        self.kept = kept
        self.forgotten = forgotten
    }

    /// What people know it by: `hmem.0/tier`.
    public var address: String { "\(regionName)/\(name)" }

    /// The memory that it has afterwards and did not have before, in the order in which it has it.
    package var addedRanges: [Range<UInt64>] {
        let had = before?.ranges ?? []
        return (after?.ranges ?? []).flatMap { $0.subtracting(had) }
    }

    /// The memory that it has no more afterwards.
    package var releasedRanges: [Range<UInt64>] { (before?.ranges ?? []).subtracting(after?.ranges ?? []) }

    /// What is filled with zeroes, on multiples of 2 MiB like all memory of devices: what is new to it, and what was the kernel's memory,
    /// which holds whatever the kernel and its processes left there.
    package var zeroedRanges: [Range<UInt64>] {
        guard zeroes, let after, after.use == .devdax else { return [] }
        let new = addedRanges.flatMap { $0.subtracting(kept) }
        guard wasKernels, let before else { return new }
        return new
            + after.ranges.flatMap { range in
                before.ranges.map { $0.clamped(to: range) }.filter { !$0.isEmpty }
            }
    }

    /// Whether it was the kernel's memory, and is that no more.
    package var wasKernels: Bool { before?.holdsKernels == true && after?.isKernels == false }

    /// Whether it only gets another driver, or other memory blocks are online: its memory stays.
    package var changesUseAlone: Bool {
        guard let before, let after else { return false }
        return before.hasPlace(of: after)
    }

    /// Whether only somebody else may open it, or in another way: nobody who has it open notices.
    package var changesRightsAlone: Bool {
        guard let before, let after else { return false }
        return before != after && before.withoutRights == after.withoutRights
    }

    /// Whether a udev rule is written for it, or one goes.
    package var changesRules: Bool {
        let (was, becomes) = (before?.rights.rule, after?.rights.rule)
        return was != becomes || was != nil && before?.ranges != after?.ranges || !forgotten.isEmpty
    }

    /// What keeps it from being done in the region as it is, in a phrase; nil where nothing does.
    package func obstacle(in now: DaxRegion) -> String? {
        let others = now.devices.filter { $0.layout?.ranges != before?.ranges || before == nil }
        if let before {
            guard let found = now.device(of: before.ranges)?.layout else { return "\(name) is gone" }
            guard found.withoutRights == before.withoutRights else {
                return "\(name) is \(found.text), and was \(before.text)"
            }
        }
        let wanted = after?.ranges ?? []
        if let other = others.first(where: { $0.mappings.map { wanted.overlap($0.map(\.range)) } ?? true }) {
            return "\(other.name) has memory that \(name) is to have"
        }
        if wanted.overlap(now.strandedRanges) { return "the kernel uses memory that \(name) is to have" }
        return nil
    }

    /// What of the region is not as it leaves it, in a phrase; nil where it is.
    /// - Parameter ofRights: whether who may open it matters.
    package func shortfall(in now: DaxRegion, ofRights: Bool = true) -> String? {
        guard let after else {
            guard let before, let left = now.device(of: before.ranges) else { return nil }
            return "\(left.name) is still there"
        }
        guard let found = now.device(of: after.ranges)?.layout else { return "there is no such device" }
        let isRight =
            ofRights ? found.matches(after) : found.withoutRights == after.withoutRights
        return isRight ? nil : "it is \(found.text), planned \(after.text)"
    }
}

extension DeviceUse {
    /// Whether its memory blocks are in the kernel's own zone: the kernel keeps pages there that it cannot move, so the memory may not go
    /// offline again before a reboot.
    package var isInKernelsZone: Bool {
        if case .systemRAM(.kernel, _) = self { true } else { false }
    }

    /// Why memory that comes into that zone does not come back for sure.
    package static let kernelsZone =
        "the kernel keeps pages of its own in this memory, and only a reboot gives it back for sure"

    /// Why what a device holds is lost where its memory comes online.
    package static let onlineLoss = "what it holds is written over when its memory comes online"

    /// Why it is lost where its page map goes into its memory, whether that comes online or not.
    package static let pageMapLoss = "its page map is written over what it holds"
}

extension DeviceLayout {
    /// In words: "devdax of 512 MiB, align 2 MiB, at 0x100000000".
    package var text: String {
        let places = ranges.map { Hexadecimal.number($0.lowerBound) }.joined(separator: " and ")
        let rights = rights == .none ? "" : ", \(rights.text)"
        return "\(configuration.use) of \(size), align \(align), at \(places)\(rights)"
    }
}

extension DaxRegion {
    /// Which region it is; nil where its start is not known.
    public var identity: DaxRegionIdentity? { start.map { DaxRegionIdentity(start: $0, size: size) } }

    /// This region with these addresses, where it can be the one that has them: who lacks CAP_SYS_ADMIN sees no map of addresses, and so
    /// not where a region begins that is divided in part (kernel/resource.c, `r_show`). Nil where it is another.
    package func located(at identity: DaxRegionIdentity) -> DaxRegion? {
        if self.identity == identity { return self }
        var located = self
        located.start = identity.start
        guard kind == .dynamic, start == nil, size == identity.size, let range = located.range,
            devices.allSatisfy({
                $0.mappings?.allSatisfy { $0.range.clamped(to: range) == $0.range } ?? false
            })
        else { return nil }
        return located
    }

    /// The device that has exactly this memory, in this order.
    package func device(of ranges: [Range<UInt64>]) -> Device? {
        devices.first { $0.size > .zero && $0.mappings?.map(\.range) == ranges }
    }

    /// The device that a boot makes of a region (drivers/dax/hmem, drivers/dax/cxl.c): the first, over all of it; nil where it is
    /// divided, or somebody made another.
    package var undivided: Device? {
        let filled = devices.filter { $0.size > .zero }
        guard filled.count == 1, filled[0].isFirst, let range, filled[0].mappings?.map(\.range) == [range]
        else { return nil }
        return filled[0]
    }
}

extension DaxRegion.Device {
    /// What it is; nil where its ranges or its alignment are not known (not root).
    package var layout: DeviceLayout? {
        guard let mappings, let align else { return nil }
        return DeviceLayout(
            ranges: mappings.map(\.range), align: align, use: holder.use, rights: rights,
            isPartlyOnline: holder.use == nil && (memory?.online ?? 0) > 0)
    }

    /// Whether it is the first of its region, `daxX.0`, which the kernel never deletes (drivers/dax/bus.c, `delete_store`).
    package var isFirst: Bool { Self.isFirst(name) }

    /// Whether a device of this name is the first of its region.
    package static func isFirst(_ name: String) -> Bool { name.hasSuffix(".0") }
}

extension Observed {
    /// The dynamic dax region with these addresses; nil where there is none.
    package func daxRegion(_ identity: DaxRegionIdentity) -> DaxRegion? {
        Self.find(identity, among: daxRegions)
    }

    /// The region with these addresses among others; nil where there is none, or more than one that could be it.
    package static func find(_ identity: DaxRegionIdentity, among regions: [DaxRegion]) -> DaxRegion? {
        let dynamic = regions.filter { $0.kind == .dynamic }
        if let found = dynamic.first(where: { $0.identity == identity }) { return found }
        let possible = dynamic.compactMap { $0.located(at: identity) }
        return possible.count == 1 ? possible[0] : nil
    }
}
