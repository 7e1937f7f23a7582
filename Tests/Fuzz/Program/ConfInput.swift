@testable import Provision
@testable import ProvisionCore

/// Files of daxctl's configuration, with a byte of 0xff between them; each is read as udev's rules as well.
enum ConfInput {
    static func run(_ input: [UInt8]) {
        let parts = input.split(separator: 0xff, omittingEmptySubsequences: false)
        let files = parts.enumerated().map { (path: "/\($0).conf", bytes: Array($1)) }
        let rules = files.map { (file: $0.path, rules: UdevRules(String(decoding: $0.bytes, as: UTF8.self))) }
        let conf = DaxctlConf(files)
        for unit in [InstalledUnit.missing, .present("/unit")] {
            let agents = MemoryAgents(daxctl: conf, rules: rules, unit: unit, policy: "online")
            let effects = DaxctlEffect.all(agents, kept: [], on: nil)
            for line in MemoryAgentsText.lines(agents, effects, isConcerned: true) {
                Require.printable(TerminalText.clean(line))
            }
            _ = MemoryAgentsText.json(agents, effects).text()
        }
    }
}
