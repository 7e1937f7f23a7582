import SystemPackage

@testable import ProvisionCore
@testable import ProvisionHost

/// A made host with one labelled nvdimm region of 1 GiB on one DIMM, as drivers/nvdimm is at Linux 6.1. The media of each address where
/// a namespace begins is a file.
final class MadeNvdimmMachine: MadeMachine {
    static let start: UInt64 = 0x2_0000_0000
    static let size: UInt64 = 1 << 30
    private static let region = "sys/devices/ndbus0/region0"
    private static let drivers = "sys/bus/nd/drivers"

    /// How info blocks begin, by kind (pfn.h, btt.h).
    private static let signatures = [
        "pfn": Array("NVDIMM_PFN_INFO\0".utf8), "dax": Array("NVDIMM_DAX_INFO\0".utf8),
        "btt": Array("BTT_ARENA_INFO\0\0".utf8),
    ]

    /// What info blocks say of the claims that they make, by UUID.
    private var claims: [[UInt8]: [String: String]] = [:]
    private var counts = ["namespace": 0, "pfn": 0, "dax": 0, "btt": 0]

    /// A region without namespaces.
    override init() throws {
        try super.init()
        prefixes += ["\(Self.region)/", "\(Self.drivers)/"]
        for driver in ["nd_pmem", "dax_pmem", "nd_region"] {
            try tree.put("\(Self.drivers)/\(driver)", ["bind": "", "unbind": ""])
        }
        try tree.makeDirectory("sys/bus/dax/drivers/device_dax")
        try tree.put("sys/devices/ndbus0/wait_probe", "1")
        try tree.put(
            Self.region,
            [
                "nstype": "5", "mappings": "1", "size": "\(Self.size)", "resource": Self.hex(Self.start),
                "badblocks": "",
            ])
        try tree.link("\(Self.region)/driver", to: "\(Self.drivers)/nd_region")
        try tree.link("sys/bus/nd/devices/region0", to: Self.region)
        for kind in counts.keys { try makeSeed(kind) }
    }

    /// The attributes of a device that say something, of those that a step can change.
    func state(of device: String) -> [String: String] {
        var found: [String: String] = [:]
        for attribute in [
            "uuid", "alt_name", "size", "holder_class", "holder", "namespace", "mode", "align", "force_raw",
        ] {
            let text = tree.text("\(Self.region)/\(device)/\(attribute)")
            if !text.isEmpty { found[attribute] = text }
        }
        if tree.exists("\(Self.region)/\(device)/driver") { found["driver"] = "bound" }
        return found
    }

    /// Does what another tool's `ndctl disable-namespace` would.
    func disable(_ namespace: String) throws(Errno) {
        let claim = text(namespace, "holder")
        let running = claim.isEmpty ? namespace : claim
        try unbind(running)
        if !claim.isEmpty { try detach(claim) }
    }

    /// Lets somebody change an attribute of a device.
    func put(_ device: String, _ attribute: String, _ text: String) throws(Errno) {
        try tree.put("\(Self.region)/\(device)/\(attribute)", text)
    }

    /// The file with what lies where a namespace is.
    func media(of namespace: String) -> String { "media/\(text(namespace, "resource"))" }

    private func text(_ device: String, _ attribute: String) -> String {
        tree.text("\(Self.region)/\(device)/\(attribute)")
    }

    // MARK: - Stores

    override func answer(_ value: String, at entry: String) throws(Errno) {
        let parts = entry.split(separator: "/").map(String.init)
        let (owner, attribute) = (parts[parts.count - 2], parts[parts.count - 1])
        switch (owner, attribute) {
        case ("nd_pmem", "bind"), ("dax_pmem", "bind"): try bind(value)
        case (_, "unbind"): try unbind(value)
        case (_, "size") where owner.hasPrefix("namespace"): try setSize(UInt64(value) ?? 0, of: owner)
        case (_, "namespace"):
            if value.isEmpty { try detach(owner) } else { try attach(owner, to: value) }
        case (_, "sector_size"): try tree.put(entry, "[\(value)] 520 528")
        default: try super.answer(value, at: entry)
        }
    }

    private func setSize(_ size: UInt64, of namespace: String) throws(Errno) {
        guard size > 0 else {
            for attribute in ["uuid", "alt_name", "holder_class"] { try put(namespace, attribute, "") }
            for attribute in ["size", "dpa_extents", "resource"] { try put(namespace, attribute, "0") }
            return
        }
        guard !text(namespace, "uuid").isEmpty else { throw .invalidArgument }
        guard let place = place(for: size) else { throw .noSpace }
        try put(namespace, "resource", Self.hex(place))
        try put(namespace, "size", "\(size)")
        try put(namespace, "dpa_extents", "1")
        try tree.makeFile(media(of: namespace), size)
    }

    /// The first free extent that is large enough.
    private func place(for size: UInt64) -> UInt64? {
        var place = Self.start
        let taken = (0..<(counts["namespace"] ?? 0)).compactMap { number -> Range<UInt64>? in
            let namespace = "namespace0.\(number)"
            guard let length = UInt64(text(namespace, "size")), length > 0,
                let start = UInt64(text(namespace, "resource").dropFirst(2), radix: 16)
            else { return nil }
            return start..<start + length
        }
        for range in taken.sorted(by: { $0.lowerBound < $1.lowerBound }) where range.lowerBound < place + size
        {
            place = max(place, range.upperBound)
        }
        return place + size <= Self.start + Self.size ? place : nil
    }

    private func attach(_ claim: String, to namespace: String) throws(Errno) {
        guard text(namespace, "holder").isEmpty, text(namespace, "size") != "0" else { throw .resourceBusy }
        let recorded = text(namespace, "holder_class")
        guard recorded.isEmpty || claim.hasPrefix(recorded) else { throw .invalidArgument }
        try put(claim, "namespace", namespace)
        try put(namespace, "holder", claim)
    }

    private func detach(_ claim: String) throws(Errno) {
        let namespace = text(claim, "namespace")
        if !namespace.isEmpty { try put(namespace, "holder", "") }
        try put(claim, "namespace", "")
        try put(claim, "uuid", "")
    }

    // MARK: - Drivers

    private func bind(_ device: String) throws(Errno) {
        guard !tree.exists("\(Self.region)/\(device)/driver") else { throw .resourceBusy }
        guard device.hasPrefix("namespace") else { return try bindClaim(device) }
        let block = tree.bytes(media(of: device), at: 4096, 48)
        let kind = Self.signatures.first { $0.value == Array(block[..<16]) }?.key
        guard text(device, "force_raw") == "0", let kind, let found = claims[Array(block[16..<32])],
            UUID(text(device, "uuid"))?.bytes == Array(block[32...])
        else { return try run(device, device, mode: "raw") }
        // The kernel makes the claim, and fails what was asked for (drivers/nvdimm/pmem.c, `nd_pmem_probe`).
        let claim = text("", "\(kind)_seed")
        for (attribute, value) in found { try put(claim, attribute, value) }
        try attach(claim, to: device)
        try bindClaim(claim)
        throw .noSuchAddressOrDevice
    }

    private func bindClaim(_ claim: String) throws(Errno) {
        let namespace = text(claim, "namespace")
        guard !namespace.isEmpty, !text(claim, "uuid").isEmpty else { throw .operationNotSupportedByDevice }
        let kind = claim.hasPrefix("pfn") ? "pfn" : claim.hasPrefix("dax") ? "dax" : "btt"
        var kept: [String: String] = [:]
        for attribute in ["uuid", "mode", "align", "sector_size"] { kept[attribute] = text(claim, attribute) }
        let uuid = UUID(text(claim, "uuid"))?.bytes ?? []
        claims[uuid] = kept
        let block = (Self.signatures[kind] ?? []) + uuid + (UUID(text(namespace, "uuid"))?.bytes ?? [])
        try tree.write(block, to: media(of: namespace), at: 4096)
        let size = (UInt64(text(namespace, "size")) ?? 0) - (2 << 20)
        try put(claim, "size", "\(size)")
        try put(
            claim, "resource",
            Self.hex((UInt64(text(namespace, "resource").dropFirst(2), radix: 16) ?? 0) + 2 << 20))
        try run(namespace, claim, mode: kind == "pfn" ? "memory" : kind == "dax" ? "dax" : "safe")
        if kind == "dax" {
            let device = "\(Self.region)/\(claim)/\(claim)"
            try tree.put(
                device,
                ["size": "\(size)", "resource": text(claim, "resource"), "dev": "1:3", "align": "2097152"])
            try tree.link("\(device)/driver", to: "sys/bus/dax/drivers/device_dax")
            try tree.put("dev/\(claim)", "")
        }
        if text("", "\(kind)_seed") == claim { try makeSeed(kind) }
    }

    private func run(_ namespace: String, _ device: String, mode: String) throws(Errno) {
        let driver = mode == "dax" ? "dax_pmem" : "nd_pmem"
        try tree.link("\(Self.region)/\(device)/driver", to: "\(Self.drivers)/\(driver)")
        if mode != "dax" {
            try tree.put("\(Self.region)/\(device)/block/pmem0", ["dev": "259:1"])
            try tree.put("\(Self.region)/\(device)/block/pmem0/queue", ["iostats": "0"])
            try tree.link("sys/class/block/pmem0", to: "\(Self.region)/\(device)/block/pmem0")
            try tree.link("dev/pmem0", to: media(of: namespace))
        }
        try put(namespace, "mode", mode)
        if text("", "namespace_seed") == namespace { try makeSeed("namespace") }
    }

    private func unbind(_ device: String) throws(Errno) {
        guard tree.exists("\(Self.region)/\(device)/driver") else { throw .operationNotSupportedByDevice }
        if tree.exists("\(Self.region)/\(device)/block") {
            for entry in ["sys/class/block/pmem0", "dev/pmem0"] { tree.remove(entry) }
        }
        for entry in ["driver", "block", device] { tree.remove("\(Self.region)/\(device)/\(entry)") }
        let namespace = text(device, "namespace")
        try put(namespace.isEmpty ? device : namespace, "mode", "raw")
    }

    /// Offers the next idle device of a kind.
    private func makeSeed(_ kind: String) throws(Errno) {
        let number = counts[kind] ?? 0
        counts[kind] = number + 1
        let device = "\(kind)0.\(number)"
        var attributes = ["uuid": "", "size": "0", "resource": "0"]
        switch kind {
        case "namespace":
            attributes.merge([
                "alt_name": "", "holder_class": "", "holder": "", "mode": "raw", "force_raw": "0",
                "dpa_extents": "0", "sector_size": "[512] 4096",
            ]) { $1 }
        case "btt": attributes.merge(["namespace": "", "sector_size": "512 [4096]"]) { $1 }
        default: attributes.merge(["namespace": "", "mode": "none", "align": "2097152"]) { $1 }
        }
        try tree.put("\(Self.region)/\(device)", attributes)
        try tree.makeDirectory("\(Self.region)/\(device)/subsystem")
        try put("", "\(kind)_seed", device)
    }

    private static func hex(_ number: UInt64) -> String { "0x\(String(number, radix: 16))" }
}
