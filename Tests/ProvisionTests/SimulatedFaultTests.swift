import HostContract
import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// "Fail the Nth store" and "crash at the Nth store", for N = 1 until nothing fails any more.
@Suite struct SimulatedFaultTests {
    @Test(arguments: FaultedStep.all, SimulatedHosts.labelled)
    func aFailedStoreIsUndoneByTheStep(step: FaultedStep, hardware: String) throws {
        let count = try step.operations(on: hardware)
        for operation in 1...count {
            let (host, region, action) = try step.prepared(on: hardware)
            let before = try host.observe()
            host.arm(SimulatedFault(.fail(errno: 5), atOperation: operation))
            let error = region.failure(action)
            #expect(error?.kind == .failed)
            #expect(error?.errno == 5)
            #expect(error?.undoFailures == [])
            let after = try host.observe()
            #expect(after.regions.map(\.namespaces) == before.regions.map(\.namespaces), "store \(operation)")
            #expect(step.comparable(after) == step.comparable(before), "store \(operation) of \(count)")
            _ = try region.perform(action)
        }
    }

    /// The kernel offers another object next once the first one was enabled, and gives that up with its capacity.
    @Test func aDevdaxNamespaceThatIsTooSmallLeavesNothing() throws {
        let host = try SimulatedHost(json: SimulatedHosts.oneDimm)
        let region = ContractRegion(host: host, device: "region0")
        var layout = try region.layout("small", 64, .devdax)
        _ = try region.create("first", 64)
        layout.rawSize = .mib(8)
        host.state.buses[0].regions[0].align = .mib(2)
        let error = region.failure(.create(region.placement(layout)))
        #expect(error?.kind == .failed && error?.undoFailures == [], "\(String(describing: error))")
        #expect(try region.namespaces().map(\.name) == ["first"])
    }

    @Test(arguments: FaultedStep.all, SimulatedHosts.labelled)
    func aDeadToolLeavesWhatTheNextOneCanFinishOrRemove(step: FaultedStep, hardware: String) throws {
        for operation in 1...(try step.operations(on: hardware)) {
            let (host, region, action) = try step.prepared(on: hardware)
            host.arm(SimulatedFault(.crash, atOperation: operation))
            #expect(region.failure(action)?.kind == .unavailable)
            #expect(throws: OperationError.self) { try host.observe() }
            let next = try SimulatedHost(json: host.json)
            let survivor = ContractRegion(host: next, device: region.device)
            for namespace in try survivor.namespaces() { try survivor.destroy(namespace) }
            #expect(try survivor.region().maxAvailableExtent == survivor.region().size)
            _ = try survivor.create("next", 64)
        }
    }

    /// What the next boot shows of a creation that was cut short, by the number of stores made.
    @Test func aCreationCutShortByPowerLossLeavesTheKnownHalfMadeStates() throws {
        var seen: [String] = []
        let step = FaultedStep.create(.fsdax)
        for operation in 1...(try step.operations(on: SimulatedHosts.oneDimm)) {
            let (host, region, action) = try step.prepared(on: SimulatedHosts.oneDimm)
            host.arm(SimulatedFault(.crash, atOperation: operation))
            _ = region.failure(action)
            try host.reboot()
            let namespace = try region.namespaces().first
            seen.append(
                namespace.map {
                    let mode = $0.mode?.rawValue ?? "-"
                    let recorded = $0.recordedMode?.rawValue ?? "-"
                    return "\(mode), recorded \(recorded), \($0.isActive)"
                } ?? "nothing")
        }
        let half = "raw, recorded fsdax, true"
        #expect(seen == Array(repeating: "nothing", count: 4) + Array(repeating: half, count: 5))
    }

    @Test(arguments: NamespaceMode.allCases)
    func aHalfMadeNamespaceIsFinishedByReconfiguringIt(mode: NamespaceMode) throws {
        let step = FaultedStep.create(mode)
        for reboots in [false, true] {
            var finishings = 0
            for operation in 1...(try step.operations(on: SimulatedHosts.oneDimm)) {
                let (host, region, action) = try step.prepared(on: SimulatedHosts.oneDimm)
                host.arm(SimulatedFault(.crash, atOperation: operation))
                _ = region.failure(action)
                let next = try SimulatedHost(json: host.json)
                if reboots { try next.reboot() }
                let survivor = ContractRegion(host: next, device: region.device)
                guard let left = try survivor.namespaces().first else { continue }
                let target = survivor.target(left)
                _ = try survivor.perform(.disable(target))
                let layout = try survivor.layout("victim", 64, mode)
                let finished = try #require(try survivor.perform(.reconfigure(target, layout)))
                #expect(finished.mode == mode)
                #expect(finished.isActive)
                #expect(finished.unfinished == nil)
                #expect(finished.resource == left.resource)
                #expect(finished.name == "victim")
                finishings += 1
            }
            #expect(finishings >= 1)
        }
    }

    @Test func aHalfMadeSeedBlocksCreationUntilItIsRemoved() throws {
        let host = try SimulatedHost(json: SimulatedHosts.oneDimm)
        let region = ContractRegion(host: host, device: "region0")
        _ = try region.create("first", 64)
        host.arm(SimulatedFault(.crash, atOperation: 5))
        _ = region.failure(.create(region.placement(try region.layout("half", 64))))
        let survivor = ContractRegion(host: try SimulatedHost(json: host.json), device: "region0")
        let blocked = survivor.failure(.create(survivor.placement(try survivor.layout("next", 64))))
        #expect(blocked?.reason.contains("namespace0.1") == true)
        let half = try #require(try survivor.namespaces().first { $0.name == "half" })
        #expect(!half.isActive)
        #expect(half.recordedMode == .fsdax)
        try survivor.destroy(half)
        #expect(try survivor.create("next", 64).device == "namespace0.1")
    }
}

/// A step with what must be there before it.
enum FaultedStep: CustomTestStringConvertible {
    case create(NamespaceMode)
    case reconfigure(NamespaceMode, NamespaceMode)
    case disable
    case enable
    case destroy
    case rename

    static let all: [FaultedStep] =
        NamespaceMode.allCases.map { .create($0) }
        + [
            .reconfigure(.fsdax, .devdax), .reconfigure(.sector, .raw), .reconfigure(.raw, .sector),
            .reconfigure(.devdax, .devdax), .disable, .enable, .destroy, .rename,
        ]

    var testDescription: String { "\(self)" }

    /// The number of stores that the step makes.
    func operations(on hardware: String) throws -> Int {
        let (host, region, step) = try prepared(on: hardware)
        host.arm(nil)
        _ = try region.perform(step)
        return host.operations
    }

    /// What a failed step must leave as it was. The creation of a devdax namespace enables the object once, to look at its
    /// media, and the kernel then offers another one next.
    func comparable(_ observed: Observed) -> Observed {
        guard case .create(.devdax) = self else { return observed }
        var observed = observed
        for bus in observed.buses.indices {
            for region in observed.buses[bus].regions.indices {
                observed.buses[bus].regions[region].namespaceSeed = nil
            }
        }
        return observed
    }

    /// A fresh host, ready for the step.
    func prepared(on hardware: String) throws -> (SimulatedHost, ContractRegion, Step) {
        let host = try SimulatedHost(json: hardware)
        let region = ContractRegion(host: host, device: "region0")
        return (host, region, try step(in: region))
    }

    private func step(in region: ContractRegion) throws -> Step {
        if case .create(let mode) = self {
            return .create(region.placement(try region.layout("victim", 64, mode)))
        }
        var old = NamespaceMode.devdax
        if case .reconfigure(let mode, _) = self { old = mode }
        let target = region.target(try region.create("victim", 64, old))
        if case .disable = self { return .disable(target) }
        try region.perform(.disable(target))
        switch self {
        case .reconfigure(_, let new): return .reconfigure(target, try region.layout("renamed", 64, new))
        case .enable: return .enable(target)
        case .rename: return .rename(target, try #require(NamespaceName("renamed")))
        default: return .destroy(target)
        }
    }
}
