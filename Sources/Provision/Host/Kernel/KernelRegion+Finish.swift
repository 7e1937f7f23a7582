import Glibc
package import ProvisionCore

extension KernelRegion {
    /// Takes a namespace and its claim offline, unless somebody uses it.
    ///
    /// A block device is held open exclusively across the unbind, so that nobody can mount it in between (as
    /// libndctl's `ndctl_namespace_disable_safe` does). For a character device the kernel has no such exclusion.
    package func disable(_ target: NamespaceTarget) throws(OperationError) -> Namespace {
        var live = try live(target)
        if live.isActive {
            let guarding = try UseGuard.unused(live, in: self)
            try takeOffline(&live)
            extendLifetime(guarding)
        } else {
            try detachClaim(of: &live)
        }
        let now = state(live.device)
        guard !now.isActive, now.claim == nil else {
            throw OperationError(
                .changed, while: "disable", device: live.device, reason: "another tool enabled it again")
        }
        return try readBack(live.device)
    }

    /// Unbinds and unclaims an active namespace; where the second store fails, binds it again.
    private func takeOffline(_ live: inout Live) throws(OperationError) {
        let running = live.running
        try unbind(running)
        do {
            try detachClaim(of: &live)
        } catch {
            throw error.adding(undoFailures: failure { () throws(OperationError) in try bind(running) })
        }
    }

    /// Brings a namespace online; the kernel finds its mode from its info block. That the mode is the recorded one
    /// is for the caller to judge: a namespace without a valid info block comes up raw. Nothing is written to its media
    /// but by the kernel, which fills in the page map of one that has it there.
    /// - Parameter isOurs: whether a step took it offline. Another one may be in the making by another tool.
    package func enable(_ target: NamespaceTarget, isOurs: Bool) throws(OperationError) -> Namespace {
        let live = try live(target)
        if live.isActive { return try readBack(live.device) }
        if !isOurs { try requireLeft(live.device) }
        let idle = try inactive(target, for: "enable")
        return try bringOnline(idle.device)
    }

    /// Brings an unclaimed namespace online.
    ///
    /// Where the kernel finds an info block it makes the claim, fails this bind with ENXIO, and probes the claim on
    /// its own (pmem.c, `nd_pmem_probe`).
    package func bringOnline(_ namespace: String) throws(OperationError) -> Namespace {
        try endRawAccess(namespace)
        do {
            try bind(namespace)
        } catch {
            waitForProbe()
            let found = state(namespace)
            guard found.claim != nil else { throw error }
            if !found.isActive {
                do {
                    try bind(found.running)
                } catch let second {
                    throw second.adding(
                        undoFailures: failure { () throws(OperationError) in try takeOffline(namespace) })
                }
            }
        }
        return try readBack(namespace)
    }

    /// Releases the capacity of an inactive namespace. Nothing on the media is written but labels.
    package func destroy(_ target: NamespaceTarget) throws(OperationError) {
        guard isLabelled else {
            throw OperationError(
                .failed, while: "destroy \(target.displayName)", device: target.device,
                reason: "the region has no labels: its one namespace always spans it")
        }
        try free(try inactive(target, for: "destroy").device)
    }

    /// Writes the name into the label of an inactive namespace.
    package func rename(_ target: NamespaceTarget, _ name: NamespaceName) throws(OperationError) -> Namespace
    {
        guard isLabelled else {
            throw OperationError(
                .failed, while: "rename \(target.displayName)", device: target.device,
                reason: "the region has no labels, and so its namespace has no name")
        }
        let live = try inactive(target, for: "rename")
        try store(name.text, in: "\(live.device)/alt_name", "set the name")
        let result = try readBack(live.device)
        guard result.name == name.text else {
            throw OperationError(
                .failed, while: "set the name", device: live.device,
                reason: "the label now says \(result.name ?? "nothing")")
        }
        return result
    }
}
