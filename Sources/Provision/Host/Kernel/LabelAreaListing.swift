package import ProvisionCore

/// What the label area of a DIMM says, or why it could not be read.
package struct LabelAreaListing: Equatable {
    /// The DIMM's kernel name.
    package var dimm: String
    /// What its label area says.
    package var contents: Result<Contents, Unread>

    /// What a label area says.
    package enum Contents: Equatable {
        /// The DIMM has no label area.
        case missing
        /// The area's size; its two index blocks in their order, nil where one is not valid, none where neither is; the labels in use.
        case area(size: ByteCount, blocks: [LabelIndex?], labels: [NamespaceLabel])
    }

    /// A DIMM with a label area.
    package init(dimm: String, contents: Result<Contents, Unread>) {
        self.dimm = dimm
        self.contents = contents
    }
}
