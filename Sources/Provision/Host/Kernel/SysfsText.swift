package import ProvisionCore

/// The texts of sysfs attributes that hold more than a word.
package enum SysfsText {
    /// A list of media errors: lines of first unit and number of units (block/badblocks.c, `badblocks_show`).
    package static func badBlocks(_ text: String) -> [BadBlocks] {
        text.split(separator: "\n").compactMap { line in
            let numbers = line.split(separator: " ")
            guard numbers.count == 2, let offset = UInt64(numbers[0]), let length = UInt32(numbers[1]) else {
                return nil
            }
            return BadBlocks(offset: offset, length: length)
        }
    }

    /// A list of numbers, of which one may be in brackets.
    package static func numbers(_ text: String) -> [UInt64] {
        text.split(separator: " ").compactMap { UInt64($0.filter(\.isNumber)) }
    }

    /// Whether a list is as long as an attribute can be, so that there may be more (block/badblocks.c, `badblocks_show`: up to a page).
    package static func isCut(_ text: String) -> Bool { text.utf8.count >= 4096 - 32 }
}
