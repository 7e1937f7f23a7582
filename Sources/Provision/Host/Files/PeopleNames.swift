import Glibc
package import SystemPackage

/// The names of people's accounts, so that a report can do without them.
package enum PeopleNames {
    /// The users and groups of `/etc/passwd` and `/etc/group` that are no service's: their numbers begin at 1000 (login.defs(5), `UID_MIN`), and
    /// 65534 is nobody's. None where the files cannot be read.
    /// - Parameter callers: further names; those of services are left out of them.
    package static func read(below root: FilePath, callers: [String] = []) -> [String] {
        var names = Set(callers)
        var services: Set<String> = ["", "root"]
        for file in ["etc/passwd", "etc/group"] {
            let lines = (try? HostText.lines(root.appending(file)).get()) ?? []
            for line in lines {
                let fields = line.split(separator: ":", omittingEmptySubsequences: false)
                guard fields.count > 2, let number = UInt32(fields[2]) else { continue }
                if number >= 1000, number != 65_534 {
                    names.insert(String(fields[0]))
                } else if file == "etc/passwd" {
                    services.insert(String(fields[0]))
                }
            }
        }
        return names.subtracting(services).sorted()
    }

    /// Who runs this process, as its environment says: an account of a directory service is in no file.
    package static var ofCaller: [String] {
        ["SUDO_USER", "LOGNAME"].compactMap { (variable: String) in
            unsafe getenv(variable).map { unsafe String(cString: $0) }
        }
    }
}
