import ProvisionCore

/// What the regions and DIMMs that a plan was made for are called now, whatever a boot has made of the kernel's numbers.
///
/// A DIMM is known by its unique id; a region by its DIMMs and where it begins on each; one without DIMMs by its physical address. What is
/// not found keeps its name: then it differs from whatever has that name now in just these facts. A DIMM without an id is known by the
/// kernel's name alone: where a boot gave that to another one, the region that is found by it has another physical address.
private struct CurrentNames {
    private var dimms: [String: String] = [:]
    private var regions: [String: String] = [:]

    /// The names that these objects have among those of now.
    init(of objects: [ObjectFingerprint], among now: [ObjectFingerprint]) {
        for dimm in objects where dimm.kind == .dimm {
            let found = now.first { $0.kind == .dimm && $0.identity == dimm.identity }
            dimms[dimm.address] = found?.address
        }
        for region in objects where region.kind == .region {
            let then = Self.place(of: renamed(region))
            let found = now.filter { $0.kind == .region && Self.place(of: $0) == then }
            if found.count == 1 { regions[region.address] = found[0].address }
        }
    }

    /// The facts that say which region it is.
    private static func place(of region: ObjectFingerprint) -> [FactValue?] {
        guard case .shares(let shares)? = region.facts[.dimms], !shares.isEmpty else {
            return [region.facts[.resource], region.facts[.size]]
        }
        return [.shares(shares)]
    }

    /// The name of a region now.
    func region(_ then: String) -> String { regions[then] ?? then }

    /// An address, such as `region0/wal`, with the name that the region has now.
    func address(_ then: String) -> String {
        let region = then.prefix { $0 != "/" }
        return self.region(String(region)) + then.dropFirst(region.count)
    }

    /// An object with the names of now in it.
    func renamed(_ object: ObjectFingerprint) -> ObjectFingerprint {
        var object = object
        switch object.kind {
        case .dimm:
            object.address = dimms[object.address] ?? object.address
        case .region:
            if case .shares(let shares)? = object.facts[.dimms] {
                object.facts[.dimms] = .shares(
                    shares.map { FactValue.Share(dimm: dimms[$0.dimm] ?? $0.dimm, offset: $0.offset) })
            }
            object.address = region(object.address)
            object.identity = object.address
        case .namespace:
            object.identity = namespace(object.identity, at: object.address)
            object.address = address(object.address)
        case .daxRegion, .daxDevice:
            break
        }
        return object
    }

    /// The identity of a namespace: without a label it is the kernel's name, which has the region's number in it.
    private func namespace(_ identity: String, at address: String) -> String {
        let region = String(address.prefix { $0 != "/" })
        let (then, now) = (region.drop(while: \.isLetter), self.region(region).drop(while: \.isLetter))
        guard identity.hasPrefix("namespace\(then).") else { return identity }
        return "namespace\(now)." + identity.dropFirst("namespace\(then).".count)
    }
}

extension PlanBasis {
    /// The same with the names that the kernel has for its regions and DIMMs now.
    func renumbered(_ observed: Observed) -> PlanBasis {
        let names = CurrentNames(of: objects, among: Self.everything(observed))
        var basis = self
        basis.objects = objects.map(names.renamed)
        for index in changes.indices {
            basis.changes[index].address = names.address(changes[index].address)
            for step in changes[index].steps.indices {
                basis.changes[index].steps[step].region = names.region(changes[index].steps[step].region)
            }
        }
        return basis
    }
}
