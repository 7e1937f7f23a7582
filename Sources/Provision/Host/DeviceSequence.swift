package import ProvisionCore

/// Turns one device of a dynamic dax region into another, by the stores of its region: the order that keeps every byte, and from which
/// it can be put back wherever a store fails.
///
/// Ranges are given by `mapping`, in the order of their offsets: a size alone lets the kernel choose, and in another order the same
/// memory shows other contents at each offset. Nothing is done to a device with a driver: the kernel accepts a range for one, and
/// its first use is an oops (drivers/dax/bus.c, `mapping_store`, and device.c, `dax_set_mapping`).
package struct DeviceSequence {
    private let stores: any DaxRegionStores
    private let transition: DeviceTransition

    package init(_ transition: DeviceTransition, by stores: any DaxRegionStores) {
        self.transition = transition
        self.stores = stores
    }

    /// Makes the transition. Where that fails, the device is put back as it was, as far as the kernel lets.
    package func run() throws(OperationError) {
        let now = try stores.region()
        if let obstacle = transition.obstacle(in: now) {
            throw OperationError(
                .changed, while: "change \(transition.name)", device: transition.device,
                reason: "the region is not as it was: \(obstacle)",
                advice: "find out what changed it, and plan again")
        }
        let device = transition.before.flatMap { now.device(of: $0.ranges) }?.name
        do throws(OperationError) {
            try setRules()
            switch (transition.before, transition.after, device) {
            case (let before?, let after?, let device?): try change(device, before, after)
            case (let before?, nil, let device?): try remove(device, before)
            case (nil, let after?, _): try make(after)
            default: return
            }
        } catch {
            throw putRulesBack(after: error)
        }
    }

    // MARK: - Rights

    /// Takes away rules for memory that changes hands, or is cleared: what it holds meanwhile is for nobody else. udev comes to a
    /// device as soon as its driver does, so the rule that it is to have is there before that, if nothing is cleared.
    private func setRules() throws(OperationError) {
        let (before, after, cleared) = (transition.before, transition.after, transition.zeroedRanges)
        if !transition.forgotten.isEmpty {
            try stores.setRule(nil, for: transition.forgotten, as: transition.name)
        }
        guard before?.ranges != after?.ranges || !cleared.isEmpty else { return }
        if let before { try stores.setRule(nil, for: before.ranges, as: transition.name) }
        if !cleared.isEmpty { try stores.setRule(nil, for: cleared, as: transition.name) }
        guard let after else { return }
        try stores.setRule(cleared.isEmpty ? after.rights.rule : nil, for: after.ranges, as: transition.name)
    }

    private func putRulesBack(after failure: OperationError) -> OperationError {
        guard failure.undoFailures.isEmpty else { return failure }
        let (before, after) = (transition.before, transition.after)
        do throws(OperationError) {
            if let after, after.ranges != before?.ranges {
                try stores.setRule(nil, for: after.ranges, as: transition.name)
            }
            if let before { try stores.setRule(before.rights.rule, for: before.ranges, as: transition.name) }
            return failure
        } catch {
            return failure.adding(undoFailures: [error])
        }
    }

    /// Gives a device that is what it is to be its rights. Where it has none of daxprov's, and had none, other rules of udev may have
    /// given it some: they stay.
    private func giveRights(of layout: DeviceLayout, to device: String) throws(OperationError) {
        let (before, after) = (transition.before, transition.after)
        let changes = before.map { $0.rights != (after ?? $0).rights } ?? (layout.rights != .none)
        guard changes || layout.rights.rule != nil else { return }
        try stores.setRule(layout.rights.rule, for: layout.ranges, as: transition.name)
        do throws(OperationError) {
            try stores.give(layout.rights.node, to: device)
        } catch {
            // What somebody gave by hand is not worth a device.
            guard layout.rights.rule == nil, layout.rights.node != .rootsAlone else { throw error }
        }
    }

    // MARK: - Devices

    private func change(
        _ device: String, _ before: DeviceLayout, _ after: DeviceLayout
    ) throws(OperationError) {
        if transition.changesRightsAlone { return try changeRights(of: device, before, after) }
        if before.use == .devdax { try stores.requireUnused(device) }
        if before.hasPlace(of: after), !transition.wasKernels, let use = after.use {
            // One without a driver may be one that a driver has refused.
            if before.use == nil { return try takeAgain(device, after, use) }
            try stores.use(device, as: use)
            do throws(OperationError) {
                return try giveRights(of: after, to: device)
            } catch {
                throw putBack(device, before, after: error)
            }
        }
        if before.use?.isSystemRAM == true || before.isPartlyOnline { try stores.requireAlone(device) }
        // What is new to it is cleared while nobody can reach it: it is a device of its own for that.
        if !transition.wasKernels { try clear(transition.zeroedRanges) }
        try stores.release(device)
        do throws(OperationError) {
            if transition.wasKernels, !transition.zeroedRanges.isEmpty {
                // Until all of it is cleared it is nobody's, so that whoever finds it half-way does not take it for finished.
                try stores.setSize(.zero, of: device)
                try clear(transition.zeroedRanges)
            }
            try shape(device, after)
            if let use = after.use { try stores.use(device, as: use) }
            try giveRights(of: after, to: device)
        } catch {
            throw putBack(device, before, after: error)
        }
    }

    private func changeRights(
        of device: String, _ before: DeviceLayout, _ after: DeviceLayout
    ) throws(OperationError) {
        do throws(OperationError) {
            try giveRights(of: after, to: device)
        } catch {
            do throws(OperationError) { try giveRights(of: before, to: device) } catch let undo {
                throw error.adding(undoFailures: [undo])
            }
            throw error
        }
    }

    private func remove(_ device: String, _ before: DeviceLayout) throws(OperationError) {
        if before.use == .devdax { try stores.requireUnused(device) }
        try stores.release(device)
        do throws(OperationError) {
            try discard(device)
        } catch {
            throw putBack(device, before, after: error)
        }
    }

    private func make(_ after: DeviceLayout) throws(OperationError) {
        try clear(transition.zeroedRanges)
        try madeWithRights(after)
    }

    /// Fills free ranges with zeroes, as a device of root's alone that is gone afterwards.
    private func clear(_ ranges: [Range<UInt64>]) throws(OperationError) {
        guard !ranges.isEmpty else { return }
        // With another alignment than what has this memory before or afterwards, it is never taken for that.
        let isUsual = transition.after?.align == DaxPlacement.smallestUnit
        let scratch = try made(
            DeviceLayout(
                ranges: ranges, align: isUsual ? Alignment.page.size : DaxPlacement.smallestUnit, use: .devdax
            ))
        try discarding(scratch) { () throws(OperationError) in
            try stores.zero(scratch)
            try stores.release(scratch)
            try discard(scratch)
        }
    }

    /// Makes a device that is this, and returns its name. Where that fails, there is none.
    ///
    /// The first device is always there. Without memory it is nobody's, and is taken. One that a driver has refused once, no driver
    /// ever takes again (drivers/dax/device.c, `dev_dax_probe`): then another is made.
    private func made(_ layout: DeviceLayout) throws(OperationError) -> String {
        let first = try stores.region().devices.first { $0.isFirst && $0.size == .zero && $0.driver == nil }
        if let first, try refusal(of: first.name, as: layout) == nil { return first.name }
        let device = try stores.create()
        if let refusal = try refusal(of: device, as: layout) { throw refusal }
        return device
    }

    /// Makes a device that is this, and gives it its rights.
    private func madeWithRights(_ layout: DeviceLayout) throws(OperationError) {
        let device = try made(layout)
        try discarding(device) { () throws(OperationError) in try giveRights(of: layout, to: device) }
    }

    /// Gives a device without memory this memory and this use; nil: it has them. Why its driver did not take it, where it has no memory
    /// again, or is gone.
    private func refusal(of device: String, as layout: DeviceLayout) throws(OperationError) -> OperationError?
    {
        try discarding(device) { () throws(OperationError) in
            try shape(device, layout)
            // Without a driver nobody can open it, whatever its node has.
            try stores.resetNode(of: device)
        }
        guard let use = layout.use else { return nil }
        var refusal: OperationError?
        do throws(OperationError) {
            try stores.use(device, as: use)
        } catch {
            refusal = error
        }
        guard let refusal else { return nil }
        guard refusal.kind == .failed, refusal.undoFailures.isEmpty else {
            try discarding(device) { () throws(OperationError) in throw refusal }
            return nil
        }
        try stores.release(device)
        try discard(device)
        return refusal
    }

    /// Where the body fails, the device is removed.
    private func discarding(_ device: String, _ body: () throws(OperationError) -> Void)
        throws(OperationError)
    {
        do throws(OperationError) {
            try body()
        } catch {
            var failure = error
            do throws(OperationError) {
                try stores.release(device)
                try discard(device)
            } catch let undo {
                failure = failure.adding(undoFailures: [undo])
            }
            throw failure
        }
    }

    /// Takes all memory from a device without a driver, and removes it.
    private func discard(_ device: String) throws(OperationError) {
        guard let found = try stores.region().devices.first(where: { $0.name == device }) else { return }
        if found.size > .zero { try stores.setSize(.zero, of: device) }
        if !found.isFirst { try stores.delete(device) }
    }

    private func putBack(_ device: String, _ before: DeviceLayout, after failure: OperationError)
        -> OperationError
    {
        do throws(OperationError) {
            let now = try stores.region()
            if now.devices.contains(where: { $0.name == device }) {
                try stores.release(device)
                try shape(device, before)
                guard let use = before.use else { return failure }
                try takeAgain(device, before, use)
            } else {
                try madeWithRights(before)
            }
            return failure
        } catch {
            return failure.adding(undoFailures: [error])
        }
    }

    /// Gives a device that is as it was its use again. One that a driver has refused is made anew.
    private func takeAgain(_ device: String, _ before: DeviceLayout, _ use: DeviceUse) throws(OperationError)
    {
        do throws(OperationError) {
            try stores.use(device, as: use)
        } catch {
            guard error.kind == .failed, error.undoFailures.isEmpty else { throw error }
            try stores.release(device)
            try discard(device)
            return try madeWithRights(before)
        }
        try giveRights(of: before, to: device)
    }

    /// Gives a device without a driver its ranges and its alignment. Memory that it keeps stays its own meanwhile, where the kernel has a
    /// way to that: another tool could take what is free for a moment.
    private func shape(_ device: String, _ layout: DeviceLayout) throws(OperationError) {
        let region = try stores.region()
        guard let now = region.devices.first(where: { $0.name == device }), let mappings = now.mappings else {
            throw OperationError(
                .changed, while: "change \(transition.name)", device: device, reason: "it is gone")
        }
        let ranges = mappings.map(\.range)
        if ranges == layout.ranges {
            if now.align != layout.align { try stores.setAlign(layout.align, of: device) }
        } else if now.align == layout.align, !ranges.isEmpty, layout.ranges.starts(with: ranges) {
            for range in layout.ranges.dropFirst(ranges.count) { try stores.map(range, to: device) }
        } else if now.align == layout.align, !layout.ranges.isEmpty,
            layout.ranges == ranges.prefix(bytes: layout.size)
                || region.freeRanges.map({ Self.growsInPlace(ranges, to: layout.ranges, free: $0) }) ?? false
        {
            try stores.setSize(layout.size, of: device)
        } else {
            if !ranges.isEmpty { try stores.setSize(.zero, of: device) }
            if now.align != layout.align { try stores.setAlign(layout.align, of: device) }
            for range in layout.ranges { try stores.map(range, to: device) }
        }
        // The kernel says that it has taken a range, and has not (drivers/dax/bus.c, `mapping_store`, since Linux 6.12).
        let left = try stores.region().devices.first { $0.name == device }
        if let driver = left?.driver {
            throw OperationError(
                .failed, while: "give \(device) its memory", device: device,
                reason:
                    "the driver \(driver) has taken it meanwhile, and may have written over what it holds",
                advice: "find out what binds drivers here (a udev rule, or another tool)")
        }
        guard let found = left?.mappings?.map(\.range), found == layout.ranges, left?.align == layout.align
        else {
            throw OperationError(
                .failed, while: "give \(device) its memory", device: device,
                reason:
                    "the kernel gave it \(left?.layout?.text ?? "something else"), and not \(layout.text)",
                advice: "see daxprov inventory: somebody else may take memory of the region")
        }
    }

    /// Whether a larger size makes just this of a device: its last range gets longer, into the lowest gap of the region, which is what
    /// the kernel takes first (drivers/dax/bus.c, `dev_dax_resize`).
    private static func growsInPlace(
        _ ranges: [Range<UInt64>], to wanted: [Range<UInt64>], free: [Range<UInt64>]
    ) -> Bool {
        guard let last = ranges.last, let end = wanted.last, ranges.count == wanted.count,
            ranges.dropLast() == wanted.dropLast(), last.lowerBound == end.lowerBound,
            last.upperBound < end.upperBound, let gap = free.first
        else { return false }
        return gap.lowerBound == last.upperBound && gap.upperBound >= end.upperBound
    }
}
