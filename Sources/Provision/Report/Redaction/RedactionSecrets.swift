package import ProvisionCore

/// The secrets that are known of a host.
package struct RedactionSecrets: Equatable, Sendable {
    /// A secret, as texts show it.
    package struct Secret: Equatable, Sendable {
        /// What it is.
        package var kind: RedactionKind
        /// The text.
        package var text: String
        /// What makes two texts the same secret.
        package var identity: String
    }

    /// Those secrets. None is empty.
    package private(set) var all: [Secret] = []

    /// The secrets of what was found on a host.
    /// - Parameters:
    ///   - hostNames: the names of the host.
    ///   - people: the names of users and groups.
    ///   - paths: paths of files; those that are not below `/home` or `/media` are no secrets.
    package init(
        observed: Observed?, hostNames: [String] = [], people: [String] = [], paths: [String] = []
    ) {
        for bus in observed?.buses ?? [] { add(bus) }
        for memdev in observed?.cxlMemdevs ?? [] { add(memdev: memdev.serial) }
        for region in observed?.daxRegions ?? [] {
            for target in region.cxl?.targets ?? [] { add(memdev: target.serial) }
        }
        for name in hostNames where !name.lowercased().hasPrefix("localhost") { add(hostName: name) }
        for name in people { add(.user, name) }
        for path in paths {
            for head in ["/home/", "/media/"] {
                guard let range = path.firstRange(of: head) else { continue }
                add(.path, String(path[range.upperBound...]))
            }
        }
    }

    /// The secrets of what a report is made of.
    init(_ material: HostMaterial) {
        self.init(
            observed: try? material.observed.get(),
            hostNames: (material.machine?.hostNames ?? []) + [material.origin?.hostName].compactMap { $0 },
            people: material.machine?.people ?? [], paths: material.sources)
    }

    private mutating func add(_ bus: Bus) {
        for dimm in bus.dimms { if let id = dimm.uniqueID { add(serial: id) } }
        for region in bus.regions {
            if let cookie = region.interleaveSetID, cookie > UInt64(UInt32.max) { add(cookie: cookie) }
            for namespace in region.namespaces {
                if let uuid = namespace.labelUUID { add(uuid) }
                if let uuid = namespace.infoBlockUUID { add(uuid) }
            }
            for label in region.uninstantiated { add(label.uuid) }
        }
    }

    /// The identity of a DIMM, and the serial number that it ends in: "8089-a2-1740-00000133".
    private mutating func add(serial id: String) {
        guard Self.isTelling(id) else { return }
        add(.serial, id)
        guard let number = id.split(separator: "-").last, number.count >= 8, number.count < id.count,
            Self.isTelling(String(number))
        else { return }
        add(.serial, String(number))
    }

    /// The serial of a CXL memory device, in decimal as the kernel names its DIMM, and as sysfs has it.
    private mutating func add(memdev serial: UInt64) {
        for text in ["\(serial)", Hexadecimal.number(serial)] where Self.isTelling(text) {
            add(.serial, text, identity: "\(serial)")
        }
    }

    /// Whether a serial number says which one it is: "0" and "00000000" say that there is none.
    private static func isTelling(_ serial: String) -> Bool {
        let text = serial.lowercased()
        let digits = (text.hasPrefix("0x") ? String(text.dropFirst(2)) : text).filter { $0 != "-" }
        return serial.count >= 4 && Set(digits).count > 1
    }

    private mutating func add(_ uuid: UUID) {
        let text = uuid.description
        let digits = text.filter { $0 != "-" }
        add(.uuid, text, identity: digits)
        add(.uuid, digits, identity: digits)
    }

    private mutating func add(cookie: UInt64) {
        let digits = String(cookie, radix: 16)
        add(.set, "0x\(digits)", identity: digits)
        add(.set, digits, identity: digits)
        add(.set, String(cookie), identity: digits)
    }

    /// A name of the host, and what stands before its first dot; both also as the device mapper and systemd write their hyphens.
    private mutating func add(hostName name: String) {
        let short = String(name.prefix { $0 != "." })
        for text in [name, short] {
            for hyphen in ["-", "--", #"\x2d"#] {
                add(.host, text.replacing("-", with: hyphen), identity: short)
            }
        }
    }

    /// A text as it is shown: reports clean what they are given.
    private mutating func add(_ kind: RedactionKind, _ text: String, identity: String? = nil) {
        let shown = TerminalText.clean(text)
        guard !shown.isEmpty else { return }
        let secret = Secret(kind: kind, text: shown, identity: identity ?? shown)
        if !all.contains(secret) { all.append(secret) }
    }
}
