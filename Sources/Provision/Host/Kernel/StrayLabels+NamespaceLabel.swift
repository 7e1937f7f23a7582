package import ProvisionCore

extension StrayLabels {
    /// These labels of a DIMM.
    package init(region: String, dimm: String, _ labels: [NamespaceLabel]) {
        var names: [String] = []
        for name in labels.map({ $0.name ?? $0.uuid.description }) where !names.contains(name) {
            names.append(name)
        }
        self.init(region: region, dimm: dimm, names: names)
    }
}
