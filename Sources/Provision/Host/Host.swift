public import ProvisionCore

/// Something that has persistent memory: the kernel's, or a simulated one. A host has no policy: it observes, and it
/// performs the step that it is given or says why it could not.
public protocol Host: AnyObject {
    /// Enumerates the host once. Writes nothing.
    func observe() throws(OperationError) -> Observed

    /// Enumerates the host once, and asks each DIMM's firmware for its health as well: a few commands for each. Writes
    /// nothing. A DIMM that does not answer is no error: its health says so.
    func observeWithHealth() throws(OperationError) -> Observed

    /// Looks who uses namespaces, and what they hold. Changes nothing; what is unused now can be in use when a step
    /// comes to it, and is checked again then.
    func examine(_ query: UseQuery) throws(OperationError) -> UseReport

    /// The namespace that has the target's kernel name now, whatever it is; nil where nothing with a size has it.
    /// Reads that one object alone, and changes nothing.
    func current(_ target: NamespaceTarget) throws(OperationError) -> Namespace?

    /// The dynamic dax region with these addresses as it is now; nil where there is none. Changes nothing.
    func daxRegion(_ identity: DaxRegionIdentity) throws(OperationError) -> DaxRegion?

    /// Performs one step, and reads back the namespace that it left, if it left one.
    ///
    /// A step checks what must be true of its target (``NamespaceTarget``) right before it writes. When it throws,
    /// it has first undone what it had begun, as far as it could; the error says so.
    /// - Parameter identity: the UUIDs that a `create` or `reconfigure` gives.
    /// - Returns: the namespace as it is after the step; nil for a `destroy`, an `initializeLabels` and a
    ///   `setDevice`.
    func perform(_ step: Step, identity: FreshIdentity) throws(OperationError) -> Namespace?

    /// The numbers of users and groups by name. One that the host does not know is left out.
    /// - Throws: where it cannot be told whether it knows them.
    func accountNumbers(users: Set<String>, groups: Set<String>) throws(OperationError) -> AccountNumbers

    /// Measures how the memory of a namespace is mapped. Stores into files of its own alone, which do not stay. What cannot be
    /// measured is in the answer, with the reason.
    /// - Parameter provider: who provides the region's bus.
    func measure(_ namespace: Namespace, in region: Region, of provider: String) -> ProofMeasurement

    /// What the host says of media errors beyond its enumeration. Changes nothing.
    func mediaErrorLists(of observed: Observed) throws(OperationError) -> MediaErrorLists
}

extension Host {
    /// A host whose DIMMs have no firmware tells no health.
    public func observeWithHealth() throws(OperationError) -> Observed { try observe() }

    /// Enumerates the host once, and where `isAsked` with the health of its DIMMs.
    public func observe(health isAsked: Bool) throws(OperationError) -> Observed {
        isAsked ? try observeWithHealth() : try observe()
    }

    /// A host on which nothing runs has no users, and nobody wrote anything.
    public func examine(_ query: UseQuery) throws(OperationError) -> UseReport { UseReport() }

    /// A host that is no machine has no accounts.
    public func accountNumbers(
        users: Set<String>, groups: Set<String>
    ) throws(OperationError) -> AccountNumbers { AccountNumbers() }

    /// A host without block devices has no lists but its regions'.
    public func mediaErrorLists(of observed: Observed) throws(OperationError) -> MediaErrorLists {
        MediaErrorLists()
    }
}

/// The UUIDs that a step gives, generated before it runs so that its leftovers can be recognised.
public struct FreshIdentity: Equatable, Sendable {
    /// The UUID for the label.
    public var labelUUID: UUID
    /// The UUID for the info block.
    public var infoBlock: UUID

    /// These UUIDs.
    public init(labelUUID: UUID, infoBlock: UUID) {
        self.labelUUID = labelUUID
        self.infoBlock = infoBlock
    }

    /// No UUIDs: for steps that give none.
    package static let none = FreshIdentity(labelUUID: .null, infoBlock: .null)

    /// Two new random UUIDs.
    public static func random(using generator: inout some RandomNumberGenerator) -> FreshIdentity {
        FreshIdentity(labelUUID: .random(using: &generator), infoBlock: .random(using: &generator))
    }
}
