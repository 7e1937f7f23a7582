import SystemPackage

@testable import ProvisionCore
@testable import ProvisionHost

/// A made host with one dynamic dax region of 1 GiB (drivers/dax/bus.c and kmem.c at Linux 6.1), and memory blocks of 128 MiB. Of newer
/// kernels it can have the file by which the driver of memory gives up all of it (``hasState``).
final class MadeDaxMachine: MadeMachine {
    static let block: UInt64 = 128 << 20
    static let range: Range<UInt64> = 0x1_0000_0000..<0x1_4000_0000
    static let identity = DaxRegionIdentity(start: range.lowerBound, size: .gib(1))

    /// A device as the kernel has it.
    struct Device: Equatable {
        var ranges: [Range<UInt64>] = []
        var align: UInt64 = 2 << 20
        var driver: String?
    }

    /// The devices, by kernel name.
    private(set) var devices: [String: Device] = [:]
    /// The zone of each memory block that is there; empty for one that is offline.
    private(set) var blocks: [UInt64: String] = [:]
    /// Whether a device that is memory shows its `state`, as on Linux 7.x.
    var hasState = false
    /// The devices whose memory was taken away by that.
    private(set) var unplugged: Set<String> = []
    private var mostDevices = 0

    private static let region = "sys/devices/platform/hmem.0"
    private static let memory = "sys/devices/system/memory"
    private static let drivers = "sys/bus/dax/drivers"

    /// A region with its first device, without memory and driver, and a kernel that leaves new memory offline.
    override init() throws {
        try super.init()
        prefixes.append("\(Self.region)/")
        try tree.makeDirectory("sys/bus/dax/devices")
        for driver in ["device_dax", "kmem"] {
            try tree.put(
                "\(Self.drivers)/\(driver)", ["bind": "", "unbind": "", "new_id": "", "remove_id": ""])
        }
        try tree.put("\(Self.region)/dax_region", ["create": "", "delete": "", "align": "2097152"])
        try tree.put(
            Self.memory,
            ["block_size_bytes": String(Self.block, radix: 16), "auto_online_blocks": "offline"])
        devices["dax0.0"] = Device()
        mostDevices = 1
        try render()
    }

    /// Has a device there already.
    func add(_ name: String, _ ranges: [Range<UInt64>], driver: String?) throws(Errno) {
        devices[name] = Device(ranges: ranges)
        mostDevices = max(mostDevices, Sysfs.number(name) + 1)
        if let driver { try bind(name, to: driver) }
        try render()
    }

    /// Has somebody bring a block online, or take it offline (an empty zone).
    func setBlock(_ block: UInt64, _ zone: String) throws(Errno) {
        blocks[block] = zone
        try render()
    }

    /// The new memory policy of the kernel.
    var policy: String { tree.text("\(Self.memory)/auto_online_blocks") }

    func setPolicy(_ policy: String) throws(Errno) {
        try tree.put("\(Self.memory)/auto_online_blocks", policy)
    }

    // MARK: - Stores

    override func answer(_ value: String, at entry: String) throws(Errno) {
        let parts = entry.split(separator: "/").map(String.init)
        let (owner, attribute) = (parts[parts.count - 2], parts[parts.count - 1])
        if entry.hasPrefix("\(Self.drivers)/") {
            try answer(value, driver: owner, attribute)
        } else if owner == "dax_region" {
            try answer(value, region: attribute)
        } else if devices[owner] != nil {
            try answer(value, device: owner, attribute)
        } else if attribute == "state", owner.hasPrefix("memory") {
            try answer(value, block: UInt64(Sysfs.number(owner)))
        } else {
            try super.answer(value, at: entry)
        }
        try render()
    }

    private func answer(_ device: String, driver: String, _ attribute: String) throws(Errno) {
        switch attribute {
        case "bind":
            guard driver != "kmem" else { throw .operationNotSupportedByDevice }
            try bind(device, to: driver)
        case "unbind":
            guard devices[device]?.driver == driver else { throw .operationNotSupportedByDevice }
            devices[device]?.driver = nil
            unplugged.remove(device)
            guard driver == "kmem" else { return }
            // With a block online the memory stays, and is nobody's.
            let own = blocks(of: device)
            if own.allSatisfy({ blocks[$0] == "" }) { for block in own { blocks[block] = nil } }
        case "new_id":
            // Every device without a driver is tried.
            for (name, found) in devices where found.driver == nil && !found.ranges.isEmpty {
                try bind(name, to: driver)
            }
        default: break
        }
    }

    private func bind(_ name: String, to driver: String) throws(Errno) {
        guard let device = devices[name], !device.ranges.isEmpty else { throw .operationNotSupportedByDevice }
        guard device.driver == nil else { throw .resourceBusy }
        devices[name]?.driver = driver
        guard driver == "kmem" else { return }
        for block in blocks(of: name) { blocks[block] = policy == "offline" ? "" : "Normal" }
    }

    private func answer(_ value: String, region attribute: String) throws(Errno) {
        guard attribute == "delete" else {
            devices["dax0.\(mostDevices)"] = Device()
            mostDevices += 1
            return
        }
        guard let device = devices[value] else { throw .noSuchFileOrDirectory }
        guard device.driver == nil, device.ranges.isEmpty, value != "dax0.0" else { throw .resourceBusy }
        devices[value] = nil
        tree.remove("\(Self.region)/\(value)")
        tree.remove("sys/bus/dax/devices/\(value)")
    }

    private func answer(_ value: String, device name: String, _ attribute: String) throws(Errno) {
        guard attribute != "uevent" else { return }
        if attribute == "state" { return try answer(value, stateOf: name) }
        guard var device = devices[name], device.driver == nil else { throw .resourceBusy }
        switch attribute {
        case "align": device.align = UInt64(value) ?? 0
        case "mapping":
            let ends = value.split(separator: "-").compactMap { UInt64($0.dropFirst(2), radix: 16) }
            let wanted = ends[0]..<ends[1] + 1
            guard Self.range.clamped(to: wanted) == wanted, !taken.contains(where: wanted.overlaps) else {
                throw .noSpace
            }
            device.ranges.append(wanted)
        case "size":
            let size = UInt64(value) ?? 0
            let now = device.ranges.size.bytes
            guard size <= now else {
                // Its last range gets longer, into the gap behind it.
                guard let last = device.ranges.popLast() else { throw .noSpace }
                device.ranges.append(last.lowerBound..<last.upperBound + size - now)
                break
            }
            device.ranges = device.ranges.prefix(bytes: ByteCount(size))
        default: throw .invalidArgument
        }
        devices[name] = device
    }

    /// All of its memory is taken away, or comes online in one zone.
    private func answer(_ word: String, stateOf name: String) throws(Errno) {
        let own = blocks(of: name)
        switch word {
        case "unplugged":
            for block in own { blocks[block] = nil }
            unplugged.insert(name)
        case "online_movable", "online_kernel":
            guard unplugged.remove(name) != nil else { throw .resourceBusy }
            for block in own { blocks[block] = word == "online_movable" ? "Movable" : "Normal" }
        default: throw .invalidArgument
        }
    }

    private func answer(_ word: String, block: UInt64) throws(Errno) {
        guard let zone = blocks[block] else { throw .noSuchFileOrDirectory }
        switch word {
        case "offline": blocks[block] = ""
        case "online_movable", "online_kernel":
            guard zone.isEmpty else { throw .invalidArgument }
            blocks[block] = word == "online_movable" ? "Movable" : "Normal"
        default: throw .invalidArgument
        }
    }

    // MARK: - Files

    private var taken: [Range<UInt64>] { devices.values.flatMap(\.ranges) }

    private func blocks(of device: String) -> [UInt64] {
        let unit = MemoryHotplug(blockSize: ByteCount(Self.block))
        return (devices[device]?.ranges ?? []).flatMap { Array(unit.blocks(in: $0)) }
    }

    private func render() throws(Errno) {
        let size = Self.range.upperBound - Self.range.lowerBound
        try tree.put(
            "\(Self.region)/dax_region",
            ["size": "\(size)", "available_size": "\(size - taken.size.bytes)"])
        for (name, device) in devices { try render(name, device) }
        try renderMemory()
    }

    private func render(_ name: String, _ device: Device) throws(Errno) {
        let place = "\(Self.region)/\(name)"
        for number in 0..<9 { tree.remove("\(place)/mapping\(number)") }
        tree.remove("\(place)/driver")
        tree.remove("\(place)/state")
        if hasState, device.driver == "kmem" {
            try tree.put("\(place)/state", unplugged.contains(name) ? "unplugged" : "online")
        }
        try tree.put(
            place,
            [
                "size": "\(device.ranges.size.bytes)", "align": "\(device.align)", "target_node": "1",
                "numa_node": "0", "resource": Self.hex((device.ranges.first ?? Self.range).lowerBound),
                "dev": "1:3", "mapping": "", "uevent": "",
            ])
        var offset: UInt64 = 0
        for (number, range) in device.ranges.enumerated() {
            try tree.put(
                "\(place)/mapping\(number)",
                [
                    "start": Self.hex(range.lowerBound), "end": Self.hex(range.upperBound - 1),
                    "page_offset": Self.hex(offset / 4096),
                ])
            offset += UInt64(range.count)
        }
        if let driver = device.driver { try tree.link("\(place)/driver", to: "\(Self.drivers)/\(driver)") }
        try tree.makeFile("dev/\(name)", device.ranges.size.bytes)
        try tree.link("sys/bus/dax/devices/\(name)", to: place)
    }

    private func renderMemory() throws(Errno) {
        let all = Self.range.lowerBound / Self.block..<Self.range.upperBound / Self.block
        var map = ["00001000-7fffffff : System RAM", Self.entry(Self.range, "hmem.0")]
        for number in all {
            guard let zone = blocks[number] else {
                tree.remove("\(Self.memory)/memory\(number)")
                continue
            }
            try tree.put(
                "\(Self.memory)/memory\(number)",
                [
                    "state": zone.isEmpty ? "offline" : "online",
                    "valid_zones": zone.isEmpty ? "Normal Movable" : zone,
                ])
            map.append(
                Self.entry(number * Self.block..<(number + 1) * Self.block, "System RAM (kmem)"))
        }
        try tree.put("proc/iomem", map.joined(separator: "\n"))
    }

    private static func entry(_ range: Range<UInt64>, _ name: String) -> String {
        "\(String(range.lowerBound, radix: 16))-\(String(range.upperBound - 1, radix: 16)) : \(name)"
    }

    private static func hex(_ number: UInt64) -> String { "0x\(String(number, radix: 16))" }
}
