/// Words and numbers of one language. The words are data (Templates/words/ja.json …); a word that is not listed stays
/// Japanese, as names do. How a language puts words together is data too: the group `form`, with `{…}` where something is put in.
import AlertModel
import ChannelKit
import Foundation
import Meanings

/// Templates/words/<language>.json: category → Japanese word (or our own key) → word. One file a language, so that a new
/// language is files and no line of Swift.
struct WordList: Sendable {
    /// By language tag.
    private var languages: [String: [String: [String: String]]] = [:]

    static let categories: Set<String> = [
        "kind", "hazard", "fitness", "sender", "level", "cancelled", "place", "headquarters", "act", "advice", "remark", "region", "authority", "volcano",
        "form", "state", "grade", "office",
    ]
    /// How lists, names, numbers and what stands are put together, and what is put in. Japanese and easy Japanese have theirs in the code below:
    /// their numbers are of other widths, and their sentences of another order.
    static let forms: [String: [String]] = [
        "comma": [], "others": [], "marked": ["{name}"], "kind": ["{what}", "{name}"], "level": ["{level}", "{what}"], "office": ["{what}", "{name}"],
        "region": ["{direction}", "{whole}"], "part": ["{whole}", "{name}"], "change": ["{place}", "{state}"], "standing": ["{order}", "{place}"],
        "standing-of": ["{order}", "{hazard}", "{place}"], "depth": ["{km}"], "depth-zero": [], "magnitude-over": [], "height": ["{m}"],
        "expected": ["{step}"], "expected-range": ["{from}", "{to}"], "expected-over": ["{step}"], "height-over": ["{m}"], "height-under": ["{m}"], "height-huge": [], "height-high": [],
    ]
    static let grades = ["emergency", "danger", "warning", "advisory", "information"]

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
        guard !["ja", "ja-x-easy"].contains(language) else { return }
        let flaws = Self.flaws(of: entries)
        guard flaws.isEmpty else { throw TemplateProblems(problems: flaws.map { TemplateProblem(file: file, text: $0) }) }
    }

    /// Without these no number and no list can be said in that language.
    private static func flaws(of entries: [String: [String: String]]) -> [String] {
        var flaws: [String] = []
        for (key, holes) in forms.sorted(by: { $0.key < $1.key }) {
            guard let text = entries["form"]?[key] else {
                flaws.append("「form.\(key)」がありません (this word is missing)")
                continue
            }
            flaws += holes.filter { !text.contains($0) }.map { "「form.\(key)」に\($0)がありません (\($0) is missing in it)" }
        }
        flaws += grades.filter { entries["grade"]?[$0] == nil }.map { "「grade.\($0)」がありません (this word is missing)" }
        if entries["office"]?["other"] == nil { flaws.append("「office.other」がありません (this word is missing)") }
        return flaws
    }

    func word(_ category: String, _ key: String, _ language: Language) -> String? {
        languages[language.rawValue]?[category]?[key]
    }

    /// Tags there are words of.
    var known: Set<String> { Set(languages.keys) }

    func words(_ category: String, _ language: Language) -> [String: String] { languages[language.rawValue]?[category] ?? [:] }
}

struct Wording {
    let language: Language
    let words: WordList

    func known(_ category: String, _ key: String) -> String? { words.word(category, key, language) }
    func word(_ category: String, _ key: String) -> String { known(category, key) ?? key }

    var isJapanese: Bool { language == .japanese }
    var isEasy: Bool { language == .easyJapanese }
    var writesJapanese: Bool { isJapanese || isEasy }
    /// Whether names of places are those in Latin letters; else those of signs, in kanji.
    var isRoman: Bool { ScreenLanguages.inUse.words(language).isRoman }

    /// How this language says it, with the values in their places.
    private func form(_ key: String, _ values: KeyValuePairs<String, String> = [:]) -> String {
        values.reduce(known("form", key) ?? values.map(\.value).joined(separator: " ")) { $0.replacing("{\($1.key)}", with: $1.value) }
    }

    func onBehalf(helper: String, of town: String) -> String { form("on-behalf", ["helper": helper, "town": town]) }

    func stillOpen(_ names: [String], limit: Int) -> String { form("still-open", ["names": joined(names, limit: limit)]) }

    /// A, B and C; 宮城県、岩手県.
    func joined(_ parts: [String]) -> String {
        let comma = known("form", "comma") ?? (writesJapanese ? "、" : ", ")
        guard parts.count > 1, let last = known("form", "and") else { return parts.joined(separator: comma) }
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
        return writesJapanese ? name : form("kind", ["what": general(name), "name": name])
    }

    private func general(_ name: String) -> String {
        let grade =
            switch Meaning.gravity(named: name) {
            case .emergency: "emergency"
            case .danger: "danger"
            case .warning: "warning"
            case .advisory: "advisory"
            default: "information"
            }
        let what = word("grade", grade)
        guard let range = name.range(of: "レベル"), let digit = name[range.upperBound...].first else { return what }
        return form("level", ["level": Self.halfWidth(String(digit)), "what": what])
    }

    /// A name that stays in Japanese letters says so, where people read others: nobody takes it for a fault of the screen. Kanji are read in Chinese.
    func marked(_ name: String) -> String {
        writesJapanese || name.allSatisfy(\.isASCII) || !isRoman && !Self.hasKana(name) ? name : form("marked", ["name": name])
    }

    private static func hasKana(_ text: String) -> Bool { text.unicodeScalars.contains { (0x3041...0x30FF).contains($0.value) && $0 != "・" } }

    /// 大島地区の避難指示; Evacuation Instruction (flooding) for Oshima.
    func standing(_ order: String, for place: String, hazard: String?) -> String {
        guard let hazard else { return form("standing", ["order": order, "place": place]) }
        return form("standing-of", ["order": order, "hazard": hazard, "place": place])
    }

    func change(of place: String, to state: String) -> String { form("change", ["place": place, "state": state]) }

    /// An office by name; what it is, where the name is in no list: there are some 600 river offices.
    func office(_ name: String) -> String {
        if let known = known("sender", name) { return known }
        guard !writesJapanese, !name.allSatisfy(\.isASCII) else { return name }
        // The longest says most: 地方気象台 before 気象台.
        let found = words.words("office", language).filter { name.contains($0.key) }.max { ($0.key.count, $0.key) < ($1.key.count, $1.key) }
        return form("office", ["what": found?.value ?? word("office", "other"), "name": name])
    }

    /// 宮城県北部: northern Miyagi Prefecture, where the words have it; else a part of the prefecture, with the name as on maps.
    func region(_ name: String) -> String {
        if let known = known("region", name) ?? known("sender", name) { return known }
        guard !writesJapanese else { return name }
        guard let prefecture = Prefecture.names.first(where: { name.hasPrefix($0) }) else { return marked(name) }
        let part = String(name.dropFirst(prefecture.count)), whole = word("sender", prefecture)
        if let direction = known("region", part) { return form("region", ["direction": direction, "whole": whole]) }
        return form("part", ["whole": whole, "name": name])
    }

    // MARK: Numbers

    func intensity(_ step: Intensity) -> String {
        if isJapanese { return step.words }
        if isEasy { return Self.halfWidth(step.words) }
        let screen = ScreenLanguages.inUse.words(language)
        return step.rawValue.replacing("-", with: screen.word("intensityLow", of: "tablet") ?? "")
            .replacing("+", with: screen.word("intensityHigh", of: "tablet") ?? "")
    }

    /// A forecast's bounds as the bulletin has them: ５弱程度, ３から４程度, ５弱程度以上.
    func expected(_ lower: Intensity, _ upper: Intensity, isOrMore: Bool) -> String {
        let (low, high) = (intensity(lower), intensity(upper))
        if isJapanese { return (isOrMore || lower == upper ? high : "\(low)から\(high)") + "程度" + (isOrMore ? "以上" : "") }
        if isEasy { return isOrMore ? "\(high)か、それより 強い" : (lower == upper ? high : "\(low)から \(high)") + "くらい" }
        if isOrMore { return form("expected-over", ["step": high]) }
        return lower == upper ? form("expected", ["step": high]) : form("expected-range", ["from": low, "to": high])
    }

    /// Nil where the bulletin knows none (Ｍ不明).
    func magnitude(_ hypocentre: Hypocentre) -> String? {
        if let text = hypocentre.magnitudeText, text.contains("巨大地震") {
            return isJapanese ? text : isEasy ? "マグニチュード8より 大きい" : form("magnitude-over")
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
        if kilometres == 0 { return isJapanese ? "ごく浅いところ" : isEasy ? "とても 浅い ところ" : form("depth-zero") }
        let whole = Int(kilometres.rounded())
        return isJapanese ? "約\(whole)km" : isEasy ? "\(whole)キロメートル" : form("depth", ["km": "\(whole)"])
    }

    /// A tsunami's height in the bulletin's words: ６ｍ, １０ｍ超, ０．２ｍ未満, 巨大, 高い. Nil for words that are no
    /// height (観測中, NaN).
    func tsunamiHeight(_ words: String) -> String? {
        switch words {
        case "巨大": return isJapanese ? words : isEasy ? "とても とても 高い" : form("height-huge")
        case "高い": return isJapanese ? words : isEasy ? "高い" : form("height-high")
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
        return form(isMore ? "height-over" : isLess ? "height-under" : "height", ["m": String(number)])
    }

    // MARK: Time, always Japan's (UTC+9, no summer time)

    func date(_ moment: Date) -> String {
        let parts = JapanTime.parts(moment)
        return ScreenLanguages.inUse.words(language).date(month: parts.month, day: parts.day)
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

    /// 3月12日5時00分; 05:00, 12 Mar.
    func dayAndTime(_ moment: Date) -> String {
        if isJapanese { return date(moment) + time(moment) }
        return ["ja", "zh", "ko"].contains { language.rawValue.hasPrefix($0) } ? date(moment) + " " + time(moment) : time(moment) + ", " + date(moment)
    }

    /// 14時46分58秒: of what is a matter of seconds.
    func timeToTheSecond(_ moment: Date) -> String {
        let second = JapanTime.parts(moment).second
        if writesJapanese { return time(moment) + "\(second)秒" }
        return time(moment) + ":" + (second < 10 ? "0\(second)" : "\(second)")
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
