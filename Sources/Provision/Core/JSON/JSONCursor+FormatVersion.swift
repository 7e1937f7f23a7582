extension JSONCursor {
    /// Refuses an object whose `format_version` is not the one that this program reads.
    package func requireFormatVersion(_ version: Int) throws(JSONError) {
        let member = try required("format_version")
        let number = try member.integer(Int128.self)
        guard number == version else {
            throw member.error("\(number) is not supported; this version reads \(version)")
        }
    }
}
