import ArgumentParser
import Glibc
import Provision
import ProvisionCore
import ProvisionHost

/// `daxprov wipe`: fills the data areas of namespaces with zeroes.
struct WipeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wipe",
        abstract: "Fills the data area of namespaces with zeroes. Cannot be undone.",
        discussion: """
            The namespace stays, with its label, its info block and its device. All that its users could write becomes \
            zero, which needs --allow-destroy NAME for each: on a terminal and without --yes, each name is to be typed \
            instead. Refused while somebody uses the device, where it is protected, disabled or system memory, and as \
            long as a transaction is interrupted. Afterwards a sample is read back from the media.

            A wipe that was interrupted, also by a kill or a power loss, goes on when it is run again. It begins anew \
            where the namespace has changed, or somebody has written to it since. SIGINT stops it after the current \
            64 MiB. 'daxprov status' shows what is unfinished.

            In sector mode, spare blocks and old copies keep their bytes: destroy it, create it as raw, and wipe that.

            It exits with 5 where it stopped half-way: run it again.

            \(ExitStatus.table(.done, .error, .refused, .partial, .stale, .locked, .notPermitted))
            """
    )

    @Argument(
        help: ArgumentHelp(
            "The namespaces: a name, region0/NAME, a UUID or a device each.", valueName: "name"),
        completion: HostCompletion.namespaces)
    var names: [String]
    @Flag(
        help:
            "Zero the first and the last MiB alone: what hides old content, signatures and partition tables.")
    var discardOnly = false
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var consent: ConsentOptions
    @OptionGroup var host: HostOptions
    @OptionGroup var waiting: LockOptions

    /// A namespace, and whether an earlier wipe of it goes on.
    fileprivate struct Planned {
        var target: WipeTarget
        var beginning: Wiping.Beginning
    }

    func run() throws {
        let host = try host.makeHost()
        try self.host.requirePrivilege()
        let lock = try self.host.lock(waiting, for: .apply)
        try requireSettled()
        let observed = try self.host.site.observe(host)
        let targets = try targets(on: observed)
        let wiping = Wiping(
            host: host, store: WipeStore(self.host.store), interruption: .bySignals(), progress: meter.show)
        let review = try review(targets, of: observed, on: host)
        guard review.refusals.isEmpty else { return try refuse(review.refusals) }
        let planned = try targets.map { target in
            Planned(target: target, beginning: try wiping.beginning(of: target))
        }
        let losses = zip(planned, review.losses).filter { !$0.0.isResumed }.map { $0.1 }
        try agree(planned, losses, on: observed, host)
        var outcomes: [Wiping.Outcome] = []
        var failure: OperationError?
        for item in planned where failure == nil && outcomes.allSatisfy({ $0.record.end == .wiped }) {
            do throws(OperationError) {
                outcomes.append(try run(item, by: wiping))
            } catch {
                guard !outcomes.isEmpty else { throw error }
                failure = error
            }
        }
        let rest = planned.dropFirst(outcomes.count).map(\.target)
        try tell(
            WipeReport(
                outcomes,
                notBegun: rest.enumerated().map { .init($1, $0 == 0 ? failure : nil) }))
        extendLifetime(lock)
    }

    private let meter = WipeMeter()

    private enum CodingKeys: CodingKey {
        case names, discardOnly, yes, json, consent, host, waiting
    }

    /// Refuses as long as a transaction is not settled: it may be about the same namespaces.
    private func requireSettled() throws {
        let store = host.store
        let interrupted = try store.interrupted().map(\.header.id)
        let unreadable = try store.unreadable().map(\.name)
        guard let first = (interrupted + unreadable).first else { return }
        throw CommandFailure(
            .partial,
            interrupted.isEmpty
                ? "transaction \(first) cannot be read, and may have been interrupted"
                : "transaction \(first) was interrupted",
            advice: "run daxprov recover first; nothing was zeroed")
    }

    private func targets(on observed: Observed) throws -> [WipeTarget] {
        // The words mean what they mean elsewhere, and are refused in the same words.
        _ = try HostSelection.named(names, on: observed)
        for name in names
        where observed.regions.contains(where: { $0.device == name && $0.namespaces.isEmpty }) {
            throw CommandFailure(.error, "\(name) has no namespace", advice: "daxprov inventory lists them")
        }
        if let name = WipeTarget.ambiguous(names, on: observed).first {
            throw CommandFailure(
                .error, "\(name) means several namespaces",
                advice: "name each: region0/NAME, a label's UUID, or a device")
        }
        return (try? WipeTarget.find(names, discardOnly ? .ends : .all, on: observed)) ?? []
    }

    private func review(
        _ targets: [WipeTarget], of observed: Observed, on host: any RestoringHost
    ) throws -> WipeReview {
        let safeguards = self.host.site.safeguards
        try safeguards.requireKnown()
        let active = targets.filter(\.namespace.isActive)
        let findings = try host.examine(
            UseQuery(
                targets: active.map { NamespaceTarget($0.namespace, region: $0.region) },
                claimsDevices: true))
        return WipeReview(of: targets, on: observed, findings: findings, marks: safeguards.marks)
    }

    private func refuse(_ refusals: [Refusal]) throws {
        let report = WipeReport(refused: refusals)
        if json {
            Console.diagnose(report.text().dropLast().description)
            try Console.write(report.json.text())
        } else {
            try Console.write(report.text(Console.style))
        }
        throw Ending(.refused)
    }

    /// Says what will be done, and fails where it was not agreed to.
    private func agree(
        _ planned: [Planned], _ losses: [Loss], on observed: Observed, _ host: any RestoringHost
    ) throws {
        for item in planned { Console.diagnose("daxprov: \(item.text)") }
        let agreed = consent.consent
        let refusals =
            agreed.refusals(for: losses) + agreed.unknownWords(for: losses, known: observed.consentWords)
        let isAsking =
            !yes && Question.isPossible && refusals.allSatisfy { $0.code == .consentMissing }
        guard isAsking || refusals.isEmpty else { return try refuse(refusals) }
        guard !yes else { return }
        guard isAsking else { throw Question.impossible }
        let requests = agreed.requests(for: losses)
        if requests.isEmpty {
            try Question.confirm("Zero \(planned.count == 1 ? "it" : "them")?")
        } else {
            _ = try Question.agree(requests, to: agreed)
        }
        // Time has passed, and other tools take no lock of ours.
        let now = try host.observe()
        guard HostSnapshot(now) == HostSnapshot(observed) else {
            throw CommandFailure(
                .stale, "the host changed while you were asked",
                advice: "nothing was zeroed; look, and try again")
        }
    }

    private func run(_ item: Planned, by wiping: Wiping) throws(OperationError) -> Wiping.Outcome {
        defer { meter.end() }
        return try wiping.run(item.target, item.beginning)
    }

    private func tell(_ report: WipeReport) throws {
        let isDone = report.ending == .wiped
        if json || !isDone { Console.diagnose(String(report.text().dropLast())) }
        if json {
            Console.report(report.json.text())
        } else if isDone {
            Console.report(report.text(Console.style))
        }
        guard !isDone else { return }
        throw Ending(.partial)
    }
}

extension WipeCommand.Planned {
    var isResumed: Bool {
        if case .resumed = beginning { true } else { false }
    }

    /// What will be done, in a sentence.
    var text: String {
        let size = target.length.brief
        switch beginning {
        case .new: return "\(target.address): \(size) of its data will be zeroed"
        case .resumed(let record):
            return
                "\(target.address): \(record.id) goes on; the first \(record.offset.brief) of \(size) are zero"
        case .anew(let record, let why):
            return
                "\(target.address): \(record.id) cannot go on, since \(why): all of it (\(size)) will be zeroed anew"
        }
    }
}
