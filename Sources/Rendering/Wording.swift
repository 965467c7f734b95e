/// Words and numbers of one language. The words are data (Templates/words.json); a word that is not listed stays
/// Japanese, as names do.
import AlertModel
import Foundation

/// Templates/words.json: category → Japanese word (or our own key) → language tag → word.
struct WordList: Sendable {
    private let entries: [String: [String: [String: String]]]

    static let categories: Set<String> = ["kind", "hazard", "sender", "level", "cancelled", "place"]

    init(json: Data, file: String) throws(TemplateProblems) {
        do {
            entries = try JSONDecoder().decode([String: [String: [String: String]]].self, from: json)
        } catch {
            throw TemplateProblems(problems: [TemplateProblem(file: file, text: "no list of words: \(error)")])
        }
        let unknown = Set(entries.keys).subtracting(Self.categories).sorted()
        guard unknown.isEmpty else {
            throw TemplateProblems(problems: unknown.map {
                TemplateProblem(file: file, text: "unknown category “\($0)”")
            })
        }
    }

    func word(_ category: String, _ key: String, _ language: Language) -> String? {
        entries[category]?[key]?[language.rawValue]
    }
}

struct Wording {
    let language: Language
    let words: WordList

    func word(_ category: String, _ key: String) -> String { words.word(category, key, language) ?? key }

    var isJapanese: Bool { language == .japanese }
    var isEasy: Bool { language == .easyJapanese }
    private var writesJapanese: Bool { isJapanese || isEasy }

    func joined(_ parts: [String]) -> String { parts.joined(separator: writesJapanese ? "、" : ", ") }

    /// 宮城県、岩手県など: at most `limit`, and says so when there are more.
    func joined(_ parts: [String], limit: Int) -> String {
        guard parts.count > limit else { return joined(parts) }
        return joined(Array(parts.prefix(limit))) + (writesJapanese ? "など" : " and others")
    }

    // MARK: Numbers

    func intensity(_ step: Intensity) -> String {
        if isJapanese { return step.words }
        return isEasy ? Self.halfWidth(step.words) : step.englishWords
    }

    /// Nil where the bulletin knows none (Ｍ不明).
    func magnitude(_ hypocentre: Hypocentre) -> String? {
        if let text = hypocentre.magnitudeText, text.contains("巨大地震") {
            return isJapanese ? text : isEasy ? "マグニチュード8より 大きい" : "over 8"
        }
        guard let value = hypocentre.magnitude, value.isFinite, abs(value) < 100 else { return nil }
        let tenths = Int((value * 10).rounded())
        let number = "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
        if isJapanese { return hypocentre.magnitudeText ?? "Ｍ" + Self.fullWidth(number) }
        return isEasy ? "マグニチュード\(number)" : number
    }

    /// Kilometres; 0 is ごく浅い.
    func depth(_ kilometres: Double) -> String? {
        guard kilometres.isFinite, (0...1000).contains(kilometres) else { return nil }
        if kilometres == 0 { return isJapanese ? "ごく浅いところ" : isEasy ? "とても 浅い ところ" : "very shallow" }
        let whole = Int(kilometres.rounded())
        return isJapanese ? "約\(whole)km" : isEasy ? "\(whole)キロメートル" : "about \(whole) km"
    }

    /// A tsunami's height in the bulletin's words: ６ｍ, １０ｍ超, ０．２ｍ未満, 巨大, 高い. Nil for words that are no
    /// height (観測中, NaN).
    func tsunamiHeight(_ words: String) -> String? {
        switch words {
        case "巨大": return isJapanese ? words : isEasy ? "とても とても 高い" : "extremely high"
        case "高い": return isJapanese ? words : isEasy ? "高い" : "high"
        default: break
        }
        let plain = Self.halfWidth(words)
        let number = plain.prefix { $0.isNumber || $0 == "." }
        let rest = plain.dropFirst(number.count)
        guard !number.isEmpty, Double(number) != nil, ["", "m", "m超", "m以上", "m未満"].contains(rest) else { return nil }
        if isJapanese { return Self.fullWidth(String(number)) + "ｍ" + rest.drop { $0 == "m" } }
        let isMore = rest.hasSuffix("超") || rest.hasSuffix("以上")
        let isLess = rest.hasSuffix("未満")
        if isEasy { return "\(number)メートル" + (isMore ? "より 高い" : isLess ? "より 低い" : "") }
        return (isMore ? "over " : isLess ? "less than " : "") + "\(number) m"
    }

    // MARK: Time, always Japan's (UTC+9, no summer time)

    func date(_ moment: Date) -> String {
        let parts = JapanTime(moment)
        if writesJapanese { return "\(parts.month)月\(parts.day)日" }
        let months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                      "November", "December"]
        return "\(months[parts.month - 1]) \(parts.day)"
    }

    func time(_ moment: Date) -> String { clock(JapanTime(moment)) }

    private func clock(_ parts: JapanTime) -> String {
        let minute = parts.minute < 10 ? "0\(parts.minute)" : "\(parts.minute)"
        if isJapanese { return "\(parts.hour)時\(minute)分" }
        if isEasy {
            let hour = "\(parts.hour < 12 ? "午前" : "午後")\(parts.hour % 12)時"
            return parts.minute == 0 ? hour : hour + "\(parts.minute)分"
        }
        return "\(parts.hour < 10 ? "0" : "")\(parts.hour):\(minute)"
    }

    // MARK: Widths

    static func halfWidth(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { scalar in
            (0xFF01...0xFF5E).contains(scalar.value) ? Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar : scalar
        }))
    }

    static func fullWidth(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { scalar in
            (0x21...0x7E).contains(scalar.value) ? Unicode.Scalar(scalar.value + 0xFEE0) ?? scalar : scalar
        }))
    }
}

/// Month, day, hour and minute in Japan.
struct JapanTime {
    let month: Int, day: Int, hour: Int, minute: Int

    init(_ moment: Date) {
        let seconds = Int((moment.timeIntervalSince1970 + 9 * 3600).rounded(.down))
        let days = Int((Double(seconds) / 86_400).rounded(.down))
        let ofDay = seconds - days * 86_400
        (hour, minute) = (ofDay / 3600, ofDay / 60 % 60)
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let index = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * index + 2) / 5 + 1
        month = index < 10 ? index + 3 : index - 9
    }
}
