import Glibc
import SystemPackage

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Inputs to start from that are made rather than kept: a journal of a real apply, an empty label area.
enum Seeds {
    /// Writes them into folders of a directory that are called as their targets.
    static func write(to directory: String) throws {
        let root = FilePath(directory)
        for target in FuzzTarget.allCases { _ = unsafe mkdir(root.appending(target.rawValue).string, 0o755) }
        try write(try journal(in: root.appending("state")), to: root.appending("journal/applied"))
        try write(Array(savedPlan().utf8), to: root.appending("saved/sample"))
        for version in [UInt8(1), 2] { try write(area(version), to: root.appending("labels/v1.\(version)")) }
        let conf = """
            # A comment.
            [reconfigure-device dax1]
            nvdimm.uuid = ff94f337-0a12-45be-9a2a-2fab2f211c76
            mode = system-ram
            movable = "false"
            """
        let rules = """
            ACTION=="add", SUBSYSTEM=="dax", TAG+="systemd",\\
              PROGRAM="/usr/bin/systemd-escape -p --template=daxdev-reconfigure@.service $env{DEVNAME}",\\
              ENV{SYSTEMD_WANTS}="%c"
            SUBSYSTEM=="memory", ATTR{state}=="offline", ATTR{state}="online"
            """
        try write(Array(conf.utf8) + [0xff] + Array(conf.utf8), to: root.appending("conf/daxctl"))
        try write(Array(rules.utf8), to: root.appending("conf/udev"))
        for length in [8, 32, 64] {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 37 + length) }
            try write(bytes, to: root.appending("layout/\(length)"))
        }
    }

    private static func write(_ bytes: [UInt8], to path: FilePath) throws {
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite])
        _ = try file.closeAfter { try file.writeAll(bytes) }
    }

    /// The journal of a profile that was applied and rolled back, without the checksums of its lines.
    private static func journal(in path: FilePath) throws -> [UInt8] {
        let state = """
            {"format_version": 1, "simulated_host": {"buses": [{"provider": "ACPI.NFIT", "dimms": [
              {"id": "a", "size": "4 GiB", "label_size": "128 KiB"}], "regions": [
              {"dimms": ["a"], "numa_node": 0, "namespaces": [{"name": "wal", "size": "1 GiB", "mode": "fsdax"}]}]}]}}
            """
        let host = try SimulatedHost(json: state)
        let store = TransactionStore(StateDirectory(path))
        let profile = """
            {version: 1, unmanaged: destroy, regions: [{match: {numa_node: 0}, namespaces: [
              {name: wal, mode: devdax, size: 1 GiB}, {name: new, mode: sector, size: 64 MiB}]}]}
            """
        let application = Application(
            of: try ProfileReader.read(Array(profile.utf8), source: "seed.yaml"), to: host)
        let prepared = try application.prepare()
        let consent = Consent(allowDestroy: ["wal"])
        _ = try application.carryOut(prepared, consent: consent, recordingIn: store)
        guard let name = try store.names().last else { return [] }
        let bytes = try StateFile.contents(store.journalPath(name), limit: 1 << 20)
        return Array(bytes.split(separator: 10).map { $0.dropFirst(9) }.joined(separator: [10])) + [10]
    }

    /// The saved plan of a profile for the sample host.
    private static func savedPlan() throws -> String {
        let text = """
            {version: 1, regions: [{match: {numa_node: 0}, namespaces: [
              {name: wal, mode: devdax, size: 1 GiB}, {name: new, mode: sector, size: 64 MiB}]}]}
            """
        let profile = try ProfileReader.read(Array(text.utf8), source: "seed.yaml")
        let prepared = try Application(of: profile, to: SimulatedHost(json: Samples.state)).prepare()
        return SavedPlan(prepared, of: profile, text: text, backupLimit: .gib(1)).text
    }

    /// The index blocks of an area of 128 KiB, and a slot in use.
    private static func area(_ minor: UInt8) -> [UInt8] {
        var area = [UInt8](repeating: 0, count: 1024)
        for block in [0, 256] {
            area.replaceSubrange(block..<block + 16, with: Array("NAMESPACE_INDEX\0".utf8))
            area[block + 20] = block == 0 ? 1 : 2
            area[block + 25] = block == 0 ? 0 : 1
            area[block + 56] = 2
            area[block + 60] = 1
            area[block + 62] = minor
            area[block + 72] = 0xfe
        }
        for index in 512..<528 { area[index] = UInt8(index & 0xff) + 1 }
        area[528] = UInt8(ascii: "n")
        area[512 + 104 + 3] = 2
        area[512 + 112 + 3] = 4
        return [0x20, 0, 0] + area
    }
}
