extension LabelAreaImage {
    /// The image as a document: bytes as hexadecimal digits.
    var json: String {
        let node = JSONNode.object()
        node.set("dimm", dimm)
        node.set("bytes", Self.hexadecimal(bytes))
        return node.text(.compact)
    }

    /// The image that a document describes.
    init(json bytes: [UInt8]) throws(JSONError) {
        let node = JSONCursor(try JSONValue(parsing: bytes))
        dimm = try node.required("dimm").string()
        let field = try node.required("bytes")
        guard let bytes = Self.bytes(try field.string()) else {
            throw field.error("has no hexadecimal bytes")
        }
        self.bytes = bytes
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        let values = text.utf8.map { digits.firstIndex(of: $0) }
        guard values.count.isMultiple(of: 2), !values.contains(nil) else { return nil }
        let nibbles = values.compactMap { $0.map { UInt8($0) } }
        return stride(from: 0, to: nibbles.count, by: 2).map { nibbles[$0] << 4 | nibbles[$0 + 1] }
    }
}
