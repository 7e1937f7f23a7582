/// What a CXL region was when daxprov last left it as a profile says: what nothing else keeps over a boot.
public struct CXLRegionRecord: Equatable, Sendable {
    /// What the nvdimm region was called: for words alone.
    public var regionName: String
    /// The root decoder that it was made with (`decoder0.0`).
    public var decoder: String
    /// The cookie of the interleave set: it follows from the serials in their order and from where the shares begin.
    public var cookie: UInt64
    /// The capacity.
    public var size: ByteCount
    /// How many bytes in a row are one memory device's.
    public var granularity: ByteCount
    /// The shares of the memory devices, in the order of the targets.
    public var members: [Member]

    /// The share of a memory device.
    public struct Member: Equatable, Sendable {
        /// The memory device's serial.
        public var serial: UInt64
        /// The first address on the device (DPA).
        public var offset: ByteCount
        /// The length on the device.
        public var length: ByteCount

        /// A share of these parts.
        public init(serial: UInt64, offset: ByteCount, length: ByteCount) {
            self.serial = serial
            self.offset = offset
            self.length = length
        }
    }

    /// A record of these parts.
    public init(
        regionName: String, decoder: String, cookie: UInt64, size: ByteCount, granularity: ByteCount,
        members: [Member]
    ) {
        self.regionName = regionName
        self.decoder = decoder
        self.cookie = cookie
        self.size = size
        self.granularity = granularity
        self.members = members
    }

    /// What there is to record of a region; nil where it is no CXL region, or its memory devices cannot be told apart by their
    /// serials.
    package init?(_ region: Region, among memdevs: [CXLMemdev]) {
        guard let cxl = region.cxl, let cookie = region.interleaveSetID, cookie != 0 else { return nil }
        let serials = cxl.targets.map(\.serial)
        let isUnique = serials.allSatisfy { serial in
            memdevs.count { $0.serial == serial } <= 1 && serial != 0 && serial != UInt64.max
        }
        guard isUnique, Set(serials).count == serials.count else { return nil }
        self.init(
            regionName: region.device, decoder: cxl.decoder, cookie: cookie, size: region.size,
            granularity: cxl.granularity,
            members: cxl.targets.map { Member(serial: $0.serial, offset: $0.offset, length: $0.length) })
    }

    /// The number of memory devices.
    public var ways: Int { members.count }

    /// The serials in their order.
    public var serials: [UInt64] { members.map(\.serial) }

    /// The serials as a person reads them: in decimal, as the kernel names the DIMMs of such devices.
    package var serialWords: String { serials.map { "\($0)" }.joined(separator: " ") }

    /// Whether both are of the same memory: some of the same memory device, at least.
    package func overlaps(_ targets: [CXLTarget]) -> Bool {
        members.contains { member in
            targets.contains { target in
                target.serial == member.serial && target.offset < member.offset + member.length
                    && member.offset < target.offset + target.length
            }
        }
    }

    /// What of a region is not as recorded, each in a phrase; empty where the recorded data is where it was. A region that is
    /// larger has it all.
    package func differences(from region: Region) -> [String] {
        guard let cxl = region.cxl else { return ["its interleave order and granularity cannot be read"] }
        let found = cxl.targets.map(\.serial)
        var phrases: [String] = []
        if found.count != ways {
            phrases.append(
                "it has \(found.count) memory devices (\(Self.words(found))), and had \(ways) (\(serialWords))"
            )
        } else if found != serials {
            let what = Set(found) == Set(serials) ? "in another order" : "other ones"
            phrases.append(
                "its memory devices are \(what): serials \(Self.words(found)), and were \(serialWords)")
        } else if zip(members, cxl.targets).contains(where: { $0.offset != $1.offset }) {
            phrases.append("it begins elsewhere on its memory devices")
        }
        if cxl.granularity != granularity {
            phrases.append(
                "its interleave granularity is \(cxl.granularity.bytes) bytes, and was \(granularity.bytes)")
        }
        if phrases.isEmpty, region.size < size { phrases.append("it is \(region.size), and was \(size)") }
        return phrases
    }

    private static func words(_ serials: [UInt64]) -> String {
        serials.map { "\($0)" }.joined(separator: " ")
    }
}
