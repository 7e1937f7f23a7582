/// What `require:` of a region asks of the health of its DIMMs. The one place that judges it (decision 32).
package struct HealthRequirement {
    private let require: RegionRequirements

    /// The part of these requirements that is about health.
    package init(_ require: RegionRequirements) {
        self.require = require
    }

    /// Why a DIMM of the region does not meet them; empty where it does.
    package func refusals(of dimm: Dimm, for assignment: RegionMatcher.Assignment) -> [Refusal] {
        (unhealthy(dimm)
            + unmet(require.lifeUsed, "life_used", of: dimm) { $0.lifeUsed }
            + unmet(require.spares, "spares", of: dimm) { $0.spares })
            .map { complaint in
                Refusal(
                    complaint.code, assignment.region.device, at: assignment.block.position,
                    complaint.message, advice: complaint.advice)
            }
    }

    private struct Complaint {
        var message: String
        var advice: String?
        var code = Refusal.Code.requirementNotMet
    }

    /// Failure flags, and a state other than ok. A firmware without a command for health, as that of a virtual DIMM, and one that
    /// tells no state, are judged by the flags alone; one that could not be asked is not.
    private func unhealthy(_ dimm: Dimm) -> [Complaint] {
        guard require.healthy else { return [] }
        var complaints: [Complaint] = []
        if !dimm.flags.isEmpty {
            let flags = dimm.flags.map(\.rawValue).joined(separator: ", ")
            complaints.append(
                Complaint(message: "\(dimm.device) reports \(flags), and the profile requires health: ok"))
        }
        switch dimm.health?.unread {
        case .notPermitted?, .failed?: complaints.append(unknown("health: ok", of: dimm))
        case .unsupported?, nil:
            if let state = dimm.health?.state, state != .ok {
                complaints.append(
                    Complaint(
                        message:
                            "the health of \(dimm.device) is \(state.rawValue), and the profile requires "
                            + "health: ok",
                        advice: "see ndctl list -DH -d \(dimm.device), and the vendor's tool"))
            }
        }
        return complaints
    }

    private func unmet(
        _ bound: PercentageBound?, _ key: String, of dimm: Dimm, _ value: (DimmHealth) -> Int?
    ) -> [Complaint] {
        guard let bound else { return [] }
        guard let found = dimm.health.flatMap(value) else { return [unknown("\(key): \(bound)", of: dimm)] }
        guard !bound.admits(found) else { return [] }
        return [
            Complaint(
                message: "\(dimm.device) has \(key) of \(found)%, and the profile requires \(key): \(bound)")
        ]
    }

    /// What is not known does not meet a requirement.
    private func unknown(_ requirement: String, of dimm: Dimm) -> Complaint {
        let key = requirement.prefix { $0 != ":" }
        let (code, reason, advice): (Refusal.Code, String, String) =
            switch dimm.health?.unread {
            case .notPermitted?: (.healthUnknown, "only root may ask its firmware", "run daxprov as root")
            case .failed?:
                (
                    .healthUnknown, "the command that asks its firmware failed",
                    "see the kernel log, and ndctl list -DH -d \(dimm.device)"
                )
            case .unsupported?:
                (.requirementNotMet, "its firmware has no command for it", "take \(key) out of `require`")
            case nil where dimm.health == nil:
                (
                    .notListed, "the inventory does not say it",
                    "save the inventory again, as root: daxprov inventory --json, or ndctl list -BDRNvH"
                )
            case nil:
                (.requirementNotMet, "its firmware does not tell it", "take \(key) out of `require`")
            }
        return Complaint(
            message:
                "\(key) of \(dimm.device) is not known: \(reason), and the profile requires \(requirement)",
            advice: advice, code: code)
    }
}
