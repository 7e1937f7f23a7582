/// What was proven of a namespace.
public enum ProofVerdict: String, CaseIterable, Sendable {
    /// Its memory is mapped directly, and `MAP_SYNC` holds: flushing CPU caches makes stores durable.
    case proven
    /// Its memory is mapped directly, and only fsync or msync make stores durable.
    case provenWithoutSync = "proven_without_sync"
    /// Files with the DAX attribute are mapped directly with `MAP_SYNC`; others are not.
    case provenPerFile = "proven_per_file"
    /// Its device is the kernel's memory.
    case systemMemory = "system_memory"
    /// It is not mapped directly.
    case notDax = "not_dax"
    /// Nothing was proven, neither this nor that.
    case notProven = "not_proven"
}

/// What a program must do after a store, for the data to be durable.
public enum ProofFlush: String, CaseIterable, Sendable {
    /// Nothing but a fence: the platform flushes the CPU caches when power fails.
    case none
    /// It flushes the CPU caches, as libpmem2 does.
    case cpuCache = "cpu_cache"
    /// It calls fsync or msync.
    case sync
}
