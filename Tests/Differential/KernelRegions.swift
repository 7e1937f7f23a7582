import ProvisionCore
import ProvisionHost
import SystemPackage

/// What is done to the kernel's regions apart from the host's steps: stores that no step makes.
enum KernelRegions {
    private static let devices: FilePath = "/sys/bus/nd/devices"
    private static let driver: FilePath = "/sys/bus/nd/drivers/nd_region"

    /// Disables and enables the regions of a bus, which makes the kernel forget all that is in no label.
    static func restart(of bus: String) throws {
        let regions = try self.regions(of: bus)
        for region in regions { try disable(region) }
        for region in regions { try write(region, to: driver.appending("bind")) }
        try waitForProbe(of: bus)
    }

    /// Disables a region.
    static func disable(_ region: String) throws { try write(region, to: driver.appending("unbind")) }

    /// The kernel names of the regions, in the order of their numbers.
    private static func regions(of bus: String) throws -> [String] {
        let names = (0..<64).map { "region\($0)" }
        return names.filter { name in
            let region = devices.appending(bus).appending(name).appending("driver")
            return (try? FileDescriptor.open(region, .readOnly).close()) != nil
        }
    }

    /// Gives a region without namespaces another alignment.
    static func setAlign(_ align: ByteCount, of region: String) throws {
        try write(String(align.bytes), to: devices.appending(region).appending("align"))
    }

    /// Destroys every namespace of the bus. False, and a line that says why, where one cannot be.
    static func clean(_ bus: String) -> Bool {
        let kernel = KernelHost()
        var generator = SystemRandomNumberGenerator()
        do {
            for region in try kernel.observe().buses.first(where: { $0.device == bus })?.regions ?? [] {
                for namespace in region.namespaces {
                    let target = NamespaceTarget(namespace, region: region.device)
                    for step in [Step.disable(target), .destroy(target)] {
                        _ = try kernel.perform(step, identity: .random(using: &generator))
                    }
                }
            }
            return true
        } catch {
            say("cannot go on: \(error)")
            return false
        }
    }

    private static func write(_ text: String, to path: FilePath) throws {
        let file = try FileDescriptor.open(path, .writeOnly)
        try file.closeAfter { _ = try file.writeAll(text.utf8) }
    }

    /// Waits until the kernel has probed what the stores made: reading this attribute returns only then.
    private static func waitForProbe(of bus: String) throws {
        let file = try FileDescriptor.open(devices.appending(bus).appending("wait_probe"), .readOnly)
        try file.closeAfter {
            var bytes: [UInt8] = [0, 0]
            _ = try unsafe bytes.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
        }
    }
}
