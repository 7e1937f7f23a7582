import Glibc
package import SystemPackage
package import ProvisionCore

/// The unit files of a host's systemd.
package enum SystemdUnits {
    /// The folders that systemd looks in, below the root directory: what stands in an earlier one counts (systemd.unit(5)).
    package static let folders = [
        "etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system",
        "lib/systemd/system",
    ]

    /// The file of a unit, of the host whose root directory is `root`.
    package static func unit(_ name: String, below root: FilePath) -> InstalledUnit {
        for folder in folders {
            let path = root.appending("\(folder)/\(name)")
            var status = stat()
            guard unsafe lstat(path.string, &status) == 0 else { continue }
            let file = "/\(folder)/\(name)"
            if ProcText.link(path.string) == "/dev/null" { return .masked(file) }
            // A link that leads nowhere is no unit.
            guard unsafe stat(path.string, &status) == 0 else { continue }
            return status.st_mode & S_IFMT == S_IFREG && status.st_size == 0 ? .masked(file) : .present(file)
        }
        return .missing
    }
}
