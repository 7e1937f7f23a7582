import ProvisionCore

extension HostSelection {
    /// What the words of a command line mean on a host; nil where there are none, which means everything.
    static func named(_ names: [String], on observed: Observed) throws(CommandFailure) -> HostSelection? {
        guard !names.isEmpty else { return nil }
        do throws(UnknownPart) {
            return try HostSelection(names, on: observed)
        } catch {
            throw CommandFailure(
                .error, "this host has no region and no namespace \(error.word)",
                advice: error.near.map { "did you mean \($0)?" } ?? "daxprov inventory lists them")
        }
    }
}
