/// Soft-reserved memory at a boot, and what keeps kernels from making system RAM of it.
///
/// Linux 6.1 gives the device that it makes of a region to the driver `device_dax`. Newer kernels give it to `kmem`, as soon as that is
/// loaded (drivers/dax/hmem/hmem.c and bus.c, IORESOURCE_DAX_KMEM), and the kernel's policy or a udev rule brings its memory online:
/// before any program of daxprov runs.
package enum SoftReservedMemory {
    /// What leaves the regions without a device with memory, on every kernel.
    package static let idle = ModuleParameter(module: "dax_hmem", name: "region_idle")
    /// The same as an argument of the kernel's command line.
    package static let argument = "dax_hmem.region_idle=1"
    /// The policy on the kernel's command line with which such memory is taken, and nothing of it is used.
    package static let bootPolicy = "offline"

    /// Whether what the next boot goes by keeps the contents of soft-reserved memory, whichever kernel it boots.
    /// - Parameters:
    ///   - commandLine: the kernel's command line.
    ///   - modprobe: the texts of the files of modprobe.d(5), in modprobe's order.
    ///   - isBuiltIn: whether a kernel that could be booted has the module built in: modprobe's files say nothing to that. Asked only where
    ///     that matters, as is the next.
    ///   - bringsOnline: whether a udev rule brings memory online.
    package static func isKept(
        commandLine: String, modprobe: [String], isBuiltIn: () -> Bool, bringsOnline: () -> Bool
    ) -> Bool {
        if idle.isOn(commandLine: commandLine, files: []) { return true }
        if idle.isOn(commandLine: commandLine, files: modprobe), !isBuiltIn() { return true }
        // On 6.1 the policy of the configuration is "offline" as well, but an upgrade brings another configuration.
        return MemoryAgents.bootPolicy(on: commandLine) == bootPolicy && !bringsOnline()
    }
}

/// Regions of soft-reserved memory whose contents are lost when the host boots a newer kernel.
public struct SoftReservedRisk: Equatable, Sendable {
    /// The regions: `hmem.0`.
    public var regions: [String]

    /// The risk of these regions; nil where there is none, or it is not known what the next boot goes by.
    package init?(_ regions: [DaxRegion], on observed: Observed) {
        guard observed.keepsSoftReserved == false else { return nil }
        self.regions = regions.filter { $0.isSoftReserved && !$0.isKernelsAsAWhole }.map(\.name)
        if self.regions.isEmpty { return nil }
    }

    /// The risk of the regions whose contents count already: a device of theirs is one, or was recorded as one.
    public init?(of observed: Observed) {
        self.init(
            observed.daxRegions.filter { region in
                region.devices.contains { $0.size > .zero && $0.mode == .devdax }
                    || region.recorded.contains { $0.layout.use == .devdax }
            }, on: observed)
    }

    /// The risk in a sentence.
    public var message: String {
        "newer kernels (Linux 6.12, for one) make system RAM of all of \(regions.joined(separator: " and ")) at a boot, before any "
            + "program runs, and what its devdax devices hold is lost"
    }

    /// What prevents it.
    public var advice: String {
        "before the kernel is upgraded, add \(SoftReservedMemory.argument) to the kernel's command line"
    }
}

extension DaxRegion {
    /// Whether it is soft-reserved memory (drivers/dax/hmem): the kernel calls its device `hmem.N`.
    package var isSoftReserved: Bool {
        kind == .dynamic && name.hasPrefix("hmem.")
    }

    /// Whether the kernel took all of it as its memory, and uses it.
    package var isKernelsAsAWhole: Bool { undivided?.isUsedAsMemory ?? false }
}

extension DaxRegion.Device {
    /// Whether it is system memory of which some is online, or may be.
    package var isUsedAsMemory: Bool { mode == .systemRAM && memory.map { $0.online > 0 } ?? true }
}
