package import ProvisionCore

/// From what steps name to the objects of the simulated kernel.
extension SimulatedHost {
    /// The number of an enabled region.
    package func region(_ device: String, while operation: String) throws(OperationError) -> Int {
        let number = state.regions.indices.first { "region\($0)" == device }
        guard let number, state.regions[number].isEnabled else {
            throw OperationError(
                .changed, while: operation, device: device,
                reason: number == nil ? "there is no such region" : "the region is disabled",
                advice: "plan again")
        }
        return number
    }

    /// The object that the target names, if it is still what the target says.
    package func resolve(_ target: NamespaceTarget) throws(OperationError) -> SimulatedNamespaceID {
        let operation = "find \(target.displayName)"
        let number = try region(target.region, while: operation)
        let region = state.regions[number]
        let id = SimulatedNamespaceID(target.device)
        guard let id, id.region == number, let namespace = state.namespace(id), namespace.size > .zero else {
            throw changed(target, operation, "there is no \(target.device)")
        }
        let resource = region.resource + namespace.offset.bytes
        if namespace.uuid != target.labelUUID { throw changed(target, operation, "its UUID is another") }
        if namespace.size != target.rawSize {
            throw changed(target, operation, "its size is \(namespace.size)")
        }
        if let expected = target.resource, expected != resource {
            throw changed(target, operation, "it lies at \(Hexadecimal.number(resource))")
        }
        return SimulatedNamespaceID(region: number, number: namespace.number)
    }

    private func changed(_ target: NamespaceTarget, _ operation: String, _ reason: String) -> OperationError {
        OperationError(
            .changed, while: operation, device: target.device, reason: reason,
            advice: "plan again: somebody changed the host")
    }

    /// Refuses a namespace that is active.
    package func requireInactive(_ id: SimulatedNamespaceID, while operation: String) throws(OperationError) {
        guard let namespace = state.namespace(id), namespace.isActive else { return }
        throw OperationError(
            .busy, while: operation, device: id.description, reason: "the namespace is active",
            advice: "disable it first")
    }

    /// The namespace as it is now.
    package func readBack(_ id: SimulatedNamespaceID) throws(OperationError) -> Namespace? {
        state.namespace(id).map { state.observedNamespace($0, region: id.region) }
    }
}
