import CNdctl
import Glibc
import SystemPackage
package import ProvisionCore

/// Maps memory and counts, in a child process: a media error, or a namespace that somebody disables meanwhile, ends that
/// with SIGBUS, and a file system that is frozen never answers.
package enum MappingProbe {
    /// How long a child has. Storing to 2,000 pages takes some tens of milliseconds.
    private static let seconds: Int32 = 30

    /// Loads from a character device.
    /// - Parameter descriptor: the device, open for reading.
    package static func device(
        _ descriptor: Int32, offset: ByteCount, length: ByteCount, align: ByteCount
    ) -> MappingOutcome {
        var proof = daxprov_proof()
        let code = unsafe daxprov_prove_device(
            descriptor, offset.bytes, length.bytes, align.bytes, seconds, &proof)
        return outcome(code, proof, .load, at: "the device", .map)
    }

    /// Stores to a file of its own.
    /// - Parameters:
    ///   - directory: where it is made.
    ///   - device: the number of the device that the directory must lie on.
    ///   - attribute: whether it is made in a directory of its own that has the DAX attribute.
    package static func file(in directory: String, on device: DeviceNode, attribute: Bool) -> MappingOutcome {
        var proof = daxprov_proof()
        let code = unsafe daxprov_prove_file(
            directory, device.number, attribute ? 1 : 0, seconds, &proof)
        return outcome(code, proof, .store, at: directory, .file)
    }

    private static func outcome(
        _ code: Int32, _ proof: daxprov_proof, _ access: MappingMeasurement.Access, at place: String,
        _ kind: ProofReason.Code
    ) -> MappingOutcome {
        guard code == 0 else { return .failed(interruption(code, proof, place)) }
        if proof.signal != 0 {
            let name = proof.signal == SIGBUS ? "SIGBUS" : "signal \(proof.signal)"
            return .failed(
                ProofReason(
                    .fault,
                    "touching the mapping ended with \(name) (\(place)): a media error, or a device that went away"
                ))
        }
        guard proof.step == Int32(DAXPROV_PROOF_DONE.rawValue) else {
            return .failed(failure(proof, place, kind))
        }
        var found = MappingMeasurement(
            isSynchronous: proof.sync == 0, isDax: proof.dax < 0 ? nil : proof.dax == 1)
        if proof.mapped == 1 {
            found.touch = .init(
                access, length: ByteCount(proof.length), faults: proof.faults, pieces: Int(proof.chunks),
                largePieces: Int(proof.large))
            found.address = proof.frame == 0 ? nil : proof.frame * 4096
        }
        return .measured(found)
    }

    private static func interruption(_ code: Int32, _ proof: daxprov_proof, _ place: String) -> ProofReason {
        switch code {
        case ETIMEDOUT:
            ProofReason(.deadline, "the kernel did not answer within \(seconds) seconds (\(place))")
        case EINPROGRESS:
            ProofReason(
                .deadline,
                "the kernel did not answer within \(seconds) seconds (\(place)), and a process of daxprov still waits for it"
            )
        default: ProofReason(.unreadable, "no process could be started: \(text(code))")
        }
    }

    /// Why a child gave up.
    private static func failure(_ proof: daxprov_proof, _ place: String, _ kind: ProofReason.Code)
        -> ProofReason
    {
        let reason = text(proof.code)
        switch proof.code {
        case EACCES where geteuid() != 0, EPERM where geteuid() != 0:
            return ProofReason(.notPermitted, "only root may make a file in \(place): \(reason)")
        case EROFS:
            return ProofReason(.readOnly, "the file system at \(place) is read-only: nothing can be stored")
        case ENOSPC, EDQUOT:
            return ProofReason(.full, "the file system at \(place) is full: nothing can be stored")
        default: break
        }
        let step = daxprov_proof_step(rawValue: UInt32(proof.step))
        switch step {
        case DAXPROV_PROOF_DIRECTORY: return ProofReason(kind, "cannot open \(place): \(reason)")
        case DAXPROV_PROOF_DEVICE:
            return ProofReason(
                .mountedOver, "\(place) leads to another file system: something is mounted over it")
        case DAXPROV_PROOF_OWN_DIRECTORY:
            return ProofReason(kind, "cannot make a directory with the DAX attribute in \(place): \(reason)")
        case DAXPROV_PROOF_FILE:
            return ProofReason(kind, "cannot make a file without a name in \(place): \(reason)")
        case DAXPROV_PROOF_SPACE: return ProofReason(kind, "cannot take space in \(place): \(reason)")
        default: return ProofReason(kind, "cannot map \(place): \(reason)")
        }
    }

    private static func text(_ code: Int32) -> String { Errno(rawValue: code).description }
}
