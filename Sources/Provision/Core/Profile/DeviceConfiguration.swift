/// What becomes of the character device of a devdax namespace (`device:` in a profile).
public struct DeviceConfiguration: Equatable, Sendable {
    /// Which driver holds it.
    public var mode: DeclaredDeviceMode
    /// How its memory is brought online; only for ``DeviceMode/systemRAM``, and nil: movable.
    public var online: OnlinePolicy?
    /// Whether its memory blocks hold their own page map; only for ``DeviceMode/systemRAM``, and nil: as it is where the device is memory
    /// already, and no where it becomes that.
    public var memmapOnMemory: Bool?
    /// The owner of the device node: a user's name or number; nil: root.
    public var owner: String?
    /// The group of the device node: a group's name or number; nil: root.
    public var group: String?
    /// The permission bits of the device node; nil: 0600.
    public var permissions: UInt16?

    /// A configuration with these properties.
    public init(
        mode: DeclaredDeviceMode = .devdax, online: OnlinePolicy? = nil, memmapOnMemory: Bool? = nil,
        owner: String? = nil, group: String? = nil, permissions: UInt16? = nil
    ) {
        self.mode = mode
        self.online = online
        self.memmapOnMemory = memmapOnMemory
        self.owner = owner
        self.group = group
        self.permissions = permissions
    }
}

/// The driver of a device that a profile asks for, in daxctl's words.
public enum DeclaredDeviceMode: String, CaseIterable, Sendable {
    /// `device_dax`: the device is mapped by programs.
    case devdax
    /// `kmem`: the capacity is system memory.
    case systemRAM = "system-ram"
    /// `fsdev_dax` (Linux 7.0 and later): for the file system famfs. The language has it, and no plan does it.
    case famfs
}

extension DeviceConfiguration {
    /// What a device is used as, and the rights that a rule gives it. That its page map is not in its memory goes without saying.
    package init(use: DeviceUse, rights: NodeRights? = nil) {
        switch use {
        case .devdax: self.init()
        case .systemRAM(let online, let memmapOnMemory):
            self.init(mode: .systemRAM, online: online, memmapOnMemory: memmapOnMemory ? true : nil)
        }
        // Memory has no node to open.
        guard let rights, use == .devdax else { return }
        (owner, group, permissions) = ("\(rights.owner)", "\(rights.group)", rights.permissions)
    }

    /// Whether it says whose the device node is.
    package var hasRights: Bool { owner != nil || group != nil || permissions != nil }

    /// What a new device is to be used as. Memory comes online movable where the profile does not say how: nothing else can
    /// be taken back by plan.
    public var use: DeviceUse { use(insteadOf: nil) }

    /// What a device is to be used as; where the profile says nothing of its page map, memory keeps it where it is.
    package func use(insteadOf device: DaxDevice?) -> DeviceUse {
        switch mode {
        // Refused by every plan (``FamfsReview``).
        case .devdax, .famfs: return .devdax
        case .systemRAM:
            let now = device.map { $0.mode == .systemRAM && $0.memmapOnMemory == true } ?? false
            return .systemRAM(online ?? .movable, memmapOnMemory: memmapOnMemory ?? now)
        }
    }
}
