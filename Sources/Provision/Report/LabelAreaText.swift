import ProvisionCore
import ProvisionHost

/// A label area for a person: its index blocks, and the labels in use.
enum LabelAreaText {
    /// The lines of a DIMM.
    static func lines(_ listing: LabelAreaListing) -> [String] {
        switch listing.contents {
        case .failure(let why): return ["\(listing.dimm): \(ReportSection.words(why))"]
        case .success(.missing): return ["\(listing.dimm): it has no label area"]
        case .success(.area(let size, let blocks, let labels)):
            let indexes =
                blocks.isEmpty
                ? ["  no index block is valid"]
                : blocks.enumerated().map { "  index block \($0.offset): \(words($0.element))" }
            return ["\(listing.dimm): label area of \(size)"] + indexes + labels.map { "  \(words($0))" }
        }
    }

    private static func words(_ index: LabelIndex?) -> String {
        guard let index else { return "not valid" }
        return "version \(index.version.rawValue), sequence \(index.sequence), "
            + "\(index.used.count) of \(index.slots) slots used"
    }

    private static func words(_ label: NamespaceLabel) -> String {
        let name = label.name.map { " \($0)" } ?? ""
        let losses = label.losses.isEmpty ? "" : "; \(label.losses.joined(separator: "; "))"
        return "label \(label.uuid)\(name): \(label.length) at \(label.offset)\(losses)"
    }
}
