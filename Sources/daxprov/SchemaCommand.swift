public import ArgumentParser
public import Provision
import ProvisionCore

extension DocumentSchema: ExpressibleByArgument {}

/// `daxprov schema`: what documents look like, for editors and validators.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Prints the JSON Schema of a profile, or of a document that daxprov prints.",
        discussion: """
            The schemas are of draft 2020-12. An editor that knows YAML completes and checks a profile with that of \
            profile; 'daxprov validate' checks more. Those of the documents allow further keys, as later versions may \
            add some.

            \(ExitStatus.table(.done, .error))
            """
    )

    @Argument(help: "What the schema is of.")
    var document: DocumentSchema = .profile

    func run() throws { try Console.write(document.json.text()) }
}
