import ProvisionCore
import ProvisionHost

/// A disabled namespace whose media a transaction looked at for a step that it never began. Where the program died in the look, or somebody
/// took the block device, the namespace is online and raw.
struct InterruptedLook {
    /// The region's kernel name now.
    var region: String
    /// The namespace as it was, at the address where its place is now.
    var was: Namespace
    /// The namespace as it is: inactive, or active and raw.
    var now: Namespace
}

extension TransactionLog {
    /// The looks to end on a host. A step that began is undone with all that it did; a boot leaves nothing of a look.
    func interruptedLooks(on observed: Observed, isSameBoot: Bool) -> [InterruptedLook] {
        guard isSameBoot, !looked.isEmpty else { return [] }
        let regions = RegionsThenAndNow(header, observed)
        let touched = Set(begun.keys.compactMap { header.steps[$0].device })
        return looked.sorted { $0.key < $1.key }.compactMap { number, device -> InterruptedLook? in
            guard begun[number] == nil, !touched.contains(device), let home = header.steps[number].home,
                let before = header.before.namespace(device), !before.isActive,
                let region = regions.region(home)
            else { return nil }
            let was = regions.moved(before, of: home)
            // What runs as its info block says, its owner has enabled.
            let now = region.namespaces.first { $0.hasLabel(of: was) && (!$0.isActive || $0.mode == .raw) }
            return now.map { InterruptedLook(region: region.device, was: was, now: $0) }
        }
    }

    /// The regions of the namespaces that were looked at before steps.
    var lookedRegions: Set<RegionThen> { Set(looked.keys.compactMap { header.steps[$0].home }) }
}

extension Rollback {
    /// Takes offline again what looks before steps left online, and lets its info block count again.
    /// - Returns: what is left online since somebody has written to it, each in a sentence.
    func endLooks(isSameBoot: Bool) throws(OperationError) -> [String] {
        guard !log.looked.isEmpty else { return [] }
        var left: [String] = []
        for look in log.interruptedLooks(on: try observe(), isSameBoot: isSameBoot) {
            let target = NamespaceTarget(look.now, region: look.region)
            if look.now.isActive {
                let isUnwritten = try host.isUnwritten(target)
                if isUnwritten == nil { try requireConsent(toEnding: look) }
                guard isUnwritten != false else {
                    left.append(
                        "\(look.was.displayName) runs raw since its media was looked at, and somebody has written to it: it is left so"
                    )
                    continue
                }
                progress(.undoes("disable \(look.was.displayName)"))
                _ = try host.perform(.disable(target), identity: .none)
            }
            _ = try host.reinstate(look.was, on: target)
        }
        return left
    }

    /// Where the program died before the kernel counted writes, somebody can have written to it, also where a page map will lie.
    private func requireConsent(toEnding look: InterruptedLook) throws(OperationError) {
        let loss = Loss(
            look.was, in: look.region,
            consequence:
                "runs raw since the program died looking at it, whether somebody has written to it is not known, and the kernel "
                + "may write over that when it comes up as it was")
        let missing = consent.missing(among: [loss])
        guard missing.isEmpty else { throw .consentMissing(missing) }
    }
}
