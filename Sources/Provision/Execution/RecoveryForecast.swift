public import ProvisionCore

/// What recovery will do with the interrupted transactions, as far as that shows without touching anything: what a plan
/// has to know of a host that an apply recovers first.
public struct RecoveryForecast {
    /// A note for each interrupted transaction.
    private(set) var notes: [Note] = []
    /// The host as it will be.
    private(set) var observed: Observed
    private let bootID: String?

    /// What recovery will do with these transactions, oldest first.
    public static func notes(
        of interrupted: [TransactionLog], on observed: Observed, bootID: String?
    ) -> [Note] {
        RecoveryForecast(interrupted, on: observed, bootID: bootID).notes
    }

    /// Foretells the recovery of these transactions, oldest first, on a host.
    /// - Parameter bootID: the kernel's id of this boot: a boot leaves no division of a dax region.
    init(_ interrupted: [TransactionLog], on observed: Observed, bootID: String?) {
        self.observed = observed
        self.bootID = bootID
        for log in interrupted.reversed() { foretell(log) }
    }

    private mutating func foretell(_ log: TransactionLog) {
        let id = log.header.id
        guard !log.header.clearsErrors else {
            notes.append(
                note(id, "it cleared media errors; \(MediaErrorClearing.recoveryInWords)"))
            return
        }
        let isSameBoot = log.header.began(inBoot: bootID)
        let gone = log.missingDaxRegions(on: observed, isSameBoot: isSameBoot)
        let missing = (log.missingRegions(on: observed).map(\.device) + gone).joined(separator: ", ")
        guard missing.isEmpty else {
            notes.append(
                note(id, "it cannot be ended as long as the region it changed (\(missing)) is not there"))
            return
        }
        guard !log.isComplete else {
            let differences =
                log.differences(to: observed) + log.daxDifferences(to: observed, isSameBoot: isSameBoot)
            record(log)
            notes.append(
                note(
                    id,
                    differences.isEmpty
                        ? "all its steps were done, and it will be committed"
                        : "all its steps were done, and it will be ended; since then: "
                            + differences.joined(separator: "; ")))
            return
        }
        let plan = UndoPlan(of: log, on: observed, relabelled: [])
        guard plan.unlabelledRegions.isEmpty else {
            let regions = plan.unlabelledRegions.map(\.device).joined(separator: ", ")
            notes.append(
                note(id, "it cannot be undone, since the region it changed (\(regions)) lost its labels"))
            return
        }
        var words: [String] = []
        for removal in plan.removals {
            guard let now = removal.now else { continue }
            words.append("\(removal.region)/\(now.displayName) will be removed")
            change(removal.region) { $0.removeAll { $0.labelUUID == removal.label } }
        }
        for restoration in plan.restorations
        where ![.whole, .alike, .destroyedByOthers].contains(restoration.standing) {
            words.append("\(restoration.region)/\(restoration.was.displayName) will be brought back")
            change(restoration.region) { namespaces in
                namespaces.removeAll { $0.device == restoration.now?.device }
                namespaces.append(restoration.was)
            }
        }
        for look in log.interruptedLooks(on: observed, isSameBoot: isSameBoot) where look.now.isActive {
            words.append("\(look.region)/\(look.was.displayName) will be disabled again")
            change(look.region) { namespaces in
                namespaces.removeAll { $0.device == look.now.device }
                namespaces.append(look.was)
            }
        }
        words += foretellDax(log)
        notes.append(
            note(
                id,
                words.isEmpty
                    ? "there is nothing to undo" : "it will be undone: " + words.joined(separator: ", ")))
    }

    /// Names the devices of dynamic dax regions as the record will have them.
    private mutating func record(_ log: TransactionLog) {
        let records = observed.daxRegions.compactMap { region in
            region.identity.map {
                DaxRegionRecord(region: $0, regionName: region.name, devices: region.recorded)
            }
        }
        let transitions = log.header.steps.compactMap(\.transition)
        guard !transitions.isEmpty else { return }
        observed = observed.remembering(DaxRegionRecord.after(transitions, from: records))
    }

    /// Foretells undoing in dynamic dax regions.
    private mutating func foretellDax(_ log: TransactionLog) -> [String] {
        var words: [String] = []
        for index in observed.daxRegions.indices {
            let region = observed.daxRegions[index]
            guard let identity = region.identity, log.touchedDaxRegions.contains(identity) else { continue }
            let isSameBoot = log.header.began(inBoot: bootID)
            for item in DaxUndo(of: log, in: region, isSameBoot: isSameBoot).returns {
                let transition = item.transition
                words.append(
                    "\(transition.address) will be \(transition.after == nil ? "removed" : "brought back")")
                observed.daxRegions[index].foresee(transition)
            }
        }
        return words
    }

    private mutating func change(_ device: String, _ body: (inout [Namespace]) -> Void) {
        for bus in observed.buses.indices {
            for region in observed.buses[bus].regions.indices
            where observed.buses[bus].regions[region].device == device {
                body(&observed.buses[bus].regions[region].namespaces)
            }
        }
    }

    private func note(_ id: String, _ words: String) -> Note {
        Note(
            .interrupted, id, "this transaction was interrupted, and an apply recovers it first: \(words)",
            advice:
                "what somebody wrote to since is given up only by daxprov recover --allow-destroy NAME"
        )
    }
}

extension DaxRegion {
    /// The region as it will be.
    fileprivate mutating func foresee(_ transition: DeviceTransition) {
        let node = devices.first?.targetNode
        if let gone = transition.before.flatMap({ self.device(of: $0.ranges) }) {
            devices.removeAll { $0.name == gone.name }
        }
        guard let after = transition.after else { return }
        var offset: UInt64 = 0
        let mappings = after.ranges.map { range in
            defer { offset += UInt64(range.count) / 4096 }
            return Mapping(range: range, pageOffset: offset)
        }
        let name = transition.device ?? "dax\(id).\(devices.count)"
        var device = Device(
            name: name, size: after.size, align: after.align, targetNode: node,
            driver: after.use.map { $0 == .devdax ? "device_dax" : "kmem" }, mappings: mappings,
            rights: after.rights)
        device.recordedName = recorded.device(of: after.ranges)?.name
        devices.append(device)
    }
}
