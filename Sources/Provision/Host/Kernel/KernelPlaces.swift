package import ProvisionCore
package import SystemPackage

/// Where the kernel shows itself, and what it does when something is stored there: those of this host, or of a tree that a test
/// made. Whatever reads or writes the kernel's files is given one, and goes nowhere else.
///
/// libndctl is the exception: it knows no root but `/`. Label areas, and the enumeration of nvdimm buses, need the kernel itself.
package final class KernelPlaces {
    /// Where sysfs is mounted.
    package let sysfs: String
    /// Where procfs is mounted.
    package let proc: String
    /// Where device nodes are.
    package let dev: String
    /// Where programs tell of themselves while they run.
    package let run: String
    /// Below which the configuration of the host is.
    package let root: FilePath
    /// The file with the rules for the rights of devices.
    package let rules: FilePath
    /// How many stores were begun by these places.
    package let stores: StoreCount
    /// What answers stores to a made tree; nil where the kernel does.
    package let made: (any MadeKernel)?
    /// What could not be read by these places; nil where nobody asks.
    let failures: ReadFailures?

    /// The places below a root directory, of which any can be elsewhere.
    /// - Parameters:
    ///   - root: without a slash at its end; empty for this host's.
    ///   - made: what answers stores; nil where the kernel does.
    package init(
        below root: String = "", sysfs: String? = nil, proc: String? = nil, dev: String? = nil,
        made: (any MadeKernel)? = nil
    ) {
        self.sysfs = sysfs ?? "\(root)/sys"
        self.proc = proc ?? "\(root)/proc"
        self.dev = dev ?? "\(root)/dev"
        run = "\(root)/run"
        self.root = FilePath(root.isEmpty ? "/" : root)
        rules = root.isEmpty ? DeviceRulesFile.path : FilePath("\(root)\(DeviceRulesFile.path)")
        stores = StoreCount()
        self.made = made
        failures = nil
    }

    /// The same places, where failures to read are noted, or are not.
    init(_ places: KernelPlaces, noting failures: ReadFailures?) {
        sysfs = places.sysfs
        proc = places.proc
        dev = places.dev
        run = places.run
        root = places.root
        rules = places.rules
        stores = places.stores
        made = places.made
        self.failures = failures
    }

    /// The same places, where failures to read are nobody's business.
    package var unchecked: KernelPlaces { failures == nil ? self : KernelPlaces(self, noting: nil) }
}

// MARK: - Names of places

extension KernelPlaces {
    /// The buses of the kernel's device model: there whenever sysfs is.
    package var buses: String { "\(sysfs)/bus" }
    /// Every device of the nvdimm subsystem, by kernel name; absent without its modules.
    package var nvdimmDevices: String { "\(sysfs)/bus/nd/devices" }
    /// The drivers of the nvdimm subsystem.
    package var nvdimmDrivers: String { "\(sysfs)/bus/nd/drivers" }
    /// Every device-dax device, by kernel name.
    package var daxDevices: String { "\(sysfs)/bus/dax/devices" }
    /// The driver that gives dax devices to famfs; absent before Linux 7.0, and while its module is not loaded.
    package var famfsDriver: String { "\(sysfs)/bus/dax/drivers/fsdev_dax" }
    /// The memory blocks of the kernel's memory hotplug; absent in a kernel without it.
    package var memoryBlocks: String { "\(sysfs)/devices/system/memory" }
    /// Every block device, by kernel name.
    package var blockDevices: String { "\(sysfs)/class/block" }
    /// Which physical addresses have which use.
    package var addressMap: String { "\(proc)/iomem" }

    /// Whether this process may look into others. Those that a made tree shows hide nothing.
    package var mayTrace: Bool { made != nil || Linux.mayTrace }
}

extension KernelPlaces {
    /// The sysfs directory of an nvdimm device.
    package func nvdimmDevice(_ device: String) throws(OperationError) -> SysfsDirectory {
        do {
            return try SysfsDirectory("\(nvdimmDevices)/\(device)", self)
        } catch {
            throw .system(error.rawValue, while: "open the device in sysfs", device: device)
        }
    }
}
