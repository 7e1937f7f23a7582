import Glibc

/// A device, as the kernel numbers it: by its type and its major and minor number. All nodes that lead to it are equal,
/// whatever they are called and wherever they lie.
struct DeviceNode: Hashable {
    private let kind: UInt32
    private let number: UInt64

    /// The device that the node at `path` leads to, or nil where there is none.
    init?(_ path: String) {
        guard let found = Linux.node(path), [S_IFCHR, S_IFBLK].contains(found.kind) else { return nil }
        kind = found.kind
        number = found.number
    }

    /// The block device with a number.
    init(blockNumber number: UInt64) {
        self.kind = S_IFBLK
        self.number = number
    }

    /// The block device with a number as sysfs writes it ("259:1"); nil where it is none.
    init?(block text: String?) {
        guard let number = text.flatMap(Linux.deviceNumber) else { return nil }
        self.kind = S_IFBLK
        self.number = number
    }

    /// The character device with a number as sysfs writes it; nil where it is none.
    init?(character text: String?) {
        guard let number = text.flatMap(Linux.deviceNumber) else { return nil }
        self.kind = S_IFCHR
        self.number = number
    }

    /// Major and minor number as `/proc/self/mountinfo` writes them.
    var text: String { Linux.deviceText(number) }
}
