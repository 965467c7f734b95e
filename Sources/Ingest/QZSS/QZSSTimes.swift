/// Moments that a message names in part: month, day, hour and minute without a year; day, hour and minute without a
/// month; a minute of the week. All are UTC.
import FoundationEssentials

enum QZSSTimes {
    /// The latest such moment not after the receipt; a day is forgiven for a receiver whose clock is behind.
    static func announced(month: Int, day: Int, hour: Int, minute: Int, receivedAt: Date) -> Date? {
        guard hour < 24, minute < 60 else { return nil }
        let limit = receivedAt.addingTimeInterval(86_400)
        let year = civil(receivedAt).year
        // Eight years back at most: from 29 February to the one before it, across 1900 or 2100.
        return (0...9).lazy.compactMap { moment(year + 1 - $0, month, day, hour, minute) }.first { $0 <= limit }
    }

    /// The moment of any year nearest to `anchor`; nil where the fields are no time.
    static func nearest(month: Int, day: Int, hour: Int, minute: Int, to anchor: Date) -> Date? {
        guard hour < 24, minute < 60 else { return nil }
        let year = civil(anchor).year
        // 29 February is eight years away at most, across 1900 or 2100.
        return (-8...8).compactMap { moment(year + $0, month, day, hour, minute) }
            .min { abs($0.timeIntervalSince(anchor)) < abs($1.timeIntervalSince(anchor)) }
    }

    /// The moment nearest to `anchor` with this day of the month; nil where the fields are no time.
    static func nearest(day: Int, hour: Int, minute: Int, to anchor: Date) -> Date? {
        guard hour < 24, minute < 60 else { return nil }
        let today = civil(anchor)
        return (-1...1).compactMap { shift in
            let month = today.year * 12 + today.month - 1 + shift
            return moment(month / 12, month % 12 + 1, day, hour, minute)
        }.min { abs($0.timeIntervalSince(anchor)) < abs($1.timeIntervalSince(anchor)) }
    }

    /// Hour and minute of the anchor's day, or of the day after.
    static func time(hour: Int, minute: Int, daysLater: Int, than anchor: Date) -> Date? {
        guard hour < 24, minute < 60 else { return nil }
        let midnight = (anchor.timeIntervalSince1970 / 86_400).rounded(.down) * 86_400
        return Date(timeIntervalSince1970: midnight + Double(daysLater * 86_400 + hour * 3_600 + minute * 60))
    }

    /// CAMF A6 and A7: minute 1 is Monday 0:00 UTC of this week or the next; 0 is not used.
    static func onset(week: Int, minute: Int, receivedAt: Date) -> Date? {
        guard (1...10_080).contains(minute) else { return nil }
        // Our own clock, or a file's time: within a few thousand years.
        let days = Int((receivedAt.timeIntervalSince1970 / 86_400).rounded(.down))
        let monday = days - (days + 3) % 7  // 1970-01-01 was a Thursday
        return Date(timeIntervalSince1970: Double((monday + week * 7) * 86_400 + (minute - 1) * 60))
    }

    /// `2022-03-07T13:00:00+09:00`, as JMA writes times for people.
    static func japanese(_ date: Date) -> Timestamp? {
        let (year, month, day, seconds) = civil(date.addingTimeInterval(9 * 3_600))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return Timestamp("\(year)-\(two(month))-\(two(day))T\(two(seconds / 3_600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))+09:00")
    }

    /// `7日13時00分`, in Japan.
    static func words(_ date: Date) -> String {
        let (_, _, day, seconds) = civil(date.addingTimeInterval(9 * 3_600))
        let minute = seconds / 60 % 60
        return "\(day)日\(seconds / 3_600)時\(minute < 10 ? "0" : "")\(minute)分"
    }

    /// Nil for a day the month does not have.
    static func moment(_ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int) -> Date? {
        guard (1...12).contains(month), (1...31).contains(day) else { return nil }
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        let date = Date(timeIntervalSince1970: Double(days * 86_400 + hour * 3_600 + minute * 60))
        return civil(date).day == day ? date : nil
    }

    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days; seconds of the day.
    static func civil(_ date: Date) -> (year: Int, month: Int, day: Int, seconds: Int) {
        // Our own clock give or take a year: within a few thousand years.
        let total = Int(date.timeIntervalSince1970.rounded(.down))
        let day = total >= 0 ? total / 86_400 : (total - 86_399) / 86_400
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * march + 2) / 5 + 1, total - day * 86_400)
    }
}
