import ProvisionCore

/// Facts as the texts that a saved plan holds.
///
/// The texts are a file format, not a report: version 0.1.0 wrote them, plans are read for ever, and so nothing here may
/// change. They resemble what reports print, and are made apart from it for that reason.
enum FactText {
    /// The text of a value.
    static func text(of value: FactValue) -> String {
        switch value {
        case .word(let word), .unreadable(let word): word
        case .words(let words): words.joined(separator: ", ")
        case .size(let size): text(of: size)
        case .hexadecimal(let number): Hexadecimal.number(number)
        case .number(let number): "\(number)"
        case .uuid(let uuid): uuid.description
        case .shares(let shares):
            shares.map { "\($0.dimm) from \(text(of: $0.offset))" }.joined(separator: ", ")
        case .ranges(let ranges): ranges.map(text(of:)).joined(separator: ",")
        }
    }

    /// The value that a text means; ``FactValue/unreadable(_:)`` where it means none.
    static func value(of text: String, as fact: ObjectFingerprint.Fact) -> FactValue {
        let value: FactValue? =
            switch fact {
            case .name, .state, .mode, .configuredMode, .map, .labels, .readOnly, .security, .labelVersion,
                .device, .use, .rights:
                .word(text)
            case .flags: .words(of: list(text).map(String.init))
            case .align, .rawSize, .size, .interleaveGranularity: size(text).map(FactValue.size)
            case .resource, .interleaveSet: hexadecimal(text).map(FactValue.hexadecimal)
            case .sectorSize, .extents, .labelSlots, .availableSlots: Int(text).map(FactValue.number)
            case .labelUUID, .infoBlockUUID: UUID(text).map(FactValue.uuid)
            case .dimms: shares(text).map(FactValue.shares)
            case .allocated: ranges(text).map(FactValue.ranges(of:))
            }
        return value ?? .unreadable(text)
    }

    private static let units: [(name: String, shift: UInt64)] = [
        ("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0),
    ]

    /// The number of the largest unit that divides the size: "64 MiB".
    private static func text(of size: ByteCount) -> String {
        let unit = units.first { size > .zero && size.isMultiple(of: ByteCount(1 << $0.shift)) }
        return "\(size.bytes >> (unit?.shift ?? 0)) \(unit?.name ?? "B")"
    }

    private static func size(_ text: some StringProtocol) -> ByteCount? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = UInt64(parts[0]),
            let unit = units.first(where: { $0.name == parts[1] })
        else { return nil }
        return ByteCount(number).multiplied(by: 1 << unit.shift)
    }

    private static func hexadecimal(_ text: some StringProtocol) -> UInt64? {
        text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : nil
    }

    private static func list(_ text: String) -> [Substring] { text.split(separator: ", ") }

    private static func shares(_ text: String) -> [FactValue.Share]? {
        var shares: [FactValue.Share] = []
        for item in list(text) {
            let parts = item.split(separator: " from ")
            guard parts.count == 2, let offset = size(parts[1]) else { return nil }
            shares.append(FactValue.Share(dimm: String(parts[0]), offset: offset))
        }
        return shares
    }

    private static func text(of range: FactValue.AllocatedRange) -> String {
        let place =
            switch range.place {
            case .unknown: "?"
            case .address(let address): Hexadecimal.number(address)
            case .offset(let offset): "offset \(text(of: offset))"
            }
        return "\(text(of: range.length)) at \(place)"
    }

    private static func ranges(_ text: String) -> [FactValue.AllocatedRange]? {
        var ranges: [FactValue.AllocatedRange] = []
        for item in text.split(separator: ",") {
            let parts = item.split(separator: " at ")
            guard parts.count == 2, let length = size(parts[0]), let place = place(parts[1]) else {
                return nil
            }
            ranges.append(FactValue.AllocatedRange(place: place, length: length))
        }
        return ranges
    }

    private static func place(_ text: Substring) -> FactValue.AllocatedRange.Place? {
        if text == "?" { return .unknown }
        if text.hasPrefix("offset ") { return size(text.dropFirst(7)).map { .offset($0) } }
        return hexadecimal(text).map { .address($0) }
    }
}
