import Glibc
public import ProvisionCore

extension InventoryOrigin {
    /// This host, now.
    public static func here() -> InventoryOrigin {
        InventoryOrigin(hostName: hostName(), time: text(of: Glibc.time(nil)))
    }

    private static func hostName() -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return nil }
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name.isEmpty ? nil : name
    }

    /// Seconds since 1970 as "2026-11-28T06:23:00Z"; nil before 1970 and from the year 10,000 on.
    ///
    /// The C library's calendar reads the time zone's file first; UTC needs none. The days are counted in eras of 400 years
    /// that begin in March, so that a leap day is the last of its year.
    package static func text(of seconds: Int) -> String? {
        guard (0..<253_402_300_800).contains(seconds) else { return nil }
        let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400)
        let (era, dayOfEra) = (days / 146_097, days % 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let year = era * 400 + yearOfEra + (month < 10 ? 0 : 1)
        func digits(_ number: Int, _ count: Int = 2) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return "\(digits(year, 4))-\(digits(month < 10 ? month + 3 : month - 9))-\(digits(day))"
            + "T\(digits(second / 3600)):\(digits(second / 60 % 60)):\(digits(second % 60))Z"
    }
}
