import Testing

@testable import ProvisionCore

@Suite struct ProfileSizeTextTests {
    @Test(arguments: [
        ("0", 0), ("4096", 4096), ("1 B", 1), ("1K", 1024), ("1 KiB", 1024), ("64 GiB", 64 << 30),
        ("2T", 2 << 40),
        ("1.5 TiB", 3 << 39), ("0.5K", 512), ("1.000 B", 1), ("10 KB", 10_000), ("1.000001 MB", 1_000_001),
        ("18446744073709551615", UInt64.max), ("16777215.5 TiB", UInt64.max - (1 << 39) + 1),
    ])
    func sizeIsExact(text: String, bytes: UInt64) throws {
        #expect(try ByteCount(parsing: text) == ByteCount(bytes))
    }

    @Test(arguments: [
        ByteCount(1), .kib(3), .mib(250), .gib(1 << 20), ByteCount(4_227_858_431), ByteCount(.max),
    ])
    func descriptionOfASizeReadsBack(size: ByteCount) throws {
        #expect(try ByteCount(parsing: size.description) == size)
    }

    @Test(arguments: [
        "", " ", "1 ", " 1", "-1", "+1", "1..5", "1.5", "0.1K", "01", "1 Kib", "1 PiB", "1,5G", "1  G", "1G ",
        "٣ K",
        "18446744073709551616", "16777216T", "0.0000000000000000001 T", "1\t G", "1\u{0}G",
        "99999999999999999999.5 B",
    ])
    func malformedSizeIsRefused(text: String) {
        #expect(throws: SizeTextError.self) { try ByteCount(parsing: text) }
    }

    @Test(arguments: [("gib", "GiB"), ("Gb", "GB"), ("g", "G"), ("Kib", "KiB"), ("Ti", "TiB"), ("Mi", "MiB")])
    func unitNearAKnownOneIsSuggested(unit: String, suggestion: String) {
        let error = #expect(throws: SizeTextError.self) { try ByteCount(parsing: "1 \(unit)") }
        #expect(error?.suggestion == "did you mean `1 \(suggestion)`?")
    }

    @Test(arguments: ["EiB", "PB", "Q", "bytes"])
    func unitOfAnotherMagnitudeIsNeverSuggested(unit: String) {
        let error = #expect(throws: SizeTextError.self) { try ByteCount(parsing: "1 \(unit)") }
        #expect(error?.suggestion?.hasPrefix("units are") == true)
    }

    @Test func sharesAddUpExactly() throws {
        let egyptian = try [2, 3, 7, 43, 1807].reduce(Fraction.zero) {
            try #require($0.addingReciprocal(of: $1))
        }
        #expect(egyptian.isAtMostOne)
        #expect(try !#require(egyptian.addingReciprocal(of: 4096)).isAtMostOne)
        let whole = try #require(
            Fraction.zero.addingReciprocal(of: 3)?.addingReciprocal(of: 3)?.addingReciprocal(of: 3))
        #expect(whole == Fraction(numerator: 1, denominator: 1))
    }
}
