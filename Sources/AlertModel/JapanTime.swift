public import FoundationEssentials

/// Japan's time, the only one people here read: +09:00 all year, no summer time (明石時, since 1952 without change).
public enum JapanTime {
    /// RFC 3339 with offset and milliseconds: `2011-03-11T14:46:45.123+09:00`.
    public static func text(_ date: Date, milliseconds: Bool = true) -> String {
        let total = (date.timeIntervalSince1970 * 1000).rounded(.down)
        guard total.isFinite, abs(total) < 8e15 else { return "" }
        let clock = Int64(total) + 9 * 3_600_000
        let seconds = floorDiv(clock, 1000)
        let days = floorDiv(seconds, 86400)
        let (year, month, day) = civil(days)
        let rest = Int(seconds - days * 86400)
        var text = pad(year, 4) + "-" + pad(month, 2) + "-" + pad(day, 2)
        text += "T" + pad(rest / 3600, 2) + ":" + pad(rest / 60 % 60, 2) + ":" + pad(rest % 60, 2)
        if milliseconds { text += "." + pad(Int(clock - seconds * 1000), 3) }
        return text + "+09:00"
    }

    /// Year, month, day, hour, minute, second on a clock in Japan.
    public static func parts(_ date: Date) -> (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        let seconds = Int64(date.timeIntervalSince1970.rounded(.down)) + 9 * 3600
        let days = floorDiv(seconds, 86400)
        let (year, month, day) = civil(days)
        let rest = Int(seconds - days * 86400)
        return (year, month, day, rest / 3600, rest / 60 % 60, rest % 60)
    }

    /// The first moment of its day.
    public static func midnight(before date: Date) -> Date {
        let seconds = date.timeIntervalSince1970
        guard seconds.isFinite, abs(seconds) < 8e12 else { return date }
        return Date(timeIntervalSince1970: ((seconds + 32_400) / 86_400).rounded(.down) * 86_400 - 32_400)
    }

    private static func floorDiv(_ value: Int64, _ by: Int64) -> Int64 {
        value >= 0 ? value / by : -((-value + by - 1) / by)
    }

    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    private static func civil(_ days: Int64) -> (Int, Int, Int) {
        let shifted = days + 719_468
        let era = floorDiv(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let calendarMonth = month < 10 ? month + 3 : month - 9
        return (Int(yearOfEra + era * 400 + (calendarMonth <= 2 ? 1 : 0)), Int(calendarMonth), Int(day))
    }

    private static func pad(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
