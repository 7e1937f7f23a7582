/// What a step does, without what it does it to: the closed set that plans and journals know. The raw values are the
/// words for programs, in reports, saved plans and journals; a word that is none of these is refused.
public enum StepKind: String, CaseIterable, Sendable {
    /// ``Step/initializeLabels(region:)``
    case initializeLabels = "initialize_labels"
    /// ``Step/disable(_:)``
    case disable
    /// ``Step/destroy(_:)``
    case destroy
    /// ``Step/create(_:)``
    case create
    /// ``Step/reconfigure(_:_:)``
    case reconfigure
    /// ``Step/rename(_:_:)``
    case rename
    /// ``Step/enable(_:)``
    case enable
    /// ``Step/configureDevice(_:_:)``
    case configureDevice = "configure_device"
    /// ``Step/setRights(_:_:)``
    case setRights = "set_rights"
    /// ``Step/zero(_:)``
    case zero
    /// ``Step/setDevice(_:)``
    case setDevice = "set_device"
    /// Cleared media errors. No plan has it: ``MediaErrorClearance`` makes it, and only journals tell of it.
    case clearErrors = "clear_errors"
    /// Finished a half-made namespace under the label that it had. No plan has it any more: journals of 0.1.0 do.
    case finishCreation = "activate"
}

extension StepKind {
    /// What a step of a kind does to the host. Planning, reviews and undoing ask for these, and not for the kind: a new kind has
    /// every effect that is true of it.
    package struct Effects: OptionSet {
        package let rawValue: Int

        package init(rawValue: Int) { self.rawValue = rawValue }

        /// The namespace and its device node are offline afterwards.
        package static let takesOffline = Effects(rawValue: 1 << 0)
        /// The place of the namespace is free afterwards, until something else is put there.
        package static let releasesPlace = Effects(rawValue: 1 << 1)
        /// There is a namespace that was not there.
        package static let makesNamespace = Effects(rawValue: 1 << 2)
        /// The kernel writes metadata to the media of the namespace.
        package static let writesMedia = Effects(rawValue: 1 << 3)
        /// A label that was there is written or deleted.
        package static let changesLabel = Effects(rawValue: 1 << 4)
        /// The namespace is out of reach afterwards, or another one.
        package static let takesDataAway = Effects(rawValue: 1 << 5)
        /// The media can have been written although the label is what it was, so that the label proves nothing.
        package static let keepsLabel = Effects(rawValue: 1 << 6)
        /// The label indexes of DIMMs are written.
        package static let writesLabelIndexes = Effects(rawValue: 1 << 7)
        /// The device of the namespace gets another driver, or other memory blocks are online; the namespace stays.
        package static let changesDevice = Effects(rawValue: 1 << 8)
        /// The device node of the namespace gets other rights; nothing else changes.
        package static let changesRights = Effects(rawValue: 1 << 9)
        /// A device of a dynamic dax region is made, changed or removed; no namespace is concerned.
        package static let changesDaxRegion = Effects(rawValue: 1 << 10)
        /// The data area of a namespace is filled with zeroes.
        package static let zeroesData = Effects(rawValue: 1 << 11)
        /// The namespace is online afterwards, and may have been offline.
        package static let bringsOnline = Effects(rawValue: 1 << 12)
    }

    /// What a step of this kind does to the host.
    package var effects: Effects {
        switch self {
        case .initializeLabels: [.writesLabelIndexes]
        case .disable: [.takesOffline]
        case .destroy: [.releasesPlace, .changesLabel, .takesDataAway]
        case .create: [.makesNamespace, .writesMedia, .bringsOnline]
        case .reconfigure: [.changesLabel, .writesMedia, .takesDataAway, .bringsOnline]
        case .rename: [.changesLabel]
        case .enable: [.bringsOnline]
        case .configureDevice: [.changesDevice]
        case .setRights: [.changesRights]
        case .zero: [.zeroesData]
        case .setDevice: [.changesDaxRegion]
        // What it writes over could not be read, and undoing looks away from it.
        case .clearErrors: []
        case .finishCreation: [.writesMedia, .keepsLabel, .bringsOnline]
        }
    }

    /// Whether programs that have the device of the namespace open lose it.
    package var takesFromUsers: Bool { !effects.isDisjoint(with: [.takesOffline, .changesDevice]) }

    /// Whether the kernel offers another idle namespace object (the region's seed) afterwards, if its namespace was the seed.
    package var settlesSeed: Bool { !effects.isDisjoint(with: [.bringsOnline, .releasesPlace]) }

    /// How many label slots it takes on each DIMM of its region; -1: it frees one.
    package var labelSlots: Int {
        (effects.contains(.makesNamespace) ? 1 : 0) - (effects.contains(.releasesPlace) ? 1 : 0)
    }

    /// Whether it changes the device of a devdax namespace: how it is used, or who may open it.
    package var actsOnDaxDevice: Bool { !effects.isDisjoint(with: [.changesDevice, .changesRights]) }

    /// Whether an earlier step of the same plan can make, reconfigure or enable its namespace, which it needs online. The namespace's
    /// kernel name and label are known only once that step has run.
    package var followsCreation: Bool {
        switch self {
        case .configureDevice, .setRights, .zero: true
        case .initializeLabels, .disable, .destroy, .create, .reconfigure, .rename, .enable, .setDevice,
            .clearErrors, .finishCreation:
            false
        }
    }
}

extension Step {
    /// What it does.
    public var kind: StepKind {
        switch self {
        case .initializeLabels: .initializeLabels
        case .disable: .disable
        case .destroy: .destroy
        case .create: .create
        case .reconfigure: .reconfigure
        case .rename: .rename
        case .enable: .enable
        case .configureDevice: .configureDevice
        case .setRights: .setRights
        case .zero: .zero
        case .setDevice: .setDevice
        }
    }

    /// The existing namespace that it acts on; nil for a creation and an initialisation of labels.
    package var target: NamespaceTarget? {
        switch self {
        case .initializeLabels, .create, .setDevice: nil
        case .disable(let target), .destroy(let target), .reconfigure(let target, _), .rename(let target, _),
            .enable(let target), .configureDevice(let target, _), .setRights(let target, _),
            .zero(let target):
            target
        }
    }

    /// The layout that it gives a namespace, and the physical address of that namespace; nil of a step that gives none.
    package var madeLayout: (layout: Layout, resource: UInt64?)? {
        switch self {
        case .create(let placement): (layout: placement.layout, resource: placement.resource)
        case .reconfigure(let target, let layout): (layout: layout, resource: target.resource)
        case .initializeLabels, .disable, .destroy, .rename, .enable, .configureDevice, .setRights, .zero,
            .setDevice:
            nil
        }
    }

    /// Whether memory blocks come of it.
    package var makesMemory: Bool {
        switch self {
        case .configureDevice(_, .systemRAM): true
        case .setDevice(let transition): transition.after?.use.map { $0 != .devdax } ?? false
        case .initializeLabels, .disable, .destroy, .create, .reconfigure, .rename, .enable, .configureDevice,
            .setRights, .zero:
            false
        }
    }

    /// What it makes of a device of a dynamic dax region; nil of a step for anything else.
    package var transition: DeviceTransition? {
        if case .setDevice(let transition) = self { transition } else { nil }
    }

    /// The kernel name of the region that it works in.
    package var region: String {
        switch self {
        case .initializeLabels(let region): region
        case .create(let placement): placement.region
        case .setDevice(let transition): transition.regionName
        case .disable(let target), .destroy(let target), .reconfigure(let target, _), .rename(let target, _),
            .enable(let target), .configureDevice(let target, _), .setRights(let target, _),
            .zero(let target):
            target.region
        }
    }
}
