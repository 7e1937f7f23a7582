public import ProvisionCore
import ProvisionHost

/// What came of a proof that a profile requires, on a host as an apply left it.
public struct ProofResult: Sendable {
    /// What it is of: `region0/wal`.
    public let address: String
    /// What had to be proven.
    public let requirement: ProofRequirement
    /// What came of it.
    public let outcome: ProofOutcome
    /// The verdict, as `verify` has it.
    public let verdict: ProofVerdict
    /// Why, at least one.
    public let reasons: [ProofReason]
    /// What was measured of a namespace; nil of a device of a dynamic dax region, and of what is not there.
    public let finding: Verification.Finding?
    /// The device whose memory blocks were looked at; nil where it has none.
    public let device: DaxRegion.Device?

    /// Makes the proofs that a profile requires. Changes nothing but that files come and go on mounted file systems.
    static func all(for profile: Profile, on observed: Observed, _ host: any Host) -> [ProofResult] {
        let required = profile.requiredProofs(on: observed)
        guard !required.isEmpty else { return [] }
        let devices = observed.daxDevicesByName
        let providers = Dictionary(
            observed.buses.flatMap { bus in bus.regions.map { ($0.device, bus.provider) } },
            uniquingKeysWith: { first, _ in first })
        return required.map { proof in
            switch proof.subject {
            case .namespace(nil, _), .device(nil): ProofResult(missing: proof)
            case .namespace(let namespace?, let region):
                ProofResult(
                    proof,
                    Verification.Finding(
                        of: namespace, in: region, of: providers[region.device] ?? "", devices, on: host))
            case .device(let device?): ProofResult(proof, device)
            }
        }
    }

    private init(_ proof: RequiredProof, _ finding: Verification.Finding) {
        let (outcome, reasons) = proof.requirement.outcome(
            of: finding.judgement, declaredAs: proof.use, memory: finding.namespace.daxDevice?.memory)
        self.init(proof, outcome, finding.judgement.verdict, reasons, finding, finding.device)
    }

    private init(_ proof: RequiredProof, _ device: DaxRegion.Device) {
        let judgement = ProofJudgement(device)
        let (outcome, reasons) = proof.requirement.outcome(
            of: judgement, declaredAs: proof.use, memory: device.memory)
        self.init(proof, outcome, judgement.verdict, reasons, nil, device)
    }

    private init(missing proof: RequiredProof) {
        let reason = ProofReason(.changed, "it is not there any more: another tool removed it")
        self.init(proof, .missed, .notProven, [reason], nil, nil)
    }

    private init(
        _ proof: RequiredProof, _ outcome: ProofOutcome, _ verdict: ProofVerdict, _ reasons: [ProofReason],
        _ finding: Verification.Finding?, _ device: DaxRegion.Device?
    ) {
        self.address = proof.address
        self.requirement = proof.requirement
        self.outcome = outcome
        self.verdict = verdict
        self.reasons = reasons
        self.finding = finding
        self.device = device
    }
}

extension [ProofResult] {
    /// Whether none is missed: each was made, or may wait.
    var areMade: Bool { allSatisfy { $0.outcome != .missed } }
}

/// A proof as a transaction's journal keeps it.
public struct RecordedProof: Equatable, Sendable {
    /// What it is of.
    public var address: String
    /// What had to be proven.
    public var requirement: ProofRequirement
    /// What came of it; nil: the apply was interrupted before it was made.
    public var outcome: ProofOutcome?
    /// The verdict; nil where there is none.
    public var verdict: ProofVerdict?
    /// The reasons in sentences.
    public var reasons: [String] = []
}

extension [RecordedProof] {
    /// Whether one was not made though it may not wait.
    var areMissed: Bool { contains { $0.outcome == .missed || $0.outcome == nil } }
}

extension RecordedProof {
    /// What is kept of a proof.
    init(_ result: ProofResult) {
        self.init(
            address: result.address, requirement: result.requirement, outcome: result.outcome,
            verdict: result.verdict, reasons: result.reasons.map(\.message))
    }

    /// A proof that has yet to be made.
    init(_ planned: PlannedProof) {
        self.init(address: planned.address, requirement: planned.requirement)
    }
}
