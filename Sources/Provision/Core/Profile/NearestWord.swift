/// Finds the word that somebody most likely meant.
public enum NearestWord {
    /// The candidate with the smallest edit distance to `word`, case aside, if that is small for its length, the
    /// first of equals; else one that the word begins, or that begins the word.
    public static func to(_ word: String, among candidates: [String]) -> String? {
        guard (1...64).contains(word.unicodeScalars.count) else { return nil }
        let limit = word.unicodeScalars.count <= 3 ? 1 : 2
        var best: (word: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(word.lowercased(), candidate.lowercased())
            if distance <= min(limit, best.map { $0.distance - 1 } ?? limit), distance < candidate.count {
                best = (candidate, distance)
            }
        }
        return best?.word
            ?? candidates.first { isBeginning(word.lowercased(), of: $0) || isBeginning($0, of: word) }
    }

    private static func isBeginning(_ beginning: String, of word: String) -> Bool {
        beginning.count > 2 && word.lowercased().hasPrefix(beginning)
    }

    /// How many insertions, deletions, substitutions and swaps of neighbours turn one word into the other
    /// (optimal string alignment).
    package static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.unicodeScalars)
        let right = Array(right.unicodeScalars)
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let substitution = last[column] + (left[row] == right[column] ? 0 : 1)
                var cost = min(last[column + 1] + 1, current[column] + 1, substitution)
                let swapped =
                    row > 0 && column > 0 && left[row] == right[column - 1] && left[row - 1] == right[column]
                if swapped { cost = min(cost, beforeLast[column - 1] + 1) }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
