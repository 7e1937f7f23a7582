import Glibc
import ProvisionCore
import Testing

/// What must hold of every plan, tried on random regions and profiles. A failure says its seed. `PLAN_CASES` in the
/// environment is the number of cases of each of the eight runs.
@Suite struct PlanPropertyTests {
    static let cases = unsafe getenv("PLAN_CASES").flatMap { unsafe Int(String(cString: $0)) } ?? 2_400

    @Test(arguments: 0..<8)
    func everyPlanIsSoundAndSettlesAtOnce(run: Int) {
        for number in 0..<Self.cases {
            let seed = UInt64(run) << 32 | UInt64(number)
            if let problem = PlanCase(seed: seed).problem() {
                Issue.record("seed \(seed): \(problem)")
                return
            }
        }
    }
}

/// One random region with one random profile.
private struct PlanCase {
    var random: RandomPlanning
    let hardware: RandomPlanning.Hardware
    let region: Region
    let profile: Profile

    init(seed: UInt64) {
        random = RandomPlanning(seed: seed)
        hardware = random.hardware()
        region = random.region(hardware)
        profile = random.profile(for: hardware, unmanaged: random.chance(3) ? .destroy : .keep)
    }

    /// What is wrong with the plan; nil where nothing is.
    func problem() -> String? {
        let plan = Planner.plan(profile, on: RandomPlanning.observed(region, hardware))
        guard plan.refusals.isEmpty else { return needlessRefusal(plan) }
        if let touched = touchedNeighbour(plan) { return "\(touched) is touched: \(plan.steps)" }
        var model = PlanModel(hardware: hardware, region: region)
        var generator = random.generator
        do throws(PlanModel.Fault) {
            try model.perform(plan, using: &generator)
        } catch {
            return "\(error) of \(plan.steps)"
        }
        return unsettled(model, plan) ?? wrongSize(model) ?? stranded(model)
    }

    /// The plan for the result must be empty, but where only enabling a namespace shows what it is.
    private func unsettled(_ model: PlanModel, _ plan: Plan) -> String? {
        let next = Planner.plan(profile, on: RandomPlanning.observed(model.region, hardware))
        if next.isEmpty { return nil }
        let uncertain = Set(plan.changes.filter { $0.kind == .enable }.map(\.address))
        let rest = next.changes.filter { !uncertain.contains($0.address) }
        return rest.isEmpty && !uncertain.isEmpty
            ? nil : "not settled: \(next.changes) \(next.refusals) after \(plan.steps)"
    }

    /// A namespace that has to stay as it is and is the target of a step.
    private func touchedNeighbour(_ plan: Plan) -> String? {
        let declared = Dictionary(
            uniqueKeysWithValues: (profile.regions.first?.namespaces ?? []).compactMap { declaration in
                declaration.name.map { ($0.text, declaration) }
            })
        for planned in plan.steps {
            guard let target = planned.step.target else { continue }
            if case .enable = planned.step, declared[target.displayName] != nil { continue }
            if let declaration = declared[target.displayName] {
                if declaration.isProtected { return target.displayName }
            } else if profile.unmanaged == .keep {
                return target.displayName
            }
        }
        return nil
    }

    private func wrongSize(_ model: PlanModel) -> String? {
        for declaration in profile.regions.first?.namespaces ?? [] {
            guard let found = model.region.namespaces.first(where: { $0.name == declaration.name?.text })
            else {
                return "\(declaration.displayText) is missing"
            }
            switch declaration.size {
            case .raw(let size) where found.rawSize != size:
                return "\(declaration.displayText): \(found.rawSize)"
            case .usable(let size) where found.isActive && (found.usableSize ?? .zero) < size:
                return "\(declaration.displayText): usable \(found.usableSize ?? .zero)"
            default: continue
            }
        }
        return nil
    }

    /// In an empty region shares that make a whole leave less than the smallest unit.
    private func stranded(_ model: PlanModel) -> String? {
        let declarations = profile.regions.first?.namespaces ?? []
        let divisors = declarations.compactMap { declaration -> Int? in
            if case .remaining(let divisor) = declaration.size { return divisor }
            return nil
        }
        guard region.namespaces.isEmpty, [[1], [2, 2], [3, 3, 3], [2, 3, 6]].contains(divisors.sorted())
        else {
            return nil
        }
        let units = declarations.compactMap { declaration -> ByteCount? in
            guard case .remaining = declaration.size else { return nil }
            let align = declaration.align ?? (declaration.mode.isDirectAccess ? .huge : .page)
            return AllocationUnit.size(regionAlign: hardware.grid, align: align, ways: hardware.ways)
        }
        let free = ExtentMap(of: model.region)?.available ?? .zero
        guard let finest = units.min(), free >= finest else { return nil }
        return "\(free) stranded of units of \(finest)"
    }

    /// A refusal for capacity though the declarations, all of them exact, could be created in some order.
    private func needlessRefusal(_ plan: Plan) -> String? {
        guard plan.refusals.allSatisfy({ [.noCapacity, .noExtent].contains($0.code) }) else { return nil }
        guard profile.unmanaged == .keep, let declarations = profile.regions.first?.namespaces else {
            return nil
        }
        var model = PlanModel(hardware: hardware, region: region)
        var sizes: [ByteCount] = []
        for declaration in declarations {
            guard case .raw(let size) = declaration.size else { return nil }
            let existing = model.region.namespaces.firstIndex { $0.name == declaration.name?.text }
            if let existing {
                guard model.region.namespaces[existing].rawSize != size else { continue }
                model.region.namespaces.remove(at: existing)
            }
            sizes.append(size)
        }
        return fits(sizes, in: model) ? "refused though it fits: \(plan.refusals)" : nil
    }

    private func fits(_ sizes: [ByteCount], in model: PlanModel) -> Bool {
        guard !sizes.isEmpty else { return true }
        return sizes.indices.contains { index in
            guard let offset = model.firstFit(sizes[index]) else { return false }
            var next = model
            next.region.namespaces.append(
                Namespace(
                    device: "", resource: RandomPlanning.start + offset.bytes, rawSize: sizes[index]))
            var others = sizes
            others.remove(at: index)
            return fits(others, in: next)
        }
    }
}

extension NamespaceDeclaration {
    fileprivate var displayText: String { "\(name?.text ?? "?") \(mode) \(size)" }
}
