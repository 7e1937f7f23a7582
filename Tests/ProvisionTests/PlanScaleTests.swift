import Glibc
import Provision
import Testing

/// The time of planning grows with the number of namespaces, not with its square.
@Suite(.serialized) struct PlanScaleTests {
    /// What the plan is for.
    enum Work: CaseIterable {
        case nothing, creating, creatingBetween, replacing, destroying
    }

    @Test(arguments: Work.allCases)
    func fourTimesTheNamespacesTakeLittleMoreThanFourTimesTheTime(work: Work) throws {
        let few = Self.seconds(work, count: 250)
        let many = Self.seconds(work, count: 1000)
        #expect(many < few * 9, "\(few) s for 250, \(many) s for 1000")
    }

    /// The least processor time of three plans.
    private static func seconds(_ work: Work, count: Int) -> Double {
        let (profile, observed) = input(work, count: count)
        return (0..<3).map { _ in
            let start = now()
            let plan = Planner.plan(profile, on: observed)
            let end = now()
            #expect(plan.refusals.isEmpty)
            #expect(plan.changes.count == (work == .nothing ? 0 : count))
            return end - start
        }.min() ?? 0
    }

    private static func input(_ work: Work, count: Int) -> (Profile, Observed) {
        let slot = ByteCount.mib(48)
        let isEmpty = work == .creating
        var generator = RandomObserved.Generator(state: 1)
        let namespaces = (0..<(isEmpty ? 0 : count)).map { index in
            Namespace(
                Layout(name: NamespaceName("old\(index)"), mode: .raw, rawSize: .mib(16)),
                device: "namespace0.\(index)", resource: (slot * UInt64(index)).bytes + (1 << 32),
                labels: .v1_2, uuid: .random(using: &generator))
        }
        let region = Region(
            device: "region0", size: slot * UInt64(count), resource: 1 << 32,
            mappings: [
                Mapping(dimm: "nmem0", offset: .zero, length: slot * UInt64(count), position: 0)
            ], namespaces: namespaces)
        let observed = Observed(buses: [
            Bus(device: "ndbus0", provider: "ACPI.NFIT", scrubState: nil, dimms: [], regions: [region])
        ])
        return (profile(work, count: count), observed)
    }

    private static func profile(_ work: Work, count: Int) -> Profile {
        let isNew = work == .creating || work == .creatingBetween
        let size = work == .nothing ? ByteCount.mib(16) : .mib(32)
        let declarations = (0..<(work == .destroying ? 0 : count)).map { index in
            NamespaceDeclaration(
                name: NamespaceName(isNew ? "new\(index)" : "old\(index)"), mode: .raw, size: .raw(size))
        }
        let block = RegionBlock(match: RegionMatch(region: 0), namespaces: declarations)
        return Profile(
            source: "scale", unmanaged: work == .destroying ? .destroy : .keep, regions: [block])
    }

    private static func now() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
