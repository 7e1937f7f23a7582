public import SystemPackage
public import ProvisionCore
public import ProvisionHost

/// What an apply is given: a profile, or a plan that was saved. Told apart by the content, whatever the name.
public enum ApplyDocument: Sendable {
    /// A profile.
    case profile(Profile)
    /// A saved plan.
    case plan(SavedPlan)

    /// The profile: the one given, or the one in the saved plan.
    public var profile: Profile {
        switch self {
        case .profile(let profile): profile
        case .plan(let saved): saved.profile
        }
    }

    /// What is in a file, or on standard input where the path is `-`.
    ///
    /// Only regular files are opened for reading; a FIFO never blocks.
    /// - Parameter trust: whose files are read.
    public static func read(
        contentsOf path: FilePath, trust: FileTrust = .anybody
    ) throws(ApplyDocumentError) -> ApplyDocument {
        let file = RegularFile(path, trust: trust)
        let bytes = try onProfile { () throws(ProfileError) in
            try file.contents(upTo: Int(SavedPlan.maximumSize.bytes) + 1)
        }
        guard OwnDocument.isOne(bytes) else {
            return .profile(
                try onProfile { () throws(ProfileError) in
                    try ProfileReader.read(bytes, source: file.source)
                })
        }
        do throws(SavedPlanError) {
            return .plan(try SavedPlan.read(bytes))
        } catch {
            throw .plan(error)
        }
    }

    private static func onProfile<Value>(
        _ body: () throws(ProfileError) -> Value
    ) throws(ApplyDocumentError) -> Value {
        do throws(ProfileError) {
            return try body()
        } catch {
            throw .profile(error)
        }
    }
}

/// Why what an apply was given cannot be read.
public enum ApplyDocumentError: Error, Equatable, Sendable {
    /// It cannot be read at all, or is a wrong profile.
    case profile(ProfileError)
    /// It is a damaged plan.
    case plan(SavedPlanError)
}

extension ProfileReader {
    /// A profile with its text, from a file, or from standard input where the path is `-`.
    /// - Throws: as ``read(contentsOf:)`` does.
    public static func readKeepingText(
        contentsOf path: FilePath
    ) throws(ProfileError) -> (profile: Profile, text: String) {
        let file = RegularFile(path)
        let bytes = try file.contents(upTo: Int(maximumSize.bytes) + 1)
        let profile = try read(bytes, source: file.source)
        return (profile, String(decoding: bytes, as: UTF8.self))
    }
}
