package import SystemPackage

/// The modules of the kernel that have to do with persistent memory, dax and CXL (`/sys/module`).
package enum KernelModules {
    /// Each module that is there, with its state and its parameters. A module that goes away meanwhile says so.
    package static func facts(below root: FilePath) -> [MachineFact] {
        let modules = "sys/module"
        do throws(Errno) {
            let names = try HostText.names(in: root.appending(modules))
            return names.filter(FamilyWords.isModule).map { fact(of: $0, in: root.appending(modules)) }
        } catch {
            return [MachineFact("/\(modules)", .failure(Unread(error.description)))]
        }
    }

    private static func fact(of name: String, in directory: FilePath) -> MachineFact {
        let module = directory.appending(name)
        do throws(Errno) {
            let entries = try HostText.names(in: module)
            var lines = [
                entries.contains("initstate")
                    ? "state: \(HostText.value(module.appending("initstate")))" : "built into the kernel"
            ]
            if entries.contains("parameters") {
                let parameters = module.appending("parameters")
                for parameter in try HostText.names(in: parameters) {
                    lines.append("\(parameter): \(HostText.value(parameters.appending(parameter)))")
                }
            }
            return MachineFact(name, .success(lines))
        } catch {
            return MachineFact(name, .failure(Unread(error.description)))
        }
    }
}
