import ArgumentParser
import Provision
import ProvisionCore

/// `daxprov ansible-module`: what the modules of the collection `daxprov.pmem` run.
struct AnsibleModuleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ansible-module",
        abstract: "Answers Ansible: the modules of the collection daxprov.pmem run it.",
        discussion: """
            It reads a task's arguments from FILE, does what 'daxprov apply --yes' does, or in check mode \
            'daxprov plan', and prints one JSON object. It never asks; a change that loses data needs allow_destroy.

            \(ExitStatus.table(.done, .error))
            """
    )

    /// The modules of the collection.
    enum Module: String, ExpressibleByArgument, CaseIterable {
        case profile
        case inventoryInfo = "inventory_info"
    }

    @Option(help: "Which module it is.")
    var module: Module = .profile
    @Argument(
        help: ArgumentHelp(
            "The task's arguments, a JSON object as Ansible writes it.", valueName: "file"))
    var file: String

    func run() throws {
        // With a terminal in between, as Ansible has it with sudo, standard error would end up in the answer.
        Console.collect()
        var arguments: AnsibleArguments?
        var answer: AnsibleAnswer
        do {
            let given = try AnsibleArguments.read(file)
            arguments = given
            answer =
                switch module {
                case .profile: try AnsibleProfile(given).answer()
                case .inventoryInfo: try AnsibleInventory.answer(given)
                }
        } catch {
            answer = AnsibleAnswer(Self.failure(error))
        }
        let diagnostics = Console.collected()
        if !diagnostics.isEmpty { answer.set("stderr", .string(diagnostics)) }
        if let arguments {
            var invocation = JSONValue.object()
            invocation.set("module_args", arguments.document)
            answer.set("invocation", invocation)
        }
        Console.report(answer.text)
        if answer.hasFailed { throw Ending(.error) }
    }

    private static func failure(_ error: any Error) -> CommandFailure {
        switch error {
        case let failure as CommandFailure: failure
        case let error as OperationError: CommandFailure(error)
        case let error as ValidationError: CommandFailure(.usage, error.message)
        default: CommandFailure(.error, "\(error)")
        }
    }
}

/// The module `inventory_info`.
enum AnsibleInventory {
    /// The host as it is.
    static func answer(_ arguments: AnsibleArguments) throws -> AnsibleAnswer {
        try arguments.require(among: ["simulate"])
        var host = HostOptions()
        host.simulate = try arguments.text("simulate")
        host.stateDir = nil
        let observed = try host.site.observe(host.makeHost(), health: true)
        let count = observed.regions.reduce(0) { $0 + $1.namespaces.count }
        let answer = AnsibleAnswer(
            failed: false, changed: false,
            "namespaces: \(count), in regions: \(observed.regions.count)")
        let report = InventoryReport(observed, origin: host.isSimulated ? nil : .here())
        answer.set("inventory", report.document)
        return answer
    }
}
