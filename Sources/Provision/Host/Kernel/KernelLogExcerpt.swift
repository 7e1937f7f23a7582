/// The records of a kernel's log that concern the family, bounded whatever the log has.
package struct KernelLogExcerpt {
    /// Whether records were lost while they were read.
    package var wasOverwritten = false
    /// Whether the log was not read to its end.
    package var isCut = false

    private let most: Int
    private var first: [String] = []
    private var last: [String] = []
    private var leftOut = 0
    /// The bytes behind the last line end.
    private var pending: [UInt8] = []

    /// Longer than any line of the kernel's.
    private static let longestLine = 8 << 10

    /// An excerpt of at most so many lines.
    package init(most: Int) {
        self.most = max(most, 4)
    }

    /// Adds what was read: whole records, or parts of them.
    package mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                take()
            } else if pending.count < Self.longestLine {
                pending.append(byte)
            }
        }
    }

    /// The lines, with what was left out in its place.
    package var lines: [String] {
        let excess = max(last.count - lastCount, 0)
        let missing = leftOut + excess
        let gap = missing > 0 ? ["(\(missing) lines are left out here)"] : []
        var notes: [String] = []
        if wasOverwritten {
            notes.append("(the kernel wrote over the log while it was read: lines can be missing)")
        }
        if isCut { notes.append("(the log grew while it was read: its end is missing)") }
        return first + gap + Array(last.dropFirst(excess)) + notes
    }

    private var firstCount: Int { most / 4 }
    private var lastCount: Int { most - firstCount }

    private mutating func take() {
        let line = String(decoding: pending, as: UTF8.self)
        pending = []
        // Lines that begin with a space have the record's properties.
        guard !line.isEmpty, !line.hasPrefix(" ") else { return }
        let shown = Self.shown(line)
        guard FamilyWords.isLogLine(shown) else { return }
        guard first.count >= firstCount else { return first.append(shown) }
        last.append(shown)
        guard last.count >= lastCount * 2 else { return }
        leftOut += last.count - lastCount
        last.removeFirst(last.count - lastCount)
    }

    /// A record, "6,339,5140900,-;pmem0: detected", as dmesg shows it: "[5.140900] pmem0: detected".
    private static func shown(_ record: String) -> String {
        let parts = record.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return record }
        let fields = parts[0].split(separator: ",")
        guard fields.count > 2, let time = UInt64(fields[2]) else { return record }
        let fraction = String(time % 1_000_000)
        let zeros = String(repeating: "0", count: 6 - fraction.count)
        return "[\(time / 1_000_000).\(zeros)\(fraction)] \(parts[1])"
    }
}
