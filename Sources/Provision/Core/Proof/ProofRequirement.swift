/// The proof that an apply must end with (`require: {proof: ...}` in a profile).
public struct ProofRequirement: Equatable, Sendable {
    /// What must be proven.
    public var kind: Kind
    /// The least size of the pages that memory is mapped in; nil: any. Only of DAX.
    public var pageSize: Alignment?

    /// What must be proven.
    public enum Kind: String, CaseIterable, Sendable {
        /// ``ProofVerdict/proven``: mapped directly, with `MAP_SYNC`.
        case dax
        /// The same, and an fsdax namespace without a mounted file system is left for later: nothing is proven of it, and the
        /// apply does not fail for that.
        case daxIfMounted = "dax_if_mounted"
        /// The device is the kernel's memory, and all of its memory blocks are online in the declared zone.
        case memory
    }

    /// The requirement of a kind.
    public init(_ kind: Kind, pageSize: Alignment? = nil) {
        self.kind = kind
        self.pageSize = pageSize
    }

    /// What is to be proven, in a few words: "DAX in pages of 2 MiB".
    public var words: String {
        switch kind {
        case .dax, .daxIfMounted:
            return pageSize.map { "DAX in pages of \($0)" } ?? "DAX"
        case .memory: return "system memory"
        }
    }
}

/// What came of a required proof.
public enum ProofOutcome: String, CaseIterable, Sendable {
    /// It was made.
    case met
    /// It cannot be made before a file system is mounted, and the profile allows that (``ProofRequirement/Kind/daxIfMounted``).
    case pending
    /// It was not made.
    case missed
}

extension ProofRequirement {
    /// What a verdict means for the requirement, with the reasons: those of the verdict, and what it lacks. Pure.
    /// - Parameters:
    ///   - use: what the profile declares the device to be used as; nil where it does not say.
    ///   - memory: the memory blocks of the device; nil where they are not known, or it has none.
    public func outcome(
        of judgement: ProofJudgement, declaredAs use: DeviceUse? = nil, memory: DaxDevice.Memory? = nil
    ) -> (outcome: ProofOutcome, reasons: [ProofReason]) {
        let lacks: [ProofReason]
        switch kind {
        case .memory:
            guard judgement.verdict == .systemMemory, judgement.passes else {
                return (.missed, judgement.reasons)
            }
            lacks = zoneFault(use, memory)
        case .dax, .daxIfMounted:
            guard judgement.verdict == .proven else {
                let waits = kind == .daxIfMounted && judgement.reasons.allSatisfy { $0.code == .notMounted }
                return (waits ? .pending : .missed, judgement.reasons)
            }
            lacks = pageFault(judgement.mapping)
        }
        return (lacks.isEmpty ? .met : .missed, judgement.reasons + lacks)
    }

    private func pageFault(_ mapping: MappingMeasurement?) -> [ProofReason] {
        guard let pageSize else { return [] }
        if case .uniform(let size)? = mapping?.touch?.pages, size >= pageSize.size { return [] }
        let found = mapping?.touch?.pages.words ?? "of unknown size"
        return [
            ProofReason(.smallPages, "its pages are \(found), and the profile requires pages of \(pageSize)")
        ]
    }

    private func zoneFault(_ use: DeviceUse?, _ memory: DaxDevice.Memory?) -> [ProofReason] {
        guard case .systemRAM(let online, _)? = use else { return [] }
        let isMovable: Bool
        switch online {
        case .movable: isMovable = true
        case .kernel: isMovable = false
        case .none: return [ProofReason(.memoryOffline, "the profile leaves its memory offline")]
        }
        guard memory?.isMovable != isMovable else { return [] }
        return [
            ProofReason(
                .memoryZone,
                isMovable
                    ? "not all of its memory is in the zone Movable, as online: movable asks for"
                    : "its memory is in the zone Movable, and the profile says online: kernel")
        ]
    }
}
