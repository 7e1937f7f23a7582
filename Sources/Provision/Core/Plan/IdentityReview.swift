/// Adds to a plan what a person should know about the names it goes by: a `renamed_from` that cannot or does not take
/// effect, and a name that looks like the declared one and has other bytes. Pure, from the profile and the observation.
package struct IdentityReview: PlanReview {
    private let assignments: [RegionMatcher.Assignment]
    private let names: NameIndex

    /// - Parameters:
    ///   - assignments: the blocks of the profile with their regions.
    ///   - names: the names of the whole host.
    package init(assignments: [RegionMatcher.Assignment], names: NameIndex) {
        self.assignments = assignments
        self.names = names
    }

    /// The plan with its refusals and notes.
    package func completed(_ plan: Plan) -> Plan {
        var plan = plan
        for assignment in assignments where assignment.region.labelling == .labelled {
            // Names are equal here whatever their bytes are, so that one list holds every spelling of a name.
            let spellings = Dictionary(grouping: assignment.region.namespaces.compactMap(\.name), by: \.self)
            for declaration in assignment.block.namespaces {
                if let refusal = formerNameElsewhere(declaration, assignment) {
                    plan.refusals.append(refusal)
                }
                if let note = formerNameStays(declaration, assignment) { plan.notes.append(note) }
                if let note = otherSpelling(declaration, of: spellings, assignment) {
                    plan.notes.append(note)
                }
            }
        }
        return plan
    }

    /// The refusal of a namespace that would be created empty, though the profile says that it exists under another
    /// name: that one is in a region that another block is for, or none.
    private func formerNameElsewhere(
        _ declaration: NamespaceDeclaration, _ assignment: RegionMatcher.Assignment
    ) -> Refusal? {
        let region = assignment.region
        guard declaration.uuid == nil, let former = declaration.renamedFrom, let name = declaration.name,
            !region.has(name.text), !region.has(former.text)
        else { return nil }
        let siblings = assignments.filter { $0.block.position == assignment.block.position }
        guard let place = names.region(with: former.text, besides: Set(siblings.map(\.region.device))) else {
            return nil
        }
        return Refusal(
            .identityNotFound, "\(region.device)/\(name)", at: declaration.position,
            "renamed_from is the name of a namespace in \(place), and \(region.device) has neither \(former) nor \(name)",
            advice:
                "declare it in the block for \(place): a namespace cannot move to another region; or leave "
                + "renamed_from out to have an empty one created")
    }

    /// The note that a former name takes no effect, since the new one is there as well.
    private func formerNameStays(
        _ declaration: NamespaceDeclaration, _ assignment: RegionMatcher.Assignment
    ) -> Note? {
        let region = assignment.region
        guard declaration.uuid == nil, let former = declaration.renamedFrom, let name = declaration.name,
            region.has(name.text), region.has(former.text)
        else { return nil }
        return Note(
            .renameWithoutEffect, "\(region.device)/\(name)",
            "renamed_from has no effect: \(region.device) has a namespace \(name) already, and \(former) is another one",
            advice: "declare \(former) as well, or leave renamed_from out")
    }

    /// The note that a name in a label equals the declared one for every reader, and has other bytes.
    private func otherSpelling(
        _ declaration: NamespaceDeclaration, of spellings: [String: [String]],
        _ assignment: RegionMatcher.Assignment
    ) -> Note? {
        let region = assignment.region
        guard let name = declaration.name,
            spellings[name.text]?.contains(where: name.isSpelledDifferently) == true
        else { return nil }
        return Note(
            .nameSpelledDifferently, "\(region.device)/\(name)",
            "its label spells the name with other bytes (Unicode can write an accent in two ways); it counts as the same name",
            advice: "ndctl looks for the bytes: copy the name from daxprov inventory")
    }
}

extension Region {
    /// Whether one of its namespaces has this name.
    fileprivate func has(_ name: String) -> Bool { namespaces.contains { $0.name == name } }
}
