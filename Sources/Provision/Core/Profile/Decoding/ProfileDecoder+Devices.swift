extension ProfileDecoder {
    /// The keys of what a device is used as, and of who may open it.
    package static let configurationKeys = [
        "mode", "online", "memmap_on_memory", "owner", "group", "permissions",
    ]

    /// The `device:` of a devdax namespace.
    package mutating func deviceConfiguration(_ node: YamlNode) -> DeviceConfiguration? {
        fields(of: node, called: "`device`", keys: Self.configurationKeys).map { configuration(in: $0) }
    }

    /// What a device is used as, and who may open it.
    package mutating func configuration(in fields: Fields) -> DeviceConfiguration {
        let mode: DeclaredDeviceMode? = word("mode", in: fields)
        let online: OnlinePolicy? = word("online", in: fields)
        let memmapOnMemory = boolean("memmap_on_memory", in: fields)
        let owner = account("owner", in: fields)
        let group = account("group", in: fields)
        let permissions = permissions(in: fields)
        if mode == .systemRAM {
            refuse(
                ["owner", "group", "permissions"], in: fields,
                because: "not for mode system-ram, which has no device node")
        } else if mode != nil || fields["mode"] == nil {
            refuse(["online", "memmap_on_memory"], in: fields, because: "only for mode system-ram")
        }
        return DeviceConfiguration(
            mode: mode ?? .devdax, online: online, memmapOnMemory: memmapOnMemory, owner: owner, group: group,
            permissions: permissions)
    }

    /// The name or number of a user or a group.
    private mutating func account(_ key: String, in fields: Fields) -> String? {
        guard let node = fields[key] else { return nil }
        if case .scalar(let value, isPlain: true) = node.content, ScalarText.isNumber(value) {
            if let id = UInt32(value), id != .max, String(id) == value { return value }
            report("`\(key)` must be a name or a number from 0 to \(UInt32.max - 1)", at: node)
            return nil
        }
        guard let value = string(node, called: "`\(key)`") else { return nil }
        let forbidden: Set<Character> = [" ", ":", "/", ","]
        if value.utf8.count <= 255, value.first != "-", !value.contains(where: forbidden.contains) {
            return value
        }
        report("`\(key)` cannot be the name of an account", at: node)
        return nil
    }

    /// Permission bits as a quoted octal number: YAML versions do not agree on what an unquoted one is.
    private mutating func permissions(in fields: Fields) -> UInt16? {
        guard let node = fields["permissions"] else { return nil }
        guard case .scalar(let value, let isPlain) = node.content, !node.isMissing else {
            reportType(
                of: node, key: "`permissions`", expected: "a quoted octal number",
                suggestion: "as in `\"0660\"`")
            return nil
        }
        let isOctal = value.utf8.allSatisfy { (0x30...0x37).contains($0) }
        let hasDigits = value.utf8.count == 3 || (value.utf8.count == 4 && value.first == "0")
        if isOctal, hasDigits, !isPlain { return UInt16(value, radix: 8) }
        let suggestion =
            isOctal && hasDigits ? "quote it: `\"\(value)\"`" : "as in `\"0660\"`, from 0000 to 0777"
        reportType(of: node, key: "`permissions`", expected: "a quoted octal number", suggestion: suggestion)
        return nil
    }
}
