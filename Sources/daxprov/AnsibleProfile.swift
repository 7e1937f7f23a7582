import Provision
import ProvisionCore
import ProvisionHost
import SystemPackage

/// The module `profile`: brings the host to a profile, or in check mode says what that would do.
struct AnsibleProfile {
    private static let names = [
        "profile", "path", "allow_destroy", "backup_limit", "lock_timeout", "state_dir", "simulate",
    ]

    private let arguments: AnsibleArguments
    private let document: ApplyDocument
    private let consent: Consent
    private let backup: BackupOptions
    private let host: HostOptions
    private let waiting: LockOptions

    /// The module with a task's arguments.
    init(_ arguments: AnsibleArguments) throws {
        try arguments.require(among: Self.names)
        self.arguments = arguments
        var host = HostOptions()
        host.simulate = try arguments.text("simulate")
        host.stateDir = try arguments.text("state_dir")
        var waiting = LockOptions()
        waiting.lockTimeout = try arguments.integer("lock_timeout", in: 0...86_400) ?? 0
        var backup = BackupOptions()
        backup.backupLimit = try arguments.text("backup_limit")
        if let limit = backup.backupLimit {
            do throws(SizeTextError) {
                _ = try ByteCount(parsing: limit)
            } catch {
                throw CommandFailure(.usage, "backup_limit: '\(limit)' is not a size: \(error)")
            }
        }
        self.host = host
        self.waiting = waiting
        self.backup = backup
        consent = Consent(allowDestroy: Set(try arguments.texts("allow_destroy")))
        document = try Self.document(arguments, trust: host.profileTrust)
    }

    /// The profile or saved plan of a task: in the task itself, or in a file of the host.
    private static func document(_ arguments: AnsibleArguments, trust: FileTrust) throws -> ApplyDocument {
        let path = try arguments.text("path")
        switch (arguments["profile"], path) {
        case (nil, let path?):
            guard path != "-" else {
                throw CommandFailure(.usage, "path must be that of a file")
            }
            return try ApplyInput.read(path, trust: trust)
        case (let profile?, nil): return .profile(try inline(profile))
        case (nil, nil): throw CommandFailure(.usage, "one of profile and path is required")
        case (_?, _?): throw CommandFailure(.usage, "profile and path exclude each other")
        }
    }

    /// A profile that is written in the task: as the text of one, or as a mapping, whose JSON is YAML.
    private static func inline(_ value: JSONValue) throws -> Profile {
        let text: String
        switch value {
        case .string(let words): text = words
        case .object: text = value.text()
        case .null, .bool, .integer, .double, .array:
            throw CommandFailure(
                .usage, "profile must be a mapping or the text of a profile, not \(value.kind)")
        }
        do throws(ProfileError) {
            return try ProfileReader.read(Array(text.utf8), source: "profile")
        } catch {
            throw ProfileArgument.failure(error, "profile")
        }
    }

    /// Does what the task asks for.
    func answer() throws -> AnsibleAnswer {
        let watch = host.site.watch
        let host = try host.makeHost()
        let apply = ApplyUseCase(
            to: .document(document), under: consent, backupLimit: try backup.limit(for: document), on: host,
            self.host.site, ConsoleDialogue())
        if arguments.isCheck { return forecast(try apply.preview(watch)) }
        try self.host.requirePrivilege()
        let lock = try self.host.lock(waiting, for: .apply)
        let answer = answer(to: try apply.run(unasked: true) { _ in })
        extendLifetime(lock)
        return answer
    }

    private func forecast(_ preview: ApplyUseCase.Preview) -> AnsibleAnswer {
        let plan = preview.prepared.plan
        let differences = preview.prepared.differences
        let answer: AnsibleAnswer
        if !differences.isEmpty {
            answer = AnsibleAnswer(
                failed: true, changed: false, StaleText.differences(differences).joined(separator: "\n"))
        } else if !preview.refusals.isEmpty {
            answer = AnsibleAnswer(
                failed: true, changed: false, words(preview.refusals, of: plan, isAfterRecovery: false))
        } else {
            answer = AnsibleAnswer(
                failed: false, changed: !plan.changes.isEmpty || preview.recovers, preview.plan.summary)
        }
        answer.add(preview.plan, on: preview.prepared.observed, comparing: arguments.wantsDiff)
        return answer
    }

    private func answer(to result: ApplyUseCase.Result) -> AnsibleAnswer {
        let report = result.report
        let message: String
        var changed = result.recovered
        switch report.ending {
        case .unchanged:
            message = ([report.plan.summary] + [Self.trimmed(report.text())].filter { !$0.isEmpty }).joined(
                separator: "\n")
        case .unproven(let done, _):
            message = report.text()
            changed = changed || !done.isEmpty
        case .refused(let refusals):
            message = words(refusals, of: report.plan.plan, isAfterRecovery: result.recovered)
        case .applied, .incomplete, .unconfirmed, .partial:
            message = report.text()
            changed = true
        case .stale, .undone: message = report.text()
        }
        let answer = AnsibleAnswer(failed: result.status != .done, changed: changed, Self.trimmed(message))
        answer.set("apply", report.document(withPlan: false))
        answer.add(report.plan, on: result.prepared.observed, comparing: arguments.wantsDiff)
        return answer
    }

    /// Refusals in the words of a task: consent is an argument here, not an option.
    private func words(_ refusals: [Refusal], of plan: Plan, isAfterRecovery: Bool) -> String {
        let requests = consent.requests(for: plan)
        let lines = refusals.flatMap { refusal in
            var refusal = refusal
            if refusal.code == .consentUnknown { refusal.address = "allow_destroy" }
            if refusal.code == .consentMissing {
                let word = requests.first { $0.address == refusal.address }?.word ?? refusal.address
                refusal.advice = "if its data may go, add \(word) to allow_destroy"
            }
            return RefusalText.lines([refusal], source: document.profile.source, .plain)
        }
        return (lines + [UntouchedText.sentence(isAfterRecovery: isAfterRecovery)]).joined(separator: "\n")
    }

    private static func trimmed(_ text: String) -> String {
        text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
