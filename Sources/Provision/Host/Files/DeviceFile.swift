import Glibc
package import ProvisionCore

/// Opens the nodes of devices below `/dev`, and only those that lead to the device that is meant.
///
/// A node is a file like any other: a link, one that was made by hand, or one that is left of a device whose number was
/// given to another leads to somebody else's data. What counts is the number that the kernel shows in sysfs. It is
/// compared before the node is opened, since opening some devices does something to them, and again on the open file,
/// since the node can be replaced in between. A link that leads to the right device is good.
package enum DeviceFile {
    /// The descriptor of the node `/dev/NAME` of the block device with this kernel name. The caller closes it.
    /// - Parameters:
    ///   - operation: what is being done, and `device` to what: for messages.
    /// - Throws: where it cannot be opened, or leads to something else.
    package static func open(
        block name: String, _ flags: Int32, _ places: KernelPlaces, while operation: String, device: String
    ) throws(OperationError) -> Int32 {
        guard let node = node(ofBlock: name, places) else {
            throw OperationError(
                .changed, while: operation, device: device,
                reason: "the kernel shows no block device \(name)",
                advice: "another tool changed the host: plan again")
        }
        return try open(name, node, flags, places, while: operation, device: device)
    }

    /// The same to read it; nil where there is no device or no node, or this user may not open it.
    /// - Throws: where the node leads to something else.
    package static func readable(
        block name: String, _ flags: Int32, _ places: KernelPlaces, while operation: String
    ) throws(OperationError) -> Int32? {
        guard let node = node(ofBlock: name, places) else { return nil }
        do throws(OperationError) {
            return try open(name, node, O_RDONLY | flags, places, while: operation, device: name)
        } catch {
            guard error.errno != nil else { throw error }
            return nil
        }
    }

    /// The device with a kernel name; nil where the kernel shows none.
    private static func node(ofBlock name: String, _ places: KernelPlaces) -> DeviceNode? {
        guard let directory = SysfsDirectory.ifThere("\(places.blockDevices)/\(name)", places) else {
            return nil
        }
        return DeviceNode(block: directory.text("dev"))
    }

    /// The descriptor of the node `/dev/NAME`, which must lead to `node`, the device with this kernel name.
    package static func open(
        _ name: String, _ node: DeviceNode, _ flags: Int32, _ places: KernelPlaces, while operation: String,
        device: String
    ) throws(OperationError) -> Int32 {
        try open(
            "\(places.dev)/\(name)", of: name, node, flags, places, while: operation, device: device)
    }

    /// The same of a node that lies elsewhere.
    package static func open(
        _ path: String, of name: String, _ node: DeviceNode, _ flags: Int32, _ places: KernelPlaces,
        while operation: String, device: String
    ) throws(OperationError) -> Int32 {
        func mismatch(_ found: String) -> OperationError {
            OperationError(
                .failed, while: operation, device: device,
                reason: "\(path) leads to \(found), and \(name) is \(node.described(by: places))",
                advice:
                    "disable the namespace, rm \(path), and enable it, so that the kernel makes its own node: "
                    + "one of mknod stays as it is when the device gets another number"
            )
        }
        if let made = places.made {
            guard flags & O_EXCL == 0 || !made.isClaimed(name) else {
                throw .system(EBUSY, while: operation, device: device)
            }
            return try file(path, flags, while: operation, device: device)
        }
        if let found = Linux.node(path), DeviceNode(kind: found.kind, number: found.number) != node {
            throw mismatch(DeviceNode.describe(kind: found.kind, number: found.number, places))
        }
        let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            let advice = code == ENOENT ? "there is no \(path): is devtmpfs mounted at /dev?" : nil
            throw .system(code, while: operation, device: device, advice: advice)
        }
        var status = stat()
        let result = unsafe fstat(descriptor, &status)
        let (kind, number) = (status.st_mode & S_IFMT, UInt64(status.st_rdev))
        guard result == 0, DeviceNode(kind: kind, number: number) == node else {
            close(descriptor)
            throw mismatch(DeviceNode.describe(kind: kind, number: number, places))
        }
        return descriptor
    }

    /// In a made tree a file stands for a device. It has no number to compare, and need not be one that can be read past the page cache.
    private static func file(
        _ path: String, _ flags: Int32, while operation: String, device: String
    ) throws(OperationError) -> Int32 {
        let descriptor = unsafe Glibc.open(path, flags & ~(O_EXCL | Linux.openDirect) | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(errno, while: operation, device: device) }
        return descriptor
    }
}
