import Glibc
import ProvisionCore
package import SystemPackage

/// The configuration files of a host. Their paths are told as that host has them.
package struct HostFiles {
    private let root: FilePath

    /// More than anybody writes by hand.
    private static let limit = 1 << 20

    /// The folders with udev's rules, below the root directory: of files with one name the one in the first of them counts (udev(7)).
    private static let ruleFolders = roots.map { "\($0)/udev/rules.d" }

    /// The folders with modprobe's files, which count in the same way (modprobe.d(5)).
    private static let moduleFolders = roots.map { "\($0)/modprobe.d" }

    private static let roots = ["etc", "run", "usr/local/lib", "usr/lib", "lib"]

    /// Those of the host whose root directory is `root`.
    package init(_ root: FilePath) {
        self.root = root
    }

    /// What daxctl's files say, as far as root alone can have written it.
    func daxctlConf() -> DaxctlConf {
        let folder = String(DaxctlConf.directory.dropFirst())
        var files: [(path: String, bytes: [UInt8])] = []
        var problems: [FileProblem] = []
        let names: [String]
        do throws(Errno) {
            names = try self.names(in: folder)
        } catch {
            return DaxctlConf(problems: [FileProblem(file: DaxctlConf.directory, reason: error.description)])
        }
        for name in names where name.hasSuffix(DaxctlConf.suffix) && name != DaxctlConf.suffix {
            let file = "\(folder)/\(name)"
            if let objection = objectionOfDaxctl(to: file) {
                problems.append(FileProblem(file: "/\(file)", reason: objection))
                continue
            }
            do throws(FileObjection) {
                files.append(("/\(file)", try contents(of: file, trust: .rootAndCaller)))
            } catch {
                problems.append(FileProblem(file: "/\(file)", reason: error.reason))
            }
        }
        return DaxctlConf(files, problems: problems)
    }

    /// The kernel's command line.
    /// - Parameter places: note that it cannot be read; nil: it says nothing then.
    package func commandLine(_ places: KernelPlaces?) -> String {
        ProcText.lines(root.appending("proc/cmdline").string, places).joined(separator: " ")
    }

    /// The text of the running kernel's configuration, where its package has left it; empty where it has not, or it cannot be read. That
    /// in `/proc/config.gz` is compressed.
    func kernelConfiguration() -> [UInt8] {
        let release = ProcText.lines(root.appending("proc/sys/kernel/osrelease").string, nil).first ?? ""
        guard !release.isEmpty, !release.contains("/") else { return [] }
        return (try? contents(of: "boot/config-\(release)", trust: .anybody)) ?? []
    }

    /// Whether what the next boot goes by keeps the contents of soft-reserved memory; see ``SoftReservedMemory``. A file of modprobe's
    /// that cannot be read says nothing.
    /// - Parameter places: as for ``commandLine(_:)``.
    package func keepsSoftReserved(_ places: KernelPlaces? = nil) -> Bool {
        SoftReservedMemory.isKept(
            commandLine: commandLine(places),
            modprobe: texts(in: Self.moduleFolders, suffix: ".conf").read.map(\.text),
            isBuiltIn: { isBuiltIn(SoftReservedMemory.idle) },
            bringsOnline: { udevRules().read.contains { $0.rules.bringsMemoryOnline } })
    }

    /// Whether one of the installed kernels has the module of a parameter built in, by its list of those. What cannot be read can say so.
    private func isBuiltIn(_ parameter: ModuleParameter) -> Bool {
        let folder = "lib/modules"
        guard let releases = try? names(in: folder) else { return true }
        return releases.contains { release in
            let list = "\(folder)/\(release)/modules.builtin"
            guard RegularFile(root.appending(list)).exists else { return false }
            guard let text = try? contents(of: list, trust: .anybody) else { return true }
            return parameter.isBuiltIn(by: String(decoding: text, as: UTF8.self))
        }
    }

    /// The files with rules that count, in udev's order: that of their names.
    func udevRules() -> (read: [(file: String, rules: UdevRules)], problems: [FileProblem]) {
        let found = texts(in: Self.ruleFolders, suffix: ".rules")
        return (found.read.map { ($0.file, UdevRules($0.text)) }, found.problems)
    }

    /// The files that count of folders, in the order of their names: of those with one name, the one in the first folder that has it.
    private func texts(
        in folders: [String], suffix: String
    ) -> (read: [(file: String, text: String)], problems: [FileProblem]) {
        var paths: [String: String] = [:]
        var problems: [FileProblem] = []
        for folder in folders {
            do throws(Errno) {
                for name in try names(in: folder) where name.hasSuffix(suffix) && paths[name] == nil {
                    paths[name] = "\(folder)/\(name)"
                }
            } catch {
                problems.append(FileProblem(file: "/\(folder)", reason: error.description))
            }
        }
        var read: [(file: String, text: String)] = []
        for (_, file) in paths.sorted(by: { $0.key < $1.key }) where !isMask(file) {
            do throws(FileObjection) {
                read.append(
                    ("/\(file)", String(decoding: try contents(of: file, trust: .anybody), as: UTF8.self)))
            } catch {
                problems.append(FileProblem(file: "/\(file)", reason: error.reason))
            }
        }
        return (read, problems)
    }

    /// The names in a folder; none where there is no such folder.
    private func names(in folder: String) throws(Errno) -> [String] {
        do throws(Errno) {
            return try DirectoryEntries.names(in: root.appending(folder)).sorted()
        } catch {
            if error == .noSuchFileOrDirectory || error == .notDirectory { return [] }
            throw error
        }
    }

    /// Why daxctl passes over a file; nil where it does not (util/parse-configs.c, `filter_conf_files`).
    private func objectionOfDaxctl(to file: String) -> String? {
        var status = stat()
        guard unsafe lstat(root.appending(file).string, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return nil
        case S_IFLNK: return "it is a symbolic link, and daxctl passes over those"
        default: return "it is not a regular file, and daxctl passes over it"
        }
    }

    /// Whether a file stands for no rules, in the place of one of that name elsewhere.
    private func isMask(_ file: String) -> Bool { ProcText.link(root.appending(file).string) == "/dev/null" }

    private struct FileObjection: Error {
        let reason: String
    }

    private func contents(of file: String, trust: FileTrust) throws(FileObjection) -> [UInt8] {
        let bytes: [UInt8]
        do throws(ProfileError) {
            bytes = try RegularFile(root.appending(file), trust: trust).contents(upTo: Self.limit + 1)
        } catch {
            guard case .unreadable(let why) = error else { throw FileObjection(reason: "\(error)") }
            throw FileObjection(reason: why.reason)
        }
        guard bytes.count <= Self.limit else {
            throw FileObjection(reason: "it is larger than \(ByteCount(UInt64(Self.limit)))")
        }
        return bytes
    }
}
