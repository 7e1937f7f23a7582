import ProvisionCore
import ProvisionHost

/// What a host says of the machine as a whole.
extension HostContract {
    static let machine: [HostContract] = [
        HostContract("a boot has one id", bootHasOneID),
        HostContract("accounts that are not there are left out", unknownAccountsAreLeftOut),
        HostContract("asking for health shows every DIMM, and the same host", healthIsAsked),
    ]

    private static func bootHasOneID(_ region: ContractRegion) throws {
        let host = try region.restoring()
        let boot = try require(host.bootID)
        try expect(!boot.isEmpty)
        try expect(host.bootID == boot)
        _ = try region.create("one", 64)
        try require(region.hardware).disableRegion(region.device)
        try expect(host.bootID == boot)
        try host.enableRegion(region.device)
        try expect(host.bootID == boot)
    }

    private static func unknownAccountsAreLeftOut(_ region: ContractRegion) throws {
        let host = region.host
        let root = AccountNumbers(users: ["root": 0], groups: ["root": 0])
        let names: Set<String> = ["root", "nobody-has-this-name"]
        try expect(try host.accountNumbers(users: names, groups: names) == root)
        try expect(try host.accountNumbers(users: names, groups: []).groups.isEmpty)
        try expect(try host.accountNumbers(users: [], groups: []) == AccountNumbers())
    }

    private static func healthIsAsked(_ region: ContractRegion) throws {
        _ = try region.create("one", 64)
        let before = try region.host.observe()
        var asked = try region.host.observeWithHealth()
        for bus in asked.buses.indices {
            for dimm in asked.buses[bus].dimms.indices {
                try expect(asked.buses[bus].dimms[dimm].health != nil)
                asked.buses[bus].dimms[dimm].health = nil
            }
        }
        try expect(asked == before)
        try expect(try region.host.observe() == before)
    }
}
