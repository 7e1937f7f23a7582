import Testing

@testable import Provision
@testable import ProvisionCore

@Suite struct ReportTextTests {
    static let sizes: [(bytes: UInt64, text: String)] = [
        (0, "0 B"), (512, "512 B"), (9999, "9999 B"), (10_240, "10 KiB"), (10_241, "~10 KiB"),
        (12_345, "~12.06 KiB"), (4032 << 20, "4032 MiB"), (65_024 << 20, "65024 MiB"),
        (65_472 << 20, "65472 MiB"), ((3 << 40) - (16 << 20), "3145712 MiB"),
        (267_096_064, "~254.72 MiB"), (1 << 50, "1024 TiB"), (UInt64.max, "~16777216 TiB"),
        ((1 << 40) - 4096, "~1048576 MiB"), (27_455_430_656, "~26183.54 MiB"),
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
        let whole = UndoText.undone(nil, Undone())
        #expect(whole == ["Everything was undone, and verified: what it touched is as it was before."])
        let rest = UndoText.undone("000001", Undone(afterReboot: ["region0"]))
        #expect(rest[0].contains("as it was before 000001, but for this:"))
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

    private static func crowded() throws -> Observed {
        try InventoryReader.read(TestFiles.bytes("inventory/crowded.json"))
    }

    /// Everything but what is one word, such as a UUID, fits.
    @Test(arguments: [40, 60, 80, 100, 200])
    func anInventoryFitsTheTerminal(width: Int) throws {
        for name in TestFiles.names(in: "inventory", endingWith: ".txt") {
            let observed = try InventoryReader.read(TestFiles.bytes("inventory/\(name).json"))
            let report = InventoryReport(observed).text(width: width)
            for line in report.split(separator: "\n") where !line.hasPrefix("  !") {
                #expect(line.columns <= max(width, 62), "\(name): \(line)")
            }
            for word in observed.regions.flatMap(\.namespaces).compactMap(\.labelUUID).map(\.description) {
                #expect(report.contains(word), "what has no room stands below, and is not left out")
            }
        }
    }

    @Test func aWideTerminalIsUsed() throws {
        let observed = try Self.crowded()
        let wide = InventoryReport(observed).text(width: 200).split(separator: "\n")
        #expect(wide.contains { $0.hasPrefix("  [") && $0.columns == 200 })
        let plain = InventoryReport(observed).text.split(separator: "\n")
        #expect(wide.filter { !$0.contains("[") } == plain.filter { !$0.contains("[") })
    }

    @Test func aLongNameIsCutWithAnEllipsisAndNothingElse() {
        var table = TextTable([.init("NAME", .left, .cut(least: 8)), .init("SIZE", .right)])
        table.add([String(repeating: "n", count: 63), "1 GiB"])
        #expect(
            table.lines(width: 40) == [
                "NAME" + String(repeating: " ", count: 32) + "SIZE",
                String(repeating: "n", count: 32) + "…  1 GiB",
            ])
        #expect(table.lines(width: 10)[1] == "nnnnnnn…  1 GiB")
        #expect(table.lines(width: nil)[1].hasPrefix(String(repeating: "n", count: 63)))
    }

    @Test func wideCharactersTakeTheirColumns() {
        var table = TextTable([.init("NAME", .left), .init("MODE", .left)])
        table.add(["\u{65e5}\u{672c}", "raw"])
        table.add(["cafe\u{301}", "raw"])
        #expect(table.lines(width: nil) == ["NAME  MODE", "\u{65e5}\u{672c}  raw", "cafe\u{301}  raw"])
    }

    @Test func longLinesBreakBetweenWordsAndAfterACommaWhereThatIsNear() {
        let text = "  + region0/wal: fsdax 1 GiB (usable 1006 MiB), map dev, align 2 MiB, at 0x100000000"
        #expect(
            TextFill.lines(text, width: 80, indent: 8) == [
                "  + region0/wal: fsdax 1 GiB (usable 1006 MiB), map dev, align 2 MiB,",
                "        at 0x100000000",
            ])
        #expect(TextFill.lines(text, width: nil, indent: 8) == [text])
        #expect(TextFill.lines("one two three", width: 7, indent: 2) == ["one two", "  three"])
        #expect(
            TextFill.lines(
                "  + region0/a-name-as-long-as-the-line: sector 26208 MiB (usable x)", width: 40, indent: 8)
                == [
                    "  + region0/a-name-as-long-as-the-line:", "        sector 26208 MiB (usable x)",
                ])
        #expect(
            TextFill.lines("  + \(String(repeating: "n", count: 60)): raw 1 GiB, at 0", width: 40, indent: 8)
                == ["  + \(String(repeating: "n", count: 60)):", "        raw 1 GiB, at 0"])
        let word = String(repeating: "x", count: 90)
        #expect(TextFill.lines(word, width: 40, indent: 2) == [word])
    }
}
