import SystemPackage
package import ProvisionCore

extension KernelRegion {
    /// Gives an inactive namespace another layout under a new label UUID, and enables it.
    ///
    /// On a labelled region the new UUID alone makes the old info block invalid: the kernel ignores one whose
    /// parent UUID is another one. Without labels it would match, and is wiped. A raw namespace keeps none.
    ///
    /// Where it fails, it takes back what it wrote itself. Once a claim holds the namespace the driver may have written
    /// an info block and a page map or translation table as well: then all stays as it is, since undoing, which has what
    /// was saved, takes the old label or info block for a sign that the media is the old one.
    package func reconfigure(
        _ target: NamespaceTarget, _ layout: Layout, identity: FreshIdentity
    ) throws(OperationError) -> Namespace {
        let live = try inactive(target, for: "reconfigure")
        return isLabelled
            ? try relabel(live.device, target, layout, identity)
            : try rewrite(live.device, target, layout, identity)
    }

    private func relabel(
        _ namespace: String, _ target: NamespaceTarget, _ layout: Layout, _ identity: FreshIdentity
    ) throws(OperationError) -> Namespace {
        let before = Label(reading: namespace, in: self)
        var after = before
        after.uuid = identity.labelUUID.description
        after.name = layout.name?.text ?? ""
        after.holderClass = layout.mode.holderClass
        after.sectorSize = Self.sectorSize(for: layout, replacing: before.sectorSize) ?? before.sectorSize
        let media = RawAccess(namespace: namespace)
        var wiped: [(offset: ByteCount, bytes: [UInt8])] = []
        do {
            try write(after, over: before, to: namespace)
            if layout.mode == .raw { try media.wipeInfoBlocks(of: target.rawSize, in: self, noting: &wiped) }
            try configureAndEnable(namespace, layout, identity.infoBlock)
            return try finished(namespace, target, layout, identity)
        } catch {
            guard !isFormatted(namespace, target, layout, identity) else { throw error }
            let failures = failure { () throws(OperationError) in
                guard !wiped.isEmpty else { return }
                try takeOffline(namespace)
                try media.write(
                    wiped.map { page in MediaPiece(offset: page.offset, bytes: { page.bytes }) }, in: self)
            }
            // With its old label it would count as old media.
            throw error.adding(undoFailures: failures.isEmpty ? restore(before, to: namespace) : failures)
        }
    }

    private func rewrite(
        _ namespace: String, _ target: NamespaceTarget, _ layout: Layout, _ identity: FreshIdentity
    ) throws(OperationError) -> Namespace {
        try clearHolderClass(namespace, for: layout.mode)
        let media = RawAccess(namespace: namespace)
        let area = RawAccess.infoBlockArea
        let saved = try media.read(area, in: self)
        do {
            let zeroes = [UInt8](repeating: 0, count: Int(area.length.bytes))
            try media.write([MediaPiece(offset: area.offset, bytes: { zeroes })], in: self)
            try configureAndEnable(namespace, layout, identity.infoBlock)
            return try finished(namespace, target, layout, identity)
        } catch {
            guard !isFormatted(namespace, target, layout, identity) else { throw error }
            throw error.adding(
                undoFailures: failure { () throws(OperationError) in
                    try takeOffline(namespace)
                    try media.write([MediaPiece(offset: area.offset, bytes: { saved })], in: self)
                })
        }
    }

    /// Whether the kernel may have written metadata to the media before a step failed. Then the old label must not come back
    /// by itself, since undo takes it for the proof of old media: undo, which writes what was saved, is left with all of it.
    ///
    /// Page maps are written after their info block (pfn_devs.c, `nd_pfn_init`), and translation tables before theirs
    /// (btt.c, `btt_arena_write_layout`), but not to less than one arena (btt.h, `ARENA_MIN_SIZE`).
    private func isFormatted(
        _ namespace: String, _ target: NamespaceTarget, _ layout: Layout, _ identity: FreshIdentity
    ) -> Bool {
        guard state(namespace).claim != nil else { return false }
        if layout.mode == .sector { return target.rawSize >= .mib(16) }
        let uuid = 4096 + 16
        do throws(OperationError) {
            try takeOffline(namespace)
            let area = Extent(
                offset: .zero, length: min(RawAccess.infoBlockArea.length, target.rawSize))
            let found = try RawAccess(namespace: namespace).read(area, in: self)
            return found.count < uuid + 16 || Array(found[uuid..<uuid + 16]) == identity.infoBlock.bytes
        } catch {
            return true
        }
    }

    private func finished(
        _ namespace: String, _ target: NamespaceTarget, _ layout: Layout, _ identity: FreshIdentity
    ) throws(OperationError) -> Namespace {
        let result = try readBack(namespace)
        try verify(result, against: layout, identity: identity, resource: target.resource)
        return result
    }

    /// Without labels the holder class lives in memory only, and the kernel reports ENXIO for a store that it did
    /// (namespace_devs.c, `holder_class_store`). One that another tool left would refuse other claims.
    private func clearHolderClass(_ namespace: String, for mode: NamespaceMode) throws(OperationError) {
        guard let current = directory.text("\(namespace)/holder_class"), current != mode.holderClass else {
            return
        }
        do {
            try store("", in: "\(namespace)/holder_class", "clear the mode")
        } catch {
            guard directory.text("\(namespace)/holder_class") == nil else { throw error }
        }
    }
}

extension KernelRegion {
    /// What a label says that can be changed in place.
    package struct Label: Equatable {
        /// The UUID's text; empty where there is none.
        package var uuid: String
        /// The name; empty where there is none.
        package var name: String
        /// The sector size; nil where the label says none.
        package var sectorSize: UInt32?
        /// The recorded mode, in the words of `holder_class`.
        package var holderClass: String

        /// The label of a namespace.
        package init(reading namespace: String, in region: borrowing KernelRegion) {
            uuid = region.directory.text("\(namespace)/uuid") ?? ""
            name = region.directory.text("\(namespace)/alt_name") ?? ""
            sectorSize = region.currentSectorSize(namespace)
            holderClass = region.directory.text("\(namespace)/holder_class") ?? ""
        }
    }

    /// Writes what differs. Each store rewrites the label on every DIMM.
    ///
    /// Equal values are skipped to save that, and because the kernel refuses a UUID that is in use, even by the
    /// namespace itself. A new UUID comes first: whoever dies after it left no old namespace with a part of a new label. An old
    /// UUID comes back last: it tells undoing that the rest of the label is back as well.
    package func write(
        _ label: Label, over current: Label, to namespace: String, isOld: Bool = false
    ) throws(OperationError) {
        func writeUUID() throws(OperationError) {
            guard label.uuid != current.uuid else { return }
            try store(label.uuid, in: "\(namespace)/uuid", "set the label UUID")
        }
        if !isOld { try writeUUID() }
        if label.name != current.name { try store(label.name, in: "\(namespace)/alt_name", "set the name") }
        if label.sectorSize != current.sectorSize {
            try store(String(label.sectorSize ?? 512), in: "\(namespace)/sector_size", "set the sector size")
        }
        if label.holderClass != current.holderClass {
            try store(label.holderClass, in: "\(namespace)/holder_class", "set the mode")
        }
        if isOld { try writeUUID() }
    }

    /// Takes the namespace offline and gives it the label that it had; says what of that failed.
    package func restore(_ label: Label, to namespace: String) -> [OperationError] {
        failure { () throws(OperationError) in
            try takeOffline(namespace)
            try write(label, over: Label(reading: namespace, in: self), to: namespace, isOld: true)
        }
    }

    /// The error of `work`, if it had one, as a list.
    package func failure(_ work: () throws(OperationError) -> Void) -> [OperationError] {
        do {
            try work()
            return []
        } catch {
            return [error]
        }
    }
}
