import Provision
import Testing

@Suite struct ReportTextTests {
    static let sizes: [(bytes: UInt64, text: String)] = [
        (0, "0 B"), (512, "512 B"), (9999, "9999 B"), (10_240, "10 KiB"), (10_241, "~10 KiB"),
        (12_345, "~12.06 KiB"), (4032 << 20, "4032 MiB"), (65_024 << 20, "63.5 GiB"),
        (267_096_064, "~254.72 MiB"), (1 << 50, "1024 TiB"), (UInt64.max, "~16777216 TiB"),
        ((1 << 40) - 4096, "~1024 GiB"),
    ]

    @Test(arguments: sizes)
    func sizesAreShortAndSayWhenTheyAreRounded(bytes: UInt64, text: String) {
        #expect(ByteCount(bytes).brief == text)
    }

    @Test func whatATerminalWouldActOnIsReplaced() {
        let hostile = "a\u{1b}[2Jb\u{9b}c\r\nd\u{202e}e\u{2028}f\u{200b}g\u{7f}h\u{0}i"
        #expect(TerminalText.clean(hostile) == "a?[2Jb?c??d?e?f?g?h?i")
        #expect(TerminalText.clean("größe-\u{1f4be} ok") == "größe-\u{1f4be} ok")
    }

    @Test func whatOnlyARebootCompletesIsNotSaidToBeAsBefore() {
        let whole = UndoText.undone(afterReboot: [])
        #expect(whole == ["Everything was undone, and verified: the host is as it was before."])
        let rest = UndoText.undone("000001", afterReboot: ["region0"])
        #expect(rest[0].contains("as it was before 000001, but for what only a reboot brings back:"))
        #expect(rest[1].contains("the namespace of region0 is back after the next reboot"))
    }

    @Test func mapsAre80ColumnsWideAndShowEverySegment() throws {
        for count in [0, 1, 2, 39, 40, 77, 78, 79, 200] {
            let region = Region(
                device: "region0", size: .gib(16), resource: 0,
                namespaces: (0..<UInt64(count)).map { index in
                    Namespace(device: "n\(index)", resource: index << 25, rawSize: .mib(16))
                })
            let map = try #require(RegionMap(region))
            #expect(map.lines.allSatisfy { $0.count == RegionMap.width })
            let cells = map.lines.flatMap { $0.dropFirst().dropLast() }
            let runs = cells.indices.filter { $0 == 0 || cells[$0] != cells[$0 - 1] }.map { cells[$0] }
            #expect(runs.filter { $0 != "|" }.count == max(1, 2 * count))
            #expect(map.legend.count == count)
        }
    }

    @Test func cellsAreInProportion() throws {
        let region = Region(
            device: "region0", size: .gib(4), resource: 0,
            namespaces: [Namespace(device: "n", resource: 0, rawSize: .gib(1))])
        let line = try #require(RegionMap(region)?.lines.first)
        #expect(line.filter { $0 == "a" }.count == 19)
        #expect(line.filter { $0 == "." }.count == 58)
    }

    @Test func gapsTooSmallToAllocateAreMarked() throws {
        let region = Region(
            device: "region0", size: .mib(64), resource: 0,
            namespaces: [Namespace(device: "n", resource: 8 << 20, rawSize: .mib(56))])
        let line = try #require(RegionMap(region)?.lines.first)
        #expect(line.hasPrefix("[-"))
        #expect(!line.contains("."))
    }
}
