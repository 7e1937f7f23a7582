/// A proof that an apply of a plan ends with.
public struct PlannedProof: Equatable, Sendable {
    /// What it is of: `region0/wal`.
    public var address: String
    /// What must be proven.
    public var requirement: ProofRequirement

    /// A proof of what is at an address.
    public init(_ address: String, _ requirement: ProofRequirement) {
        self.address = address
        self.requirement = requirement
    }
}

/// Adds to a plan the proofs that the profile requires, and says which of them cannot be made by then.
package struct ProofReview: PlanReview {
    package let profile: Profile
    package let observed: Observed

    package func completed(_ plan: Plan) -> Plan {
        guard profile.requiresProof else { return plan }
        var plan = plan
        plan.proofs = profile.requiredProofs(on: observed).map { PlannedProof($0.address, $0.requirement) }
        refuseSmallPages(in: &plan)
        // A namespace that is made, or made anew, holds no file system when the apply ends.
        let empty = Set(
            plan.changes.filter {
                [.create, .replace, .reconfigure].contains($0.kind) && $0.after?.mode == .fsdax
            }
            .map(\.address))
        for proof in plan.proofs where empty.contains(proof.address) {
            switch proof.requirement.kind {
            case .memory: continue
            case .daxIfMounted:
                plan.notes.append(
                    Note(
                        .proofWaits, proof.address,
                        "its proof of DAX waits: it will have no file system when the apply ends",
                        advice: Self.advice))
            case .dax:
                plan.notes.append(
                    Note(
                        .proofWaits, proof.address,
                        "its proof of DAX cannot be made by this apply, which will end with an error: it will have no file system "
                            + "by then",
                        advice: "\(Self.advice); proof: dax_if_mounted does not fail meanwhile"))
            }
        }
        return plan
    }

    /// Refuses what is made with pages that are too small for its proof: a device's are as large as its alignment.
    private func refuseSmallPages(in plan: inout Plan) {
        for proof in plan.proofs {
            guard let required = proof.requirement.pageSize?.size,
                let change = plan.changes.first(where: { $0.address == proof.address }),
                [.create, .replace, .reconfigure].contains(change.kind),
                let configuration = change.after?.configuration, configuration.mode == .devdax,
                let align = configuration.align, align < required
            else { continue }
            plan.refusals.append(
                Refusal(
                    .requirementNotMet, proof.address,
                    "its pages would be as large as its alignment, \(align), and its proof requires \(required)",
                    advice: "declare align: \(required), or take page_size out of its require"))
        }
    }

    private static let advice = "make and mount a file system (ext4 or xfs, -o dax=always), and apply again"
}

/// A proof that a profile requires, with what it is of on a host.
package struct RequiredProof {
    /// What must be proven.
    package var requirement: ProofRequirement
    /// What the profile declares the device to be used as; nil where it does not say.
    package var use: DeviceUse?
    /// What it is of.
    package var subject: Subject
    /// Its address: `region0/wal`.
    package var address: String

    /// What a proof is of.
    package enum Subject {
        /// A namespace; nil where there is none yet.
        case namespace(Namespace?, in: Region)
        /// A device of a dynamic dax region; nil where there is none yet.
        case device(DaxRegion.Device?)
    }
}

extension Region {
    /// The namespace of a region without labels, which no name means.
    fileprivate var onlyNamespace: Namespace? { labelling == .labelLess ? namespaces.first : nil }
}

extension Profile {
    /// Whether an apply must end with any proof.
    package var requiresProof: Bool {
        regions.contains { $0.namespaces.contains { $0.proof != nil } }
            || daxRegions.contains { $0.devices.contains { $0.proof != nil } }
    }

    /// The proofs that it requires, in the order of the profile, by the one rule of identity for namespaces, and that for devices.
    package func requiredProofs(on observed: Observed) -> [RequiredProof] {
        guard requiresProof else { return [] }
        let namespaces = namespaces(on: observed).compactMap { found in
            found.declaration.proof.map {
                RequiredProof(
                    requirement: $0, use: found.declaration.deviceConfiguration?.use,
                    subject: .namespace(found.namespace ?? found.region.onlyNamespace, in: found.region),
                    address: found.address)
            }
        }
        let devices = DaxRegionMatcher.assign(daxRegions, on: observed).0.flatMap { assignment in
            DaxDeviceMatching(assignment.block.devices, in: assignment.region).entries.compactMap { entry in
                entry.declaration.proof.map {
                    RequiredProof(
                        requirement: $0, use: entry.declaration.use, subject: .device(entry.device),
                        address: "\(assignment.region.name)/\(entry.declaration.name.text)")
                }
            }
        }
        return namespaces + devices
    }
}
