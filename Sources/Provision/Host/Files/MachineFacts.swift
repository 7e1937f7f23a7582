package import SystemPackage
import ProvisionCore

/// What the machine itself says that matters for persistent memory, beside the devices: its kernel, modules, settings, log.
package struct MachineFacts: Equatable, Sendable {
    /// The kernel and how it was started.
    package var kernel: [MachineFact]
    /// The distribution.
    package var distribution: [MachineFact]
    /// The files of libndctl and libdaxctl that this process has loaded; neither library tells its version.
    package var libraries: [MachineFact]
    /// The modules of the family, with their parameters.
    package var modules: [MachineFact]
    /// How the kernel takes memory in.
    package var memoryHotplug: [MachineFact]
    /// What the kernel was built with.
    package var configuration: [MachineFact]
    /// Where such memory lies.
    package var addresses: [MachineFact]
    /// What the kernel logged of it.
    package var log: [MachineFact]
    /// daxprov's own udev rules.
    package var deviceRules: [MachineFact]
    /// The names of the host.
    package var hostNames: [String]
    /// The names of the users and groups that are people's.
    package var people: [String]

    /// What the host says whose root directory is `root`. Changes nothing, and never fails: what cannot be read says why.
    /// - Parameter callers: names of users that may be people's, beside those of the host's files.
    package init(below root: FilePath, callers: [String] = []) {
        kernel = Self.kernel(below: root)
        distribution = [.file("etc/os-release", below: root)]
        libraries = [Self.libraries(below: root)]
        modules = KernelModules.facts(below: root)
        memoryHotplug = Self.memoryHotplug(below: root)
        configuration = Self.configuration(below: root)
        addresses = [Self.addresses(below: root)]
        log = [KernelLog.fact(below: root)]
        deviceRules = [Self.deviceRules(below: root)]
        hostNames = Self.hostNames(below: root)
        people = PeopleNames.read(below: root, callers: callers)
    }

    /// The name that the host has, that its file gives it, and that the kernel's command line gives it.
    private static func hostNames(below root: FilePath) -> [String] {
        func lines(_ path: String) -> [String] { (try? HostText.lines(root.appending(path)).get()) ?? [] }
        let words = lines("proc/cmdline").flatMap { $0.split(separator: " ") }
        let found =
            lines("proc/sys/kernel/hostname") + lines("etc/hostname").filter { !$0.hasPrefix("#") }
            + words.compactMap { hostName(ofAddress: $0) }
        var names: [String] = []
        for text in found {
            let name = String(text.filter { !$0.isWhitespace })
            // "(none)" is the kernel's word where there is no name.
            if !name.isEmpty, name != "(none)", !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// The fifth field of `ip=` (Documentation/admin-guide/nfs/nfsroot.rst). Colons within brackets are those of an address.
    private static func hostName(ofAddress word: Substring) -> String? {
        guard word.hasPrefix("ip=") else { return nil }
        var fields = [""]
        var isWithin = false
        for character in word.dropFirst(3) {
            if character == "[" { isWithin = true }
            if character == "]" { isWithin = false }
            if character == ":", !isWithin {
                fields.append("")
            } else {
                fields[fields.count - 1].append(character)
            }
        }
        return fields.count > 4 ? fields[4] : nil
    }

    /// What uname(2) tells, in the files that have the same, and the kernel's command line.
    private static func kernel(below root: FilePath) -> [MachineFact] {
        let names = ["ostype", "hostname", "osrelease", "version", "arch"].map { "proc/sys/kernel/\($0)" }
        return (names + ["proc/version", "proc/cmdline"]).map { .file($0, below: root) }
    }

    private static func libraries(below root: FilePath) -> MachineFact {
        var fact = MachineFact.file("proc/self/maps", below: root) {
            $0.contains("/libndctl.so") || $0.contains("/libdaxctl.so")
        }
        fact.lines = fact.lines.map { lines in
            let paths = lines.compactMap { line in line.firstIndex(of: "/").map { String(line[$0...]) } }
            return Set(paths).sorted()
        }
        return fact
    }

    private static func memoryHotplug(below root: FilePath) -> [MachineFact] {
        let memory = "sys/devices/system/memory"
        var facts: [MachineFact] = ["auto_online_blocks", "block_size_bytes"].map {
            .file("\(memory)/\($0)", below: root)
        }
        let commandLine = HostText.lines(root.appending("proc/cmdline"))
        facts.append(
            MachineFact(
                "memhp_default_state= of the kernel's command line",
                commandLine.map { [MemoryAgents.bootPolicy(on: $0.joined(separator: " ")) ?? "not given"] }))
        facts.append(.directory("sys/module/memory_hotplug/parameters", below: root))
        return facts
    }

    /// The options of the running kernel, where its package has left them; those in `/proc/config.gz` are compressed.
    private static func configuration(below root: FilePath) -> [MachineFact] {
        let compressed = "proc/config.gz"
        let isThere = RegularFile(root.appending(compressed)).exists
        let note = MachineFact(
            "/\(compressed)", .success([isThere ? "there, and not read: zcat shows it" : "not there"]))
        guard case .success(let lines) = HostText.lines(root.appending("proc/sys/kernel/osrelease")),
            let release = lines.first, !release.contains("/")
        else {
            let unknown = Unread("the kernel's release is not known")
            return [MachineFact("/boot/config-*", .failure(unknown)), note]
        }
        return [.file("boot/config-\(release)", below: root, where: FamilyWords.isOption), note]
    }

    private static func deviceRules(below root: FilePath) -> MachineFact {
        let name = DeviceRulesFile.path.string
        let path = root.appending(String(name.dropFirst()))
        guard RegularFile(path).exists else { return MachineFact(name, .success(["not there"])) }
        switch DeviceRulesFile(path).contents() {
        case .rules(let rules):
            return MachineFact(name, .success(rules.text.split(separator: "\n").map { String($0) }))
        case .foreign(let why):
            return MachineFact(name, .failure(Unread("it is not daxprov's: \(why)")))
        }
    }

    /// The ranges of the family. To all but root the kernel shows each as zeros (kernel/resource.c, `r_show`).
    private static func addresses(below root: FilePath) -> MachineFact {
        var fact = MachineFact.file("proc/iomem", below: root, where: FamilyWords.isAddressLine)
        guard case .success(let lines) = fact.lines, !lines.isEmpty else { return fact }
        let areHidden = lines.allSatisfy { line in
            line.prefix { $0 != ":" }.allSatisfy { $0 == "0" || $0 == "-" || $0 == " " }
        }
        if areHidden { fact.lines = .success(lines + ["(the kernel shows the addresses to root alone)"]) }
        return fact
    }
}
