import Glibc
import Synchronization

/// The same work for many items, on as many threads as asked for.
enum ParallelMap {
    /// The number of processors that are online.
    static var processors: Int { max(1, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))) }

    /// What `body` makes of each item, in the order of the items.
    ///
    /// The calling thread works too. A thread that cannot be started is done without.
    static func results<Item: Sendable, Result: Sendable>(
        of items: [Item], threads: Int = processors, _ body: @escaping @Sendable (Item) -> Result
    ) -> [Result] {
        let work = Work(items, body)
        let others = (1..<max(1, min(threads, items.count))).compactMap { _ in WorkerThread { work.run() } }
        work.run()
        for thread in others { thread.join() }
        return work.results
    }

    /// Items that threads take one after the other.
    private final class Work<Item: Sendable, Result: Sendable>: Sendable {
        private let items: [Item]
        private let body: @Sendable (Item) -> Result
        private let next = Atomic<Int>(0)
        private let done = Mutex<[(index: Int, result: Result)]>([])

        init(_ items: [Item], _ body: @escaping @Sendable (Item) -> Result) {
            self.items = items
            self.body = body
        }

        func run() {
            var mine: [(index: Int, result: Result)] = []
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < items.count else { break }
                mine.append((index, body(items[index])))
            }
            done.withLock { $0 += mine }
        }

        var results: [Result] {
            done.withLock { $0.sorted { $0.index < $1.index }.map(\.result) }
        }
    }
}

/// A thread that runs a closure once.
private struct WorkerThread {
    private let thread: pthread_t

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts it; nil where the system refuses.
    init?(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(Body(body))
        let status = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard status == 0 else {
            unsafe context.release()
            return nil
        }
        self.thread = thread
    }

    /// Waits for its end.
    func join() { _ = pthread_join(thread, nil) }
}
