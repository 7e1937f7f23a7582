import CNdctl
package import ProvisionCore

/// A libndctl context (`struct ndctl_ctx`), and with it everything that libndctl has enumerated.
///
/// libndctl caches what it reads: make a new context to see a change. Handles of what is in it are only lent to
/// closures, so that none outlives it; it is released (`ndctl_unref`) at the end of its scope.
@safe package struct NdctlContext: ~Copyable {
    private let pointer: OpaquePointer

    /// A new context, which logs nothing. The corresponding C function is `ndctl_new`.
    package init() throws(OperationError) {
        var context: OpaquePointer?
        let result = unsafe ndctl_new(&context)
        guard result >= 0, let context = unsafe context else {
            throw .system(result, while: "start libndctl")
        }
        unsafe daxprov_ndctl_silence(context)
        unsafe pointer = context
    }

    deinit {
        _ = unsafe ndctl_unref(pointer)
    }

    /// Lends each bus in turn. The corresponding C functions are `ndctl_bus_get_first` and `ndctl_bus_get_next`.
    package func forEachBus<Failure: Error>(
        _ body: (borrowing NdctlBus) throws(Failure) -> Void
    ) throws(Failure) {
        var next = unsafe ndctl_bus_get_first(pointer)
        while let current = unsafe next {
            try body(unsafe NdctlBus(current))
            unsafe next = ndctl_bus_get_next(current)
        }
    }
}
