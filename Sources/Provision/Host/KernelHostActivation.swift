import Glibc

extension KernelRegion {
    /// Takes a namespace and its claim offline, unless somebody uses it.
    ///
    /// A block device is held open exclusively across the unbind, so that nobody can mount it in between (as
    /// libndctl's `ndctl_namespace_disable_safe` does). For a character device the kernel has no such exclusion.
    func disable(_ target: NamespaceTarget) throws(HostError) -> Namespace {
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
            throw HostError(
                .changed, while: "disable", device: live.device, reason: "another tool enabled it again")
        }
        return try readBack(live.device)
    }

    /// Unbinds and unclaims an active namespace; where the second store fails, binds it again.
    private func takeOffline(_ live: inout Live) throws(HostError) {
        let running = live.running
        try unbind(running)
        do {
            try detachClaim(of: &live)
        } catch {
            throw error.adding(undoFailures: failure { () throws(HostError) in try bind(running) })
        }
    }

    /// Brings a namespace online; the kernel finds its mode from its info block. That the mode is the recorded one
    /// is for the caller to judge: a namespace without a valid info block comes up raw.
    func enable(_ target: NamespaceTarget) throws(HostError) -> Namespace {
        let live = try live(target)
        if live.isActive { return try readBack(live.device) }
        let idle = try inactive(target, for: "enable")
        return try bringOnline(idle.device)
    }

    /// Brings an unclaimed namespace online.
    ///
    /// Where the kernel finds an info block it makes the claim, fails this bind with ENXIO, and probes the claim on
    /// its own (pmem.c, `nd_pmem_probe`).
    func bringOnline(_ namespace: String) throws(HostError) -> Namespace {
        if directory.text("\(namespace)/force_raw") == "1" {
            try store("0", in: "\(namespace)/force_raw", "let the info block decide the mode")
        }
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
                        undoFailures: failure { () throws(HostError) in try takeOffline(namespace) })
                }
            }
        }
        return try readBack(namespace)
    }

    /// Brings a namespace online, and where it has no valid info block for the layout's mode finishes its creation.
    ///
    /// The label keeps its UUID. A namespace that comes up in yet another mode holds somebody's data, and is an
    /// error: changing it is a reconfiguration.
    func activate(
        _ target: NamespaceTarget, _ layout: Layout, infoBlock: UUID
    ) throws(HostError) -> Namespace {
        let wasActive = try live(target).isActive
        if !wasActive { try requireLeft(target.device) }
        let found = try enable(target)
        if found.mode == layout.mode { return found }
        guard !wasActive else {
            throw HostError(
                .busy, while: "activate \(target.label)", device: target.device, reason: "it is active",
                advice: "disable it first")
        }
        guard found.mode == .raw else {
            throw HostError(
                .failed, while: "activate \(target.label)", device: target.device,
                reason: "it has a valid info block for \(found.mode?.rawValue ?? "an unknown mode")",
                advice: "its data may be wanted: reconfigure it instead")
        }
        try takeOffline(target.device)
        return try finish(target, layout, infoBlock: infoBlock)
    }

    private func finish(
        _ target: NamespaceTarget, _ layout: Layout, infoBlock: UUID
    ) throws(HostError) -> Namespace {
        let namespace = target.device
        let before = Label(reading: namespace, in: self)
        var after = before
        after.name = layout.name?.text ?? before.name
        after.holderClass = layout.mode.holderClass
        after.sectorSize = Self.sectorSize(for: layout, replacing: before.sectorSize) ?? before.sectorSize
        let identity = FreshIdentity(label: target.labelUUID ?? infoBlock, infoBlock: infoBlock)
        do {
            if isLabelled { try write(after, over: before, to: namespace) }
            try configureAndEnable(namespace, layout, infoBlock)
            let result = try readBack(namespace)
            try verify(result, against: layout, identity: identity, resource: target.resource)
            return result
        } catch {
            throw error.adding(
                undoFailures: isLabelled
                    ? restore(before, to: namespace)
                    : failure { () throws(HostError) in try takeOffline(namespace) })
        }
    }

    /// Releases the capacity of an inactive namespace. Nothing on the media is written but labels.
    func destroy(_ target: NamespaceTarget) throws(HostError) {
        guard isLabelled else {
            throw HostError(
                .failed, while: "destroy \(target.label)", device: target.device,
                reason: "the region has no labels: its one namespace always spans it")
        }
        try free(try inactive(target, for: "destroy").device)
    }

    /// Writes the name into the label of an inactive namespace.
    func rename(_ target: NamespaceTarget, _ name: NamespaceName) throws(HostError) -> Namespace {
        guard isLabelled else {
            throw HostError(
                .failed, while: "rename \(target.label)", device: target.device,
                reason: "the region has no labels, and so its namespace has no name")
        }
        let live = try inactive(target, for: "rename")
        try store(name.text, in: "\(live.device)/alt_name", "set the name")
        let result = try readBack(live.device)
        guard result.name == name.text else {
            throw HostError(
                .failed, while: "set the name", device: live.device,
                reason: "the label now says \(result.name ?? "nothing")")
        }
        return result
    }
}
