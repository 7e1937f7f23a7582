import ArgumentParser
import Provision
import ProvisionCore
import ProvisionHost

/// `daxprov apply`: brings the host to the profile.
struct ApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Brings the host to the profile, and verifies it.",
        discussion: """
            Shows the plan and asks before it touches anything; --yes answers yes. What puts data out of reach \
            (destroying, replacing, changing the mode of a namespace) needs --allow-destroy NAME for each namespace as \
            well: --yes never implies it. On a terminal and without --yes, each of these names is to be typed instead.

            A plan that 'daxprov plan -o' saved is applied like its profile, and only as long as planning that again \
            gives the same plan for the same objects; otherwise it is stale, and nothing is touched.

            A file that others than root and the caller could have put there is refused with 77; standard input is \
            the caller's choice.

            After a boot, --boot takes no profile: the devices that daxprov had made system memory are made that again, \
            and dax regions are divided as they were, since the kernel forgets both. It never asks. A device that is not as it was, or that somebody may have \
            written to since, stays what it is, and the exit code is 3.

            Where the profile says require: {proof: ...}, it ends with that proof, as 'daxprov verify' makes it, also if there is \
            nothing to change. If the proof is not made, nothing is undone, and the exit code is 5; 1 if nothing was to change.

            Every step is recorded before it runs. When one fails, or a signal asks to stop, everything done is undone \
            and verified. What an earlier run left interrupted is recovered first.

            \(ExitStatus.table(
                .done, .error, .refused, .rolledBack, .partial, .stale, .locked, .badProfile, .notPermitted))
            """
    )

    @Argument(
        help: ArgumentHelp(
            "The host profile, or a saved plan; - reads standard input.", valueName: "profile"),
        completion: .file())
    var profile: String?
    @Flag(help: "Instead of a profile: put back what the kernel forgot at the boot.") var boot = false
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @OptionGroup var consent: ConsentOptions
    @Flag(help: "Show the plan and stop, as 'daxprov plan' does.") var dryRun = false
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var backup: BackupOptions
    @OptionGroup var host: HostOptions
    @OptionGroup var waiting: LockOptions

    func validate() throws {
        guard (profile == nil) == boot else {
            throw ValidationError(
                boot ? "--boot takes no profile" : "Missing expected argument '<profile>'")
        }
        guard !boot || consent.allowDestroy.isEmpty else {
            throw ValidationError("--boot takes no --allow-destroy: apply the profile with it")
        }
    }

    func run() throws {
        let document = try profile.map { path throws(CommandFailure) in
            try ApplyInput.read(path, trust: self.host.profileTrust)
        }
        let watch = host.site.watch
        let host = try host.makeHost()
        let apply = ApplyUseCase(
            to: document.map { .document($0) } ?? .beforeBoot, under: consent.consent,
            backupLimit: try backup.limit(for: document), on: host, self.host.site,
            ConsoleDialogue(introduces: json))
        if dryRun { return try show(try apply.preview(watch)) }
        try self.host.requirePrivilege()
        let lock = try self.host.lock(waiting, for: .apply)
        let result = try apply.run(unasked: yes || boot) { plan throws(OperationError) in
            if !json { try Console.write(plan.text(Console.style)) }
        }
        switch result.report.ending {
        case .unchanged, .unproven([], _): try Console.write(text(result))
        case .refused, .stale, .applied, .unproven, .incomplete, .unconfirmed, .undone, .partial:
            Console.report(text(result))
        }
        result.boot?.tell()
        extendLifetime(lock)
        let ended = result.status
        let status = result.boot?.status(ended) ?? ended
        if status != .done { throw Ending(status) }
    }

    private func text(_ result: ApplyUseCase.Result) -> String {
        guard json else {
            let nothing = "No device is kept over a boot: nothing is to be put back.\n"
            return result.boot?.isEmpty == true ? nothing : result.report.text(Console.style)
        }
        var document = result.report.json
        result.boot?.describe(in: &document)
        return document.text()
    }

    private func show(_ preview: ApplyUseCase.Preview) throws {
        if json {
            var document = preview.plan.json
            preview.boot?.describe(in: &document)
            try Console.write(document.text())
        } else {
            try Console.write(preview.plan.text(Console.style))
        }
        preview.boot?.tell()
        let differences = preview.prepared.differences
        for line in StaleText.differences(differences) { Console.diagnose("daxprov: \(line)") }
        if !differences.isEmpty { throw Ending(.stale) }
        try PlanCommand.refuse(preview.prepared.plan)
        if preview.boot?.status(.done) == .refused { throw Ending(.refused) }
    }
}

extension BootWork {
    /// Says which devices stay what they are.
    fileprivate func tell() {
        for refusal in refusals {
            let advice = refusal.advice.map { "; \($0)" } ?? ""
            Console.diagnose(TerminalText.clean("daxprov: \(refusal.address): \(refusal.message)\(advice)"))
        }
    }

    /// What the program exits with, where the rest ended so.
    fileprivate func status(_ status: ExitStatus) -> ExitStatus {
        status == .done && !refusals.isEmpty ? .refused : status
    }
}
