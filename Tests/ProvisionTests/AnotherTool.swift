@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// A tool beside daxprov, such as `ndctl`: it changes a simulated host by the same stores, and tells no journal of it.
struct AnotherTool {
    /// What it does.
    enum Change: String, CaseIterable {
        /// `ndctl create-namespace`.
        case create
        /// `ndctl destroy-namespace`, which zeroes the info block as well.
        case destroy
        /// `ndctl create-namespace -e`, which gives the namespace another UUID.
        case reconfigure
        /// Another name under the same UUID.
        case rename
        /// Nothing but a label: where it died right after it had taken the capacity.
        case label
    }

    /// A namespace that it made.
    struct Namespace {
        var label: UUID
        /// The first DIMM of its region.
        var dimm: String
        /// Its place in the region.
        var place: Range<UInt64>
        /// What is said of it, and what lies there: as it was when ``remember(_:)`` was called last.
        var facts = ""
        var media = SimulatedMedia(infoBlocks: [:], pages: [:])
    }

    /// What it made, and what is still there of that.
    private(set) var made: [Namespace] = []
    /// The places that it wrote to, or made others do so: by the first DIMM of the region.
    private(set) var places: [(dimm: String, place: Range<UInt64>)] = []
    /// The places of what it destroyed or made anew since they were taken over: what lay there was given up by whoever did it.
    var givenUp: [(dimm: String, place: Range<UInt64>)] = []
    /// The labels of those that it renamed.
    private(set) var renamed: Set<UUID> = []

    /// Does something in the region of a DIMM; in a phrase what that was, or nil where the host lets it do nothing.
    mutating func act(
        _ change: Change, onDimm dimm: String, of host: SimulatedHost,
        _ random: inout RandomObserved.Generator
    ) throws -> String? {
        guard let number = host.state.region(onDimm: dimm), host.state.regions[number].isEnabled else {
            return nil
        }
        let region = try host.observe().regions[number]
        let identity = FreshIdentity.random(using: &random)
        do throws(OperationError) {
            switch change {
            case .create, .label:
                let layout = Self.layout(size: .mib(64), &random)
                let placement = Placement(
                    region: region.device, layout: layout, resource: nil, usableSize: .zero)
                if change == .create {
                    _ = try host.perform(.create(placement), identity: identity)
                } else {
                    _ = try host.occupy(placement, as: identity.labelUUID)
                }
                note(identity.labelUUID, dimm, host)
                return "\(change) in \(dimm)"
            case .destroy, .reconfigure, .rename:
                guard let victim = region.namespaces.randomElement(using: &random) else { return nil }
                try act(change, on: victim, in: region, dimm, host, identity, &random)
                return "\(change) \(dimm)'s \(victim.displayName)"
            }
        } catch {
            return "\(change) in \(dimm) failed: \(error)"
        }
    }

    private mutating func act(
        _ change: Change, on victim: ProvisionCore.Namespace, in region: Region, _ dimm: String,
        _ host: SimulatedHost, _ identity: FreshIdentity, _ random: inout RandomObserved.Generator
    ) throws(OperationError) {
        let target = NamespaceTarget(victim, region: region.device)
        _ = try host.perform(.disable(target), identity: identity)
        if let name = NamespaceName("theirs"), change == .rename {
            _ = try host.perform(.rename(target, name), identity: identity)
            if let label = victim.labelUUID { renamed.insert(label) }
            if victim.isActive { _ = try host.perform(.enable(target), identity: identity) }
            return
        }
        let start = (victim.resource ?? 0) - (region.resource ?? 0)
        places.append((dimm, start..<start + victim.rawSize.bytes))
        givenUp.append((dimm, start..<start + victim.rawSize.bytes))
        forget(victim.labelUUID)
        if change == .destroy {
            host.state.write([UInt8](repeating: 0, count: 8192), at: victim.resource ?? 0)
            _ = try host.perform(.destroy(target), identity: identity)
        } else {
            let layout = Self.layout(size: victim.rawSize, &random)
            _ = try host.perform(.reconfigure(target, layout), identity: identity)
            note(identity.labelUUID, dimm, host)
        }
    }

    /// Destroys what it made in the region of a DIMM.
    mutating func giveWay(onDimm dimm: String, of host: SimulatedHost) throws {
        for own in made where own.dimm == dimm {
            guard let region = try host.observe().regions.first(where: { $0.holds(own.label) }),
                let namespace = region.namespaces.first(where: { $0.labelUUID == own.label })
            else { continue }
            let target = NamespaceTarget(namespace, region: region.device)
            _ = try host.perform(.disable(target), identity: .none)
            host.state.write([UInt8](repeating: 0, count: 8192), at: namespace.resource ?? 0)
            _ = try host.perform(.destroy(target), identity: .none)
            givenUp.append((dimm, own.place))
            forget(own.label)
        }
    }

    /// Notes how everything that it made is now.
    mutating func remember(_ host: SimulatedHost) throws {
        for index in made.indices {
            guard let (facts, media) = Self.look(at: made[index], host) else { continue }
            made[index].facts = facts
            made[index].media = media
        }
    }

    /// What is not any more as it made it, in words; empty where all is. Of a region that is not there nothing is said.
    func complaints(_ host: SimulatedHost) throws -> [String] {
        made.compactMap { own in
            guard host.state.region(onDimm: own.dimm) != nil else { return nil }
            guard let (facts, media) = Self.look(at: own, host) else {
                return "the other tool's \(own.label) in \(own.dimm) is gone"
            }
            guard facts == own.facts else { return "the other tool's \(own.facts) is \(facts)" }
            return media == own.media ? nil : "the other tool's \(own.facts) was written over"
        }
    }

    private static func look(at own: Namespace, _ host: SimulatedHost) -> (String, SimulatedMedia)? {
        guard let number = host.state.region(onDimm: own.dimm) else { return nil }
        let region = host.state.regions[number]
        guard let found = region.namespaces.first(where: { $0.uuid == own.label }), found.size > .zero else {
            return nil
        }
        let place = found.offset.bytes..<found.offset.bytes + found.size.bytes
        // A label alone becomes a raw namespace at the next boot.
        let facts = "\(own.label) \(found.name) at \(place), \(found.holderClass.map { "\($0)" } ?? "raw")"
        return (facts, host.state.media(ofRegion: number).part(place))
    }

    private mutating func note(_ label: UUID, _ dimm: String, _ host: SimulatedHost) {
        guard let number = host.state.region(onDimm: dimm),
            let found = host.state.regions[number].namespaces.first(where: { $0.uuid == label })
        else { return }
        let place = found.offset.bytes..<found.offset.bytes + found.size.bytes
        var own = Namespace(label: label, dimm: dimm, place: place)
        if let (facts, media) = Self.look(at: own, host) { (own.facts, own.media) = (facts, media) }
        made.append(own)
        places.append((dimm, place))
    }

    private mutating func forget(_ label: UUID?) {
        made.removeAll { $0.label == label }
    }

    private static func layout(size: ByteCount, _ random: inout RandomObserved.Generator) -> Layout {
        let mode = [NamespaceMode.fsdax, .devdax, .sector, .raw].randomElement(using: &random) ?? .raw
        return Layout(
            name: NamespaceName("foreign"), mode: mode, map: mode.isDirectAccess ? .dev : nil,
            align: mode.isDirectAccess ? .huge : nil, sectorSize: mode == .sector ? .sectorModeDefault : nil,
            rawSize: size)
    }
}

extension Region {
    fileprivate func holds(_ label: UUID) -> Bool { namespaces.contains { $0.labelUUID == label } }
}
