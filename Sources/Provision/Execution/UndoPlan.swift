import ProvisionCore
import ProvisionHost

/// What undoing a transaction comes to: pure, from its log and the host as it is now.
///
/// It is a description of the old state, not a list of inverse steps: however far the transaction came, and however
/// often undoing was interrupted, the same plan made again brings back the same state. Only objects that a step began to
/// touch are in it.
struct UndoPlan {
    /// The namespaces that the transaction, or undoing it, made.
    var removals: [Removal] = []
    /// The devices of namespaces that stay, which a step began to configure.
    var devices: [Device] = []
    /// The namespaces whose devices' rights a step began to change, or that lost them with their devices.
    var rights: [Rights] = []
    /// The namespaces to bring back, in the order of their addresses.
    var restorations: [Restoration] = []
    /// The regions in which a step began that are not there now.
    var missingRegions: [RegionThen] = []
    /// The regions that had labels and have none now: one namespace spans each, and none of it is what the transaction touched.
    var unlabelledRegions: [RegionThen] = []

    /// A namespace to remove.
    struct Removal: Equatable {
        /// The UUID of its label.
        var label: UUID
        /// The region's kernel name now.
        var region: String
        /// The step that made it; nil for one that undoing made to keep a place.
        var step: Int?
        /// The namespace as it is; nil where there is none with a size.
        var now: Namespace?
    }

    /// A devdax namespace whose device a step began to configure.
    struct Device: Equatable {
        /// The region's kernel name now.
        var region: String
        /// The namespace as it was, at the address where its place is now.
        var was: Namespace

        /// What the device was used as; nil where that cannot be said in one word.
        var use: DeviceUse? { was.deviceUse }
    }

    /// A devdax namespace whose device had rights.
    struct Rights: Equatable {
        /// The region's kernel name now.
        var region: String
        /// The namespace as it was, at the address where its place is now.
        var was: Namespace
        /// The rights that the transaction left it with; nil where it did not come that far.
        var left: DeviceRights?
    }

    /// A namespace to bring back.
    struct Restoration: Equatable {
        /// The region's kernel name now.
        var region: String
        /// The region before the transaction.
        var oldRegion: RegionThen
        /// The namespace as it was, at the address where its place is now.
        var was: Namespace
        /// The steps that began to touch it.
        var steps: [Int]
        /// Whether a step could write to its media under a label that stays as it is: then the label does not tell whether
        /// the media is the old one.
        var keepsLabel: Bool
        /// Whether undoing has written the old labels of its region back, before any media.
        var hasLabelRestored: Bool
        /// Whether a step began to release its place.
        var isReleased: Bool
        /// What was saved of its media, from its start.
        var saved: [(offset: ByteCount, range: SavedRange)]
        /// What it held elsewhere; nil where that was not looked at.
        var sample: MediaSample?
        /// The object that holds its place under its own UUID, or one that the transaction gave; nil where none does.
        var now: Namespace?

        static func == (left: Restoration, right: Restoration) -> Bool {
            left.region == right.region && left.was == right.was && left.steps == right.steps
                && left.saved.map(\.range) == right.saved.map(\.range) && left.now == right.now
        }

        /// The UUID of the label that it has now.
        var label: UUID? { now?.labelUUID }

        /// Whether its label has the old UUID again, or still: that is written after the media.
        var hasOldMedia: Bool { !keepsLabel && now != nil && label == was.labelUUID }

        /// How it stands.
        enum Standing {
            /// It is what it was.
            case whole
            /// It looks as it was, without an info block and without a label: only its media tells whether a step wrote to it.
            case alike
            /// Its label is again the old one, which is written after the media: at most it has to be online, or offline.
            case labelled
            /// Its label is the old one, but it runs as something else.
            case runsOtherwise
            /// Its place is held, under another label or with media that may have been written.
            case changed
            /// Its place is not held, since a step released it.
            case gone
            /// Its place is not held, and no step began to release it: somebody else destroyed it.
            case destroyedByOthers
        }

        /// How it stands.
        var standing: Standing {
            guard let now else { return isReleased ? .gone : .destroyedByOthers }
            if hasLabelRestored { return .changed }
            // Without an info block nothing but the media tells: the mode without one is raw, or on some buses fsdax.
            if now.isSame(as: was) { return keepsLabel && was.infoBlockUUID == nil ? .alike : .whole }
            let runsOtherwise = now.isActive && was.isActive && now.mode != was.mode
            // Another tool can have given it another name since.
            guard !keepsLabel, now.hasLabel(of: was) || hasOldMedia && runsOtherwise else { return .changed }
            return now.isActive && was.isActive ? .runsOtherwise : .labelled
        }
    }

    /// - Parameter relabelled: the regions, by their kernel names now, that the transaction gave labels: what was there
    ///   before comes back with the old labels and a reboot.
    /// - Parameter labelsRestored: the regions whose old labels were written back just now, beside those that the log tells of.
    init(
        of log: TransactionLog, on observed: Observed, relabelled: [String],
        labelsRestored: Set<RegionThen> = []
    ) {
        let regions = RegionsThenAndNow(log.header, observed)
        var touched: [String: [Int]] = [:]
        for (number, step) in log.header.steps.enumerated() {
            guard let home = step.home, let identity = log.begun[number] else { continue }
            guard let region = regions.region(home) else {
                if !missingRegions.contains(home) { missingRegions.append(home) }
                continue
            }
            if log.header.region(home)?.labelling == .labelled, region.labelling == .labelLess {
                if !unlabelledRegions.contains(home) { unlabelledRegions.append(home) }
                continue
            }
            if step.kind.effects.contains(.changesDevice) {
                guard let was = log.header.namespace(of: step), was.mode == .devdax, was.isActive
                else { continue }
                devices.append(Device(region: region.device, was: regions.moved(was, of: home)))
            } else if step.kind.effects.contains(.changesRights) {
                guard let was = log.header.namespace(of: step), was.mode == .devdax, was.isActive
                else { continue }
                rights.removeAll { $0.was.device == was.device }
                rights.append(
                    Rights(
                        region: region.device, was: regions.moved(was, of: home),
                        left: log.results[number]?.namespace?.rights))
            } else if let device = step.device {
                touched[device, default: []].append(number)
            } else if step.kind.effects.contains(.makesNamespace) {
                removals.append(Removal(label: identity.labelUUID, step: number, in: region))
            }
        }
        restorations = touched.compactMap { device, steps in
            restoration(of: device, steps, log, regions, relabelled, log.labelsRestored.union(labelsRestored))
        }
        .sorted { ($0.was.resource ?? 0, $0.region) < ($1.was.resource ?? 0, $1.region) }
        rights += restorations.filter { restoration in
            restoration.was.rights != .none && !rights.contains { $0.was == restoration.was }
        }.map { Rights(region: $0.region, was: $0.was) }
        let kept = Set(restorations.compactMap(\.label))
        for placeholder in log.placeholders where !kept.contains(placeholder.label) {
            guard let region = regions.region(placeholder.region) else { continue }
            let removal = Removal(label: placeholder.label, step: nil, in: region)
            if removal.now != nil || placeholder == log.placeholders.last { removals.append(removal) }
        }
        removals.reverse()
    }

    private func restoration(
        of device: String, _ steps: [Int], _ log: TransactionLog, _ regions: RegionsThenAndNow,
        _ relabelled: [String], _ labelsRestored: Set<RegionThen>
    ) -> Restoration? {
        guard let oldRegion = steps.first.flatMap({ log.header.steps[$0].home }),
            let before = log.header.before.namespace(device),
            let region = regions.region(oldRegion), !relabelled.contains(region.device)
        else { return nil }
        let was = regions.moved(before, of: oldRegion)
        let first = log.header.region(oldRegion)?.offset(of: before.resource)
        var saved: [(offset: ByteCount, range: SavedRange)] = []
        for (step, home, offset, range) in log.ranges where log.begun[step] != nil && home == oldRegion {
            guard let first, offset >= first, offset < first + before.rawSize else { continue }
            saved.append((offset - first, range))
        }
        let effects = StepKind.Effects(steps.map { log.header.steps[$0].kind.effects })
        var restoration = Restoration(
            region: region.device, oldRegion: oldRegion, was: was, steps: steps,
            keepsLabel: region.labelling == .labelLess || effects.contains(.keepsLabel)
                || labelsRestored.contains(oldRegion),
            hasLabelRestored: labelsRestored.contains(oldRegion),
            isReleased: effects.contains(.releasesPlace), saved: saved,
            sample: steps.compactMap { log.samples[$0] }.last)
        let aliases =
            steps.compactMap { log.begun[$0]?.labelUUID }
            + log.placeholders.filter { $0.region == oldRegion }.map(\.label)
        restoration.now = region.namespaces.first { now in
            guard region.labelling == .labelled else { return true }
            guard let label = now.labelUUID else { return false }
            return now.resource == was.resource && now.rawSize == was.rawSize
                && (label == was.labelUUID || aliases.contains(label))
        }
        return restoration
    }
}

extension UndoPlan.Removal {
    fileprivate init(label: UUID, step: Int?, in region: Region) {
        self.init(
            label: label, region: region.device, step: step,
            now: region.namespace(labelled: label))
    }
}
