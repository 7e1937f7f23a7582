import ProvisionCore
import ProvisionHost

extension LabelAreaImage {
    /// The image as a document: bytes as hexadecimal digits.
    var json: String {
        var node = JSONValue.object()
        node.set("dimm", dimm)
        node.set("bytes", Hexadecimal.text(bytes))
        return node.text(.compact)
    }

    /// The image that a document describes.
    init(json bytes: [UInt8]) throws(JSONError) {
        let node = JSONCursor(try JSONValue(parsing: bytes))
        let dimm = try node.required("dimm").string()
        let field = try node.required("bytes")
        guard let bytes = Hexadecimal.bytes(try field.string()) else {
            throw field.error("has no hexadecimal bytes")
        }
        self.init(dimm: dimm, bytes: bytes)
    }
}
