/// Adds to a plan what was found in the label areas that it writes to, and in the regions that get labels.
package struct LabelReview: PlanReview {
    package let findings: UseReport

    /// The plan with its refusals, its notes, and the consent that labels over data need.
    package func completed(_ plan: Plan) -> Plan {
        var plan = plan
        for index in plan.changes.indices where plan.changes[index].kind == .initializeLabels {
            judge(index, in: &plan)
        }
        plan.refusals += findings.strayLabels.map { stray in
            Refusal(
                .labelsWithoutIndex, stray.region, stray.description, advice: StrayLabels.advice(stray.dimm))
        }
        plan.refusals += lossyLabels(in: plan)
        return plan
    }

    /// Says whether the region that gets labels holds data, and how sure that is. Where all of it was looked at and
    /// holds nothing, nothing is lost, and nothing has to be saved.
    private func judge(_ index: Int, in plan: inout Plan) {
        let address = plan.changes[index].address
        guard let look = findings.contentLooks[address] else { return }
        if look.isEmpty, plan.changes[index].contents?.isEmpty ?? true {
            plan.changes[index].consent = nil
            plan.changes[index].reversibility = .untilWritten
            plan.changes[index].reversibilityReason = LabelInitialization.reversibilityReason
            for step in plan.steps.indices where plan.steps[step].change == index {
                plan.steps[step].backup = nil
            }
        } else if let place = look.firstContent {
            plan.notes.append(
                Note(
                    .contentFound, address,
                    "it holds data: the first byte other than zero that was found is at \(place)"))
        } else {
            let read = look.read.roundedDown(to: .mib(1))
            plan.notes.append(
                Note(
                    .contentUnknown, address,
                    "\(read) of its \(look.size) were looked at, at the start, the end and places between, and are "
                        + "zero; the rest may hold data",
                    advice: "if nothing on it is needed, as on a new DIMM, say --allow-destroy \(address)"))
        }
    }

    /// A refusal for every change that writes or deletes a label which undo could not write back.
    private func lossyLabels(in plan: Plan) -> [Refusal] {
        var refused: Set<Int> = []
        return plan.steps.compactMap { planned in
            guard planned.step.kind.effects.contains(.changesLabel),
                let uuid = planned.step.target?.labelUUID,
                let losses = findings.labelLosses[uuid], refused.insert(planned.change).inserted
            else { return nil }
            return Refusal(
                .labelNotRestorable, plan.changes[planned.change].address,
                "its label could not be written back as it is: \(losses.joined(separator: "; "))",
                advice: "change it with ndctl, after ndctl read-labels -o FILE of the region's DIMMs; "
                    + "ndctl write-labels -i FILE brings such a label back")
        }
    }
}

extension Plan {
    /// The regions that get labels.
    package var initializedRegions: [String] {
        steps.compactMap { planned in
            guard case .initializeLabels(let region) = planned.step else { return nil }
            return region
        }
    }

    /// The namespaces whose labels are written or deleted.
    package var relabelled: [NamespaceTarget] {
        steps.compactMap { planned in
            guard planned.step.kind.effects.contains(.changesLabel), let target = planned.step.target,
                target.labelUUID != nil
            else {
                return nil
            }
            return target
        }
    }
}
