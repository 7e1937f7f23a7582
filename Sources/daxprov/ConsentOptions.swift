import ArgumentParser
import Provision
import ProvisionCore

/// What may be destroyed.
struct ConsentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Agree that the data of this namespace may go: its name, its label's UUID, or its address "
                + "as the plan shows it. May be repeated.", valueName: "name"),
        completion: HostCompletion.namespaces)
    var allowDestroy: [String] = []

    /// The consent that was given.
    var consent: Consent { Consent(allowDestroy: Set(allowDestroy)) }
}

/// How much is saved so that it can be undone.
struct BackupOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Save at most this much of one namespace before it is written over (1 GiB if not given); the plan "
                + "says what is not saved.", valueName: "size"))
    var backupLimit: String?

    /// The limit for an apply.
    /// - Parameter document: what is applied; nil where it is neither a profile nor a plan.
    func limit(for document: ApplyDocument?) throws -> ByteCount {
        guard case .plan? = document, backupLimit != nil else { return try limit() }
        throw ValidationError("--backup-limit is part of a saved plan: give it to 'daxprov plan'")
    }

    /// The limit.
    func limit() throws -> ByteCount {
        guard let backupLimit else { return Planner.defaultBackupLimit }
        do {
            return try ByteCount(parsing: backupLimit)
        } catch {
            throw ValidationError("--backup-limit: '\(backupLimit)' is not a size: \(error)")
        }
    }
}
