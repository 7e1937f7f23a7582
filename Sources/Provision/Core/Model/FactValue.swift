/// What is true of an object in one respect, as a value. Two values are compared, never the words that describe them, so
/// a saved plan stays good when a later version words its reports differently.
public enum FactValue: Equatable, Sendable {
    /// A word of a fixed vocabulary, or a name.
    case word(String)
    /// Words whose order means nothing, sorted.
    case words([String])
    /// A capacity.
    case size(ByteCount)
    /// A physical address, or another number that is written with the prefix 0x.
    case hexadecimal(UInt64)
    /// A count.
    case number(Int)
    /// A UUID.
    case uuid(UUID)
    /// The DIMMs of a region in the order of their positions.
    case shares([Share])
    /// What is allocated of a region, sorted.
    case ranges([AllocatedRange])
    /// A text of a file that is no value of its kind. It equals no live value.
    case unreadable(String)

    /// A region's share of one DIMM.
    public struct Share: Equatable, Sendable {
        /// The DIMM's kernel name.
        public var dimm: String
        /// Where the share starts on it (DIMM physical address).
        public var offset: ByteCount

        /// A value of these parts.
        package init(dimm: String, offset: ByteCount) {
            self.dimm = dimm
            self.offset = offset
        }
    }

    /// A range of a region that a namespace or a label takes.
    public struct AllocatedRange: Hashable, Comparable, Sendable {
        /// Where it lies.
        public var place: Place
        /// Its length.
        public var length: ByteCount

        /// A value of these parts.
        package init(place: Place, length: ByteCount) {
            self.place = place
            self.length = length
        }

        /// Where a range lies.
        public enum Place: Hashable, Comparable, Sendable {
            /// It may not be read (not root).
            case unknown
            /// The physical address of its first byte.
            case address(UInt64)
            /// Its distance from the start of the region.
            case offset(ByteCount)
        }

        /// By place, then by length.
        public static func < (left: AllocatedRange, right: AllocatedRange) -> Bool {
            (left.place, left.length) < (right.place, right.length)
        }
    }
}

extension FactValue {
    /// Flags, in any order.
    package static func words(of words: some Sequence<String>) -> FactValue { .words(words.sorted()) }

    /// Ranges, in any order.
    package static func ranges(of ranges: some Sequence<AllocatedRange>) -> FactValue {
        .ranges(ranges.sorted())
    }
}

extension FactValue: CustomStringConvertible {
    /// The value for a person.
    public var description: String {
        switch self {
        case .word(let word), .unreadable(let word): word
        case .words(let words): words.isEmpty ? "none" : words.joined(separator: ", ")
        case .size(let size): size.description
        case .hexadecimal(let number): Hexadecimal.number(number)
        case .number(let number): "\(number)"
        case .uuid(let uuid): uuid.description
        case .shares(let shares): shares.map { "\($0.dimm) from \($0.offset)" }.joined(separator: ", ")
        case .ranges(let ranges): ranges.map(\.description).joined(separator: ", ")
        }
    }
}

extension FactValue.AllocatedRange: CustomStringConvertible {
    /// "64 MiB at 0x100000000".
    public var description: String {
        switch place {
        case .unknown: "\(length) at an unknown place"
        case .address(let address): "\(length) at \(Hexadecimal.number(address))"
        case .offset(let offset): "\(length) at offset \(offset)"
        }
    }
}
