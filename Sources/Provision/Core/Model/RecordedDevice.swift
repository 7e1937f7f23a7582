/// A device of a dynamic dax region as daxprov's record has it: the kernel keeps neither names nor ranges over a boot.
public struct RecordedDevice: Hashable, Sendable {
    /// Its name in the profile that made it.
    public var name: String
    /// What it was when it was recorded.
    public var layout: DeviceLayout

    /// A device of this name.
    public init(name: String, layout: DeviceLayout) {
        self.name = name
        self.layout = layout
    }
}

extension [RecordedDevice] {
    /// The one that has exactly this memory, in this order.
    package func device(of ranges: [Range<UInt64>]) -> RecordedDevice? {
        first { $0.layout.ranges == ranges }
    }
}
