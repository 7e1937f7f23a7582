public import SystemPackage

/// What an application takes into account beside the profile and the host: what was protected, and where it records.
public struct Safeguards: Sendable {
    /// The marks of protected namespaces.
    public var marks: [ProtectionMark]
    /// Where marks are kept and transactions recorded; nil where nothing is.
    public var stateDirectory: FilePath?
    /// Why the marks are not known; nil where they are.
    public var unknown: String?
    /// The transactions that cannot be read: what they concerned is left alone.
    public var unreadable: [UnreadableTransaction] = []

    /// The transactions that were interrupted, oldest first.
    public var interrupted: [TransactionLog] = []

    /// Nothing is protected, and nothing recorded.
    public static let none = Safeguards(marks: [], stateDirectory: nil, unknown: nil)

    /// The safeguards in a state directory. Writes nothing.
    /// - Parameter others: other state directories of the same host, whose marks protect as well.
    public init(reading store: TransactionStore, andMarksIn others: [StateDirectory] = []) {
        stateDirectory = store.directory.path
        marks = []
        let directories = [store.directory] + others.filter { $0.path != store.directory.path }
        do throws(StateError) {
            for directory in directories { marks += try ProtectionStore(directory).marks() }
            interrupted = try store.interrupted()
        } catch {
            unknown = error.description
        }
        // Whoever cannot list the transactions at all cannot begin one either.
        unreadable = (try? store.unreadable()) ?? []
    }

    private init(marks: [ProtectionMark], stateDirectory: FilePath?, unknown: String?) {
        self.marks = marks
        self.stateDirectory = stateDirectory
        self.unknown = unknown
    }

    /// Throws where the marks are not known: then nothing may be changed.
    public func requireKnown() throws(StateError) {
        guard let unknown else { return }
        throw StateError(.unusable, unknown, advice: "nothing was touched, since it may be protected")
    }
}

extension Safeguards {
    /// The plan with the refusals for what is protected.
    func completed(_ plan: Plan, for profile: Profile, on observed: Observed) -> Plan {
        var plan = ProtectionReview(marks: marks).completed(plan)
        plan.refusals += UnsettledRegions.refusals(for: plan, on: observed, unreadable)
        plan.notes += ProtectionReview.protected(by: profile, on: observed).notes
        if let unknown, !plan.changes.isEmpty {
            plan.notes.append(
                Note(
                    .protectionUnknown, "marks", "which namespaces are protected is not known: \(unknown)",
                    advice: "an apply is refused as long as that is so"))
        }
        return plan
    }
}
