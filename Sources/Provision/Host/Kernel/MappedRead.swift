import CNdctl
import Glibc
import SystemPackage
package import ProvisionCore

/// The device of an active devdax namespace, read by way of a mapping, in a child process: a media error answers a load with SIGBUS, and that
/// ends the child alone.
package struct MappedRead: ~Copyable {
    private let descriptor: Int32
    private let align: ByteCount
    /// The first physical address that the device shows.
    private let start: UInt64
    private let size: ByteCount
    private let namespace: String
    private let operation: String

    private static let page = ByteCount.kib(4)
    /// How many pages are looked at by one child, and how long it has for that.
    private static let pages = 4096
    private static let seconds: Int32 = 60

    /// Opens the node of the device, and checks that it leads to it.
    /// - Throws: where it cannot be mapped.
    package init(
        _ live: KernelRegion.Live, in region: borrowing KernelRegion, while operation: String
    ) throws(OperationError) {
        if region.isEmulated {
            throw OperationError(
                .unavailable, while: operation, device: live.device,
                reason: EmulatedMemory.unmappable())
        }
        guard let name = SysfsNamespaceReader.characterDevice(of: live.running, region.directory),
            let node = DeviceNode(character: region.directory.text("\(live.running)/\(name)/dev")),
            let start = region.directory.number("\(live.running)/resource"),
            let size = region.directory.number("\(live.running)/\(name)/size").map(ByteCount.init),
            let align = region.directory.number("\(live.running)/align").map(ByteCount.init),
            align >= Self.page, size.isMultiple(of: align)
        else {
            throw OperationError(
                .unavailable, while: operation, device: live.device,
                reason: "it has no device that can be mapped")
        }
        descriptor = try DeviceFile.open(
            name, node, O_RDONLY | O_NOCTTY, region.places, while: operation, device: live.device)
        self.start = start
        self.size = size
        self.align = align
        namespace = live.device
        self.operation = operation
    }

    deinit { close(descriptor) }

    /// Loads every page of a range.
    /// - Parameter address: the first physical address.
    /// - Throws: where a load ends with SIGBUS, or the device does not show all of the range.
    package func requireReadable(at address: UInt64, length: ByteCount) throws(OperationError) {
        guard address >= start, ByteCount(address - start) + length <= size else {
            throw failure("its device does not show the range")
        }
        let range = Extent(offset: ByteCount(address - start), length: length).rounded(to: Self.page)
        let offsets = stride(from: range.offset.bytes, to: range.end.bytes, by: Int(Self.page.bytes)).map {
            $0
        }
        for first in stride(from: 0, to: offsets.count, by: Self.pages) {
            let part = Array(offsets[first..<min(first + Self.pages, offsets.count)])
            var sums = [UInt32](repeating: 0, count: part.count)
            let code = unsafe daxprov_checksum_mapped(
                descriptor, align.bytes, part, part.count, &sums, Self.seconds)
            if code == EIO {
                throw failure("a load ended with SIGBUS: a media error, or the device went away")
            }
            guard code == 0 else { throw .system(code, while: operation, device: namespace) }
        }
    }

    private func failure(_ reason: String) -> OperationError {
        OperationError(.failed, while: operation, device: namespace, reason: reason)
    }
}
