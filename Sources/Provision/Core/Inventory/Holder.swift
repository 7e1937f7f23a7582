/// One use of a namespace's device: why the device must not be taken away now.
public struct Holder: Equatable, Sendable {
    /// The kind of use.
    public var kind: Kind
    /// The device that is used: `pmem0`, a partition `pmem0p1`, what is stacked on it, or `dax0.0`.
    public var device: String
    /// The use in words: "mounted at /srv".
    public var text: String
    /// What ends it; nil where nothing general does.
    public var advice: String?
    /// The process that uses it; nil where it is the kernel's own use.
    public var process: Int?
    /// That process's command.
    public var command: String?

    /// The kinds of use.
    public enum Kind: String, CaseIterable, Sendable {
        /// A mounted file system, in whichever mount namespace.
        case mount
        /// A swap area.
        case swap
        /// A device-mapper, LVM, md or bcache device that is made of it.
        case stackedDevice = "stacked_device"
        /// A loop device whose backing file is the device node.
        case loopDevice = "loop_device"
        /// A process that has it open or mapped.
        case process
        /// Something that holds it exclusively and that no list shows.
        case exclusiveOpen = "exclusive_open"
        /// System memory, online or not.
        case systemMemory = "system_memory"
    }

    /// A use with these properties.
    public init(
        _ kind: Kind, of device: String, _ text: String, advice: String? = nil, process: Int? = nil,
        command: String? = nil
    ) {
        self.kind = kind
        self.device = device
        self.text = text
        self.advice = advice
        self.process = process
        self.command = command
    }
}

extension Holder: CustomStringConvertible {
    /// "pmem0: mounted at /srv".
    public var description: String { "\(device): \(text)" }
}

extension [Holder] {
    /// The first five uses in one line.
    package var summary: String {
        let shown = prefix(5).map(\.description).joined(separator: "; ")
        return count > 5 ? "\(shown); and \(count - 5) more" : shown
    }

    /// What ends them, each way once.
    package var advice: String {
        var ways: [String] = []
        for way in compactMap(\.advice) where !ways.contains(way) { ways.append(way) }
        return ways.isEmpty ? "stop what uses it" : ways.prefix(5).joined(separator: "; ")
    }
}
