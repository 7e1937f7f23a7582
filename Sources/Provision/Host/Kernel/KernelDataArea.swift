import CNdctl
import Glibc
import SystemPackage
public import ProvisionCore

extension KernelHost {
    /// See ``RestoringHost/openDataArea(of:in:)``.
    public func openDataArea(
        of namespace: Namespace, in region: String
    ) throws(OperationError) -> any DataArea {
        try places.checking { places throws(OperationError) -> any DataArea in
            let home = try self.region(region, places)
            let live = try home.live(NamespaceTarget(namespace, region: region))
            let now = try home.readBack(namespace.device)
            guard live.isActive, now.isSame(as: namespace) else {
                throw OperationError(
                    .changed, while: "zero it", device: namespace.device,
                    reason: "another tool has changed it", advice: "look, and try again")
            }
            let place = KernelDataArea.Place(namespace: now, region: region)
            let area: any DataArea =
                home.characterDevice(of: live) != nil
                ? try MappedDataArea(place, live, home) : try BlockDataArea(place, live, home)
            // Another one can have taken its names before the node was open.
            try area.requireAlone()
            return area
        }
    }
}

/// What the two kinds of data areas of this host have in common.
package class KernelDataArea {
    /// Which namespace it is.
    package struct Place {
        var namespace: Namespace
        var region: String
    }

    private let place: Place
    /// The places of the host. Each work on the area asks anew whether they can be read.
    private let places: KernelPlaces

    fileprivate init(_ place: Place, _ places: KernelPlaces) {
        self.place = place
        self.places = places.unchecked
    }

    fileprivate var device: String { place.namespace.device }

    package func requireAlone() throws(OperationError) {
        try places.checking { places throws(OperationError) in
            let home = try KernelRegion.open(place.region, knownFacts: nil, places)
            let live = try home.live(NamespaceTarget(place.namespace, region: place.region))
            let now = try home.readBack(place.namespace.device)
            guard live.isActive, now.isSame(as: place.namespace),
                now.blockDevice == place.namespace.blockDevice,
                now.characterDevice == place.namespace.characterDevice
            else {
                throw OperationError(
                    .changed, while: "zero it", device: device, reason: "another tool has changed it")
            }
            try UseGuard.requireNoOthers(of: live, in: home, for: "zero it")
        }
    }

    /// Writes what a platform's buffers still hold, where it has the means (Documentation/ABI/testing/sysfs-bus-nvdimm, `deep_flush`).
    fileprivate func flushDeeply() throws(OperationError) {
        try places.checking { places throws(OperationError) in
            let directory = try places.nvdimmDevice(place.region)
            guard directory.text("deep_flush") == "1" else { return }
            do throws(Errno) {
                try directory.write("1", to: "deep_flush")
            } catch {
                throw .system(error.rawValue, while: "flush the region", device: place.region)
            }
        }
    }

    fileprivate func failure(_ code: Int32, at offset: ByteCount, _ reason: String) -> OperationError {
        OperationError(
            code == EBUSY ? .busy : .failed, while: "zero it", device: device,
            reason: "\(reason) at byte \(offset.bytes) of its data",
            advice: "see the kernel log (dmesg); daxprov inventory lists media errors", errno: code)
    }
}

/// The data area of a raw, fsdax or sector namespace: its block device, zeroed by the kernel. A mapping of a block device's node is a mapping
/// of the page cache, and not of the media.
private final class BlockDataArea: KernelDataArea, DataArea {
    private let held: UseGuard
    private let descriptor: Int32
    private let pages: BlockDevicePages
    let size: ByteCount

    init(_ place: Place, _ live: KernelRegion.Live, _ home: borrowing KernelRegion) throws(OperationError) {
        guard let disk = home.disk(of: live) else {
            throw OperationError(
                .changed, while: "zero it", device: live.device, reason: "it has no block device")
        }
        let held = try UseGuard.unused(live, in: home, O_RDWR | Linux.openDirect, for: "zero it")
        guard let descriptor = held.descriptor else {
            throw OperationError(
                .changed, while: "zero it", device: live.device, reason: "its block device has gone")
        }
        self.descriptor = descriptor
        self.held = held
        size = ByteCount(daxprov_block_size(descriptor))
        pages = try BlockDevicePages(disk, of: live.device, home.places)
        super.init(place, home.places)
        guard size == place.namespace.usableSize else {
            throw OperationError(
                .changed, while: "zero it", device: live.device,
                reason: "/dev/\(disk) has \(size), and the namespace "
                    + (place.namespace.usableSize?.description ?? "nothing"))
        }
    }

    func zero(_ range: Extent) throws(OperationError) {
        let code = daxprov_zero_block(descriptor, range.offset.bytes, range.length.bytes)
        guard code != 0 else { return }
        throw failure(
            code, at: range.offset,
            "writing zeroes failed (\(Errno(rawValue: code)), within \(range.length))")
    }

    func makeDurable() throws(OperationError) {
        guard fsync(descriptor) == 0 else { throw .system(errno, while: "flush its device", device: device) }
        try flushDeeply()
    }

    func sums(at offsets: [ByteCount]) throws(OperationError) -> [UInt32?] {
        try pages.read(at: offsets).map { $0.isEmpty ? nil : Checksum.of($0) }
    }

    func forgetPartitions() { _ = daxprov_read_partitions(descriptor) }
}

/// The data area of a devdax namespace: its character device, mapped.
@safe private final class MappedDataArea: KernelDataArea, DataArea {
    private let descriptor: Int32
    private let align: ByteCount
    /// What is mapped, and where.
    private var window: Extent?
    private var memory: UnsafeMutableRawPointer?
    let size: ByteCount

    /// How much is mapped at once at most, but for one alignment.
    private static let largest = ByteCount.gib(1)
    private static let page = ByteCount.kib(4)

    init(_ place: Place, _ live: KernelRegion.Live, _ home: borrowing KernelRegion) throws(OperationError) {
        if home.isEmulated {
            throw OperationError(
                .unavailable, while: "zero it", device: live.device,
                reason: EmulatedMemory.unmappable())
        }
        // The driver of a device does not refuse who opens it: whoever has it open already is refused here, others are looked for later.
        _ = try UseGuard.unused(live, in: home, for: "zero it")
        guard let name = place.namespace.characterDevice,
            let node = DeviceNode(character: home.directory.text("\(live.running)/\(name)/dev")),
            let size = home.directory.number("\(live.running)/\(name)/size").map(ByteCount.init),
            let align = place.namespace.align, align >= Self.page, size.isMultiple(of: align)
        else {
            throw OperationError(
                .changed, while: "zero it", device: live.device,
                reason: "it has no device that can be mapped")
        }
        self.size = size
        self.align = align
        descriptor = try DeviceFile.open(
            name, node, O_RDWR | O_NOCTTY, home.places, while: "zero it", device: live.device)
        super.init(place, home.places)
    }

    deinit {
        unmap()
        close(descriptor)
    }

    func zero(_ range: Extent) throws(OperationError) {
        var offset = range.offset
        while offset < range.end {
            let mapped = try map(at: offset)
            let length = min(range.end, mapped.end) - offset
            var failed: UInt64 = 0
            let code = unsafe daxprov_zero_memory(
                memory.map { unsafe $0 + Int((offset - mapped.offset).bytes) }, length.bytes, &failed)
            guard code == 0 else {
                throw failure(
                    code, at: offset + ByteCount(failed),
                    code == EIO
                        ? "a store ended with SIGBUS (a media error, or the device went away)"
                        : "\(Errno(rawValue: code))")
            }
            offset += length
        }
    }

    func makeDurable() throws(OperationError) { try flushDeeply() }

    func sums(at offsets: [ByteCount]) throws(OperationError) -> [UInt32?] {
        if let all = try sums(together: offsets) { return all }
        return try offsets.map { offset throws(OperationError) in try sums(together: [offset])?.first ?? nil }
    }

    func forgetPartitions() {}

    /// The checksums; nil where a media error lies in one of the pages.
    private func sums(together offsets: [ByteCount]) throws(OperationError) -> [UInt32?]? {
        guard !offsets.isEmpty else { return [] }
        var sums = [UInt32](repeating: 0, count: offsets.count)
        let code = unsafe daxprov_checksum_mapped(
            descriptor, align.bytes, offsets.map(\.bytes), offsets.count, &sums, Self.seconds)
        if code == EIO { return nil }
        guard code == 0 else { throw .system(code, while: "read its device", device: device) }
        return sums
    }

    /// How long reading a sample may take.
    private static let seconds: Int32 = 60

    /// Maps the window that holds an offset, in place of the last one, and returns it.
    private func map(at offset: ByteCount) throws(OperationError) -> Extent {
        if let window, window.offset <= offset, offset < window.end { return window }
        unmap()
        let most = max(Self.largest.roundedDown(to: align), align)
        let start = offset.roundedDown(to: most)
        let range = Extent(offset: start, length: min(most, size - start))
        let code = unsafe daxprov_map_synchronously(
            descriptor, range.offset.bytes, range.length.bytes, &memory)
        guard code == 0 else {
            throw failure(code, at: offset, "its device cannot be mapped (\(Errno(rawValue: code)))")
        }
        window = range
        return range
    }

    private func unmap() {
        guard let window else { return }
        unsafe munmap(memory, Int(window.length.bytes))
        unsafe memory = nil
        self.window = nil
    }
}
