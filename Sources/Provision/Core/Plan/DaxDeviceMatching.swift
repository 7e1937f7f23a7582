/// Which devices of a dynamic dax region the declarations of a block mean: the one rule of identity for them.
///
/// A device is known by daxprov's record, which has its name and its ranges. One that is not in it is another's, but for what a
/// declaration says by its place (`start`), and for the one that a boot makes of the whole region, where one declaration asks for
/// all of it.
package struct DaxDeviceMatching {
    /// A declaration with what there is of it.
    package struct Entry {
        package var declaration: DaxDeviceDeclaration
        /// The device that is meant; nil where there is none.
        package var device: DaxRegion.Device?
        /// What it was when it was recorded, where a boot has forgotten it since.
        package var remembered: DeviceLayout?

        /// What is to be kept of it, with its bytes.
        package var base: DeviceLayout? { device?.layout ?? remembered }

        /// What it is to be used as.
        package var wantedUse: DeviceUse { declaration.configuration.use(insteadOf: device?.holder) }

        /// The rights that its node is to have; what it has, where they are nobody's business: none are declared, and none were given.
        package var wantedRights: DeviceRights {
            let declared = declaration.configuration.rights
            if declared == nil, let found = device?.rights, found.rule == nil { return found }
            return DeviceRights(declared: declared)
        }
    }

    /// The declarations, in the order of the profile.
    package private(set) var entries: [Entry] = []
    /// The devices with memory that no declaration means.
    package private(set) var others: [DaxRegion.Device] = []
    /// What the record has and no declaration names, and a boot has forgotten since: its memory is not anybody else's to have.
    package private(set) var forgotten: [RecordedDevice] = []
    /// The device that a boot made of the whole region, where the declarations divide it.
    package private(set) var divided: DaxRegion.Device?

    package init(_ declarations: [DaxDeviceDeclaration], in region: DaxRegion) {
        var taken: Set<String> = []
        entries = declarations.map { declaration in
            let device = Self.device(declaration, among: declarations.count, in: region)
            var entry = Entry(declaration: declaration, device: device)
            if device == nil {
                entry.remembered =
                    region.recorded.first { $0.name == declaration.name.text }
                    .flatMap { Self.isThere($0.layout, in: region) ? $0.layout : nil }
            }
            if let device { taken.insert(device.name) }
            return entry
        }
        let names = Set(declarations.map(\.name.text))
        forgotten = region.recorded.filter { device in
            !names.contains(device.name) && region.device(of: device.layout.ranges) == nil
        }
        others = region.devices.filter { $0.size > .zero && !taken.contains($0.name) }
        if !declarations.isEmpty, let whole = region.undivided, whole.recordedName == nil,
            !taken.contains(whole.name)
        {
            divided = whole
            others.removeAll { $0.name == whole.name }
        }
    }

    /// What the record has and no declaration means.
    package struct Recorded {
        /// Devices that are there.
        package var devices: [DaxRegion.Device] = []
        /// Those that only the record has.
        package var forgotten: [RecordedDevice] = []
    }

    /// Takes out what the record has and no declaration means: its memory can be had.
    package mutating func giveUpRecorded() -> Recorded {
        let recorded = Recorded(devices: others.filter { $0.recordedName != nil }, forgotten: forgotten)
        others.removeAll { $0.recordedName != nil }
        forgotten = []
        return recorded
    }

    private static func device(
        _ declaration: DaxDeviceDeclaration, among count: Int, in region: DaxRegion
    ) -> DaxRegion.Device? {
        let name = declaration.name.text
        if let known = region.devices.first(where: { $0.size > .zero && $0.recordedName == name }) {
            return known
        }
        // Whoever asks by its name for what the record has elsewhere does not mean somebody's device.
        guard !region.recorded.contains(where: { $0.name == declaration.name.text }) else { return nil }
        let unknown = region.devices.filter { $0.size > .zero && $0.recordedName == nil }
        if let start = declaration.start, case .raw(let size) = declaration.size,
            let placed = unknown.first(where: {
                $0.size == size && $0.mappings?.first?.range.lowerBound == start
            })
        {
            return placed
        }
        guard count == 1, region.recorded.isEmpty, declaration.asksForAll(of: region),
            let whole = region.undivided, whole.recordedName == nil
        else { return nil }
        return whole
    }

    /// Whether recorded memory still lies in the region, and nobody but a boot's device has it.
    private static func isThere(_ layout: DeviceLayout, in region: DaxRegion) -> Bool {
        guard let range = region.range, !layout.ranges.isEmpty,
            layout.ranges.allSatisfy({ $0.clamped(to: range) == $0 }),
            !layout.ranges.overlap(region.strandedRanges)
        else { return false }
        if region.undivided?.recordedName == nil, region.undivided != nil { return true }
        return region.devices.allSatisfy { device in
            device.mappings.map { !layout.ranges.overlap($0.map(\.range)) } ?? false
        }
    }
}

extension DaxDeviceDeclaration {
    fileprivate func asksForAll(of region: DaxRegion) -> Bool {
        switch size {
        case .remaining(let divisor): divisor == 1
        case .fraction(let part): part.of(region.size) == region.size
        case .raw(let size): size == region.size
        case .usable: false
        }
    }
}
