/// The log of an arena of a block translation table (drivers/nvdimm/btt.h, `struct log_group`): 64 bytes for each of its 256 lanes, with room
/// for four entries of four 32-bit words (a sector, its old block, its new block, a sequence number).
package enum TranslationLog {
    private static let lane = 64
    private static let entry = 16

    /// Whether a whole log is as the kernel makes it with a new table: no sector was ever written.
    ///
    /// A new log has one entry in each lane, the first, with sequence number 1 and the same block as the old and the new one (btt.c,
    /// `btt_log_init`). Every write of a sector adds an entry to its lane (`btt_flog_write`), and a lane that has two keeps two. Reading and
    /// enabling leave an entry with equal blocks alone (`btt_freelist_init`).
    package static func isUnused(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty, bytes.count.isMultiple(of: lane) else { return false }
        return stride(from: 0, to: bytes.count, by: lane).allSatisfy { start in
            let words = (1..<4).map { word in Array(bytes[start + 4 * word..<start + 4 * word + 4]) }
            return words[0] == words[1] && words[2] == [1, 0, 0, 0]
                && bytes[start + entry..<start + lane].allSatisfy { $0 == 0 }
        }
    }
}
