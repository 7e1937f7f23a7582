import ProvisionCore

/// The parts of a saved plan's document, read back with limits.
extension ObjectFingerprint {
    /// The object that a node describes. Facts that this version does not know are ignored: those that it knows and does
    /// not find differ from the live object's.
    init(_ node: JSONCursor) throws(JSONError) {
        var facts: [Fact: FactValue] = [:]
        let known = try node.required("facts")
        for fact in Fact.allCases {
            guard let value = try known.optional(fact.rawValue) else { continue }
            facts[fact] = FactText.value(of: try value.string(), as: fact)
        }
        self.init(
            kind: try node.required("kind").word(), identity: try node.required("identity").string(),
            address: try node.required("address").string(), facts: facts)
    }
}

extension Change {
    /// The change that a node describes, to be shown.
    init(_ node: JSONCursor) throws(JSONError) {
        self.init(
            address: try node.required("address").string(), kind: try node.required("kind").word(),
            before: try node.optional("before").map(NamespaceSummary.init),
            after: try node.optional("after").map(NamespaceSummary.init),
            reasons: [try node.required("reason").string()].filter { !$0.isEmpty },
            reversibility: try node.required("reversibility").word(),
            reversibilityReason: try node.required("reversibility_reason").string(),
            consent: try node.optional("consent")?.string())
        if try node.optional("contents") != nil {
            contents = try node.required("contents").limitedList(Signature.init)
        }
        guard try node.required("data_loss").bool() == losesData else {
            throw node.error("its data_loss contradicts its consent")
        }
    }
}

extension StepFacts {
    /// The steps of the change that a node describes.
    static func steps(of change: JSONCursor) throws(JSONError) -> [StepFacts] {
        try change.required("steps").limitedList { step throws(JSONError) in
            StepFacts(
                action: try step.required("action").string(), region: try step.required("region").string(),
                device: try step.optional("device")?.string(),
                resource: try step.optional("resource")?.address(),
                rawSize: try step.optional("raw_size")?.size(),
                labelUUID: try step.optional("raw_uuid")?.uuid(),
                backupSize: try step.optional("backup_size")?.byteCount())
        }
    }
}

extension Signature {
    /// The signature that a node describes.
    init(_ node: JSONCursor) throws(JSONError) {
        self.init(
            try node.required("kind").word(), type: try node.required("type").string(),
            label: try node.optional("label")?.string(), uuid: try node.optional("uuid")?.string())
    }
}

extension NamespaceSummary {
    /// The summary that a node describes.
    init(_ node: JSONCursor) throws(JSONError) {
        self.init(
            try NamespaceConfiguration(node), usableSize: try node.optional("usable_size")?.size(),
            resource: try node.optional("resource")?.address(),
            labelUUID: try node.optional("raw_uuid")?.uuid(), isActive: try node.state("active"),
            device: try node.optional("device").map(InventoryReader.daxDevice),
            rights: try node.optional("rights").map { rights throws(JSONError) in
                try DeviceRights(rights)
            } ?? .none)
        mappings = try node.optional("mappings")?.limitedList(InventoryReader.range)
    }
}
