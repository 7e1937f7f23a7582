/// A configuration file in the dialect of iniparser, which daxctl reads its own with.
///
/// Versions 4.1 and 4.2 of that library agree on all of this (iniparser.c, `iniparser_load`, `iniparser_line`).
package struct IniFile {
    /// A section with all that the file says under its name: iniparser merges what has one name.
    package struct Section {
        /// The name in lower case, without the white space around it.
        package let name: String
        /// The values by key, in lower case; the last one where a key is repeated.
        package fileprivate(set) var values: [String: String] = [:]
    }

    /// Why iniparser refuses a file as a whole.
    package struct Flaw: Error, Equatable {
        /// The line, from 1.
        package let line: Int
        /// What is wrong with it.
        package let reason: String
    }

    /// The sections in the order of their first lines.
    package private(set) var sections: [Section] = []

    /// The longest line that iniparser takes, its end included (ASCIILINESZ).
    private static let longestLine = 1023

    /// Reads a file.
    package init(_ bytes: [UInt8]) throws(Flaw) {
        var current: Int?
        var pending: [UInt8] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard !line.contains(0) else { throw Flaw(line: index + 1, reason: "it has a byte of zero") }
            // The last line has no end.
            let length = pending.count + line.count + (index + 1 < lines.count ? 1 : 0)
            guard length <= Self.longestLine else {
                throw Flaw(
                    line: index + 1,
                    reason: "it is longer than the \(Self.longestLine) bytes that daxctl reads")
            }
            let text = pending + Self.trimmed(line)
            pending = []
            if text.last == UInt8(ascii: "\\"), index + 1 < lines.count {
                pending = Array(text.dropLast())
                continue
            }
            try read(Self.trimmed(text[...]), number: index + 1, in: &current)
        }
    }

    private mutating func read(_ line: ArraySlice<UInt8>, number: Int, in current: inout Int?) throws(Flaw) {
        guard let first = line.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else { return }
        if first == UInt8(ascii: "["), line.last == UInt8(ascii: "]") {
            current = section(Self.lowercased(line.dropFirst().prefix { $0 != UInt8(ascii: "]") }))
            return
        }
        guard let sign = line.firstIndex(of: UInt8(ascii: "=")), sign > line.startIndex else {
            throw Flaw(
                line: number,
                reason: first == UInt8(ascii: "[")
                    ? "a section without ] at the end of its line" : "neither a section nor KEY = VALUE")
        }
        let index = current ?? section("")
        current = index
        sections[index].values[Self.lowercased(line[..<sign])] = Self.value(line[(sign + 1)...])
    }

    private mutating func section(_ name: String) -> Int {
        if let index = sections.firstIndex(where: { $0.name == name }) { return index }
        sections.append(Section(name: name))
        return sections.count - 1
    }

    /// What stands behind the sign: what is in quotes, or all before a comment.
    private static func value(_ text: ArraySlice<UInt8>) -> String {
        let text = trimmed(text)
        if let quote = text.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            return String(decoding: text.dropFirst().prefix { $0 != quote }, as: UTF8.self)
        }
        let plain = text.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: "#") }
        return String(decoding: trimmed(plain), as: UTF8.self)
    }

    private static func lowercased(_ bytes: ArraySlice<UInt8>) -> String {
        let lower = trimmed(bytes).map {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0
        }
        return String(decoding: lower, as: UTF8.self)
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let first = bytes.firstIndex(where: { !isSpace($0) }),
            let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return [] }
        return bytes[first...last]
    }

    /// White space as isspace(3) has it.
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
