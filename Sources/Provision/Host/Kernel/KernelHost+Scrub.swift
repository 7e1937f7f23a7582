public import ProvisionCore

/// Address range scrubs (drivers/acpi/nfit/core.c, `scrub_show`, `scrub_store`).
extension KernelHost {
    /// See ``RestoringHost/scrub(of:)``. While root reads it, the kernel asks the firmware each second.
    public func scrub(of bus: String) throws(OperationError) -> ScrubProgress {
        let directory = try places.nvdimmDevice(bus)
        let text: String
        do {
            text = try directory.read("nfit/scrub")
        } catch {
            throw .system(error.rawValue, while: "look at the scrub", device: bus)
        }
        guard let count = UInt64(text.prefix { $0.isASCII && $0.isNumber }) else {
            throw OperationError(
                .failed, while: "look at the scrub", device: bus, reason: "nfit/scrub says '\(text)'")
        }
        return ScrubProgress(count: count, isRunning: text.hasSuffix("+"))
    }

    /// See ``RestoringHost/startScrub(of:)``. The kernel takes the store while one runs, too, and it changes nothing.
    public func startScrub(of bus: String) throws(OperationError) {
        let directory = try places.nvdimmDevice(bus)
        do {
            try directory.write("1", to: "nfit/scrub")
        } catch {
            throw .system(error.rawValue, while: "start a scrub", device: bus)
        }
    }
}
