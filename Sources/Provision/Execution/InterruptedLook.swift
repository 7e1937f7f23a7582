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

    /// Whether its label records a mode with an info block, so that the kernel can write over part of the media when it comes up as it was.
    var hasInfoBlock: Bool { was.recordedMode.map { $0 != .raw } ?? false }
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

extension UndoScene {
    /// What ending looks gives up: where the kernel did not count writes, somebody can have written to what runs raw, also where a page map
    /// will lie.
    func lossesOfLooks() throws(OperationError) -> [Loss] {
        guard !log.looked.isEmpty else { return [] }
        var found: [Loss] = []
        for look in log.interruptedLooks(on: try rollback.observe(), isSameBoot: isSameBoot) {
            found += try losses(byEnding: look)
        }
        return found
    }

    /// What taking a namespace back that runs raw gives up, where the kernel did not count its writes.
    static func runsRaw(since event: String) -> String {
        "runs raw since \(event), whether somebody has written to it is not known, and the kernel may write over that when it comes up "
            + "as it was"
    }

    private func losses(byEnding look: InterruptedLook) throws(OperationError) -> [Loss] {
        guard look.now.isActive, look.hasInfoBlock else { return [] }
        let isUnwritten = try host.isUnwritten(NamespaceTarget(look.now, region: look.region))
        guard isUnwritten == nil else { return [] }
        return [
            Loss(
                look.was, in: look.region,
                consequence: Self.runsRaw(since: "the program died looking at it"))
        ]
    }

    /// Takes offline again what looks before steps left online, and lets its info block count again. What somebody has written to is
    /// left online. So is what has no info block, where that is not known: its owner can have enabled it after the look.
    mutating func endLooks() throws(OperationError) {
        guard !log.looked.isEmpty else { return }
        for look in log.interruptedLooks(on: try rollback.observe(), isSameBoot: isSameBoot) {
            let target = NamespaceTarget(look.now, region: look.region)
            if look.now.isActive {
                // It can have come online since it was looked at.
                try requireConsent(to: try losses(byEnding: look))
                let isUnwritten = try host.isUnwritten(target)
                guard isUnwritten ?? look.hasInfoBlock else {
                    let why =
                        isUnwritten == nil
                        ? "was disabled, and is enabled now; whether somebody has written to it is not known"
                        : "runs raw since its media was looked at, and somebody has written to it"
                    left.append("\(look.was.displayName) \(why): it is left so")
                    continue
                }
                rollback.progress(.undoes("disable \(look.was.displayName)"))
                _ = try host.perform(.disable(target), identity: .none)
            }
            _ = try host.reinstate(look.was, on: target)
        }
    }
}
