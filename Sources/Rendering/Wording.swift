/// Words and numbers of one language. The words are data (Templates/words/ja.json …); a word that is not listed stays
/// Japanese, as names do.
import AlertModel
import Foundation
import Meanings

/// Templates/words/<language>.json: category → Japanese word (or our own key) → word. One file a language, so that a new
/// language is files and no line of Swift.
struct WordList: Sendable {
    /// By language tag.
    private var languages: [String: [String: [String: String]]] = [:]

    static let categories: Set<String> = [
        "kind", "hazard", "fitness", "sender", "level", "cancelled", "place", "headquarters", "act", "advice", "remark", "region", "authority", "volcano",
        "form", "state",
    ]

    init() {}

    mutating func add(_ language: String, json: Data, file: String) throws(TemplateProblems) {
        let entries: [String: [String: String]]
        do {
            entries = try JSONDecoder().decode([String: [String: String]].self, from: json)
        } catch {
            throw TemplateProblems(problems: [TemplateProblem(file: file, text: "単語の一覧として読めません: \(error) (no list of words)")])
        }
        let unknown = Set(entries.keys).subtracting(Self.categories).sorted()
        guard unknown.isEmpty else {
            throw TemplateProblems(problems: unknown.map {
                TemplateProblem(file: file, text: "「\($0)」という分類はありません (unknown category)")
            })
        }
        languages[language] = entries
    }

    func word(_ category: String, _ key: String, _ language: Language) -> String? {
        languages[language.rawValue]?[category]?[key]
    }

    func keys(_ category: String, _ language: Language) -> Set<String> { Set(languages[language.rawValue]?[category]?.keys.map { $0 } ?? []) }
}

struct Wording {
    let language: Language
    let words: WordList

    func known(_ category: String, _ key: String) -> String? { words.word(category, key, language) }
    func word(_ category: String, _ key: String) -> String { known(category, key) ?? key }

    var isJapanese: Bool { language == .japanese }
    var isEasy: Bool { language == .easyJapanese }
    var writesJapanese: Bool { isJapanese || isEasy }

    /// A, B and C; 宮城県、岩手県.
    func joined(_ parts: [String]) -> String {
        let comma = known("form", "comma") ?? (writesJapanese ? "、" : ", ")
        guard parts.count > 1, let last = known("form", "and") ?? (writesJapanese ? nil : " and ") else { return parts.joined(separator: comma) }
        return parts.dropLast().joined(separator: comma) + last + parts[parts.count - 1]
    }

    /// 宮城県、岩手県など: at most `limit`, and says so when there are more.
    func joined(_ parts: [String], limit: Int) -> String {
        guard parts.count > limit else { return joined(parts) }
        let comma = known("form", "comma") ?? (writesJapanese ? "、" : ", ")
        return parts.prefix(limit).joined(separator: comma) + (known("form", "others") ?? (writesJapanese ? "など" : " and others"))
    }

    // MARK: Names

    /// A kind by name. One that no table holds is said as it is; where people read other letters, marked.
    func kind(_ name: String) -> String {
        if let known = known("kind", name) { return known }
        return writesJapanese ? name : "\(Self.general(name)) (name in Japanese: \(name))"
    }

    private static func general(_ name: String) -> String {
        let what =
            switch Meaning.gravity(named: name) {
            case .emergency: "Emergency warning"
            case .danger: "Danger warning"
            case .warning: "Warning"
            case .advisory: "Advisory"
            default: "Information"
            }
        guard let range = name.range(of: "レベル"), let digit = name[range.upperBound...].first else { return what }
        return "Level \(halfWidth(String(digit))) \(what.lowercased())"
    }

    /// An office by name; what it is, where the name is in no list: there are some 600 river offices.
    func office(_ name: String) -> String {
        if let known = known("sender", name) { return known }
        guard !writesJapanese, !name.allSatisfy(\.isASCII) else { return name }
        for (suffix, english) in [
            ("地方気象台", "local office of the Japan Meteorological Agency"), ("気象台", "office of the Japan Meteorological Agency"),
            ("気象庁", "Japan Meteorological Agency"), ("河川事務所", "river office"), ("河川国道事務所", "river office"), ("開発建設部", "development office"),
            ("振興局", "subprefectural bureau of Hokkaido"), ("整備局", "regional development bureau"), ("建設事務所", "construction office"),
        ] where name.contains(suffix) { return "\(english) (\(name))" }
        return "issuing office (\(name))"
    }

    /// 宮城県北部: northern Miyagi Prefecture, where the words have it; else a part of the prefecture, with the name as on maps.
    func region(_ name: String) -> String {
        if let known = known("region", name) ?? known("sender", name) { return known }
        guard !writesJapanese else { return name }
        guard let prefecture = Prefecture.names.first(where: { name.hasPrefix($0) }) else { return "\(name) (name in Japanese)" }
        let part = String(name.dropFirst(prefecture.count)), whole = word("sender", prefecture)
        if let direction = known("region", part) { return "\(direction) \(whole)" }
        return "a part of \(whole) (\(name))"
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
        // In the digits of the depth beside it.
        if isJapanese { return "M\(number)" }
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
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(parts.day) \(months[parts.month - 1])"
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
