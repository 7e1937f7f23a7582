import ArgumentParser
import Provision
import SystemPackage

/// The profile that a command works on.
struct ProfileArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The host profile; - reads standard input.", valueName: "profile"))
    var profile: String

    /// Reads it.
    func read(trust: FileTrust) throws(CommandFailure) -> Profile {
        try ProfileFile.read(profile, trust: trust)
    }
}

/// Reading profiles for commands: what is wrong goes to stderr as the reader found it.
enum ProfileFile {
    /// The profile at a path; `-` is standard input.
    static func read(_ path: String, trust: FileTrust = .anybody) throws(CommandFailure) -> Profile {
        do throws(ProfileError) {
            return try ProfileReader.read(contentsOf: FilePath(path), trust: trust)
        } catch {
            throw failure(error, path)
        }
    }

    private static func failure(_ error: ProfileError, _ path: String) -> CommandFailure {
        switch error {
        case .unreadable(let profile):
            return CommandFailure(
                profile.isUntrusted ? .notPermitted : .error,
                "cannot read the profile \(profile.source): \(profile.reason)", advice: profile.advice
            )
        case .invalid(let diagnostics):
            for diagnostic in diagnostics { Console.diagnose(diagnostic.description) }
            let count = diagnostics.count
            return CommandFailure(.badProfile, "\(path): \(count) error\(count == 1 ? "" : "s")")
        }
    }
}
