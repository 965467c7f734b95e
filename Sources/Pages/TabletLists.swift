/// The tablet's words, of every language there are words for, as a script of data: `lists.js`; and how kanji are read, `readings.js`.
import AlertModel
import ChannelKit
import Foundation

enum TabletLists {
    private struct List: Encodable {
        var language: String
        var words: [String: String]
    }

    static func script(_ languages: ScreenLanguages = .inUse, build: String = "") -> [UInt8] {
        let lists = languages.all.map { List(language: $0.rawValue, words: words(languages.words($0))) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Words are texts: they can be encoded.
        let json = (try? encoder.encode(lists)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
        return Array("export const LISTS = \(json);\nexport const BUILD = \"\(build)\";\n".utf8)
    }

    /// How kanji are read, as `readings.js`.
    static func readings(_ readings: Readings = .inUse) -> [UInt8] {
        // Texts can be encoded.
        let json = (try? JSONEncoder().encode(readings.lines.joined(separator: "\n"))).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
        return Array("export const TABLE = \(json);\n".utf8)
    }

    /// The tablet's own, and those it shares with the pages of spots.
    private static func words(_ list: ScreenWords) -> [String: String] {
        var words = list.group("tablet")
        for (kind, word) in list.group("kind") { words["kind.\(kind)"] = word }
        for (hazard, word) in list.group("hazard") { words["hazard.\(hazard)"] = word }
        words.merge(list.group("shelter")) { own, _ in own }
        for word: ScreenWords.Word in [.own, .names, .gap, .parts, .remarks, .date, .months, .level, .from, .issued, .until, .shelters, .asOf, .nothingKnown, .here, .notFit, .inPart, .notKnown] {
            words[String(word.rawValue.drop { $0 != "." }.dropFirst())] = list[word]
        }
        words["drill"] = list[.drill]
        words["drillTitle"] = list[.drillTitle]
        words["otherLanguage"] = list[.otherLanguage]
        return words
    }
}
