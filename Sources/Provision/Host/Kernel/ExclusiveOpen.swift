import Glibc
package import ProvisionCore

/// The node of a block device that is open exclusively (`O_EXCL`): the kernel refuses it for a mounted, swapped on or
/// otherwise claimed block device, and refuses a mount while it is open.
package struct ExclusiveOpen: ~Copyable {
    /// The file descriptor, for as long as this value lives.
    package let descriptor: Int32

    /// Opens the node of the block device with this kernel name, as ``DeviceFile`` does.
    package init(
        block name: String, _ flags: Int32, _ places: KernelPlaces, while operation: String, device: String
    ) throws(OperationError) {
        descriptor = try DeviceFile.open(
            block: name, flags | O_EXCL, places, while: operation, device: device)
    }

    deinit {
        close(descriptor)
    }
}
