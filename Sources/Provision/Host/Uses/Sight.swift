import Glibc
package import ProvisionCore

/// Whether everybody who uses a device would be seen. Who uses one is read from `/proc`, which can be missing, or show
/// less than there is; an empty list means something only where nothing is hidden.
package enum Sight {
    /// Why somebody who uses a device could go unseen; nil where nobody could. Opens nothing.
    package static func obstacle(_ places: KernelPlaces) -> OperationError? {
        obstacle(
            isThere: { unsafe access("\(places.proc)/\($0)", F_OK) == 0 || errno != ENOENT },
            mayTrace: places.mayTrace, processSpace: ProcText.link("\(places.proc)/1/ns/pid"),
            isRoot: geteuid() == 0)
    }

    /// The same, of what was found.
    /// - Parameters:
    ///   - isThere: whether there is such a file in `/proc`.
    ///   - mayTrace: whether this process may look into others.
    ///   - processSpace: the PID namespace of the first process that `/proc` shows; nil where it is not told.
    ///   - isRoot: whether the caller is root.
    package static func obstacle(
        isThere: (String) -> Bool, mayTrace: Bool, processSpace: String?, isRoot: Bool
    ) -> OperationError? {
        guard isThere("self/mountinfo") else {
            return hidden("/proc is not mounted", advice: "mount -t proc proc /proc")
        }
        // A kernel without swap has no /proc/swaps; the list of file systems is there whenever anything but processes is.
        guard isThere("swaps") || isThere("filesystems") else {
            return hidden(
                "/proc is mounted with subset=pid, which hides swap areas",
                advice: "run it where /proc shows everything; a systemd service needs ProcSubset=all")
        }
        guard mayTrace else {
            return OperationError(
                .notPermitted, while: operation,
                reason: "only a process with CAP_SYS_PTRACE sees the open files of others",
                advice: isRoot
                    ? "give it CAP_SYS_PTRACE: root has it, and a container or a service can lack it"
                    : "run it as root")
        }
        // A kernel without PID namespaces has no such link.
        guard processSpace == initialProcessSpace || (processSpace == nil && !isThere("1/ns/pid"))
        else {
            return hidden(
                "this container's PID namespace hides the processes outside it",
                advice: "run it in the host's PID namespace: a container is started with --pid=host")
        }
        return nil
    }

    private static let operation = "see who uses the namespaces"

    /// The first PID namespace, whose number is fixed (include/linux/proc_ns.h, `PROC_PID_INIT_INO`).
    private static let initialProcessSpace = "pid:[\(UInt32(0xEFFF_FFFC))]"

    private static func hidden(_ reason: String, advice: String) -> OperationError {
        OperationError(.unavailable, while: operation, reason: reason, advice: advice)
    }
}
