import Testing

@testable import ProvisionCore

/// What is loaded from lies beside every known media error.
@Suite struct CleanWindowTests {
    private func offset(_ errors: [(UInt64, UInt32)], size: ByteCount = .mib(64)) -> ByteCount? {
        CleanWindow.offset(
            of: .mib(4), align: .mib(2), in: size,
            avoiding: errors.map { BadBlocks(offset: $0.0, length: $0.1) })
    }

    @Test func theFirstCleanRangeIsTaken() {
        let mib: UInt64 = 2048
        #expect(offset([]) == .zero)
        #expect(offset([(0, 1)]) == .mib(2))
        #expect(offset([(4 * mib, 1)]) == .zero, "right behind the first range")
        #expect(offset([(4 * mib - 1, 1)]) == .mib(4))
        #expect(offset([(9 * mib, 1), (1, 1), (5 * mib, 8)]) == .mib(10), "in whichever order")
        #expect(offset([(0, 1), (0, 20 * 2048)]) == .mib(20))
    }

    @Test func whereThereIsNoneNothingIsLoaded() {
        #expect(offset([(0, UInt32.max)]) == nil)
        #expect(offset([(30 * 2048, 8), (2048, 56 * 2048)]) == .mib(58))
        #expect(offset([], size: .mib(2)) == nil)
        #expect(offset([(.max, .max)]) == .zero, "no number of others is out of range")
        #expect(
            CleanWindow.offset(of: .zero, align: .mib(2), in: .mib(64), avoiding: []) == nil,
            "nothing to load")
    }
}
