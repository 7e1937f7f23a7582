public import SystemPackage
public import ProvisionCore

/// Why a saved inventory could not be read.
public struct SavedInventoryError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The path, or `<stdin>`.
    public let source: String
    /// Why, in words, with the place in the text where there is one.
    public let reason: String
    /// What the administrator can do; nil where nothing general helps.
    public let advice: String?
    /// Where in the text; nil where the text has no such place.
    public var position: SourcePosition?
    /// The line around that place.
    public var excerpt: SourceExcerpt?

    /// A value of these parts.
    package init(
        source: String, reason: String, advice: String?, position: SourcePosition? = nil,
        excerpt: SourceExcerpt? = nil
    ) {
        self.source = source
        self.reason = reason
        self.advice = advice
        self.position = position
        self.excerpt = excerpt
    }

    /// What failed, on what, and why, in one line.
    public var description: String {
        let place = position.map { ":\($0.line):\($0.column)" } ?? ""
        return "cannot read the inventory \(source)\(place): \(reason)"
    }
}

extension SavedInventory {
    /// The inventory in a file, or on standard input where the path is `-`.
    ///
    /// Only regular files of at most 64 MiB are read; a FIFO never blocks.
    public static func read(contentsOf path: FilePath) throws(SavedInventoryError) -> SavedInventory {
        let file = RegularFile(path)
        let bytes = try bytes(of: file)
        do throws(JSONError) {
            return try read(bytes)
        } catch {
            let fault = JSONFault(error, in: bytes)
            throw SavedInventoryError(
                source: file.source, reason: fault.reason,
                advice: "an inventory is what daxprov inventory --json or ndctl list -BDRNv prints",
                position: fault.position, excerpt: fault.excerpt)
        }
    }

    private static func bytes(of file: RegularFile) throws(SavedInventoryError) -> [UInt8] {
        do throws(ProfileError) {
            return try file.contents(upTo: JSONValue.maximumLength + 1)
        } catch {
            guard case .unreadable(let failure) = error else {
                throw SavedInventoryError(source: file.source, reason: error.description, advice: nil)
            }
            throw SavedInventoryError(source: file.source, reason: failure.reason, advice: failure.advice)
        }
    }
}
