/// A parameter of a kernel module that is yes or no, as the next boot will have it.
package struct ModuleParameter: Equatable, Sendable {
    /// The module: `dax_hmem`.
    package let module: String
    /// The parameter: `region_idle`.
    package let name: String

    /// A parameter of a module. Both are written with underscores.
    package init(module: String, name: String) {
        self.module = module
        self.name = name
    }

    /// Whether it is on. modprobe gives the module what its files say, and behind that what the kernel's command line says; the last
    /// counts.
    /// - Parameters:
    ///   - commandLine: the kernel's command line.
    ///   - files: the texts of the files of modprobe.d(5), in modprobe's order.
    package func isOn(commandLine: String, files: [String]) -> Bool {
        let values = files.flatMap(values(inFile:)) + values(on: commandLine)
        return values.last ?? false
    }

    /// Whether the module is built into a kernel.
    /// - Parameter list: the text of the kernel's `modules.builtin`: a line for each such module, `kernel/drivers/dax/hmem/dax_hmem.ko`.
    package func isBuiltIn(by list: String) -> Bool {
        list.split(separator: "\n").contains { line in
            guard let file = line.split(separator: "/").last, file.hasSuffix(".ko") else { return false }
            return Self.plain(file.dropLast(".ko".count)) == module
        }
    }

    private func values(on commandLine: String) -> [Bool] {
        // What follows "--" is init's (init/main.c).
        let words = commandLine.split(whereSeparator: \.isWhitespace).prefix { $0 != "--" }
        return words.compactMap { word in
            let word = word.filter { $0 != "\"" }
            guard let dot = word.firstIndex(of: "."), Self.plain(word[..<dot]) == module else { return nil }
            return value(word[word.index(after: dot)...])
        }
    }

    /// What its lines `options MODULE …` say (modprobe.d(5)): a backslash at a line's end joins the next to it, and one that begins
    /// with # is a comment.
    private func values(inFile text: String) -> [Bool] {
        var values: [Bool] = []
        var joined = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasSuffix("\\") {
                joined += line.dropLast()
                continue
            }
            let words = (joined + line).split(whereSeparator: \.isWhitespace)
            joined = ""
            guard words.count > 2, words[0] == "options", Self.plain(words[1]) == module else { continue }
            values += words.dropFirst(2).compactMap { word in value(word.filter { $0 != "\"" }[...]) }
        }
        return values
    }

    /// What a word says of it; nil where it is about another, or the kernel does not take it (lib/kstrtox.c, `kstrtobool`). Without a
    /// value it is on (kernel/params.c, `param_set_bool`).
    private func value(_ word: Substring) -> Bool? {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let key = parts.first, Self.plain(key) == name else { return nil }
        guard parts.count > 1 else { return true }
        switch parts[1].first {
        case "y", "Y", "t", "T", "1": return true
        case "n", "N", "f", "F", "0": return false
        case "o", "O":
            let second = parts[1].dropFirst().first
            return second == "n" || second == "N" ? true : second == "f" || second == "F" ? false : nil
        case .some, nil: return nil
        }
    }

    /// A name as the kernel compares it: dashes are underscores (kernel/params.c, `parameq`).
    private static func plain(_ name: Substring) -> String {
        String(name.map { $0 == "-" ? "_" : $0 })
    }
}
