/// Why a namespace has its verdict: a word for programs, and a sentence.
public struct ProofReason: Equatable, Sendable {
    /// The word.
    public var code: Code
    /// The sentence, without a full stop.
    public var message: String

    /// Every reason that there is.
    public enum Code: String, CaseIterable, Sendable {
        /// `MAP_SYNC` was accepted.
        case mapSync = "map_sync"
        /// `MAP_SYNC` was refused, and statx calls it DAX.
        case noMapSync = "no_map_sync"
        /// The file is in the page cache.
        case pageCache = "page_cache"
        /// The pages are not as large as the alignment.
        case smallPages = "small_pages"
        /// Only files with the attribute are DAX.
        case attributeOnly = "attribute_only"
        /// The mode is never DAX.
        case mode
        /// The label records another mode than the one it runs in.
        case infoBlock = "info_block"
        /// The block device does not support DAX, or does where it should not.
        case queue
        /// No file system is mounted: that decides.
        case notMounted = "not_mounted"
        /// The file system is of a type that is not measured.
        case fileSystemType = "file_system_type"
        /// It is mounted where this process does not see it.
        case otherMountNamespace = "other_mount_namespace"
        /// Something else is mounted over the mount point.
        case mountedOver = "mounted_over"
        /// The file system is read-only.
        case readOnly = "read_only"
        /// The file system is full.
        case full
        /// The test file could not be made or used.
        case file
        /// Its partitions are used.
        case partition
        /// Another device is made of it.
        case stacked
        /// The device is the kernel's memory.
        case systemMemory = "system_memory"
        /// A part of that memory, or all of it, is not online, or that is not known.
        case memoryOffline = "memory_offline"
        /// Its memory is in another zone than the profile declares.
        case memoryZone = "memory_zone"
        /// No driver holds the device, or one that daxprov does not know.
        case driver
        /// The namespace is disabled.
        case disabled
        /// It changed while it was measured.
        case changed
        /// The node of the device cannot be opened, or leads to another device.
        case node
        /// The device cannot be mapped.
        case map
        /// Touching the mapping ended with a signal.
        case fault
        /// The kernel did not answer in time.
        case deadline
        /// No range of the device is free of known media errors.
        case mediaErrors = "media_errors"
        /// The memory that was mapped lies outside the namespace.
        case foreignMemory = "foreign_memory"
        /// The host is simulated, or its memory is.
        case simulated
        /// Root alone may look.
        case notPermitted = "not_permitted"
        /// Something on the host could not be read.
        case unreadable
    }

    /// A reason.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
