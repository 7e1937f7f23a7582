/// A text to look for secrets in: its scalars, beside the same in lower case, so that letter case never hides one.
struct RedactionPage {
    /// The scalars.
    let scalars: [Unicode.Scalar]
    /// The scalars in lower case, each at its place.
    let folded: [Unicode.Scalar]

    /// How many there are.
    var count: Int { scalars.count }

    /// The page of a text.
    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
        folded = scalars.map { Self.fold($0) }
    }

    /// The scalar in lower case, where that is one scalar.
    static func fold(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0x41...0x5A: return Unicode.Scalar(scalar.value + 0x20) ?? scalar
        case 0..<0x80: return scalar
        default:
            let lower = scalar.properties.lowercaseMapping.unicodeScalars
            return lower.count == 1 ? lower.first ?? scalar : scalar
        }
    }

    /// Whether there is a letter, a digit or an underscore at a place.
    func isWord(at place: Int) -> Bool {
        guard scalars.indices.contains(place) else { return false }
        return Self.isWord(scalars[place])
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
        case 0..<0x80: false
        default: scalar.properties.isAlphabetic
        }
    }

    /// Whether there is a hexadecimal digit at a place.
    func isHexadecimal(at place: Int) -> Bool {
        guard folded.indices.contains(place) else { return false }
        switch folded[place].value {
        case 0x30...0x39, 0x61...0x66: return true
        default: return false
        }
    }

    /// Whether there is this scalar at a place, in lower case.
    func has(_ scalar: Unicode.Scalar, at place: Int) -> Bool {
        folded.indices.contains(place) && folded[place] == scalar
    }

    /// Whether these scalars, in lower case, begin at a place.
    func has(_ text: [Unicode.Scalar], at place: Int) -> Bool {
        guard place >= 0, place + text.count <= count else { return false }
        return folded[place..<(place + text.count)].elementsEqual(text)
    }

    /// How many scalars from a place on fulfil a condition.
    func length(from place: Int, while condition: (Int) -> Bool) -> Int {
        var end = place
        while end < count, condition(end) { end += 1 }
        return end - place
    }

    /// The text of a range, in lower case.
    func foldedText(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: folded[range])
        return String(text)
    }

    /// The text of a range.
    func text(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[range])
        return String(text)
    }
}
