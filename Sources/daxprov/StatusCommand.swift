import ArgumentParser
import Provision
import ProvisionCore
import ProvisionHost
import SystemPackage

/// `daxprov status`: is anything interrupted, and does the host still look as the last application left it?
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Says what was interrupted, and what changed since the last application. Changes nothing.",
        discussion: """
            Exits with 5 where a transaction was interrupted, or cannot be read so that nobody knows: 'daxprov recover' \
            ends it. With --detailed-exitcode also with 2 where the host has changed, and with 1 where that could not \
            be seen.

            DIMMs that report something are named: failure flags, a state other than ok, alarms, a dirty shutdown. They do not \
            change the exit code.

            A CXL region that an apply left as its profile says is recorded: its memory devices by serial, in their order, and the \
            interleave granularity. Where it is missing, or came back in another way, the report says with which command it comes back.

            Newer kernels make system RAM of soft-reserved memory at a boot. Where a device with contents lies there, and neither the \
            kernel's command line nor modprobe's files prevent it, the report says so, and what does.

            daxctl has a boot policy of its own, in /etc/daxctl.conf.d. For each of its sections it says whether anything \
            reads it, what daxctl then does, and whether daxprov makes something else of the same device after a boot. \
            Where such a section is, or daxprov keeps a device as memory, it says who else brings memory online.

            With --prometheus it prints metrics in the text format of Prometheus: the host's DIMMs, regions and namespaces, what \
            changed, and when that was looked at. With --output they go into a file, for the textfile collector of \
            Prometheus's node exporter; it is replaced as a whole.

            \(ExitStatus.table(.done, .error, .changesPending, .partial, .notPermitted))
            """
    )

    @Flag(help: "Print one JSON document.") var json = false
    @Flag(help: "Exit with 2 when the host has changed since the last application.") var detailedExitcode =
        false
    @Flag(help: "Print metrics for Prometheus.") var prometheus = false
    @Option(
        help: ArgumentHelp("Write the metrics to FILE, which everybody may read.", valueName: "file"),
        completion: .file(extensions: ["prom"]))
    var output: String?
    @OptionGroup var host: HostOptions

    func validate() throws {
        guard output == nil || prometheus else { throw ValidationError("--output needs --prometheus") }
        guard !prometheus || !json else {
            throw ValidationError("--prometheus and --json exclude each other")
        }
    }

    func run() throws {
        let watch = self.host.site.watch
        let host = try host.makeHost()
        var status = try HostStatus(of: self.host.store, observingAlways: prometheus) {
            () throws(OperationError) in try self.host.site.observe(host, health: true)
        }
        if !self.host.isSimulated {
            status.bootUnit = BootUnit(below: "/")
            if !prometheus { status.memoryAgents = MemoryAgents(below: "/", readsConfiguration: true) }
        }
        for note in watch.notes { Console.diagnose("daxprov: \(note.message)") }
        try write(status)
        try self.host.requireNothingElsewhere()
        if status.isUnsettled { throw Ending(.partial) }
        guard detailedExitcode else { return }
        if status.unknown != nil { throw Ending(Privilege.isMissing ? .notPermitted : .error) }
        if !status.drift.isEmpty || !status.cxlRegions.isEmpty { throw Ending(.changesPending) }
    }

    private func write(_ status: HostStatus) throws {
        guard prometheus else {
            let report = StatusReport(status)
            return try Console.write(json ? report.json.text() : report.text(width: Console.style.width))
        }
        let text = StatusMetrics(status).text
        guard let output else { return try Console.write(text) }
        // The old file stays, and its time of the last look with it: that it ages is what an alert sees.
        if let unknown = status.unknown {
            throw CommandFailure(
                .error, "the host cannot be looked at, and \(output) stays as it is: \(unknown)",
                advice: "see daxprov inventory")
        }
        try PrivateFile.replace(FilePath(output), with: text, holding: StatusMetrics.kind, isPublic: true)
    }
}
