/// What becomes of the character device of a devdax namespace (`device:` in a profile).
public struct DeviceConfiguration: Equatable, Sendable {
    /// Which driver holds it.
    public var mode: DeviceMode
    /// How its memory is brought online; only for ``DeviceMode/systemRAM``.
    public var online: OnlinePolicy?
    /// The owner of the device node: a user's name or number; nil: root.
    public var owner: String?
    /// The group of the device node: a group's name or number; nil: root.
    public var group: String?
    /// The permission bits of the device node; nil: 0600.
    public var permissions: UInt16?

    /// A configuration with these properties.
    public init(
        mode: DeviceMode = .devdax, online: OnlinePolicy? = nil, owner: String? = nil, group: String? = nil,
        permissions: UInt16? = nil
    ) {
        self.mode = mode
        self.online = online
        self.owner = owner
        self.group = group
        self.permissions = permissions
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
    /// Into ZONE_NORMAL.
    case kernel
    /// They stay offline.
    case none
}
