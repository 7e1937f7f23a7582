import CBlkid
import Glibc
package import ProvisionCore

/// Asks libblkid what a block device holds. Reads, and writes nothing.
package enum SignatureProbe {
    /// More than any device has: a disk that claims more is not listed further.
    private static let maximumCount = 16

    /// What the block device with this kernel name holds, superblocks before partition tables; nil where it cannot be
    /// read.
    /// - Throws: where its node leads to something else (``DeviceFile``).
    package static func signatures(
        _ name: String, _ places: KernelPlaces
    ) throws(OperationError) -> [Signature]? {
        guard let descriptor = try DeviceFile.readable(block: name, 0, places, while: "see what it holds")
        else {
            return nil
        }
        defer { close(descriptor) }
        return signatures(in: descriptor)
    }

    /// The same of an open device or file.
    package static func signatures(in descriptor: Int32) -> [Signature]? {
        guard let probe = unsafe blkid_new_probe() else { return nil }
        defer { unsafe blkid_free_probe(probe) }
        guard unsafe blkid_probe_set_device(probe, descriptor, 0, 0) == 0 else { return nil }
        unsafe blkid_probe_enable_superblocks(probe, 1)
        unsafe blkid_probe_set_superblocks_flags(
            probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID | BLKID_SUBLKS_USAGE)
        unsafe blkid_probe_enable_partitions(probe, 1)
        var found: [Signature] = []
        while found.count < maximumCount {
            switch unsafe blkid_do_probe(probe) {
            case 0:
                if let signature = unsafe signature(probe), !found.contains(signature) {
                    found.append(signature)
                }
            case 1: return found
            default: return nil
            }
        }
        return found
    }

    /// What the last call found. A partition table has no TYPE, and a superblock no PTTYPE.
    @unsafe private static func signature(_ probe: blkid_probe) -> Signature? {
        if let type = unsafe value("TYPE", probe) {
            let kind = unsafe value("USAGE", probe).flatMap(Signature.Kind.init) ?? .other
            return unsafe Signature(
                kind, type: type, label: value("LABEL", probe), uuid: value("UUID", probe))
        }
        return unsafe value("PTTYPE", probe).map {
            unsafe Signature(.partitionTable, type: $0, uuid: value("PTUUID", probe))
        }
    }

    @unsafe private static func value(_ name: String, _ probe: blkid_probe) -> String? {
        var text: UnsafePointer<CChar>?
        guard unsafe blkid_probe_lookup_value(probe, name, &text, nil) == 0, let text = unsafe text else {
            return nil
        }
        let value = unsafe String(cString: text)
        return value.isEmpty ? nil : value
    }
}
