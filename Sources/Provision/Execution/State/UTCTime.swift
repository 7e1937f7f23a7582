import Glibc

/// A point in time, to the second, in UTC. Any number is one: a journal may hold any.
struct UTCTime: Equatable {
    /// Seconds since 1970, within the years that can be written.
    private let seconds: Int

    /// The time so many seconds after 1970; nil where it is before that, or after the year 9999.
    init?(_ seconds: Int) {
        guard Self.range.contains(seconds) else { return nil }
        self.seconds = seconds
    }

    /// The time so many seconds after 1970, or the nearest that can be written.
    init(clamping seconds: Int) {
        self.seconds = min(max(seconds, Self.range.lowerBound), Self.range.upperBound)
    }

    /// What the host's clock says, in seconds since 1970.
    static var now: Int { Int(time(nil)) }

    /// "2026-11-22T13:30:00Z".
    var text: String {
        let (year, month, day) = date
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))T\(clock(":"))Z"
    }

    /// "20261122T133000Z".
    var compact: String {
        let (year, month, day) = date
        return "\(digits(year, 4))\(digits(month, 2))\(digits(day, 2))T\(clock(""))Z"
    }

    private static let range = 0...253_402_300_799

    private func clock(_ separator: String) -> String {
        let rest = seconds % 86_400
        return [rest / 3600, rest / 60 % 60, rest % 60].map { digits($0, 2) }.joined(separator: separator)
    }

    /// Year, month and day of the Gregorian calendar: from the days since 1 March of year 0, so that a leap day is the
    /// last of its year (Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`).
    private var date: (year: Int, month: Int, day: Int) {
        let days = seconds / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    private func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}
