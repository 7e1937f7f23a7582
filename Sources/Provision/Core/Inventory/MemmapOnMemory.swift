/// Whether the kernel can put the page map of memory that comes of dax devices (`struct page`, 64 bytes for each page of 4 KiB) into that
/// memory itself, as their attribute `memmap_on_memory` asks for (drivers/dax/bus.c, `memmap_on_memory_store`).
public enum MemmapOnMemory: String, CaseIterable, Sendable {
    /// It can.
    case on
    /// Its devices have the attribute, and the kernel was booted without `memory_hotplug.memmap_on_memory=1`: it refuses to turn it on, and
    /// where it is on by default (volatile CXL memory) that has no effect.
    case off
    /// Its devices have no such attribute (before Linux 6.8).
    case absent
}
