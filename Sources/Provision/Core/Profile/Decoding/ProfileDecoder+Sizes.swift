extension ProfileDecoder {
    /// A fixed size above zero under a key.
    package mutating func byteCount(_ key: String, in fields: Fields) -> ByteCount? {
        guard let node = fields[key], let value = sizeText(node, key: key) else { return nil }
        if value.hasSuffix("%") || value.hasPrefix("remaining") {
            report("`\(key)` must be a fixed size, not \(PrintableText.quoted(value))", at: node)
            return nil
        }
        return fixedSize(value, key: key, at: node)
    }

    /// What `size` and `usable_size` of a namespace ask for together; neither asks for what remains.
    package mutating func sizeRequest(in fields: Fields) -> SizeRequest? {
        guard let usable = fields["usable_size"] else {
            guard let node = fields["size"] else { return .remaining(divisor: 1) }
            return sizeRequest(node)
        }
        if fields["size"] != nil {
            report(
                "`size` and `usable_size` exclude each other", at: usable, suggestion: "leave one of them out"
            )
            return nil
        }
        return byteCount("usable_size", in: fields).map { .usable($0) }
    }

    /// A word, a percentage or a fixed size.
    private mutating func sizeRequest(_ node: YamlNode) -> SizeRequest? {
        guard let value = sizeText(node, key: "size") else { return nil }
        if value.hasSuffix("%") { return percentage(value, at: node).map { .fraction($0) } }
        if value == "remaining" { return .remaining(divisor: 1) }
        if value.hasPrefix("remaining/") { return share(value, at: node) }
        if value.first?.isLetter == true, let near = NearestWord.to(value, among: ["remaining"]) {
            report("`size` is not a size", at: node, suggestion: "did you mean `\(near)`?")
            return nil
        }
        return fixedSize(value, key: "size", at: node).map { .raw($0) }
    }

    private mutating func sizeText(_ node: YamlNode, key: String) -> String? {
        if case .scalar(let value, _) = node.content, !node.isMissing { return value }
        reportType(of: node, key: "`\(key)`", expected: "a size", suggestion: "such as `64 GiB`")
        return nil
    }

    private mutating func fixedSize(_ value: String, key: String, at node: YamlNode) -> ByteCount? {
        do {
            let size = try ByteCount(parsing: value)
            if size > .zero { return size }
            report("`\(key)` must be above zero", at: node)
        } catch {
            report("`\(key)` is not a size: \(error.reason)", at: node, suggestion: error.suggestion)
        }
        return nil
    }

    private mutating func percentage(_ value: String, at node: YamlNode) -> Percentage? {
        guard let number = try? DecimalText(prefixOf: value), number.rest == "%" || number.rest == " %" else {
            report("`size` is not a percentage", at: node, suggestion: "percentages are written as `12.5%`")
            return nil
        }
        guard let millionths = number.multiplied(by: 1_000_000), millionths.whole <= 100_000_000 else {
            report("`size` is above 100%", at: node)
            return nil
        }
        guard millionths.isWhole else {
            report("`size` has more than six decimals", at: node)
            return nil
        }
        guard let percentage = Percentage(millionths: millionths.whole) else {
            report("`size` must be \(millionths.whole == 0 ? "above zero" : "at most 100%")", at: node)
            return nil
        }
        return percentage
    }

    private mutating func share(_ value: String, at node: YamlNode) -> SizeRequest? {
        let digits = value.dropFirst("remaining/".count)
        let isPlain = digits.utf8.allSatisfy { (0x30...0x39).contains($0) } && digits.first != "0"
        if isPlain, let divisor = Int(digits), (1...Self.maximumNamespaceCount).contains(divisor) {
            return .remaining(divisor: divisor)
        }
        report(
            "the share in `size` must be a whole number from 1 to \(Self.maximumNamespaceCount)", at: node,
            suggestion: "half of what remains is written `remaining/2`")
        return nil
    }
}
