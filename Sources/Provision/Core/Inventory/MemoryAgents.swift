/// Who else makes memory of dax devices, or brings memory online: daxctl, udev, the kernel.
public struct MemoryAgents: Equatable, Sendable {
    /// What daxctl's files say.
    public var daxctl: DaxctlConf
    /// Whether anything has daxctl read them.
    public var reading: DaxctlReading
    /// The files with udev rules for memory blocks.
    public var memoryRules: [MemoryRule]
    /// The files with udev rules for dax devices.
    public var daxRules: [String]
    /// What the kernel does with new memory blocks (`auto_online_blocks`); nil where it does not tell.
    public var policy: String?
    /// The policy of the kernel's command line (`memhp_default_state`); nil where that has none.
    public var bootPolicy: String?
    /// The policy that the running kernel was built with (`CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE`; from Linux 6.14 on
    /// `CONFIG_MHP_DEFAULT_ONLINE_TYPE_*`); nil where its configuration is not there, or cannot be read.
    public var configuredPolicy: String?
    /// The files with udev rules that could not be read.
    public var problems: [FileProblem]

    /// A file with udev rules for memory blocks.
    public struct MemoryRule: Equatable, Sendable {
        /// Its path.
        public var file: String
        /// Whether it stores to the attribute that brings a block online.
        public var bringsOnline: Bool
    }

    /// What was found.
    /// - Parameters:
    ///   - rules: the files with udev rules that count, in udev's order.
    ///   - unit: what becomes of the unit `daxdev-reconfigure@.service`.
    ///   - configuration: the text of the running kernel's configuration; empty where it is not known.
    package init(
        daxctl: DaxctlConf = DaxctlConf(), rules: [(file: String, rules: UdevRules)] = [],
        unit: InstalledUnit = .missing, policy: String? = nil, commandLine: String = "",
        configuration: [UInt8] = [], problems: [FileProblem] = []
    ) {
        self.daxctl = daxctl
        reading = DaxctlReading(rules, unit)
        memoryRules = rules.filter(\.rules.isAboutMemory)
            .map { MemoryRule(file: $0.file, bringsOnline: $0.rules.bringsMemoryOnline) }
        daxRules = rules.filter(\.rules.isAboutDax).map(\.file)
        self.policy = policy
        bootPolicy = Self.bootPolicy(on: commandLine)
        configuredPolicy = Self.configuredPolicy(in: configuration)
        self.problems = problems
    }

    /// The policy for new memory blocks on a kernel's command line (`memhp_default_state`); nil where it says nothing. The last word counts
    /// that the kernel knows (mm/memory_hotplug.c, `setup_memhp_default_state`).
    package static func bootPolicy(on commandLine: String) -> String? {
        let key = "memhp_default_state="
        return commandLine.split(whereSeparator: \.isWhitespace).filter { $0.hasPrefix(key) }
            .map { String($0.dropFirst(key.count)) }.last { policies.contains($0) }
    }

    /// The policy for new memory blocks with which a boot of the running kernel begins; nil where it is not known.
    public var policyAtBoot: String? { bootPolicy ?? configuredPolicy }

    private static let policies: Set = ["offline", "online", "online_kernel", "online_movable"]

    /// The policy that a kernel was built with, by the text of its configuration; nil where that has no memory hotplug
    /// (mm/memory_hotplug.c, `mhp_get_default_online_type`).
    private static func configuredPolicy(in configuration: [UInt8]) -> String? {
        let options = Set(
            configuration.split(separator: UInt8(ascii: "\n")).filter { $0.starts(with: "CONFIG_M".utf8) }
                .map { String(decoding: $0, as: UTF8.self) })
        func isSet(_ option: String) -> Bool { options.contains("CONFIG_\(option)=y") }
        guard isSet("MEMORY_HOTPLUG") else { return nil }
        if isSet("MHP_DEFAULT_ONLINE_TYPE_ONLINE_KERNEL") { return "online_kernel" }
        if isSet("MHP_DEFAULT_ONLINE_TYPE_ONLINE_MOVABLE") { return "online_movable" }
        let isOnline =
            isSet("MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO") || isSet("MEMORY_HOTPLUG_DEFAULT_ONLINE")
        return isOnline ? "online" : "offline"
    }
}

/// A unit of systemd's, as it is installed.
package enum InstalledUnit: Equatable, Sendable {
    /// There is none.
    case missing
    /// This file keeps it from being started (a link to `/dev/null`, or empty).
    case masked(String)
    /// It is this file.
    case present(String)
}

/// Whether anything has daxctl read its files when a dax device appears.
public enum DaxctlReading: Equatable, Sendable {
    /// This udev rule does, by this unit or by itself.
    case read(rule: String, unit: String?)
    /// No udev rule does.
    case noRule
    /// This udev rule calls daxctl without a command, as in Debian 12.
    case unknownOption(rule: String)
    /// This udev rule asks for a unit that is not there, as in Debian 13.
    case unitMissing(rule: String)
    /// This udev rule asks for a unit that this file masks.
    case unitMasked(rule: String, unit: String)

    /// What these rules come to: the first that works, else the first that does not.
    fileprivate init(_ rules: [(file: String, rules: UdevRules)], _ unit: InstalledUnit) {
        let all = rules.compactMap { file, rules in rules.call.map { Self($0, file, unit) } }
        self = all.first(where: \.hasEffect) ?? all.first ?? .noRule
    }

    private init(_ call: DaxctlCall, _ rule: String, _ unit: InstalledUnit) {
        self =
            switch (call, unit) {
            case (.command, _): .read(rule: rule, unit: nil)
            case (.unknownOption, _): .unknownOption(rule: rule)
            case (.unit, .present(let file)): .read(rule: rule, unit: file)
            case (.unit, .masked(let file)): .unitMasked(rule: rule, unit: file)
            case (.unit, .missing): .unitMissing(rule: rule)
            }
    }

    /// Whether a boot acts on daxctl's files.
    public var hasEffect: Bool {
        if case .read = self { return true }
        return false
    }

    /// The file with the udev rule; nil where there is none.
    public var rule: String? {
        switch self {
        case .read(let rule, _), .unknownOption(let rule), .unitMissing(let rule), .unitMasked(let rule, _):
            rule
        case .noRule: nil
        }
    }

    /// The file of the unit; nil where there is none, or none is asked for.
    public var unit: String? {
        switch self {
        case .read(_, let unit): unit
        case .unitMasked(_, let unit): unit
        case .noRule, .unknownOption, .unitMissing: nil
        }
    }

    /// Why it is so, in words.
    public var reason: String {
        switch self {
        case .read(let rule, let unit?): "\(rule) starts \(unit) when a dax device appears"
        case .read(let rule, nil): "\(rule) runs daxctl reconfigure-device -C when a dax device appears"
        case .noRule: "no udev rule has daxctl read it"
        case .unknownOption(let rule):
            "\(rule) runs daxctl -C without a command, which daxctl answers with \"Unknown option\""
        case .unitMissing(let rule): "\(rule) asks for \(DaxctlConf.unit).service, which is not installed"
        case .unitMasked(let rule, let unit):
            "\(rule) asks for \(DaxctlConf.unit).service, which \(unit) masks"
        }
    }
}
