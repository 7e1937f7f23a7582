import Glibc
package import SystemPackage
package import ProvisionCore

/// The file of ``DeviceRules``: it is there wholly or not at all, and one that is not daxprov's is never touched.
package struct DeviceRulesFile {
    /// Where udev looks for the rules of this machine.
    package static let path: FilePath = "/etc/udev/rules.d/05-daxprov.rules"
    /// The longest that is read: some ten thousand rules.
    private static let limit = 4 << 20

    private let path: FilePath

    /// The file at `path`.
    package init(_ path: FilePath) {
        self.path = path
    }

    /// What is at its path.
    package enum Contents {
        /// Nothing, or these rules.
        case rules(DeviceRules)
        /// Something that is not daxprov's, or that cannot be read, and why.
        case foreign(String)
    }

    /// What is there. Writes nothing.
    package func contents() -> Contents {
        let bytes: [UInt8]
        do throws(Errno) {
            let file = try OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
            let status = try file.status()
            guard status.isRegularFile else { return .foreign("it is no regular file") }
            if let objection = PathTrust.objection(to: status, of: file.descriptor) {
                return .foreign(objection)
            }
            guard status.st_size <= Self.limit else { return .foreign("it is too large") }
            bytes = try file.contents(upTo: status.st_size + 1)
        } catch {
            if error == .noSuchFileOrDirectory { return .rules(DeviceRules()) }
            return .foreign(error == .tooManySymbolicLinkLevels ? "it is a link" : "\(error)")
        }
        guard let rules = DeviceRules(parsing: String(decoding: bytes, as: UTF8.self)) else {
            return .foreign("it is not as daxprov writes it")
        }
        return .rules(rules)
    }

    /// Why no rules can be written; nil where they can.
    package var fault: String? {
        guard case .foreign(let why) = contents() else { return nil }
        return why
    }

    /// The rules; none where they are not daxprov's.
    package var rules: DeviceRules {
        guard case .rules(let rules) = contents() else { return DeviceRules() }
        return rules
    }

    /// The rule for a device; nil where there is none.
    package func rule(for key: DeviceKey) -> DeviceRules.Rule? { rules.rules[key] }

    /// Gives a device a rule, or none, durably. A file without rules stays, and makes every device root's alone, until
    /// ``removeIfEmpty()``.
    package func set(_ rule: DeviceRules.Rule?, for key: DeviceKey) throws(OperationError) {
        switch contents() {
        case .foreign(let why): throw failure("it is not daxprov's: \(why)", "move it away, or restore it")
        case .rules(var rules):
            guard rules.rules[key] != rule else { return }
            if rule != nil, case .memory(let ranges) = key, ranges.count > DeviceRules.maximumRangeCount {
                throw failure(
                    "the device has \(ranges.count) ranges, and a rule can tell \(DeviceRules.maximumRangeCount)",
                    "leave its rights out of the profile, or make it anew in fewer ranges")
            }
            rules.rules[key] = rule
            try replace(rules.text)
        }
    }

    /// Gives a device a rule, or none, has udev read it, and goes on with the body: no event is left then that began under the old
    /// rules. Where any of it fails, the rule is what it was.
    package func set(
        _ rule: DeviceRules.Rule?, for key: DeviceKey, _ places: KernelPlaces,
        then body: () throws(OperationError) -> Void
    ) throws(OperationError) {
        let was = self.rule(for: key)
        try set(rule, for: key)
        do throws(OperationError) {
            try DeviceEvents.settle(readingRules: true, places)
            try body()
            try removeIfEmpty()
        } catch {
            do throws(OperationError) {
                try set(was, for: key)
                try removeIfEmpty()
                try? DeviceEvents.settle(readingRules: true, places)
            } catch let failure {
                throw error.adding(undoFailures: [failure])
            }
            throw error
        }
    }

    /// Removes a file that has no rule, durably.
    package func removeIfEmpty() throws(OperationError) {
        guard case .rules(let rules) = contents(), rules.rules.isEmpty, unsafe access(path.string, F_OK) == 0
        else {
            return
        }
        guard unsafe unlink(path.string) == 0 || errno == ENOENT else { throw failure(errno) }
        try synchronizeDirectory()
    }

    /// What is written before it is put in place. udev reads no file of this suffix.
    private var draft: FilePath { FilePath("\(path).new") }

    /// Removes what a run left that died before it put its rules in place.
    package func removeDraft() {
        _ = unsafe unlink(draft.string)
    }

    private func replace(_ text: String) throws(OperationError) {
        for directory in [path.removingLastComponent().removingLastComponent(), path.removingLastComponent()]
        where unsafe mkdir(directory.string, 0o755) != 0 && errno != EEXIST {
            throw failure(errno)
        }
        removeDraft()
        do throws(FileReplacement.Failure) {
            // Whatever the mask for new files is, udev and people may read it.
            try FileReplacement(of: path, draft: draft, rights: .exactly(0o644)).write(Array(text.utf8))
        } catch {
            throw failure(error.code.rawValue)
        }
        try synchronizeDirectory()
    }

    private func synchronizeDirectory() throws(OperationError) {
        do throws(Errno) {
            try OpenFile.synchronize(directory: path.removingLastComponent())
        } catch {
            throw failure(error.rawValue)
        }
    }

    private func failure(_ code: Int32) -> OperationError {
        OperationError(
            .failed, while: "write the udev rules", device: path.string,
            reason: Errno(rawValue: code).description, errno: code)
    }

    private func failure(_ reason: String, _ advice: String) -> OperationError {
        OperationError(
            .failed, while: "write the udev rules", device: path.string, reason: reason, advice: advice)
    }
}
