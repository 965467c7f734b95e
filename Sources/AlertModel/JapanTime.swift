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

    /// A moment as bulletins and we ourselves write it (RFC 3339, to the second; parts of one are read and let go). Nil for anything else.
    /// An early warning for the whole country asks it of each town: no formatter.
    public static func moment(_ text: String) -> Date? {
        let octets = Array(text.utf8)
        func number(_ at: Int, _ length: Int) -> Int? {
            var value = 0
            for place in at..<at + length {
                guard place < octets.count, (0x30...0x39).contains(octets[place]) else { return nil }
                value = value * 10 + Int(octets[place] - 0x30)
            }
            return value
        }
        func has(_ sign: Character, _ at: Int) -> Bool { at < octets.count && octets[at] == sign.asciiValue }
        guard let year = number(0, 4), has("-", 4), let month = number(5, 2), has("-", 7), let day = number(8, 2),
            has("T", 10), let hour = number(11, 2), has(":", 13), let minute = number(14, 2), has(":", 16), let second = number(17, 2),
            (1900...2999).contains(year), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        var at = 19
        if has(".", at) {
            at += 1
            let first = at
            while at < octets.count, (0x30...0x39).contains(octets[at]) { at += 1 }
            guard at > first else { return nil }
        }
        var offset = 0
        if !has("Z", at) {
            guard has("+", at) || has("-", at), let hours = number(at + 1, 2), has(":", at + 3), let minutes = number(at + 4, 2),
                hours < 24, minutes < 60 else { return nil }
            offset = (hours * 60 + minutes) * (has("-", at) ? -60 : 60)
            at += 5
        }
        guard at + 1 == octets.count else { return nil }
        let days = days(year, month, day)
        // The 31st of a month that has none.
        guard civil(days) == (year, month, day) else { return nil }
        return Date(timeIntervalSince1970: Double(days * 86_400 + Int64(hour * 3600 + minute * 60 + second - offset)))
    }

    /// The same author's days_from_civil.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400, yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int64(era * 146_097 + dayOfEra - 719_468)
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
