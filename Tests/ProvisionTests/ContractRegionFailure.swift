import HostContract
import ProvisionCore
import Testing

extension ContractRegion {
    /// The error of a step that must fail; records an issue where it does not.
    func failure(_ step: Step) -> OperationError? {
        do {
            _ = try host.perform(step, identity: identity())
            Issue.record("the step succeeded: \(step)")
            return nil
        } catch {
            return error
        }
    }
}

extension HostContract: CustomTestStringConvertible {
    public var testDescription: String { description }
}
