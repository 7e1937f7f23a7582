import Glibc
internal import CNdctl
package import ProvisionCore

/// udev, which gives nodes their rights at events that come at any time.
package enum DeviceEvents {
    private static let programs = ["/usr/bin/udevadm", "/bin/udevadm", "/sbin/udevadm"]

    /// Whether udev runs: its control socket (`/run/udev/control`) is there.
    package static func areHandled(_ places: KernelPlaces) -> Bool {
        unsafe access("\(places.run)/udev/control", F_OK) == 0
    }

    /// Waits until no event is left. Where udev does not run, there is nothing to wait for.
    /// - Parameter readingRules: whether udev reads its rules anew before: then no event is left that began under the old ones.
    package static func settle(readingRules: Bool, _ places: KernelPlaces) throws(OperationError) {
        guard areHandled(places) else { return }
        guard let program = programs.first(where: { unsafe access($0, X_OK) == 0 }) else {
            throw failed("udev runs, and there is no udevadm", "install udev's tools")
        }
        for (command, option) in [("control", "--reload"), ("settle", "--timeout=30")]
        where readingRules || command != "control" {
            let code = unsafe daxprov_run(program, command, option)
            guard code == 0 else {
                throw failed(
                    "udevadm \(command) " + (code < 0 ? "could not be run" : "ended with \(code)"),
                    "see what udev is at: udevadm monitor, systemctl status systemd-udevd")
            }
        }
    }

    private static func failed(_ reason: String, _ advice: String) -> OperationError {
        OperationError(.failed, while: "let udev read its rules", reason: reason, advice: advice)
    }
}
