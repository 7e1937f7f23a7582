import Glibc
package import ProvisionCore

extension KernelRegion {
    /// Refuses a namespace, or a claim's instance, that another tool is configuring: ndctl takes no lock, and what it has
    /// made between two stores looks like what it leaves when it is killed there. Its next store comes within
    /// milliseconds, so that what stays the same for a second was left.
    package func requireLeft(_ device: String) throws(OperationError) {
        let before = progress(of: device)
        let end = ContinuousClock.now + .seconds(1)
        repeat {
            usleep(50_000)
            guard progress(of: device) == before else {
                throw OperationError(
                    .changed, while: "take over an unfinished creation", device: device,
                    reason: "another tool is at work on it", advice: "wait until it has ended, and plan again"
                )
            }
        } while ContinuousClock.now < end
    }

    /// What the stores of a creation change: the attributes of the device, and of the one that it is joined with, or of
    /// those that it may be joined with next.
    private func progress(of device: String) -> [String?] {
        let partner = directory.text("\(device)/holder") ?? directory.text("\(device)/namespace")
        let partners =
            partner.map { [$0] } ?? ["btt_seed", "pfn_seed", "dax_seed"].compactMap { directory.text($0) }
        return ([device] + partners).flatMap { device in
            [device, directory.linkTarget("\(device)/driver")]
                + Self.configured.map { directory.text("\(device)/\($0)") }
        }
    }

    private static let configured = [
        "uuid", "alt_name", "size", "sector_size", "holder_class", "holder", "mode", "align", "namespace",
    ]
}
