import Glibc
import SystemPackage
package import ProvisionCore

extension OperationError {
    /// The error of a system or libndctl call that failed with `errno` (either sign, as libndctl returns −errno).
    package static func system(
        _ errno: Int32, while operation: String, device: String? = nil, advice: String? = nil
    ) -> OperationError {
        let code = errno.magnitude > UInt32(Int32.max) ? EIO : Int32(errno.magnitude)
        return OperationError(
            kind(of: code), while: operation, device: device, reason: Errno(rawValue: code).description,
            advice: advice ?? generalAdvice(code), errno: code)
    }

    /// What to do where media that was written cannot be read.
    static let unreadableAdvice = "see daxprov errors list, and the kernel log (dmesg)"

    /// The error that what was zeroed holds something else.
    /// - Parameter what: which part of it, in the singular.
    static func notZeroed(_ what: String, while operation: String, device: String) -> OperationError {
        OperationError(
            .failed, while: operation, device: device,
            reason: "\(what) does not read as the zeroes that were written",
            advice: "somebody else may have written there: look at what it holds")
    }

    private static func kind(of errno: Int32) -> Kind {
        switch errno {
        case EACCES, EPERM: .notPermitted
        case EBUSY: .busy
        default: .failed
        }
    }

    /// What an errno means here, as far as it can be said without knowing the call.
    /// The causes are in the kernel's drivers/nvdimm (namespace_devs.c, pfn_devs.c, claim.c).
    private static func generalAdvice(_ errno: Int32) -> String? {
        switch errno {
        case EACCES, EPERM:
            geteuid() == 0
                ? "root needs CAP_SYS_ADMIN and CAP_SYS_PTRACE, which containers and services often lack, and no security "
                    + "module may forbid it" : "run it as root"
        case EBUSY: "disable the namespace first, and see whether another tool is changing it"
        case ENOSPC: "no free extent is that large: destroy a namespace, or ask for less"
        case ENXIO:
            "the kernel found no label slot, or could not set the device up: see the kernel log (dmesg)"
        case EINVAL: "the kernel does not accept the value here: see the kernel log (dmesg)"
        case EOPNOTSUPP:
            "the info block on the media does not fit this configuration: see the kernel log (dmesg)"
        case ENOENT, ENODEV: "the device has gone: another tool may have changed the host; plan again"
        default: nil
        }
    }
}
