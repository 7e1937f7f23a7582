import ProvisionCore
import SystemPackage
import Testing

/// A small generator with a seed, so that a failure can be repeated (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}

/// Good profiles with bytes changed at random: whatever comes of them, the reader answers.
@Suite struct ProfileMutationTests {
    /// Bytes that mean something in YAML or in UTF-8, which random bytes rarely hit.
    private static let telling =
        Array("\n\t \r:-?[]{},#&*!|>'\"%@`<=~0/.".utf8) + [0, 0x80, 0xC3, 0xE2, 0xF0, 0xFF]

    @Test(arguments: [UInt64](1...8))
    func mutatedProfileGivesAProfileOrDiagnosticsInsideItsText(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        let folder = ProfileFixtures.folder.appending("good")
        let originals = ProfileFixtures.profiles(in: folder).compactMap(ProfileFixtures.bytes(of:))
        try #require(originals.count >= 5)
        var goodCount = 0
        for _ in 0..<1000 {
            var bytes = originals[Int.random(in: originals.indices, using: &generator)]
            for _ in 0...Int.random(in: 0...3, using: &generator) { mutate(&bytes, using: &generator) }
            if check(bytes) { goodCount += 1 }
        }
        #expect((1..<1000).contains(goodCount))
    }

    private func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        guard !bytes.isEmpty else { return bytes.append(0x3A) }
        let index = Int.random(in: bytes.indices, using: &generator)
        let length = min(Int.random(in: 1...12, using: &generator), bytes.count - index)
        switch Int.random(in: 0...5, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes[index] = Self.telling.randomElement(using: &generator) ?? 0
        case 2: bytes.insert(Self.telling.randomElement(using: &generator) ?? 0, at: index)
        case 3: bytes.removeSubrange(index..<(index + length))
        case 4:
            bytes.insert(
                contentsOf: bytes[index..<(index + length)],
                at: bytes.indices.randomElement(using: &generator) ?? 0)
        default: bytes.removeSubrange(index...)
        }
    }

    /// Whether the bytes are a profile; if not, the diagnostics must be in order and in the text.
    private func check(_ bytes: [UInt8]) -> Bool {
        do {
            _ = try ProfileReader.read(bytes, source: "m.yaml")
            return true
        } catch .invalid(let diagnostics) {
            #expect(!diagnostics.isEmpty)
            #expect(diagnostics.map(\.position) == diagnostics.map(\.position).sorted())
            let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            #expect(diagnostics.allSatisfy { isInside($0, lines: lines) }, "\(bytes)")
        } catch {
            Issue.record("\(error)")
        }
        return false
    }

    /// Whether position and length stay within their line, and the text is free of control characters.
    private func isInside(_ diagnostic: Diagnostic, lines: [ArraySlice<UInt8>]) -> Bool {
        guard lines.indices.contains(diagnostic.position.line - 1) else { return false }
        let line = String(decoding: lines[diagnostic.position.line - 1], as: UTF8.self).unicodeScalars
        let isPrintable = diagnostic.description.unicodeScalars.allSatisfy {
            $0 == "\n" || $0.properties.generalCategory != .control
        }
        return diagnostic.position.column >= 1 && diagnostic.position.column <= line.count + 1
            && diagnostic.length >= 1 && diagnostic.position.column + diagnostic.length <= line.count + 2
            && isPrintable
    }
}
