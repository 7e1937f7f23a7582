extension ObjectFingerprint {
    /// A device of a dynamic dax region: everything that a step can rely on or change. It is known by its memory, in its order; nil where
    /// that, or its alignment, is not known (not root).
    ///
    /// What the node has by no rule is not daxprov's: udev and administrators give it, and no step takes it away.
    package init?(_ device: DaxRegion.Device, in region: DaxRegion) {
        guard device.size > .zero, let layout = device.layout else { return nil }
        self.init(
            .daxDevice,
            identity: layout.ranges.map { range in
                "\(Hexadecimal.number(range.lowerBound))-\(Hexadecimal.number(range.upperBound - 1))"
            }.joined(separator: ","), address: "\(region.name)/\(device.recordedName ?? device.name)",
            facts: [
                .align: device.align.map { .size($0) }, .use: .word(device.holder.useAsFact),
                .rights: device.rights.rule.map { .word($0.asFact) },
            ])
    }
}

// These texts are in files that are read for ever: reports have words of their own, which can change.

extension DaxDevice {
    /// The use: `devdax`, `system-ram movable`; what differs from every use, `system-ram 3/8` or `driver fsdev_dax`.
    fileprivate var useAsFact: String {
        let memmap = memmapOnMemory == true ? " memmap_on_memory" : ""
        switch (mode, use, memory) {
        case (.systemRAM, .systemRAM(let online, _)?, _): return "system-ram \(online.rawValue)\(memmap)"
        case (.systemRAM, _, let memory?): return "system-ram \(memory.online)/\(memory.total)\(memmap)"
        case (.systemRAM, _, nil): return "system-ram\(memmap)"
        case (.devdax, _, _): return "devdax"
        case (.disabled, _, _): return isStranded ? "stranded" : "disabled"
        case (.other, _, _): return "driver \(driver ?? "unknown")"
        }
    }
}

extension NodeRights {
    /// The rights: `999:990 0660`.
    fileprivate var asFact: String { "\(owner):\(group) \(octal)" }
}
