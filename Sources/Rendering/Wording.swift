/// Words and numbers of one language. The words are data (Templates/words.json); a word that is not listed stays
/// Japanese, as names do.
import AlertModel
import Foundation

/// Templates/words.json: category → Japanese word (or our own key) → language tag → word.
struct WordList: Sendable {
    private let entries: [String: [String: [String: String]]]

    static let categories: Set<String> = ["kind", "hazard", "sender", "level", "cancelled", "place", "headquarters", "state", "office"]

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
        let parts = JapanTime.parts(moment)
        if writesJapanese { return "\(parts.month)月\(parts.day)日" }
        let months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                      "November", "December"]
        return "\(months[parts.month - 1]) \(parts.day)"
    }

    func time(_ moment: Date) -> String {
        let parts = JapanTime.parts(moment)
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
