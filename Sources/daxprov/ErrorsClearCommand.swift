import ArgumentParser
import Provision
import ProvisionCore
import ProvisionHost

/// `daxprov errors clear`: makes ranges with media errors usable again. What lay there is gone.
struct ErrorsClearCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear",
        abstract: "Clears media errors of a namespace, or of a range in none. What lay there is lost.",
        discussion: """
            Data in a range with a media error cannot be read. Clearing makes the range usable again: it then holds zeroes, \
            or whatever the firmware leaves there. All of the rounded range goes, so it needs --allow-destroy NAME; on a \
            terminal and without --yes, the name is to be typed instead. A range of no namespace needs the name of its region.

            Raw and fsdax are cleared by writing zeroes through their block device, devdax and free ranges by the firmware. The \
            device's node stays as it is. In sector mode every sector is read, and zeroes are written over those that cannot be \
            read: all errors of the data at once. A range counts as cleared when the kernel lists no error there any more and it was \
            read: through a block device as zeroes, in devdax through a mapping, elsewhere through a raw namespace that is made \
            for the moment. What could not be read is not called cleared.

            Refused: while the device is in use, protected or being scrubbed; in metadata. It says what to do \
            instead. It is recorded as a transaction, and cannot be rolled back.

            Exits with 1 where nothing was cleared, and with 5 where some was: 'daxprov errors list' shows what is left.

            \(ExitStatus.table(.done, .error, .refused, .partial, .stale, .locked, .notPermitted))
            """
    )

    @Argument(
        help: ArgumentHelp(
            "The namespace: its name, its label's UUID, or its device. Without it, the range lies in no namespace.",
            valueName: "name"),
        completion: HostCompletion.namespaces)
    var namespace: String?
    @Option(
        help: ArgumentHelp(
            "Clear the errors in this range alone: a physical address and a length, as 'daxprov errors list' shows them.",
            valueName: "address+length"))
    var range: String?
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var consent: ConsentOptions
    @OptionGroup var host: HostOptions
    @OptionGroup var waiting: LockOptions

    func validate() throws {
        guard namespace != nil || range != nil else {
            throw ValidationError("name a namespace, or give --range")
        }
        _ = try request()
    }

    private func request() throws -> MediaErrorClearance.Request {
        guard let range else { return MediaErrorClearance.Request(namespace: namespace, range: nil) }
        guard let parsed = AddressRange.parse(range) else {
            throw ValidationError(
                "--range: '\(range)' is not ADDRESS+LENGTH, such as 0x110200000+512")
        }
        return MediaErrorClearance.Request(namespace: namespace, range: parsed)
    }

    func run() throws {
        let host = try host.makeHost()
        try self.host.requirePrivilege()
        let lock = try self.host.lock(waiting, for: .apply)
        let recover = RecoverUseCase(host, self.host.store, ConsoleDialogue())
        let first = try recover.runFirst(unasked: yes)
        do {
            try clear(on: host, after: first, recover)
        } catch let error as OperationError {
            throw error.told(afterRecovery: first.hasRun)
        }
        extendLifetime(lock)
    }

    private func clear(
        on host: any RestoringHost, after first: RecoverUseCase.First, _ recover: RecoverUseCase
    ) throws {
        let store = self.host.store
        let clearing = MediaErrorClearing(of: try request(), on: host, safeguards: self.host.site.safeguards)
        var prepared = try clearing.prepare()
        try recover.require(apartFrom: first.open) {
            UnsettledRegions.concern(region: prepared.clearance.region, on: prepared.observed, $0)
        }
        var consent = consent.consent
        let refusals = clearing.refusals(of: prepared, under: consent)
        let preview = ErrorClearingReport.preview(prepared.clearance, Console.style)
        if !json { try Console.write(preview) } else if !preview.isEmpty { Console.diagnose(preview) }
        if !prepared.clearance.errors.isEmpty, !yes,
            refusals.allSatisfy({ $0.code == .consentMissing })
        {
            guard Question.isPossible || refusals.isEmpty == false else { throw Question.impossible }
            if Question.isPossible {
                consent = try ask(consent, prepared.clearance)
                let now = try clearing.prepare()
                guard now.clearance == prepared.clearance else {
                    throw OperationError(
                        .changed, "the host changed while you were asked",
                        advice: "\(UntouchedText.advice); look, and try again")
                }
                prepared = now
            }
        }
        let last = store.youngest
        let ending = try clearing.carryOut(
            prepared, consent: consent, recordingIn: store, interruption: .bySignals(),
            progress: { index, count in Console.diagnose("[\(index + 1)/\(count)] clear media errors") })
        let youngest = store.youngest
        let report = ErrorClearingReport(
            ending, of: prepared.clearance, transaction: youngest == last ? nil : youngest,
            isAfterRecovery: first.hasRun)
        Console.report(json ? report.json.text() : report.text(Console.style))
        guard ending.status != .done else { return }
        throw Ending(ending.status)
    }

    private func ask(_ consent: Consent, _ clearance: MediaErrorClearance) throws -> Consent {
        let requests = consent.requests(for: [clearance.loss].compactMap(\.self))
        guard requests.isEmpty else { return try Question.agree(requests, to: consent) }
        try Question.confirm("Clear these media errors?")
        return consent
    }
}

/// A range of addresses as people write it.
enum AddressRange {
    /// "0x110200000+512": nil where it is none. The length may have a unit: "4KiB".
    static func parse(_ text: String) -> Range<UInt64>? {
        let parts = text.split(separator: "+", omittingEmptySubsequences: false)
        guard parts.count == 2, let start = number(parts[0]), start < 1 << 60 else { return nil }
        let bytes = number(parts[1]) ?? (try? ByteCount(parsing: String(parts[1])))?.bytes
        guard let length = bytes, length > 0, length < 1 << 60 else { return nil }
        return start..<start + length
    }

    private static func number(_ text: Substring) -> UInt64? {
        guard text.allSatisfy({ $0.isASCII }) else { return nil }
        guard text.hasPrefix("0x") else {
            return text.allSatisfy(\.isNumber) ? UInt64(text) : nil
        }
        return text.dropFirst(2).allSatisfy(\.isHexDigit) ? UInt64(text.dropFirst(2), radix: 16) : nil
    }
}

extension MediaErrorClearing.Ending {
    /// The exit code that says how it ended.
    var status: ExitStatus {
        switch self {
        case .unchanged: .done
        case .refused: .refused
        case .unconfirmed: .partial
        case .ended(let outcome):
            if outcome.ranges.allSatisfy({ $0.error == nil }) {
                .done
            } else {
                outcome.ranges.contains { $0.error == nil } ? .partial : .error
            }
        }
    }
}
