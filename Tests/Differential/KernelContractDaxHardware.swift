import Glibc
import HostContract
import ProvisionCore
import SystemPackage

/// What the contract of dax regions needs done to the kernel's devices beside steps.
struct KernelContractDaxHardware: ContractDaxHardware {
    func makeEmptyDevice(in region: DaxRegion) throws {
        let path = FilePath("/sys/devices\(region.path)/dax_region/create")
        let file = try FileDescriptor.open(path, .writeOnly)
        try file.closeAfter { _ = try file.writeAll("1".utf8) }
    }

    /// The memory of a device can only be mapped, in units of its alignment.
    func write(_ word: UInt8, toDevice name: String, at offset: ByteCount) throws {
        let unit = ByteCount.mib(2)
        let start = offset.roundedDown(to: unit)
        let length = Int(unit.bytes)
        let file = try FileDescriptor.open(FilePath("/dev/\(name)"), .readWrite)
        try file.closeAfter {
            let memory = unsafe mmap(
                nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, file.rawValue, off_t(start.bytes))
            guard unsafe memory != MAP_FAILED else { throw Errno(rawValue: errno) }
            let bytes = unsafe UnsafeMutableRawBufferPointer(start: memory, count: length)
            let first = Int((offset - start).bytes)
            for (index, byte) in ContractRegion.page(word).enumerated() {
                unsafe bytes[first + index] = byte
            }
            unsafe munmap(memory, length)
        }
    }
}
