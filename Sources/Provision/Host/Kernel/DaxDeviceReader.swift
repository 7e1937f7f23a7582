import Glibc
import SystemPackage
package import ProvisionCore

/// Reads what holds a device-dax device. Writes nothing: above all no memory block.
package enum DaxDeviceReader {
    /// The device `device` below the directory of its claim.
    package static func device(
        _ device: String, below claim: String, _ directory: borrowing SysfsDirectory
    ) -> DaxDevice {
        var found = DaxDevice(boundTo: directory.linkTarget("\(claim)/\(device)/driver"))
        var status = stat()
        if unsafe lstat("\(directory.places.dev)/\(device)", &status) != 0, errno == ENOENT {
            found.node = .missing
        }
        guard found.mode == .systemRAM || found.mode == .disabled else { return found }
        guard let start = directory.number("\(claim)/\(device)/resource"), start > 0,
            let size = directory.number("\(claim)/\(device)/size"), size > 0
        else { return found }
        if found.mode == .systemRAM {
            found.memmapOnMemory = MemmapAttribute.isInEffect(directory, "\(claim)/\(device)/")
            found.memory = MemoryBlocks.memory(from: start, size: size, directory.places)
        } else {
            found.isStranded = !SystemMemoryRanges.used(of: [start..<(start + size)], directory.places)
                .isEmpty
        }
        return found
    }

    /// Opens the node of a device, and closes it again.
    ///
    /// A node can lead to another device: its type and number are compared with those in sysfs. The driver decides at the
    /// open whether the device can be used (drivers/dax/bus.c, `dax_dev_get`; drivers/dax/device.c, `dax_open`).
    package static func node(
        of device: String, below claim: String, _ directory: borrowing SysfsDirectory
    ) -> DaxDevice.Node {
        let path = "\(directory.places.dev)/\(device)"
        let number = directory.text("\(claim)/\(device)/dev")
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            let code = Errno(rawValue: errno)
            return code == .noSuchFileOrDirectory ? .missing : .failed("\(code)")
        }
        // What is another device is not opened: that alone can do something to some devices.
        guard isNode(status, number) else { return .isAnother }
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY)
        guard file >= 0 else { return .failed("\(Errno(rawValue: errno))") }
        defer { close(file) }
        guard unsafe fstat(file, &status) == 0, isNode(status, number) else { return .isAnother }
        return .opens
    }

    private static func isNode(_ status: stat, _ number: String?) -> Bool {
        status.st_mode & S_IFMT == S_IFCHR && Linux.deviceText(UInt64(status.st_rdev)) == number
    }
}

extension MemoryBlocks {
    /// The memory blocks of a physical range: those that exist and lie in it wholly.
    package static func memory(from start: UInt64, size: UInt64, _ places: KernelPlaces) -> DaxDevice.Memory?
    {
        guard let directory = SysfsDirectory.ifThere(places.memoryBlocks, places),
            let hotplug = hotplug(directory)
        else {
            return nil
        }
        return DaxDevice.Memory(runs(in: [start..<(start + size)], hotplug, directory))
    }

    /// The memory blocks of physical ranges, those of each range by themselves: the blocks that exist and lie in it wholly.
    /// libdaxctl takes a device for one range (daxctl/lib/libdaxctl.c, `memblock_in_dev`), and so counts the blocks of
    /// others.
    package static func runs(
        in ranges: [Range<UInt64>], _ hotplug: MemoryHotplug, _ directory: borrowing SysfsDirectory
    ) -> [DaxRegion.BlockRun] {
        var runs: [DaxRegion.BlockRun] = []
        for block in ranges.flatMap({ hotplug.blocks(in: $0) }) {
            guard let state = directory.text("memory\(block)/state") else { continue }
            var run = DaxRegion.BlockRun(numbers: block..<(block + 1), state: state)
            if run.areOnline { run.zone = zone(of: block, directory) }
            if let last = runs.last, last.numbers.upperBound == block, last.state == state,
                last.zone == run.zone
            {
                runs[runs.count - 1].numbers = last.numbers.lowerBound..<(block + 1)
            } else {
                runs.append(run)
            }
        }
        return runs
    }
}

/// The physical ranges that the kernel uses as its memory (`/proc/iomem`).
package enum SystemMemoryRanges {
    /// The ranges; none for who may not see addresses: the kernel shows zeros to all but root (kernel/resource.c,
    /// `r_show`).
    package static func read(_ places: KernelPlaces) -> [Range<UInt64>] {
        parse(ProcText.lines(places.addressMap, places))
    }

    /// What of physical ranges, which no device has as memory, is memory of the kernel all the same.
    package static func used(of ranges: [Range<UInt64>], _ places: KernelPlaces) -> [Range<UInt64>] {
        used(of: ranges, by: entries(ProcText.lines(places.addressMap, places)), places)
    }

    /// The same by what the map of physical addresses says; or, where that has no addresses (without CAP_SYS_ADMIN), by the memory
    /// blocks that lie there wholly.
    package static func used(
        of ranges: [Range<UInt64>], by entries: [Entry], _ places: KernelPlaces
    ) -> [Range<UInt64>] {
        // Every machine has system memory.
        let memory = entries.filter(\.isSystemMemory).map(\.range)
        guard memory.isEmpty else {
            return memory.flatMap { entry in ranges.filter(entry.overlaps).map(entry.clamped) }
        }
        guard let directory = SysfsDirectory.ifThere(places.memoryBlocks, places),
            let hotplug = MemoryBlocks.hotplug(directory)
        else { return [] }
        let unit = hotplug.blockSize.bytes
        return MemoryBlocks.runs(in: ranges, hotplug, directory).map {
            $0.numbers.lowerBound * unit..<$0.numbers.upperBound * unit
        }
    }

    /// The ranges whose name begins with `System RAM`, as in "    108000000-11fffffff : System RAM (kmem)".
    package static func parse(_ lines: [String]) -> [Range<UInt64>] {
        entries(lines).filter(\.isSystemMemory).map(\.range)
    }

    /// A line of `/proc/iomem`.
    package struct Entry {
        /// The physical addresses.
        package let range: Range<UInt64>
        /// What lies there, or which driver took it.
        package let name: String

        /// Whether the kernel uses it as its memory.
        package var isSystemMemory: Bool { name.hasPrefix("System RAM") }
    }

    /// What the lines say; those without addresses are left out.
    package static func entries(_ lines: [String]) -> [Entry] {
        lines.compactMap { line in
            let parts = line.split(separator: " : ", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            let ends = parts[0].drop { $0 == " " }.split(separator: "-")
            guard ends.count == 2, let start = UInt64(ends[0], radix: 16),
                let last = UInt64(ends[1], radix: 16),
                start < last, last < .max
            else { return nil }
            return Entry(range: start..<(last + 1), name: String(parts[1]))
        }
    }
}
