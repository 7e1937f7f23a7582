/// How far a store must travel before it is durable, as the platform declares it, in ndctl's words.
public enum PersistenceDomain: String, CaseIterable, Sendable {
    /// The CPU caches are flushed on power loss.
    case cpuCache = "cpu_cache"
    /// The memory controller is: caches must be flushed by software.
    case memoryController = "memory_controller"
    /// The platform says that there is none.
    case none
    /// The platform does not say.
    case unknown
}
