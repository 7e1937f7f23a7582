import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Reading back what was cleared where no namespace lies, on the simulated host.
@Suite struct FreeRangeLookTests {
    /// Two namespaces with a gap between them, and an error in the gap behind both, which is not the first that is large enough.
    private static func host() throws -> SimulatedHost {
        let text = """
            {"format_version": 1, "simulated_host": {"buses": [{"scrub_state": "idle",
              "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"}],
              "regions": [{"dimms": ["a"], "badblocks": [{"offset": 2000000, "length": 2}], "namespaces": [
                {"name": "a", "mode": "raw", "size": "64 MiB"},
                {"name": "b", "mode": "raw", "size": "64 MiB", "offset": "512 MiB"}]}]}]}}
            """
        return try SimulatedHost(json: text)
    }

    private static func clearing(on host: SimulatedHost) throws -> MediaErrorClearing {
        let start = try #require(try host.observe().regions[0].resource) + 2_000_000 * 512
        return MediaErrorClearing(
            of: MediaErrorClearance.Request(namespace: nil, range: start..<start + 1024), on: host)
    }

    private static func clear(
        _ host: SimulatedHost, in scratch: ScratchDirectory
    ) throws -> MediaErrorClearing.Ending {
        let clearing = try clearing(on: host)
        return try clearing.carryOut(
            clearing.prepare(), consent: Consent(allowDestroy: ["region0"]), recordingIn: scratch.store)
    }

    @Test func whatIsFreeIsReadThroughANamespaceThatIsGoneAfterwards() throws {
        let host = try Self.host()
        let before = HostSnapshot(try host.observe())
        let scratch = try ScratchDirectory()
        guard case .ended(let outcome) = try Self.clear(host, in: scratch) else {
            Issue.record("it did not end")
            return
        }
        #expect(outcome.ranges.map { $0.error } == [nil] && outcome.content == .undefined)
        #expect(HostSnapshot(try host.observe()) == before)
        #expect(try host.observe().regions[0].badBlocks.isEmpty)
        let log = try scratch.store.log(try #require(scratch.store.youngest))
        #expect(log.end == .committed && log.done == [0])
        // The first gap is as large, so that is filled meanwhile.
        #expect(log.placeholders.count == 2)
    }

    /// A look makes a namespace, and so writes a label index: where that is gone, the next boot shows other data there.
    @Test func whereTheLabelIndexIsGoneNothingIsLookedAt() throws {
        let host = try Self.host()
        try host.store(.disableRegion(0))
        try host.store(.labelIndex(dimm: 0, nil))
        try host.store(.enableRegion(0))
        try #require(try host.observe().regions[0].labelling == .labelled)
        let scratch = try ScratchDirectory()
        guard case .refused(let refusals) = try Self.clear(host, in: scratch) else {
            Issue.record("it was not refused")
            return
        }
        #expect(refusals.map(\.code).contains(.labelsGone))
    }

    /// What could not be read is not called cleared, and nothing is left behind.
    @Test(arguments: 2...12) func aStoreThatFailsLeavesNothing(operation: Int) throws {
        let host = try Self.host()
        let before = HostSnapshot(try host.observe())
        let scratch = try ScratchDirectory()
        host.arm(SimulatedFault(.fail(errno: 5), atOperation: operation))
        guard case .ended(let outcome) = try Self.clear(host, in: scratch) else {
            Issue.record("it did not end")
            return
        }
        let isWhole = host.operations < operation
        let error = outcome.ranges[0].error
        #expect((error == nil) == isWhole, "\(String(describing: error))")
        if !isWhole, let error {
            #expect(error.reason.contains("it could not be read"), "\(error)")
            let isAsBefore = HostSnapshot(try host.observe()) == before
            #expect(!error.undoFailures.isEmpty || isAsBefore, "\(error)")
        }
    }

    /// Wherever it dies, recovery ends it, and what was made to look is gone, or said to be left.
    @Test(arguments: 1...16) func aCrashAtAnyStoreIsEndedByRecovery(operation: Int) throws {
        let host = try Self.host()
        let before = HostSnapshot(try host.observe())
        let scratch = try ScratchDirectory()
        host.arm(SimulatedFault(.crash, atOperation: operation))
        _ = try? Self.clear(host, in: scratch)
        try host.reboot()
        guard try !scratch.store.interrupted().isEmpty else { return }
        let outcome = try Recovery(host: host, store: scratch.store).run()
        #expect(outcome.blocked.isEmpty)
        let recovered = try #require(outcome.recovered.first)
        let isAsBefore = HostSnapshot(try host.observe()) == before
        #expect(recovered.end == .incomplete)
        #expect(isAsBefore || recovered.differences.contains { $0.contains("was made to read") })
    }
    /// A host on which a clearing died at a store of its look, with its record, and the namespace that it left; nil where it left none.
    private static func left(
        at operation: Int, _ scratch: ScratchDirectory
    ) throws -> (host: SimulatedHost, made: () throws -> Namespace?)? {
        let dying = try Self.host()
        dying.arm(SimulatedFault(.crash, atOperation: operation))
        _ = try? clear(dying, in: scratch)
        guard let log = try scratch.store.interrupted().first else { return nil }
        let host = try SimulatedHost(json: dying.json)
        host.arm(nil)
        let labels = log.placeholders.map(\.label)
        let made = { () throws -> Namespace? in
            try host.observe().regions[0].namespaces.first { $0.labelUUID.map(labels.contains) ?? false }
        }
        return try made() == nil ? nil : (host, made)
    }

    /// A look leaves it online where it dies, and a boot brings it online: whoever used it can have disabled it since.
    @Test(arguments: [false, true]) func whatWasUsedStaysThoughItIsDisabled(sinceABoot: Bool) throws {
        var kept = 0
        for operation in 1...16 {
            let scratch = try ScratchDirectory()
            guard let (host, made) = try Self.left(at: operation, scratch) else { continue }
            if sinceABoot { try host.reboot() }
            guard let used = try made(), used.isActive else { continue }
            let target = NamespaceTarget(used, region: "region0")
            try host.write(7, to: target, at: [.mib(1)])
            _ = try host.perform(.disable(target), identity: .none)
            let recovered = try #require(try Recovery(host: host, store: scratch.store).run().recovered.first)
            #expect(
                recovered.differences.contains { $0.contains("can have been used") },
                "\(recovered.differences)")
            #expect(try made()?.labelUUID == used.labelUUID && host.state.pages.values.contains(7))
            kept += 1
        }
        #expect(kept > 0)
    }

    /// In the boot of the look nobody has used what is offline and unwritten.
    @Test func whatIsOfflineInTheBootOfTheLookIsRemoved() throws {
        var removed = 0
        for operation in 1...16 {
            let scratch = try ScratchDirectory()
            guard let (host, made) = try Self.left(at: operation, scratch), try made()?.isActive == false
            else { continue }
            #expect(try Recovery(host: host, store: scratch.store).run().recovered.count == 1)
            #expect(try made() == nil)
            removed += 1
        }
        #expect(removed > 0)
    }
}
