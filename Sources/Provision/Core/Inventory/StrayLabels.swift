/// Labels in a DIMM's label area that no valid index counts: one was lost with its index, or freed and left as it was
/// before the index was.
public struct StrayLabels: Equatable, Sendable {
    /// The region that the DIMM is looked at for, by kernel name.
    public var region: String
    /// The DIMM, by kernel name.
    public var dimm: String
    /// The names of the labels, or their UUIDs where they have none: in the order of their slots.
    public var names: [String]

    /// Labels on a DIMM.
    public init(region: String, dimm: String, names: [String]) {
        self.region = region
        self.dimm = dimm
        self.names = names
    }
}

extension StrayLabels: CustomStringConvertible {
    /// Why no index may be written over them.
    public var description: String {
        let shown = names.prefix(4).joined(separator: ", ")
        let rest = names.count > 4 ? ", and \(names.count - 4) more" : ""
        return
            "\(dimm) has namespace labels (\(shown)\(rest)) and no valid label index: with a new one, where these "
            + "namespaces lie is lost"
    }

    /// What to do with the labels of a DIMM that have no index.
    package static func advice(_ dimm: String) -> String {
        "keep a copy (ndctl read-labels -o FILE \(dimm)); bring the index back from an earlier copy (ndctl write-labels "
            + "-i FILE \(dimm)), or if nothing of it is needed wipe the labels (ndctl zero-labels \(dimm)); "
            + "both with the region disabled"
    }
}
