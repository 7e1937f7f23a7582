/// The memory of the kernel's module for tests (`nfit_test`), which is ordinary memory without physical addresses of its own.
package enum EmulatedMemory {
    /// Whether the regions of a bus of this provider have such memory.
    package static func isProvided(by provider: String?) -> Bool { provider?.hasPrefix("nfit_test") == true }

    /// Why such memory is not mapped: with pages of 4 KiB, touching them is a fault of the kernel's (drivers/dax/device.c,
    /// `dax_set_mapping`).
    /// - Parameter memory: the memory, as the subject of the sentence.
    package static func unmappable(_ memory: String = "its memory") -> String {
        "\(memory) is emulated, and the kernel cannot map it"
    }
}
