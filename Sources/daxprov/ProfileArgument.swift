import ProvisionCore
import ProvisionHost
import SystemPackage

/// Reading profiles for commands: what is wrong goes to stderr as the reader found it.
enum ProfileArgument {
    /// The profile at a path; `-` is standard input.
    static func read(_ path: String, trust: FileTrust = .anybody) throws(CommandFailure) -> Profile {
        do throws(ProfileError) {
            return try ProfileReader.read(contentsOf: FilePath(path), trust: trust)
        } catch {
            throw failure(error, path)
        }
    }

    /// The profile at a path with its text; `-` is standard input.
    static func readKeepingText(_ path: String) throws(CommandFailure) -> (profile: Profile, text: String) {
        do throws(ProfileError) {
            return try ProfileReader.readKeepingText(contentsOf: FilePath(path))
        } catch {
            throw failure(error, path)
        }
    }

    /// Why a profile could not be read; what is wrong in it is said on stderr.
    static func failure(_ error: ProfileError, _ path: String) -> CommandFailure {
        switch error {
        case .unreadable(let profile):
            return CommandFailure(
                profile.isUntrusted ? .notPermitted : .error,
                "cannot read the profile \(profile.source): \(profile.reason)", advice: profile.advice
            )
        case .invalid(let diagnostics):
            for diagnostic in diagnostics { Console.diagnose(diagnostic.description) }
            let count = diagnostics.count
            var failure = CommandFailure(.badProfile, "\(path): \(count) error\(count == 1 ? "" : "s")")
            failure.diagnostics = diagnostics
            return failure
        }
    }
}
