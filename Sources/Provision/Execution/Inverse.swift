/// The steps that take back a step.
enum Inverse {
    /// The inverse steps in order; nil where this version cannot take the step back.
    /// - Parameters:
    ///   - result: the namespace as the step left it.
    ///   - before: the namespace as it was observed before the run.
    static func steps(of step: Step, result: Namespace?, before: Namespace?) -> [Step]? {
        switch step {
        case .disable(let target):
            return [.enable(target)]
        case .enable(let target):
            return [.disable(target)]
        case .rename(let target, _):
            guard let name = before?.name.flatMap({ NamespaceName($0) }) else { return nil }
            return [.rename(target, name)]
        case .create(let placement):
            guard let result else { return nil }
            let target = NamespaceTarget(result, region: placement.region)
            return [.disable(target), .destroy(target)]
        case .initializeLabels, .destroy, .reconfigure, .activate:
            return nil
        }
    }
}
