public import SystemPackage
public import ProvisionCore

extension ProfileReader {
    /// The profile in a file, or on standard input where the path is `-`.
    ///
    /// Only regular files are opened for reading; a FIFO never blocks.
    /// - Parameter trust: whose files are read.
    /// - Throws: ``ProfileError/unreadable(_:)``, or ``ProfileError/invalid(_:)`` as ``read(_:source:)`` does.
    public static func read(
        contentsOf path: FilePath, trust: FileTrust = .anybody
    ) throws(ProfileError) -> Profile {
        let file = RegularFile(path, trust: trust)
        return try read(file.contents(upTo: Int(maximumSize.bytes) + 1), source: file.source)
    }
}
