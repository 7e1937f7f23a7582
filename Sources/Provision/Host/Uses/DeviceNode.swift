import Glibc

/// A device, as the kernel numbers it: by its type and its major and minor number. All nodes that lead to it are equal,
/// whatever they are called and wherever they lie.
package struct DeviceNode: Hashable {
    private let kind: UInt32
    /// Its major and minor number as stat(2) writes them.
    package let number: UInt64

    /// The device with a type of file and a number; nil where the type is none of a device.
    package init?(kind: UInt32, number: UInt64) {
        guard [S_IFCHR, S_IFBLK].contains(kind) else { return nil }
        self.kind = kind
        self.number = number
    }

    /// The device that the node at `path` leads to, or nil where there is none.
    package init?(_ path: String) {
        guard let found = Linux.node(path) else { return nil }
        self.init(kind: found.kind, number: found.number)
    }

    /// The block device with a number.
    package init(blockNumber number: UInt64) {
        self.kind = S_IFBLK
        self.number = number
    }

    /// The block device with a number as sysfs writes it ("259:1"); nil where it is none.
    package init?(block text: String?) {
        guard let number = text.flatMap(Linux.deviceNumber) else { return nil }
        self.kind = S_IFBLK
        self.number = number
    }

    /// The character device with a number as sysfs writes it; nil where it is none.
    package init?(character text: String?) {
        guard let number = text.flatMap(Linux.deviceNumber) else { return nil }
        self.kind = S_IFCHR
        self.number = number
    }

    /// Major and minor number as `/proc/self/mountinfo` writes them.
    package var text: String { Linux.deviceText(number) }

    /// What a file of this type is, in words; of a device its number, and its name where sysfs shows one.
    package static func describe(kind: UInt32, number: UInt64, _ places: KernelPlaces) -> String {
        if let node = DeviceNode(kind: kind, number: number) { return node.described(by: places) }
        return switch kind {
        case S_IFREG: "a regular file"
        case S_IFDIR: "a directory"
        case S_IFIFO: "a FIFO"
        case S_IFSOCK: "a socket"
        default: "no device"
        }
    }
}

extension DeviceNode {
    /// "block device 259:1 (pmem1)".
    package func described(by places: KernelPlaces) -> String {
        let type = kind == S_IFBLK ? "block" : "char"
        let words = "\(kind == S_IFBLK ? "block" : "character") device \(text)"
        guard let directory = SysfsDirectory.ifThere("\(places.sysfs)/dev/\(type)", places),
            let name = directory.linkTarget(text)
        else { return words }
        return "\(words) (\(name))"
    }
}
