import ProvisionCore
import ProvisionHost

/// A look at ranges of a region in which no namespace lies: a raw namespace is made over them for the moment, without touching its media, and
/// read while nobody can reach it. The journal knows its label's UUID before it exists, so that recovery finds what a run that died has left.
struct FreeRangeLook {
    let host: any RestoringHost
    let region: Region

    /// Notes the UUID and the place of what is about to be made.
    typealias Note = (UUID, ByteCount) throws(OperationError) -> Void

    /// Why each of the ranges could not be read; nil for one that was.
    /// - Throws: where the journal cannot be written.
    func look(at ranges: [Extent], _ note: Note) throws(OperationError) -> [OperationError?] {
        var found: [OperationError?] = []
        for range in ranges { found.append(try look(at: range, note)) }
        return found
    }

    private func look(at range: Extent, _ note: Note) throws(OperationError) -> OperationError? {
        let gaps = ExtentMap(of: region)?.gaps ?? []
        guard region.labelling == .labelled, let start = region.resource,
            let place = gaps.first(where: { $0.offset <= range.offset && range.end <= $0.end })
        else { return Self.unread("no namespace can be made over it to read it", region) }
        var made: [UUID] = []
        var result: Result<OperationError?, OperationError>
        do throws(OperationError) {
            // The kernel takes the first gap that is large enough.
            for gap in gaps where gap.offset < place.offset && gap.length >= place.length {
                _ = try occupy(gap, start, &made, note)
            }
            let target = try occupy(place, start, &made, note)
            let part = Extent(offset: range.offset - place.offset, length: range.length)
            let piece = ByteCount.mib(1)
            let pieces = stride(from: part.offset.bytes, to: part.end.bytes, by: Int(piece.bytes)).map {
                Extent(offset: ByteCount($0), length: min(piece, part.end - ByteCount($0)))
            }
            var isReadable = false
            try host.readMedia(of: target, pieces) { _, bytes in
                isReadable = bytes != nil
                return isReadable
            }
            result = .success(isReadable ? nil : Self.unread("reading it fails with a media error", region))
        } catch {
            result = .failure(error)
        }
        var left: [String] = []
        for label in made.reversed() {
            do throws(OperationError) {
                try host.remove(label, from: region.device)
            } catch {
                var error = error
                error.device = error.device ?? region.device
                left.append(error.description)
            }
        }
        switch result {
        case .success(let error):
            guard !left.isEmpty else { return error }
            var error =
                error ?? Self.unread("the namespace that was made to read it could not be removed", region)
            error.undoFailures += left
            return error
        case .failure(var error) where error.kind.isHosts:
            error.undoFailures += left
            return Self.unread(error.reason, region, error.undoFailures)
        case .failure(let error): throw error
        }
    }

    private func occupy(
        _ place: Extent, _ start: UInt64, _ made: inout [UUID], _ note: Note
    ) throws(OperationError) -> NamespaceTarget {
        var generator = SystemRandomNumberGenerator()
        let label = UUID.random(using: &generator)
        try note(label, place.offset)
        made.append(label)
        let placement = Placement(
            region: region.device, layout: Layout(name: nil, mode: .raw, rawSize: place.length),
            resource: start + place.offset.bytes, usableSize: place.length)
        return try host.occupy(placement, as: label)
    }

    private static func unread(_ why: String, _ region: Region, _ failures: [String] = []) -> OperationError {
        var error = OperationError(
            .failed, while: "read what was cleared", device: region.device,
            reason: "the kernel lists no error there any more, but it could not be read: \(why)",
            advice: "it is not counted as cleared: what is created there shows whether it can be read")
        error.undoFailures = failures
        return error
    }
}
