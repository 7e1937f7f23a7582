import ProvisionCore
import ProvisionHost

/// Which devices are to be memory after the next boot: those that the last transaction about them made memory.
///
/// What is kept is written before the end of a transaction is, by the run that ends it or by recovery: so it is never behind
/// what the journal says.
struct KeptDevices {
    /// What steps do that change what is kept.
    static let changing: StepKind.Effects = [.changesDevice, .takesDataAway]

    private let store: KeptDeviceStore

    init(_ store: TransactionStore) {
        self.store = KeptDeviceStore(store.directory)
    }

    /// Keeps what a transaction of which every step was done made of devices.
    func settle(_ log: TransactionLog) throws(OperationError) {
        let before = try store.kept().devices
        var kept: [UUID: KeptDevice?] = [:]
        for (number, step) in log.header.steps.enumerated() {
            let effects = step.kind.effects
            if effects.contains(.changesDevice) {
                guard let result = log.results[number], let left = result.namespace, let key = left.keptKey
                else { continue }
                // Memory that only comes online in another way was looked at before.
                let earlier = before.first { $0.key == key && $0.infoBlock == left.infoBlockUUID }?.margins
                let wasMemory = log.header.namespace(of: step)?.daxDevice?.mode == .systemRAM
                var device = KeptDevice(
                    left, in: step.home.flatMap(log.header.identity),
                    margins: wasMemory ? earlier : result.margins)
                // A boot that could not put a page map where it was is no wish.
                if log.header.isAfterBoot, before.contains(where: { $0.key == key && $0.memmapOnMemory }) {
                    device?.memmapOnMemory = true
                }
                kept[key] = .some(device)
            } else if effects.contains(.takesDataAway), let key = log.header.namespace(of: step)?.keptKey {
                kept[key] = .some(nil)
            }
        }
        try store.keep(kept.values.compactMap(\.self))
        for (key, device) in kept where device == nil { try store.forget(key) }
    }

    /// Keeps what was kept before an undone transaction, but for what undoing has made memory again (``keep(_:in:margins:)``).
    func settle(undone log: TransactionLog, on now: Observed, isSameBoot: Bool) throws(OperationError) {
        for (number, step) in log.header.steps.enumerated()
        where log.begun[number] != nil && !step.kind.effects.isDisjoint(with: Self.changing) {
            guard let key = (log.header.namespace(of: step) ?? log.results[number]?.namespace)?.keptKey else {
                continue
            }
            let found = now.regions.flatMap(\.namespaces).first { $0.keptKey == key }
            if found?.daxDevice?.mode == .systemRAM { continue }
            if var before = log.kept.first(where: { $0.key == key }) {
                // It was memory, and is a device by now: it may have been used as one, so the next boot asks. Where the step was to make it memory
                // in another way, only a boot has made it a device, and what lies outside its blocks tells.
                let wasMemory = log.header.namespace(of: step)?.daxDevice?.mode == .systemRAM
                let stayed = log.begun.keys.map { log.header.steps[$0] }.allSatisfy { other in
                    other.device != step.device || other.makesMemory
                }
                if wasMemory, isSameBoot || !stayed { before.margins = nil }
                try store.keep([before])
            } else {
                try store.forget(key)
            }
        }
    }

    /// Keeps a device that undoing has made memory again.
    func keep(
        _ namespace: Namespace, in region: RegionIdentity?, margins: MemoryMargins?
    ) throws(OperationError) {
        try store.keep([KeptDevice(namespace, in: region, margins: margins)].compactMap(\.self))
    }

    /// Forgets devices whose namespaces are not there although their regions are: somebody has destroyed them.
    func forgetDestroyed(on now: Observed) throws(OperationError) {
        let kept = try store.kept().devices
        guard !kept.isEmpty else { return }
        let present = Set(now.regions.flatMap(\.namespaces).compactMap(\.keptKey))
        for device in kept where !present.contains(device.key) {
            let homes = now.regions.filter {
                device.region != nil && now.identity(of: $0.device) == device.region
            }
            if !homes.isEmpty, homes.allSatisfy(\.showsEveryNamespace) { try store.forget(device.key) }
        }
    }

    /// Keeps what a profile declares as memory, and is that already, by another tool, say. What lies outside its memory blocks
    /// cannot be looked at then.
    func adopt(_ declared: [DeclaredNamespace], on now: Observed) throws(OperationError) {
        let found = declared.compactMap { declared in
            declared.namespace.flatMap {
                KeptDevice($0, in: now.identity(of: declared.region.device), margins: nil)
            }
        }
        guard !found.isEmpty else { return }
        let kept = try store.kept().devices
        try store.keep(
            found.compactMap { new in
                let old = kept.first {
                    $0.key == new.key && $0.infoBlock == new.infoBlock && $0.online == new.online
                }
                guard var renamed = old else { return new }
                renamed.name = new.name
                renamed.memmapOnMemory = new.memmapOnMemory
                return renamed == old ? nil : renamed
            })
    }

    /// Forgets what a profile declares as a device, and is one: somebody uses it as that.
    func release(_ declared: [DeclaredNamespace]) throws(OperationError) {
        for declared in declared {
            guard let namespace = declared.namespace, let key = namespace.keptKey,
                declared.declaration.deviceConfiguration?.mode == .devdax,
                namespace.daxDevice?.mode != .systemRAM
            else { continue }
            try store.forget(key)
        }
    }
}

extension Region {
    /// Whether a namespace that it does not show is not there: it is enabled, the kernel takes every label, and where a
    /// namespace has no label, it is online and so shows its info block.
    fileprivate var showsEveryNamespace: Bool {
        isEnabled && uninstantiated.isEmpty
            && (labelling == .labelled || namespaces.allSatisfy(\.isActive))
    }
}

extension RestoringHost {
    /// What lies outside the memory blocks of a device that a step is about to make memory; nil for any other step, and where
    /// it cannot be looked at (a media error, no node): then a boot asks.
    func memoryMargins(before step: Step) -> MemoryMargins? {
        guard case .configureDevice(let target, .systemRAM) = step else { return nil }
        return try? memoryMargins(of: target)
    }
}
