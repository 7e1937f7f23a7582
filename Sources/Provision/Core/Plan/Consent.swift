/// What the administrator has agreed to: one rule for applying, undoing and recovering.
///
/// A word of `--allow-destroy` agrees to one loss: the one whose address it is (`region0/wal`), or whose name or label
/// UUID it is where that is not another's as well. A word with a slash is an address, whatever a namespace is called.
public struct Consent: Equatable, Sendable {
    /// The words of `--allow-destroy`.
    public var allowDestroy: Set<String>

    /// Consent to the destruction of these.
    public init(allowDestroy: Set<String> = []) {
        self.allowDestroy = allowDestroy
    }

    /// The same with further words.
    public func adding(_ words: Set<String>) -> Consent {
        Consent(allowDestroy: allowDestroy.union(words))
    }

    /// Those of the losses that were not agreed to.
    package func missing(among losses: [Loss]) -> [Loss] {
        let counts = Self.counts(losses)
        return losses.filter { loss in
            !allowDestroy.contains { agrees($0, to: loss, counts) }
        }
    }

    /// The same without the words that agreed to one of the losses and are no address: a name agrees to one loss, and what has
    /// it elsewhere is another.
    package func spent(on losses: [Loss]) -> Consent {
        let counts = Self.counts(losses)
        return Consent(
            allowDestroy: allowDestroy.filter { word in
                word.contains("/") || !losses.contains { agrees(word, to: $0, counts) }
            })
    }

    private func agrees(_ word: String, to loss: Loss, _ counts: [String: Int]) -> Bool {
        if word == loss.address { return true }
        return loss.words.contains(word) && counts[word] == 1 && !word.contains("/")
    }

    private static func counts(_ losses: [Loss]) -> [String: Int] {
        var counts: [String: Int] = [:]
        for loss in losses {
            for word in Set(loss.words + [loss.address]) { counts[word, default: 0] += 1 }
        }
        return counts
    }

    /// The word that is asked for: the name where it agrees to this one of the losses alone, else the address; and the
    /// label's UUID where a terminal does not show these as they are.
    package static func word(for loss: Loss, among losses: [Loss]) -> String {
        func isShown(_ word: String) -> Bool { TerminalText.clean(word) == word }
        if let name = loss.words.first, !name.contains("/"), isShown(name),
            losses.count(where: { ($0.words + [$0.address]).contains(name) }) == 1
        {
            return name
        }
        return isShown(loss.address) ? loss.address : loss.words.last(where: isShown) ?? loss.address
    }

    /// A refusal for every loss that was not agreed to.
    public func refusals(for losses: [Loss]) -> [Refusal] {
        missing(among: losses).map { loss in
            Refusal(
                .consentMissing, loss.address, "it \(loss.consequence), and that was not agreed to",
                advice:
                    "if its data may go, say --allow-destroy \(ShellText.quoted(Self.word(for: loss, among: losses)))"
            )
        }
    }

    /// What remains to be agreed to, for somebody who can be asked. The same as ``refusals(for:)-(_)``.
    public func requests(for losses: [Loss]) -> [ConsentRequest] {
        missing(among: losses).map { loss in
            ConsentRequest(
                address: loss.address, consequence: loss.consequence,
                words: [Self.word(for: loss, among: losses), loss.address], grant: loss.address)
        }
    }

    /// A refusal for every word that means nothing here: a typing error agrees to nothing, and nobody is to believe that it
    /// did.
    /// - Parameters:
    ///   - losses: what there is to agree to.
    ///   - known: what else words may mean: namespaces that stay.
    public func unknownWords(for losses: [Loss], known: Set<String>) -> [Refusal] {
        let meant = Set(losses.flatMap { $0.words + [$0.address] }).union(known)
        return allowDestroy.subtracting(meant).sorted().map { word in
            let isList = word.contains(",")
            return Refusal(
                .consentUnknown, "--allow-destroy",
                "there is no namespace '\(word)'" + (isList ? ": a list is not taken" : ""),
                advice: isList
                    ? "give --allow-destroy once for each"
                    : "compare with daxprov inventory: a name, a label's UUID, or an address such as region0/wal"
            )
        }
    }
}

extension Consent {
    /// A refusal for every change of the plan that needs a consent which was not given.
    public func refusals(for plan: Plan) -> [Refusal] { refusals(for: plan.losses) }

    /// What of a plan remains to be agreed to, for somebody who can be asked.
    public func requests(for plan: Plan) -> [ConsentRequest] {
        requests(for: plan.losses).map { request in
            var request = request
            request.consequence += "; its data is lost"
            return request
        }
    }
}

extension Plan {
    /// What the plan puts out of reach.
    public var losses: [Loss] { changes.compactMap(Loss.init) }
}

extension Loss {
    /// What a change puts out of reach; nil where it puts nothing.
    package init?(_ change: Change) {
        guard let name = change.consent else { return nil }
        self.init(
            address: change.address,
            words: [
                name == change.address ? change.before?.name : name, change.before?.labelUUID?.description,
            ],
            consequence: "would be \(change.kind.consequence)\(change.held)")
    }
}

extension Observed {
    /// Everything that a word of `--allow-destroy` can mean: addresses, names and label UUIDs.
    public var consentWords: Set<String> {
        var words: Set<String> = []
        for region in regions {
            words.insert(region.device)
            for namespace in region.namespaces {
                words.formUnion([namespace.displayName, namespace.device])
                words.insert("\(region.device)/\(namespace.displayName)")
                let uuids = [namespace.labelUUID, namespace.infoBlockUUID].compactMap(\.self)
                words.formUnion(uuids.map(\.description))
            }
        }
        for region in daxRegions where region.kind == .dynamic {
            for device in region.devices {
                for name in [device.recordedName, device.name].compactMap(\.self) {
                    words.formUnion([name, "\(region.name)/\(name)"])
                }
            }
            for device in region.recorded { words.formUnion([device.name, "\(region.name)/\(device.name)"]) }
        }
        return words
    }
}

extension Change {
    /// What is known to be on it.
    fileprivate var held: String {
        guard let contents, !contents.isEmpty else { return "" }
        return " with what it holds (\(contents.map(\.description).joined(separator: "; ")))"
    }
}

extension Change.Kind {
    /// What becomes of the data, as a participle.
    fileprivate var consequence: String {
        switch self {
        case .destroy: "destroyed"
        case .replace: "destroyed and created anew"
        case .reconfigure: "reconfigured"
        case .initializeLabels: "hidden by new label indexes"
        case .configureDevice: "written over as system memory"
        case .resizeDevice: "cut short, or written over as system memory"
        case .create, .rename, .enable: "changed"
        }
    }
}
