/// What the character device of a devdax namespace is used as, and how: what `device:` declares, and what a host shows.
public enum DeviceUse: Hashable, Sendable {
    /// Programs map `/dev/daxX.Y` (driver `device_dax`).
    case devdax
    /// Its memory blocks are the kernel's (driver `kmem`), online in this way; and whether each block holds its own page map (`struct page`,
    /// attribute `memmap_on_memory` of the device, Linux 6.8 and later), which otherwise takes memory that the kernel has already.
    case systemRAM(OnlinePolicy, memmapOnMemory: Bool = false)

    /// Whether memory blocks are online: then the kernel writes to the media as it likes, and what lay there is lost.
    public var isOnline: Bool {
        switch self {
        case .devdax, .systemRAM(.none, _): false
        case .systemRAM(.movable, _), .systemRAM(.kernel, _): true
        }
    }

    /// Whether it is system memory, however it is online.
    public var isSystemRAM: Bool {
        switch self {
        case .devdax: false
        case .systemRAM: true
        }
    }

    /// Whether its memory blocks hold their own page map.
    public var hasMemmapOnMemory: Bool {
        switch self {
        case .devdax: false
        case .systemRAM(_, let memmapOnMemory): memmapOnMemory
        }
    }

    /// The same memory with every block offline; a device stays one.
    package var offline: DeviceUse {
        switch self {
        case .devdax: .devdax
        case .systemRAM(_, let memmapOnMemory): .systemRAM(.none, memmapOnMemory: memmapOnMemory)
        }
    }

    /// Whether the kernel writes to the media when the device gets this use: its memory comes online, or its page map lies there. The
    /// kernels that were tried write a page map only when its block comes online; one that was built to find errors
    /// (`CONFIG_DEBUG_VM`, mm/sparse.c, `sparse_add_section`) fills it when the driver is bound.
    public var writesToMedia: Bool { isOnline || hasMemmapOnMemory }

    /// The use in a profile's words: "devdax", "system-ram, online: movable".
    public var text: String {
        switch self {
        case .devdax: DeviceMode.devdax.rawValue
        case .systemRAM(let online, let memmapOnMemory):
            "\(DeviceMode.systemRAM.rawValue), online: \(online.rawValue)"
                + (memmapOnMemory ? ", memmap_on_memory: true" : "")
        }
    }
}

/// The driver of a device-dax instance, in daxctl's words.
public enum DeviceMode: String, CaseIterable, Sendable {
    /// `device_dax`: the device is mapped by programs.
    case devdax
    /// `kmem`: the capacity is system memory.
    case systemRAM = "system-ram"
}

/// How the memory blocks of a system-ram device are brought online.
public enum OnlinePolicy: String, CaseIterable, Sendable {
    /// Into ZONE_MOVABLE: they can go offline again.
    case movable
    /// Into ZONE_NORMAL: the kernel keeps pages of its own there, which it does not move.
    case kernel
    /// They stay offline.
    case none
}
