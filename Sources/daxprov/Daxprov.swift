import ArgumentParser

/// `daxprov`: the command line.
@main
struct Daxprov: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daxprov",
        abstract: "Provisions persistent-memory and device-dax namespaces from a profile."
    )
}
