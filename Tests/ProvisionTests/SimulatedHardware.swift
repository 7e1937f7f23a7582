@testable import ProvisionCore
@testable import ProvisionHost

/// What people do to the hardware of a simulated host of one bus while it is off. Each needs a reboot.
extension SimulatedState {
    /// The number of the region that a DIMM with this id belongs to; nil where that is not there.
    func region(onDimm id: String) -> Int? {
        regions.firstIndex { region in region.mappings.contains { dimms[$0.dimm].id == id } }
    }

    /// Maps a region to other physical addresses, as when a DIMM was added before it.
    mutating func move(region number: Int, to start: UInt64) {
        let media = cutMedia(ofRegion: number)
        update(region: number) { $0.resource = start }
        put(media, at: start)
    }

    /// Lets the kernel find a region last, so that all of them get other numbers.
    mutating func renumber(region number: Int) {
        let last = buses[0].regions.remove(at: number)
        buses[0].regions.append(last)
    }

    /// Takes a DIMM out. Its region is not there without it, whatever else belongs to that.
    mutating func takeOut(dimm id: String) -> RemovedDimm? {
        guard let number = dimms.firstIndex(where: { $0.id == id }), let region = region(onDimm: id) else {
            return nil
        }
        disableRegion(region)
        let media = cutMedia(ofRegion: region)
        let removed = RemovedDimm(
            dimm: dimms[number], region: regions[region],
            members: regions[region].mappings.map { dimms[$0.dimm].id }, media: media)
        buses[0].regions.remove(at: region)
        buses[0].dimms.remove(at: number)
        renumberMappings { $0 > number ? $0 - 1 : $0 }
        return removed
    }

    /// Puts a DIMM back, in front of the others or behind them, and maps its region to an address.
    mutating func putBack(_ removed: RemovedDimm, first: Bool, at start: UInt64) {
        if first { renumberMappings { $0 + 1 } }
        buses[0].dimms.insert(removed.dimm, at: first ? 0 : buses[0].dimms.count)
        var region = removed.region
        region.resource = start
        for index in region.mappings.indices {
            region.mappings[index].dimm = dimms.firstIndex { $0.id == removed.members[index] } ?? 0
        }
        buses[0].regions.insert(region, at: first ? 0 : buses[0].regions.count)
        put(removed.media, at: start)
    }

    /// An address behind every region.
    var freeAddress: UInt64 {
        let end = regions.map { $0.resource + $0.size.bytes }.max() ?? 0
        return (end / (16 << 30) + 1) * (16 << 30)
    }

    private mutating func renumberMappings(_ change: (Int) -> Int) {
        for region in buses[0].regions.indices {
            for mapping in buses[0].regions[region].mappings.indices {
                let number = buses[0].regions[region].mappings[mapping].dimm
                buses[0].regions[region].mappings[mapping].dimm = change(number)
            }
        }
    }

    /// What lies on the media of a region, by the offset in it.
    func media(ofRegion number: Int) -> SimulatedMedia {
        let start = regions[number].resource
        let end = start + regions[number].size.bytes
        return SimulatedMedia(
            infoBlocks: infoBlocks.reduce(into: [:]) {
                if $1.key >= start, $1.key < end { $0[$1.key - start] = $1.value }
            },
            pages: pages.reduce(into: [:]) {
                if $1.key >= start, $1.key < end { $0[$1.key - start] = $1.value }
            })
    }

    private mutating func cutMedia(ofRegion number: Int) -> SimulatedMedia {
        let media = media(ofRegion: number)
        let start = regions[number].resource
        for offset in media.infoBlocks.keys { infoBlocks[start + offset] = nil }
        for offset in media.pages.keys { pages[start + offset] = nil }
        return media
    }

    private mutating func put(_ media: SimulatedMedia, at start: UInt64) {
        for (offset, block) in media.infoBlocks { infoBlocks[start + offset] = block }
        for (offset, value) in media.pages { pages[start + offset] = value }
    }
}

/// What lies on the media of a simulated region, by the offset in it.
struct SimulatedMedia: Equatable {
    var infoBlocks: [UInt64: SimulatedInfoBlock]
    var pages: [UInt64: UInt64]

    /// The part of it in a range.
    func part(_ range: Range<UInt64>) -> SimulatedMedia {
        SimulatedMedia(
            infoBlocks: infoBlocks.filter { range.contains($0.key) },
            pages: pages.filter { range.contains($0.key) })
    }
}

/// A DIMM that lies in a drawer, with the region on it.
struct RemovedDimm {
    var dimm: SimulatedDimm
    var region: SimulatedRegion
    /// The ids of the region's DIMMs, in the order of its mappings.
    var members: [String]
    var media: SimulatedMedia
}
