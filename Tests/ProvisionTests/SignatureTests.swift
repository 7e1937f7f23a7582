import Glibc
import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// libblkid on files that hold what devices hold.
@Suite struct SignatureTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    /// Writes bytes at an offset of an otherwise empty file of 1 MiB, and probes it.
    private func signatures(_ pieces: [(offset: Int, bytes: [UInt8])]) throws -> [Signature]? {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        for piece in pieces {
            bytes.replaceSubrange(piece.offset..<(piece.offset + piece.bytes.count), with: piece.bytes)
        }
        try scratch.write(String(decoding: bytes, as: UTF8.self), to: "image")
        let file = unsafe open(scratch.path.appending("image").string, O_RDONLY)
        defer { close(file) }
        return SignatureProbe.signatures(in: file)
    }

    @Test func anEmptyDeviceHoldsNothing() throws {
        #expect(try signatures([]) == [])
    }

    @Test func aSwapAreaIsNamedWithItsLabel() throws {
        // The header lies in the first page: the version at 1024, the label at 1052, the magic at the page's end.
        let found = try signatures([
            (1024, [1, 0, 0, 0, 0x7f]), (1052, Array("spare".utf8)), (4086, Array("SWAPSPACE2".utf8)),
        ])
        let swap = try #require(found?.first)
        #expect(found?.count == 1)
        #expect(swap.kind == .other && swap.type == "swap" && swap.label == "spare")
        #expect(swap.description.hasPrefix("swap, label spare"))
    }

    @Test func whatCannotBeReadIsNotKnown() {
        #expect(SignatureProbe.signatures(in: -1) == nil)
    }

    @Test func aLabelCannotReachTheTerminal() {
        let signature = Signature(.fileSystem, type: "ext4", label: "a\u{1b}[2Jb", uuid: "x\u{202e}y")
        #expect(signature.description == "ext4, label a?[2Jb, UUID x?y")
    }
}
