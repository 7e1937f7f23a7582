package import SystemPackage

/// One thing that was looked for on the machine: a file, mostly.
package struct MachineFact: Equatable, Sendable {
    /// What it is called: its path.
    package var name: String
    /// Its lines as they were found, with whatever characters they have; or why it could not be read.
    package var lines: Result<[String], Unread>

    /// A thing with these lines.
    package init(_ name: String, _ lines: Result<[String], Unread>) {
        self.name = name
        self.lines = lines
    }

    /// The lines of a text file that are kept.
    /// - Parameters:
    ///   - path: the path below `root`, without a slash at its start.
    ///   - root: the root directory of the host.
    package static func file(
        _ path: String, below root: FilePath, where keeps: (String) -> Bool = { _ in true }
    ) -> MachineFact {
        MachineFact("/\(path)", HostText.lines(root.appending(path), where: keeps))
    }

    /// Every file of a directory with its value.
    package static func directory(_ path: String, below root: FilePath) -> MachineFact {
        let directory = root.appending(path)
        do throws(Errno) {
            let names = try HostText.names(in: directory)
            return MachineFact(
                "/\(path)", .success(names.map { "\($0): \(HostText.value(directory.appending($0)))" }))
        } catch {
            return MachineFact("/\(path)", .failure(Unread(error.description)))
        }
    }
}
