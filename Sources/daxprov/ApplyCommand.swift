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
    var profile: String
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @OptionGroup var consent: ConsentOptions
    @Flag(help: "Show the plan and stop, as 'daxprov plan' does.") var dryRun = false
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var backup: BackupOptions
    @OptionGroup var host: HostOptions
    @OptionGroup var waiting: LockOptions

    func run() throws {
        let apply = ApplyRun(
            document: try ApplyInput.read(profile, trust: host.profileTrust), consent: consent.consent,
            yes: yes,
            json: json, backup: backup, host: host, waiting: waiting)
        if dryRun { return try show(try apply.preview()) }
        var status = ExitStatus.done
        try apply.run(
            showing: { if !json { try Console.write($0.text(Console.style)) } },
            telling: { result in
                let text = json ? result.report.json.text() : result.report.text(Console.style)
                if case .unchanged = result.report.ending {
                    try Console.write(text)
                } else {
                    Console.report(text)
                }
                status = result.status
            })
        if status != .done { throw Ending(status) }
    }

    private func show(_ preview: ApplyRun.Preview) throws {
        try Console.write(json ? preview.plan.json.text() : preview.plan.text(Console.style))
        let differences = preview.prepared.differences
        for line in StaleText.differences(differences) { Console.diagnose("daxprov: \(line)") }
        if !differences.isEmpty { throw Ending(.stale) }
        try PlanCommand.refuse(preview.prepared.plan)
    }
}
