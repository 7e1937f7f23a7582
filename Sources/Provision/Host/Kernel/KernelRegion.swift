import Glibc
import SystemPackage
package import ProvisionCore

/// One region while a step works on it: its sysfs directory, held open, and what the step needs of its state.
package struct KernelRegion: ~Copyable {
    /// The region's kernel name, such as `region0`.
    package let device: String
    /// The attributes of the region, and below it those of its namespaces and claims.
    package let directory: SysfsDirectory
    /// How its namespaces are read.
    package let reader: SysfsNamespaceReader

    private init(_ device: String, _ directory: consuming SysfsDirectory, _ reader: SysfsNamespaceReader) {
        self.device = device
        self.directory = directory
        self.reader = reader
    }

    /// The region with the kernel name `device`. Known facts save reading them again.
    package static func open(
        _ device: String, knownFacts: RegionFacts?, _ places: KernelPlaces
    ) throws(OperationError) -> KernelRegion {
        let directory = try places.nvdimmDevice(device)
        guard directory.exists("driver") else {
            throw OperationError(
                .changed, while: "use the region", device: device, reason: "it is disabled",
                advice: "see the kernel log (dmesg): a region whose labels do not agree stays disabled")
        }
        let facts = knownFacts ?? RegionFacts(reading: directory)
        return KernelRegion(device, directory, SysfsNamespaceReader(region: facts))
    }

    /// The places that it is one of.
    package var places: KernelPlaces { directory.places }

    /// Whether its namespaces come from labels.
    package var isLabelled: Bool { reader.region.labelling == .labelled }

    /// What a step must know of the namespace that it acts on.
    package struct Live {
        /// The namespace's kernel name, such as `namespace0.1`.
        package var device: String
        /// The btt, pfn or dax instance that claims it; nil where none does.
        package var claim: String?
        /// Whether a driver is bound to it or to its claim.
        package var isActive: Bool

        /// The device that a driver binds to.
        package var running: String { claim ?? device }
    }

    /// The live object of a target, after checking that it still is what the plan was made for.
    package func live(_ target: NamespaceTarget) throws(OperationError) -> Live {
        let size = directory.number("\(target.device)/size") ?? 0
        let uuid = isLabelled ? directory.text("\(target.device)/uuid").flatMap(UUID.init) : nil
        let resource = directory.number("\(target.device)/resource")
        var difference: String?
        if size == 0 {
            difference = "it no longer exists"
        } else if uuid != target.labelUUID {
            difference = "its label UUID is \(Self.text(uuid)), not \(Self.text(target.labelUUID))"
        } else if size != target.rawSize.bytes {
            difference = "its size is \(ByteCount(size)), not \(target.rawSize)"
        } else if let expected = target.resource, resource != expected {
            difference = "it does not lie at \(Hexadecimal.number(expected))"
        }
        if let difference {
            throw OperationError(
                .changed, while: "check \(target.displayName)", device: target.device, reason: difference,
                advice: "another tool changed the host: plan again")
        }
        return state(target.device)
    }

    /// Whether and how a namespace runs.
    package func state(_ namespace: String) -> Live {
        let claim = directory.text("\(namespace)/holder")
        return Live(
            device: namespace, claim: claim, isActive: directory.exists("\(claim ?? namespace)/driver"))
    }

    /// The live object of a target that must be inactive, without any claim: one that is left is detached.
    package func inactive(_ target: NamespaceTarget, for operation: String) throws(OperationError) -> Live {
        var live = try live(target)
        guard !live.isActive else {
            throw OperationError(
                .busy, while: operation, device: live.device, reason: "it is active",
                advice: "disable it first")
        }
        try detachClaim(of: &live)
        return live
    }

    /// The namespace as it is now.
    package func readBack(_ namespace: String) throws(OperationError) -> Namespace {
        guard let read = reader.namespace(namespace, in: directory) else {
            throw OperationError(
                .failed, while: "read the namespace back", device: namespace, reason: "it has no size")
        }
        return read
    }

    private static func text(_ uuid: UUID?) -> String { uuid?.description ?? "absent" }
}

// MARK: - Stores

extension KernelRegion {
    /// Writes one attribute of the region, or of a device below it.
    package func store(_ value: String, in attribute: String, _ operation: String) throws(OperationError) {
        do {
            try directory.write(value, to: attribute)
        } catch {
            let device = attribute.split(separator: "/").first.map(String.init)
            throw .system(error.rawValue, while: operation, device: attribute.hasPrefix("/") ? value : device)
        }
    }

    /// Binds a driver to a namespace or claim: the kernel probes it before the store returns.
    package func bind(_ device: String) throws(OperationError) {
        let driver = device.hasPrefix("dax") ? "dax_pmem" : "nd_pmem"
        let path = "\(places.nvdimmDrivers)/\(driver)"
        guard directory.exists(path) else {
            throw OperationError(
                .unavailable, while: "enable", device: device, reason: "the driver \(driver) is not loaded",
                advice: "load it: modprobe \(driver)")
        }
        try store(device, in: "\(path)/bind", "enable")
        guard directory.exists("\(device)/driver") else {
            throw OperationError(
                .failed, while: "enable", device: device, reason: "the driver did not stay bound",
                advice: "see the kernel log (dmesg)")
        }
    }

    /// Unbinds the driver of a namespace or claim. The kernel never refuses, whoever uses the device.
    package func unbind(_ device: String) throws(OperationError) {
        try requireNoMemoryOnline(device)
        try store(device, in: "\(device)/driver/unbind", "disable")
        guard !directory.exists("\(device)/driver") else {
            throw OperationError(
                .failed, while: "disable", device: device, reason: "its driver is still bound",
                advice: "see the kernel log (dmesg)")
        }
    }

    /// The kernel lets a device go that is memory, and its range is then nobody's and the kernel's until the next boot.
    private func requireNoMemoryOnline(_ claim: String) throws(OperationError) {
        guard claim.hasPrefix("dax"),
            let name = SysfsNamespaceReader.characterDevice(of: claim, directory),
            let use = SystemMemory.use(of: name, below: claim, directory), use.kind == .systemMemory,
            directory.linkTarget("\(claim)/\(name)/driver") == KernelDaxDevice.memoryDriver
        else { return }
        throw OperationError(
            .busy, while: "disable", device: name, reason: use.text, advice: use.advice, errno: EBUSY)
    }

    /// Releases an inactive namespace from its claim. The kernel resets the claim, or removes it.
    package func detachClaim(of live: inout Live) throws(OperationError) {
        guard let claim = live.claim else { return }
        try store("", in: "\(claim)/namespace", "release \(live.device)")
        live.claim = nil
    }

    /// Unbinds and unclaims a namespace that a failing step made or brought online itself. If somebody has claimed its block device since,
    /// it stays online, and the error says who. Other users are not looked for.
    /// - Parameter isHeld: whether the caller holds the block device exclusively.
    package func takeOffline(_ namespace: String, isHeld: Bool = false) throws(OperationError) {
        var live = state(namespace)
        if live.isActive {
            let held = isHeld ? nil : try UseGuard.unclaimed(live, in: self)
            try unbind(live.running)
            extendLifetime(held)
        }
        try detachClaim(of: &live)
    }

    /// Waits until the kernel has registered and probed what earlier stores made: seeds appear asynchronously
    /// (drivers/nvdimm/core.c, `wait_probe_show`).
    package func waitForProbe() {
        _ = try? directory.read("../wait_probe")
    }

    /// Waits for a device that the kernel has named, and may still be registering. Its directory comes first, then its
    /// attributes, then the link to its bus (drivers/base/core.c, `device_add`).
    package func waitFor(_ device: String) {
        if !directory.exists("\(device)/subsystem") { waitForProbe() }
    }
}

extension KernelRegion {
    /// Whether its memory is the kernel's own, of the emulated NFIT, which a test makes (tools/testing/nvdimm).
    var isEmulated: Bool { EmulatedMemory.isProvided(by: directory.text("../provider")) }
}
