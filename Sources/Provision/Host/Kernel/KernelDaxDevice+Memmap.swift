import SystemPackage
package import ProvisionCore

/// Where the page map (`struct page`) of the memory of a device is: in its own memory blocks, or in memory that the kernel has already.
extension KernelDaxDevice {
    /// Whether its blocks hold their own page map; nil where the kernel has no such attribute.
    var memmapOnMemoryInEffect: Bool? { MemmapAttribute.isInEffect(directory) }

    /// Puts the page map where the kernel has it by default, so that what another tool makes of the device does not depend on what it was.
    /// No device is worth that: where the kernel refuses, it stays.
    func resetMemmapOnMemory() {
        try? setMemmapOnMemory(MemmapAttribute.isDefault(name, directory))
    }

    /// Says where the page map is to be. The kernel refuses that while its driver is `kmem` (EBUSY), and refuses to turn it on where
    /// memory hotplug is not set up for it (EOPNOTSUPP; drivers/dax/bus.c, `memmap_on_memory_store`). There the attribute has no effect,
    /// whatever it says, and off needs no store.
    func setMemmapOnMemory(_ isOn: Bool) throws(OperationError) {
        guard let now = directory.text(MemmapAttribute.name) else {
            guard isOn else { return }
            throw failed(
                "the kernel has no memmap_on_memory for devices", "leave it out, or boot Linux 6.8 or later",
                while: "set memmap_on_memory")
        }
        guard (now == "1") != isOn, isOn || MemmapAttribute.isAllowed(places) else { return }
        do throws(Errno) {
            try directory.write(isOn ? "1" : "0", to: MemmapAttribute.name)
        } catch {
            throw .system(error.rawValue, while: "set memmap_on_memory", device: name)
        }
    }
}

/// The attribute `memmap_on_memory` of dax devices, and what its effect depends on (mm/memory_hotplug.c, `mhp_supports_memmap_on_memory`).
package enum MemmapAttribute {
    static let name = "memmap_on_memory"

    /// Whether the memory blocks of a device, bound now or later, hold their page map; nil where there is no such attribute.
    /// - Parameter prefix: the way from the directory to the device's, with a slash at its end.
    static func isInEffect(_ directory: borrowing SysfsDirectory, _ prefix: String = "") -> Bool? {
        guard let text = directory.text(prefix + name) else { return nil }
        return text == "1" && isAllowed(directory.places)
    }

    /// Whether it is on for a device that nobody has set it for: the device that the kernel makes of a CXL region has it on
    /// (drivers/dax/cxl.c, `cxl_dax_region_probe`). That is `daxX.0`, which is never removed. All others have it off (drivers/dax/bus.c,
    /// `create_store`).
    static func isDefault(_ device: String, _ directory: borrowing SysfsDirectory) -> Bool {
        isAllowed(directory.places) && DaxRegion.Device.isFirst(device)
            && directory.linkTarget("../driver") == "cxl_dax_region"
    }

    /// Whether the kernel was booted with it: volatile CXL memory has the attribute on even where that has no effect.
    static func isAllowed(_ places: KernelPlaces) -> Bool {
        let parameters = "\(places.sysfs)/module/memory_hotplug/parameters"
        let text = SysfsDirectory.ifThere(parameters, places)?.text(name)
        return text == "Y" || text == "force"
    }

    /// What this kernel can; nil where nothing shows it. Its devices tell. Where it has none yet, its symbols do: the attribute came with
    /// Linux 6.8, and distributions backport.
    package static func support(_ places: KernelPlaces) -> MemmapOnMemory? {
        guard let bus = SysfsDirectory.ifThere(places.daxDevices, places) else { return nil }
        let hasAttribute: Bool
        if let device = bus.entries().first {
            hasAttribute = bus.exists("\(device)/\(name)")
        } else {
            let symbols = ProcText.lines("\(places.proc)/kallsyms", places)
            guard !symbols.isEmpty else { return nil }
            hasAttribute = symbols.contains { $0.contains(" memmap_on_memory_store") }
        }
        return hasAttribute ? isAllowed(places) ? .on : .off : .absent
    }
}
