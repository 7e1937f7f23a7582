import Glibc
import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// How far a region is looked at before it gets labels, and what is said of it.
@Suite struct ContentLookTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    @Test(arguments: [ByteCount.mib(16), .mib(256), .mib(256) + .kib(4), .gib(6), .gib(128), .gib(6 * 1024)])
    func theStartTheEndAndPlacesBetweenAreLookedAt(size: ByteCount) throws {
        let places = ContentLook.places(in: size)
        let read = places.reduce(ByteCount.zero) { $0 + $1.length }
        #expect(zip(places, places.dropFirst()).allSatisfy { $0.end <= $1.offset })
        #expect(places.first?.offset == .zero && places.last?.end == size)
        guard size > ContentLook.wholeLimit else {
            #expect(places.count == 1 && read == size)
            return
        }
        #expect(try #require(places.first).length >= .mib(4) && #require(places.last).length >= .mib(4))
        #expect(places.count > 1024 - 64 && read < .mib(24) && read < size)
        // The copies of an ext4 superblock lie at multiples of 128 MiB.
        if size <= .gib(128) {
            #expect(places.contains { $0.offset == .mib(128) && $0.length >= .kib(4) })
        }
    }

    @Test func onlyWhatWasReadWhollyIsKnownToBeEmpty() {
        #expect(ContentLook(read: .gib(1), size: .gib(1)).isEmpty)
        #expect(!ContentLook(read: .gib(1) - .kib(4), size: .gib(1)).isEmpty)
        #expect(!ContentLook(read: .gib(1), size: .gib(1), firstContent: .zero).isEmpty)
    }

    @Test(arguments: [nil, 0, 5_000_000, (8 << 20) - 1])
    func aByteOtherThanZeroIsFoundWhereverItIs(place: Int?) throws {
        let path = scratch.path.appending("image").string
        let file = unsafe open(path, O_RDWR | O_CREAT, 0o600)
        defer { close(file) }
        #expect(ftruncate(file, 8 << 20) == 0)
        if let place {
            var byte: UInt8 = 1
            #expect(unsafe pwrite(file, &byte, 1, off_t(place)) == 1)
        }
        let look = ContentProbe.look(at: [Extent(offset: .zero, length: .mib(8))], in: file, size: .mib(8))
        #expect(look.firstContent == place.map { ByteCount(UInt64($0)) })
        #expect(look.isEmpty == (place == nil))
    }

    @Test func whatCannotBeReadIsNotCounted() {
        let look = ContentProbe.look(at: [Extent(offset: .zero, length: .mib(1))], in: -1, size: .mib(1))
        #expect(look.read == .zero && !look.isEmpty)
    }
}
