/// What the character device of a devdax namespace is used as, and how: what `device:` declares, and what a host shows.
public enum DeviceUse: Hashable, Sendable {
    /// Programs map `/dev/daxX.Y` (driver `device_dax`).
    case devdax
    /// Its memory blocks are the kernel's (driver `kmem`), online in this way.
    case systemRAM(OnlinePolicy)

    /// Whether memory blocks are online: then the kernel writes to the media as it likes, and what lay there is lost.
    public var isOnline: Bool {
        switch self {
        case .devdax, .systemRAM(.none): false
        case .systemRAM(.movable), .systemRAM(.kernel): true
        }
    }

    /// The use in a profile's words: "devdax", "system-ram, online: movable".
    public var text: String {
        switch self {
        case .devdax: DeviceMode.devdax.rawValue
        case .systemRAM(let online): "\(DeviceMode.systemRAM.rawValue), online: \(online.rawValue)"
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
