/// What the files in `/etc/daxctl.conf.d` ask `daxctl reconfigure-device -C` to make of the devices of namespaces.
///
/// They are read as ndctl 76 to 81 read them (daxctl/device.c, `parse_config_reconfig`; util/parse-configs.c, `search_section_kv`),
/// and not as their manual page says: a section without `mode` does nothing there, and one with a UUID in capitals means nobody.
public struct DaxctlConf: Equatable, Sendable {
    /// The sections `[reconfigure-device NAME]`, by file and in their order.
    public var sections: [Section] = []
    /// The files of which nothing is known.
    public var problems: [FileProblem] = []

    /// The directory with the files; only names that end in ``suffix`` count.
    public static let directory = "/etc/daxctl.conf.d"
    /// How the name of such a file ends.
    package static let suffix = ".conf"
    /// The unit that makes daxctl read them, up to the device's name.
    package static let unit = "daxdev-reconfigure@"

    /// A section of a file.
    public struct Section: Equatable, Sendable {
        /// The path of the file.
        public var file: String
        /// What stands behind `reconfigure-device`, in lower case.
        public var name: String
        /// The info block UUID of the namespace that it is about; nil where it is about none.
        public var uuid: UUID?
        /// What daxctl does with the device.
        public var request: Request
    }

    /// What daxctl does with a device.
    public enum Request: Equatable, Sendable {
        /// It is to be used as this.
        case use(DeviceUse)
        /// Nothing, for this reason.
        case nothing(String)
    }

    /// What files say that could be read.
    package init(_ files: [(path: String, bytes: [UInt8])] = [], problems: [FileProblem] = []) {
        self.problems = problems
        // By the order of names, from the last one: so does daxctl, and takes values together as it meets them.
        var found: [ReadFile] = []
        var broken: String?
        for file in files.sorted(by: { $0.path > $1.path }) {
            do throws(IniFile.Flaw) {
                let sections = try IniFile(file.bytes).sections.compactMap { Words($0) }
                found.append(ReadFile(path: file.path, sections: sections))
            } catch {
                broken = broken ?? file.path
                self.problems.append(
                    FileProblem(file: file.path, reason: "line \(error.line): \(error.reason)"))
            }
        }
        let counted = found.flatMap { file in
            file.sections.indices.filter(file.counts).map { file.sections[$0] }
        }
        sections = found.reversed().flatMap { file in
            file.sections.indices.map { index in
                let words = file.sections[index]
                let request: Request =
                    file.counts(index)
                    ? words.request(
                        together: counted.filter { $0.uuidText == words.uuidText }, giveUpAt: broken)
                    : .nothing("an earlier section of the file has the same UUID")
                return Section(file: file.path, name: words.name, uuid: words.uuid, request: request)
            }
        }
        self.problems.sort { $0.file < $1.file }
    }
}

extension DaxctlConf.Section {
    /// The section with what it asks for: "/etc/daxctl.conf.d/ram.conf [dax1] asks for system-ram, online: movable".
    public var text: String {
        let place = "\(file) [\(name)]"
        guard case .use(let use) = request else { return place }
        return "\(place) asks for \(use.text)"
    }
}

/// A file that could not be read, or not believed.
public struct FileProblem: Equatable, Sendable {
    /// The path of the file.
    public var file: String
    /// Why it was not read, or why nothing in it is used, in words.
    public var reason: String

    /// A problem with a file.
    package init(file: String, reason: String) {
        self.file = file
        self.reason = reason
    }
}

/// A section for dax devices, in the words of its file.
private struct Words {
    let name: String
    let values: [String: String]

    var uuidText: String? { values["nvdimm.uuid"] }

    /// The namespace that it is about. daxctl compares texts, and its own is in lower case.
    var uuid: UUID? {
        uuidText.flatMap { text in UUID(text).flatMap { "\($0)" == text ? $0 : nil } }
    }

    /// Nil where it is about something else.
    init?(_ section: IniFile.Section) {
        // iniparser takes a name with a colon for a value.
        guard !section.name.contains(":"),
            let first = section.name.split(whereSeparator: \.isWhitespace).first,
            first == "reconfigure-device"
        else { return nil }
        name = String(section.name.drop { $0.isWhitespace }.dropFirst(first.count).drop { $0.isWhitespace })
        values = section.values
    }

    /// What daxctl makes of it.
    /// - Parameters:
    ///   - together: the sections of every file that have its UUID, as daxctl meets them: it joins their values.
    ///   - broken: a file that daxctl cannot read, after which it does nothing at all; nil where there is none.
    func request(together: [Words], giveUpAt broken: String?) -> DaxctlConf.Request {
        guard let uuidText, !uuidText.isEmpty else { return .nothing("it has no nvdimm.uuid") }
        guard uuid != nil else {
            return .nothing(
                UUID(uuidText) == nil
                    ? "its nvdimm.uuid is not a UUID"
                    : "its nvdimm.uuid is not in lower case, and daxctl compares texts")
        }
        func joined(_ key: String) -> String? {
            let all = together.compactMap { $0.values[key] }
            return all.isEmpty ? nil : all.joined(separator: " ")
        }
        guard let mode = joined("mode"), !mode.isEmpty else { return .nothing("it has no mode") }
        if let broken { return .nothing("daxctl reads no file where one is malformed: \(broken)") }
        let isOnline = Self.flag(joined("online")) ?? true
        switch DeviceMode(rawValue: mode) {
        case .devdax where !isOnline: return .nothing("daxctl refuses online = false for mode = devdax")
        case .devdax: return .use(.devdax)
        case .systemRAM:
            let isMovable = Self.flag(joined("movable")) ?? true
            return .use(.systemRAM(!isOnline ? .none : isMovable ? .movable : .kernel))
        case nil where together.count > 1:
            return .nothing("another file has the same UUID, and daxctl joins their modes to \"\(mode)\"")
        case nil: return .nothing("daxctl does not know the mode \"\(mode)\"")
        }
    }

    /// A value as a flag, by its first letter; nil where it is none (`on` and `off` are none).
    private static func flag(_ text: String?) -> Bool? {
        switch text?.utf8.first {
        case UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "1"):
            true
        case UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "0"):
            false
        default: nil
        }
    }
}

/// The sections for dax devices of one file.
private struct ReadFile {
    let path: String
    let sections: [Words]

    /// Whether daxctl reads a section: of several with one UUID it takes the first.
    func counts(_ index: Int) -> Bool {
        guard let uuid = sections[index].uuidText else { return true }
        return sections.firstIndex { $0.uuidText == uuid } == index
    }
}
