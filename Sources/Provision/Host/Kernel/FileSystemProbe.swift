import Glibc
package import ProvisionCore

/// Measures the file systems on a block device by files of its own.
package struct FileSystemProbe {
    private let disk: String
    private let places: KernelPlaces
    private let mounts: MountTable
    private let stack: BlockStack

    /// The file systems on the block device with this kernel name. What is mounted later is not seen.
    package init(_ disk: String, _ places: KernelPlaces) {
        self.disk = disk
        self.places = places
        mounts = MountTable(places)
        stack = BlockStack(disk, loops: LoopDevices(places), places)
    }

    /// The types whose files are measured: those that know DAX.
    private static let types: Set<String> = ["ext2", "ext4", "xfs"]

    /// Measures the file system on the device itself at its first mount point where that succeeds; and says what else uses it.
    package func measure(into found: inout ProofMeasurement) {
        guard unsafe access("\(places.proc)/self/mountinfo", F_OK) == 0 else {
            found.unmeasured = [
                ProofReason(.unreadable, "/proc is not mounted: where it is mounted is not known")
            ]
            return
        }
        guard let node = stack.members.first?.node else {
            found.unmeasured = [ProofReason(.changed, "its block device went away meanwhile")]
            return
        }
        let own = mounts.mounts(of: disk, node, places, types: FileSystemTypes.onDevices(places))
        for mount in own where mount.process == nil {
            guard Self.types.contains(mount.type) else {
                found.unmeasured.append(
                    ProofReason(
                        .fileSystemType,
                        "\(mount.type) is mounted at \(mount.point), and only ext4 and xfs are measured"))
                continue
            }
            let measurement = measure(mount, node)
            found.fileSystems.append(measurement)
            switch measurement.file {
            case .measured: return
            // Another place of the same file system would take as long.
            case .failed(let reason) where reason.code == .deadline: return
            case .failed: continue
            }
        }
        found.unmeasured += own.compactMap { mount in
            mount.process.map {
                ProofReason(
                    .otherMountNamespace,
                    "it is mounted at \(mount.point) in the mount namespace of process \($0) alone: verify it there (nsenter -t \($0) -m)"
                )
            }
        }
        found.unmeasured += others
    }

    private func measure(_ mount: MountTable.Mount, _ node: DeviceNode) -> FileSystemMeasurement {
        var found = FileSystemMeasurement(
            mountPoint: mount.point, type: mount.type, daxOption: mount.daxOption,
            file: MappingProbe.file(in: mount.point, on: node, attribute: false))
        if case .measured(let mapping) = found.file, !mapping.isSynchronous, mapping.isDax != true,
            mount.daxOption != "never"
        {
            found.attributedFile = MappingProbe.file(in: mount.point, on: node, attribute: true)
        }
        return found
    }

    /// What lies on the device and is no file system of its own.
    private var others: [ProofReason] {
        let partitions = stack.members.dropFirst().filter(\.isOwn).map {
            ProofReason(.partition, "it has the partition \($0.name), and partitions are not measured")
        }
        return partitions
            + stack.uses.map { use in
                ProofReason(.stacked, "\(use.device) is \(use.text), and what is made of it is not measured")
            }
    }
}
