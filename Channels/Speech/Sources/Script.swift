/// What is said, in the order it is said: sentences short enough for open_jtalk, with the readings it does not find by itself.
///
/// open_jtalk reads one line of 1,022 octets (`MAXBUFLEN` of open_jtalk.c 1.11) and leaves the rest unsaid without a word: each sentence
/// goes to it by itself. Its dictionary (NAIST-jdic) reads 大津波警報 as だいつなみけいほう, 高潮 as こうちょう, 内水 as うすい, 1日 as いちにち, 10m as じゅうエム
/// and 16時05分 as ぜろごふん; measured with open_jtalk 1.11 on Debian 12, 2026-11. Tests read its own account of what it will say.
import AlertModel
import ChannelKit
import Codes

struct Script: Equatable {
    /// Octets of one sentence, well within one line.
    static let sentenceLimit = 600
    /// Sentences of one text. An alert has a dozen.
    static let limit = 60

    var opening: [String]
    var body: [String]
    var closing: [String]
    /// Something was left out: the text was longer than a speaker should be made to say.
    var isCut = false

    init(opening: [String], body: [String], closing: [String]) { (self.opening, self.body, self.closing) = (opening, body, closing) }

    init<M: Mode>(_ message: Message<M>, call: String?, readings: [String: String]) {
        let text = message.texts[.japanese] ?? RenderedText(title: message.alert.title, body: "")
        var known = Self.readings(message)
        known.merge(readings) { $1 }
        let caller = call ?? "こちらは、\(message.town.name)です。"
        let isDrill = M.name == .exercise
        opening = Self.sentences((isDrill ? "これは訓練です。訓練です。" : "") + caller, known)
        let all = Self.sentences(text.title + "\n" + text.body, known)
        body = Array(all.prefix(Self.limit))
        isCut = all.count > Self.limit
        closing = Self.sentences(caller + (isDrill ? "以上は訓練でした。訓練です。" : ""), known)
    }

    /// Names of places, as the tables and the town's own lists read them.
    private static func readings<M: Mode>(_ message: Message<M>) -> [String: String] {
        var readings: [String: String] = [:]
        if let areas = CodeTables.bundled.town(message.town.id), let kana = areas.kana { readings[areas.name] = kana }
        for status in message.shelters { if let kana = status.shelter.kana { readings[status.shelter.name] = kana } }
        return readings
    }

    // MARK: Readings

    /// Words the dictionary reads wrong, the longer ones first.
    static let words: [(String, String)] = [
        ("大津波", "おおつなみ"), ("高潮", "たかしお"), ("内水氾濫", "ないすいはんらん"), ("内水", "ないすい"),
    ]

    static func read(_ text: String, _ readings: [String: String]) -> String {
        var said = text.replacing(/https?:\/\/[!-~]+/, with: "")
        // A place's name first: what it is made of would be read otherwise.
        for (name, kana) in readings.sorted(by: { ($0.key.count, $1.key) > ($1.key.count, $0.key) }) where !name.isEmpty { said = said.replacing(name, with: kana) }
        for (word, kana) in words { said = said.replacing(word, with: kana) }
        said = String(said.map { narrow[$0] ?? $0 })
        said = said.replacing(/(\d+)月(\d+)日/) { match in day(match.1, match.2) }
        said = said.replacing(/(\d+)(?:時|:)0*(\d+)分?/) { match in "\(match.1)時" + (match.2.isEmpty || match.2 == "0" ? "" : "\(match.2)分") }
        said = said.replacing(/時0+分?/, with: "時")
        said = said.replacing(/(\d)(?:ｍ|m)(?![A-Za-z])/) { match in "\(match.1)メートル" }
        said = said.replacing(/(\d)(?:cm|ｃｍ)/) { match in "\(match.1)センチメートル" }
        said = said.replacing(/(\d)(?:km|ｋｍ)/) { match in "\(match.1)キロメートル" }
        said = said.replacing(/震度(\d)-/) { match in "震度\(match.1)弱" }.replacing(/震度(\d)\+/) { match in "震度\(match.1)強" }
        return said
    }

    /// 0 to 9 and the colon, as they are written in Japanese texts.
    private static let narrow: [Character: Character] = {
        var table: [Character: Character] = ["：": ":"]
        for (wide, plain) in zip("０１２３４５６７８９", "0123456789") { table[wide] = plain }
        return table
    }()

    /// The first of a month is read ついたち by nobody but people.
    private static func day(_ month: Substring, _ day: Substring) -> String {
        let plain = String(day.drop { $0 == "0" })
        return "\(month.drop { $0 == "0" })月" + (plain == "1" ? "ついたち" : "\(plain)日")
    }

    // MARK: Sentences

    static func sentences(_ text: String, _ readings: [String: String] = [:]) -> [String] {
        var sentences: [String] = []
        for line in read(text, readings).split(whereSeparator: \.isNewline) {
            var sentence = ""
            for character in line {
                sentence.append(character)
                let isEnd = "。！？!?".contains(character)
                let isLong = sentence.utf8.count > sentenceLimit - 8 || sentence.utf8.count > sentenceLimit / 2 && "、，　 ".contains(character)
                guard isEnd || isLong else { continue }
                sentences.append(sentence)
                sentence = ""
            }
            sentences.append(sentence)
        }
        // Marks alone are no words: open_jtalk would say nothing and call it an error.
        return sentences.map { $0.filter { !"【】「」（）()[]［］〈〉《》".contains($0) || $0.isLetter } }
            .filter { $0.contains { $0.isLetter || $0.isNumber } }
    }
}
