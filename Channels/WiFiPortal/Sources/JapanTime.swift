import AlertModel
import ChannelKit
import FoundationEssentials

/// Wall time as people in Japan read it: there is one zone and no summer time (明治28年勅令第167号).
struct JapanTime {
    let year, month, day, hour, minute: Int

    init(_ date: Date) {
        // Our own clock and dates of four-digit years.
        let seconds = Int(date.timeIntervalSince1970.rounded(.down)) + 9 * 3600
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let rest = seconds - days * 86_400
        hour = rest / 3600
        minute = rest / 60 % 60
        // Days to civil date, Howard Hinnant's algorithm: eras of 400 years that begin on 1 March.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * ofYear + 2) / 153
        day = ofYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    var clock: String { "\(Self.two(hour)):\(Self.two(minute))" }
    /// For `datetime` attributes and the manifest: RFC 3339.
    var stamp: String { "\(year)-\(Self.two(month))-\(Self.two(day))T\(clock):00+09:00" }

    /// The time of day alone where it was today, else with the date before it.
    func words(_ language: Language, today: JapanTime) -> String {
        if (year, month, day) == (today.year, today.month, today.day) { return clock }
        return date(language) + " " + clock
    }

    func date(_ language: Language) -> String { ScreenLanguages.inUse.words(language).date(month: month, day: day) }
}
