/// `proof` of a `require`: of a region block, for each of its namespaces, or of one namespace or device.
extension ProfileDecoder {
    /// The `require` of a namespace, or of a device of a dynamic dax region.
    package mutating func proofRequirement(in fields: Fields) -> ProofRequirement? {
        guard let node = fields["require"],
            let own = self.fields(of: node, called: "`require`", keys: ["proof", "page_size"])
        else { return nil }
        require("proof", in: own, example: "dax, dax_if_mounted or memory")
        let kind: ProofRequirement.Kind? = word("proof", in: own)
        let size = alignment("page_size", in: own)
        guard let kind else { return nil }
        if kind == .memory { refuse(["page_size"], in: own, because: "not for the proof memory") }
        return ProofRequirement(kind, pageSize: size)
    }

    /// The declaration, once a proof that it cannot have is reported.
    package mutating func checkProof(of declaration: NamespaceDeclaration, in fields: Fields) {
        guard let proof = declaration.proof, let node = fields.keyNodes["require"] else { return }
        if !declaration.canProve(proof.kind) {
            report(
                "\(declaration.proofWords) cannot have the proof `\(proof.kind.rawValue)`", at: node,
                suggestion: declaration.provable.map { "did you mean `\($0.rawValue)`?" } ?? "leave it out")
        }
        guard let pageSize = proof.pageSize else { return }
        if declaration.mode == .fsdax, pageSize == .gigantic {
            report("files have no pages of \(pageSize)", at: node, suggestion: "2 MiB are the largest")
        }
        if declaration.mode == .devdax, let align = declaration.align, align < pageSize {
            report(
                "the pages of a device are as large as its alignment, and `align` is \(align)", at: node,
                suggestion: "leave `page_size` out: it follows from `align`")
        }
    }

    /// The namespaces of a block, each that can have the block's proof and asks for none itself with that.
    package mutating func proving(
        _ namespaces: [NamespaceDeclaration], _ kind: ProofRequirement.Kind?, in fields: Fields
    ) -> [NamespaceDeclaration] {
        guard let kind, let node = fields.keyNodes["require"] else { return namespaces }
        guard namespaces.contains(where: { $0.canProve(kind) }) else {
            report(
                "no namespace of the block can have the proof `\(kind.rawValue)`", at: node,
                suggestion: "dax is for modes fsdax and devdax, memory for `device: {mode: system-ram}`")
            return namespaces
        }
        return namespaces.map { declaration in
            guard declaration.proof == nil, declaration.canProve(kind) else { return declaration }
            var proving = declaration
            proving.proof = ProofRequirement(kind)
            return proving
        }
    }

    /// Reports a proof that a device of a dynamic dax region cannot have.
    package mutating func checkProof(
        _ proof: ProofRequirement?, of configuration: DeviceConfiguration, in fields: Fields
    ) {
        guard let proof, let node = fields.keyNodes["require"] else { return }
        if proof.kind != .memory {
            report(
                "a device of `devices` cannot have the proof `\(proof.kind.rawValue)`", at: node,
                suggestion: "memory, for mode system-ram: devices that are no namespaces are not mapped")
        } else if !configuration.use.isOnline {
            report(
                "the proof `memory` is only for mode system-ram with memory online", at: node,
                suggestion: "leave it out")
        }
    }
}

extension NamespaceDeclaration {
    /// Whether what it declares can have such a proof.
    fileprivate func canProve(_ kind: ProofRequirement.Kind) -> Bool {
        let use = deviceConfiguration?.use ?? .devdax
        switch kind {
        case .dax, .daxIfMounted: return mode.isDirectAccess && use == .devdax
        case .memory: return use.isOnline
        }
    }

    /// The proof that it can have; nil: none.
    fileprivate var provable: ProofRequirement.Kind? {
        ProofRequirement.Kind.allCases.first(where: canProve)
    }

    /// What it is, for messages about proofs.
    fileprivate var proofWords: String {
        guard let use = deviceConfiguration?.use, use != .devdax else {
            return "a namespace in mode \(mode.rawValue)"
        }
        return use.isOnline ? "system memory" : "memory that stays offline"
    }
}
