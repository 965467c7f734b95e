import AlertModel
import Foundation
import Testing

@testable import Rendering

@Suite("Numbers and times in three languages")
struct WordingTests {
    func wording(_ language: Language) throws -> Wording {
        Wording(language: language, words: Corpus.renderer.words)
    }

    @Test("Heights of a tsunami as bulletins write them", arguments: [
        ("６ｍ", "６ｍ", "6 m", "6メートル"), ("１０ｍ超", "１０ｍ超", "over 10 m", "10メートルより 高い"),
        ("０．２ｍ未満", "０．２ｍ未満", "less than 0.2 m", "0.2メートルより 低い"), ("3", "３ｍ", "3 m", "3メートル"),
        ("巨大", "巨大", "extremely high", "とても とても 高い"), ("高い", "高い", "high", "高い"),
    ])
    func heights(words: String, japanese: String, english: String, easy: String) throws {
        #expect(try wording(.japanese).tsunamiHeight(words) == japanese)
        #expect(try wording(.english).tsunamiHeight(words) == english)
        #expect(try wording(.easyJapanese).tsunamiHeight(words) == easy)
    }

    @Test("What is no height is left out", arguments: ["NaN", "観測中", "", "微弱", "ｍ", "nan", "１．２．３ｍ"])
    func noHeight(words: String) throws {
        #expect(try wording(.japanese).tsunamiHeight(words) == nil)
    }

    @Test("Magnitudes: known, unknown, beyond the scale", arguments: [
        (Hypocentre(magnitude: 7.9, magnitudeText: "Ｍ７．９"), "M7.9", "7.9"),
        (Hypocentre(magnitude: 4), "M4.0", "4.0"), (Hypocentre(magnitude: -0.5), "M-0.5", "-0.5"),
        (Hypocentre(magnitudeText: "Ｍ８を超える巨大地震"), "Ｍ８を超える巨大地震", "over 8"),
    ] as [(Hypocentre, String, String)])
    func magnitudes(hypocentre: Hypocentre, japanese: String, english: String) throws {
        #expect(try wording(.japanese).magnitude(hypocentre) == japanese)
        #expect(try wording(.english).magnitude(hypocentre) == english)
    }

    @Test("An unknown magnitude or depth is not shown")
    func unknown() throws {
        #expect(try wording(.japanese).magnitude(Hypocentre(magnitude: .nan, magnitudeText: "Ｍ不明")) == nil)
        #expect(try wording(.japanese).depth(.nan) == nil)
        #expect(try wording(.japanese).depth(0) == "ごく浅いところ")
    }

    @Test("Times are Japan's, also across midnight and the turn of the year", arguments: [
        (1_299_822_408.0, "3月11日", "14時46分", "11 Mar", "14:46", "午後2時46分"),
        (1_704_034_800, "1月1日", "0時00分", "1 Jan", "00:00", "午前0時"),
        (1_709_218_740, "2月29日", "23時59分", "29 Feb", "23:59", "午後11時59分"),
        (-1, "1月1日", "8時59分", "1 Jan", "08:59", "午前8時59分"),
    ])
    func times(
        seconds: Double, date: String, time: String, englishDate: String, englishTime: String, easyTime: String
    ) throws {
        let moment = Date(timeIntervalSince1970: seconds)
        #expect(try wording(.japanese).date(moment) == date)
        #expect(try wording(.japanese).time(moment) == time)
        #expect(try wording(.english).date(moment) == englishDate)
        #expect(try wording(.english).time(moment) == englishTime)
        #expect(try wording(.easyJapanese).time(moment) == easyTime)
    }

    @Test("Length is counted as the strictest gateway does")
    func length() {
        #expect(TextLength.count("避難指示") == 4)
        #expect(TextLength.count("一\n二") == 4)
        #expect(TextLength.count("𠮷野家") == 4)
    }
}
