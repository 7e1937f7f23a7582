/// Whose a device node is, and who may open it.
public struct NodeRights: Hashable, Sendable {
    /// The user's number.
    public var owner: UInt32
    /// The group's number.
    public var group: UInt32
    /// The permission bits.
    public var permissions: UInt16

    /// The rights of this user, this group and these permission bits.
    public init(owner: UInt32 = 0, group: UInt32 = 0, permissions: UInt16 = 0o600) {
        self.owner = owner
        self.group = group
        self.permissions = permissions
    }

    /// Root's alone: what the kernel gives a new node of a device-dax device.
    public static let rootsAlone = NodeRights()

    /// "owner 999, group 0, permissions 0660".
    public var text: String { "owner \(owner), group \(group), permissions \(octal)" }

    /// The permission bits as four octal digits.
    package var octal: String {
        let digits = String(permissions, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

/// The rights of the node of a device-dax device, now and after whatever makes the node anew.
public struct DeviceRights: Hashable, Sendable {
    /// What the node has now; what the kernel gives, where there is no node.
    public var node: NodeRights
    /// What daxprov's udev rules give it at each event; nil where no rule is for it.
    public var rule: NodeRights?

    /// Rights of a node, and by a rule.
    public init(node: NodeRights = .rootsAlone, rule: NodeRights? = nil) {
        self.node = node
        self.rule = rule
    }

    /// No rule, and a node that the kernel has just made.
    public static let none = DeviceRights()

    /// A rule, and a node that has what the rule gives; nil: ``none``.
    package init(declared: NodeRights?) {
        self.init(node: declared ?? .rootsAlone, rule: declared)
    }

    /// Why a node gets these, in a phrase.
    package func reason(insteadOf was: DeviceRights) -> String {
        "its device node gets \(text), instead of \(was.text)"
    }

    /// "owner 999, group 0, permissions 0660", with what differs after the next event of udev.
    public var text: String {
        if let rule { return rule == node ? node.text : "\(node.text) (by rule \(rule.text))" }
        return node == .rootsAlone ? "root alone" : "\(node.text) (by no rule)"
    }
}
