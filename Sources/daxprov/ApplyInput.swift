import Provision
import ProvisionCore
import ProvisionHost
import SystemPackage

/// Reading what an apply is given.
enum ApplyInput {
    /// The profile or saved plan at a path; `-` is standard input.
    static func read(_ path: String, trust: FileTrust = .anybody) throws(CommandFailure) -> ApplyDocument {
        do throws(ApplyDocumentError) {
            return try ApplyDocument.read(contentsOf: FilePath(path), trust: trust)
        } catch {
            switch error {
            case .profile(let profile): throw ProfileArgument.failure(profile, path)
            case .plan(let plan): throw CommandFailure(plan, path)
            }
        }
    }
}

extension CommandFailure {
    /// Why a saved plan cannot be read.
    init(_ error: SavedPlanError, _ path: String) {
        switch error {
        case .malformed(let reason):
            self.init(
                .badProfile, "the saved plan \(path) cannot be used: \(reason)",
                advice: "plan again: daxprov plan PROFILE -o \(path)")
        case .profile(let diagnostics):
            for diagnostic in diagnostics { Console.diagnose(diagnostic.description) }
            self.init(
                .badProfile, "the profile in the saved plan \(path) is wrong",
                advice: "daxprov never saves such a plan: somebody changed the file")
        }
    }
}
