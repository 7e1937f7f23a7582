import ArgumentParser
import Provision
import ProvisionCore

/// What shells offer for values that the host decides. Looking changes nothing; where it fails, nothing is offered.
enum HostCompletion {
    /// Names of namespaces.
    static let namespaces = CompletionKind.custom { words, _, _ in namespaceNames(seenWith: words) }

    /// Regions, and names of namespaces.
    static let parts = CompletionKind.custom { words, _, _ in
        (observed(seenWith: words)?.regions.map(\.device) ?? []) + namespaceNames(seenWith: words)
    }

    /// Recorded transactions, the youngest first.
    static let transactions = CompletionKind.custom { words, _, _ in
        guard let readings = try? options(among: words)?.store.readings() else { return [] }
        return readings.compactMap(\.summary).map(\.id).reversed().filter(isPlain)
    }

    private static func namespaceNames(seenWith words: [String]) -> [String] {
        guard let regions = observed(seenWith: words)?.regions else { return [] }
        return regions.flatMap(\.namespaces).compactMap(\.name).filter(isPlain)
    }

    private static func observed(seenWith words: [String]) -> Observed? {
        try? options(among: words)?.makeHost().observe()
    }

    /// The options that choose the host and its record, where the line has them as words of their own.
    private static func options(among words: [String]) -> HostOptions? {
        var chosen: [String] = []
        for (option, value) in zip(words, words.dropFirst())
        where ["--simulate", "--state-dir"].contains(option) {
            chosen += [option, value]
        }
        return try? HostOptions.parse(chosen)
    }

    /// Whether every shell takes the word as it stands: others have written the labels.
    private static func isPlain(_ word: String) -> Bool {
        !word.isEmpty && !word.hasPrefix("-")
            && word.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
