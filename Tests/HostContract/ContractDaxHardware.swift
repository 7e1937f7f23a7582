package import ProvisionCore
package import ProvisionHost

/// What tests do to a dynamic dax region that no step does.
package protocol ContractDaxHardware {
    /// Makes a device without memory.
    func makeEmptyDevice(in region: DaxRegion) throws

    /// Writes a page of one word (``ContractRegion/page(_:)``) to a device, as a program that has mapped it does. The alignment of the device
    /// is 2 MiB.
    /// - Parameter offset: from the start of the device; a multiple of the page size.
    func write(_ word: UInt8, toDevice name: String, at offset: ByteCount) throws
}

/// The same for a simulated host.
package struct SimulatedContractDaxHardware: ContractDaxHardware {
    private let host: SimulatedHost

    package init(_ host: SimulatedHost) {
        self.host = host
    }

    package func makeEmptyDevice(in region: DaxRegion) throws {
        try host.store(.dax(.create(start: try require(region.start))))
    }

    package func write(_ word: UInt8, toDevice name: String, at offset: ByteCount) throws {
        try host.write(UInt64(word), toDevice: name, at: [offset])
    }
}
