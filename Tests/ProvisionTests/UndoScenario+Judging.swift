@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What must be true while a transaction is recovered, and when it has ended.
extension UndoScenario {
    /// Recovers until there is an end: without consent, with consent to what is asked for, with the DIMM in its place
    /// again, and when the other tool has given way.
    mutating func recoverToTheEnd() throws {
        var consent = Consent()
        for _ in 0..<8 {
            let errors = try recover(consent)
            try requireIntact("by recovery")
            guard complaints.isEmpty else { return }
            guard let error = errors.first else {
                try requireUntouchedRegions()
                try putBackAndLook()
                return try requireEnd()
            }
            if case .consentMissing(let losses) = error.kind {
                story.append("asked for \(losses.map(\.address).joined(separator: ", "))")
                try agree(to: losses)
                consent = consent.adding(Set(losses.map(\.address)))
            } else if try isWaiting(error) {
                story.append("waits")
                try workElsewhere()
                try putBackAndLook()
                consent = Consent()
            } else if try isInTheWay(error) {
                story.append("the other tool is in the way: \(error)")
                for dimm in dimms { try other.giveWay(onDimm: dimm, of: host) }
                try happen([])
                consent = Consent()
            } else {
                complaints.append("not ended: \(error)")
                return
            }
        }
        complaints.append("there is no end")
    }

    // MARK: what stops it

    private mutating func agree(to losses: [Loss]) throws {
        let now = try host.observe()
        let facts = try Self.facts(host)
        for loss in losses {
            let device = loss.address.split(separator: "/")[0]
            guard let number = now.regions.firstIndex(where: { $0.device == device }) else {
                complaints.append("asked for \(loss.address), and that region is not there")
                continue
            }
            let dimm = host.state.dimms[host.state.regions[number].mappings[0].dimm].id
            let items = [before[dimm], facts[dimm]].compactMap { $0 }.flatMap(\.namespaces)
            let meant = items.filter { label, item in
                loss.words.contains(label.description) || loss.words.contains(item.name)
            }
            if meant.isEmpty { complaints.append("asked for \(loss), which is nothing") }
            agreed += meant.map { (dimm, $0.value.place) }
            if other.made.contains(where: { loss.words.contains($0.label.description) }) {
                complaints.append("asked to destroy what the other tool made: \(loss)")
            }
        }
    }

    /// Whether it waits for the DIMM in the drawer; it says which that is, and goes on saying so.
    private mutating func isWaiting(_ error: OperationError) throws -> Bool {
        guard let removed, try touched().contains(removed.members[0]) else { return false }
        guard "\(error)".contains(removed.members[0]), "\(error)".contains("is not there") else {
            complaints.append("it does not say what it waits for: \(error)")
            return true
        }
        let again = try recover(Consent())
        if again.first != error { complaints.append("it waited, and then: \(again)") }
        return true
    }

    /// Whether it stopped because of the other tool: that has something in a region of the transaction.
    private func isInTheWay(_ error: OperationError) throws -> Bool {
        guard error.kind.isHosts else { return false }
        let touched = try touched()
        return other.made.contains { touched.contains($0.dimm) }
    }

    /// People go on with a region that the transaction did not touch, while it waits for another.
    private mutating func workElsewhere() throws {
        let touched = try touched()
        let now = try Self.facts(host)
        guard let log = try log() else { return }
        // A region in which the transaction meant to go on waits as well.
        let meant = Set(log.header.steps.compactMap { log.header.before.firstDimm(of: $0.region) })
        guard
            let dimm = dimms.first(where: {
                !meant.contains($0) && now[$0]?.standing.hasPrefix("enabled") == true
            })
        else { return }
        func plan(_ dimm: String) throws -> (Application, Application.Prepared) {
            let number = host.state.region(onDimm: dimm) ?? 0
            let block = """
                  - match: {region: \(number)}
                    namespaces:
                      - {name: work, mode: fsdax, size: 64 MiB}

                """
            let application = Application(
                of: try Self.profile([block], unmanaged: "keep"), to: host)
            return (application, try application.prepare())
        }
        let (application, prepared) = try plan(dimm)
        guard prepared.plan.refusals.isEmpty else { return story.append("\(prepared.plan.refusals)") }
        if UnsettledRegions.concern(prepared.plan, on: prepared.observed, [log]) {
            complaints.append("work on \(dimm) has to wait as well")
        }
        let ending = try application.carryOut(prepared, consent: Consent(), recordingIn: scratch.store)
        guard case .applied = ending else {
            return complaints.append("work on \(dimm) ended otherwise: \(ending)")
        }
        story.append("work on \(dimm)")
        work = try Self.facts(host)[dimm].map { (dimm, $0) }
        left[dimm] = work?.facts
        for dimm in touched where now[dimm] != nil {
            let (_, prepared) = try plan(dimm)
            if !UnsettledRegions.concern(prepared.plan, on: prepared.observed, [log]) {
                complaints.append("work on \(dimm) need not wait")
            }
        }
    }

    private mutating func putBackAndLook() throws {
        guard removed != nil else { return }
        try putBack()
        try requireIntact("while a DIMM was out")
        try requireUntouchedRegions(booted: true)
        left = try Self.facts(host)
    }

    // MARK: what must be

    /// The first DIMMs of the regions in which a step began.
    func touched() throws -> Set<String> {
        guard let log = try log() else { return [] }
        return Set(log.touchedRegions.compactMap { log.header.before.firstDimm(of: $0.device) })
    }

    /// Everything that anybody wrote is there, but for what was agreed to, and so is what the other tool made.
    mutating func requireIntact(_ when: String) throws {
        complaints += try other.complaints(host).map { "\($0) \(when)" }
        for (page, value) in written {
            guard let address = address(page), host.state.pages[address] != value else { continue }
            guard !agreed.contains(page) else { continue }
            complaints.append("\(page) was written over \(when)")
            return story.append(try describe(page, address))
        }
    }

    /// Regions in which no step began are as they were found.
    mutating func requireUntouchedRegions(booted: Bool = false) throws {
        let touched = try touched()
        for (dimm, facts) in try Self.facts(host) where !touched.contains(dimm) {
            guard let found = left[dimm], found != facts else { continue }
            // A boot enables everything.
            if booted, found.standing.hasPrefix("disabled") || found.hasPlaces(of: facts) { continue }
            complaints.append("\(dimm) was not to be touched: \(found.differences(to: facts))")
        }
    }

    /// How the transaction may end: undone, and every region in which a step began is as it was, but for what others did;
    /// or all its steps had been done, and all is as it was found.
    private mutating func requireEnd() throws {
        guard complaints.isEmpty else { return }
        for log in try scratch.store.interrupted() { complaints.append("\(log.header.id) is interrupted") }
        guard let log = try log() else { return }
        let now = try Self.facts(host)
        let touched = try touched()
        let names = log.begunNamespaces
        for dimm in touched {
            guard let facts = now[dimm], let before = before[dimm] else { continue }
            guard end == .rolledBack else { continue }
            requireOld(dimm, before, facts, begun: names)
        }
        guard end == .rolledBack else { return }
        requireOldPages()
    }

    private mutating func requireOld(
        _ dimm: String, _ before: RegionPicture, _ now: RegionPicture, begun: Set<UUID>
    ) {
        if before.standing != now.standing { complaints.append("\(dimm) is \(now.standing)") }
        for (label, was) in before.namespaces where now.namespaces[label] != was {
            if leftAlone.contains(where: { $0.hasPrefix(was.name) || $0.hasPrefix("theirs") }) { continue }
            let found = now.namespaces[label]
            if other.renamed.contains(label),
                found?.facts == was.facts.replacing("namespace \(was.name)", with: "namespace theirs")
            {
                continue
            }
            // What no step began to touch is as others left it.
            if !begun.contains(label), left[dimm]?.namespaces[label] == found { continue }
            complaints.append("\(dimm)'s \(was.facts) is now \(found?.facts ?? "gone")")
        }
        for (label, found) in now.namespaces where before.namespaces[label] == nil {
            if other.made.contains(where: { $0.label == label }) { continue }
            complaints.append("\(dimm) has \(found.facts)")
        }
    }

    /// What lay in the regions before the transaction lies there again, but for what others wrote over.
    private mutating func requireOldPages() {
        for (page, value) in old where written[page] == nil {
            guard let address = address(page), host.state.pages[address] != value else { continue }
            guard !agreed.contains(page), !other.places.contains(page) else { continue }
            complaints.append("\(page) is not what it was before")
            if let words = try? describe(page, address) { story.append(words) }
            return
        }
    }

    private func describe(_ page: Page, _ address: UInt64) throws -> String {
        let now = host.state.pages[address].map { String($0, radix: 16) } ?? "nothing"
        let block = host.state.infoBlocks[address].map { " and a \($0.kind)" } ?? ""
        var words = ["page \(page.offset) of \(page.dimm) became \(now)\(block)"]
        for (label, item) in (before[page.dimm]?.namespaces ?? [:]) {
            words.append("had \(label) \(item.facts)")
        }
        for (label, item) in (try Self.facts(host)[page.dimm]?.namespaces ?? [:]) {
            words.append("has \(label) \(item.facts)")
        }
        guard let log = try log() else { return words.joined(separator: "; ") }
        for (number, step) in log.header.steps.enumerated() where log.begun[number] != nil {
            words.append("\(step.phrase)\(log.done.contains(number) ? "" : " (not done)")")
        }
        return words.joined(separator: "; ")
    }
}

extension [(dimm: String, place: Range<UInt64>)] {
    func contains(_ page: UndoScenario.Page) -> Bool {
        contains { $0.dimm == page.dimm && $0.place.contains(page.offset) }
    }
}

extension RegionPicture {
    /// Whether it has the same namespaces in the same places, online or not.
    fileprivate func hasPlaces(of other: RegionPicture) -> Bool {
        namespaces.mapValues(\.place) == other.namespaces.mapValues(\.place)
    }

    fileprivate func differences(to other: RegionPicture) -> String {
        var words = standing == other.standing ? [] : ["\(standing) became \(other.standing)"]
        for (label, item) in namespaces where other.namespaces[label] != item {
            words.append("\(item.facts) became \(other.namespaces[label]?.facts ?? "nothing")")
        }
        for (label, item) in other.namespaces where namespaces[label] == nil {
            words.append("new: \(item.facts)")
        }
        return words.joined(separator: "; ")
    }
}

extension Observed {
    /// The id of the first DIMM of a region.
    fileprivate func firstDimm(of device: String) -> String? {
        let dimm = region(device)?.mappings.first?.dimm
        return buses.flatMap(\.dimms).first { $0.device == dimm }?.uniqueID
    }
}

extension TransactionLog {
    /// The labels of the namespaces that a step began to touch.
    fileprivate var begunNamespaces: Set<UUID> {
        Set(
            begun.keys.compactMap {
                header.steps[$0].device.flatMap { header.before.namespace($0)?.labelUUID }
            })
    }
}
