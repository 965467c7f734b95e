/// What real bulletins say to the towns they concern: each a fault that was made once.
import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Rendering

@Suite("Words follow what was decided for the town", .enabled(if: Corpus.folder != nil))
struct BulletinTextTests {
    /// The texts of one bulletin for one town, on the portal.
    func told(_ file: String, _ town: String, coast: Set<String> = []) throws -> [Language: RenderedText] {
        let content = try #require(try Corpus.content(named: file), "\(file) is not in the corpus")
        return try #require(try Corpus.told(content, Corpus.town(town, coast: coast)), "\(file) is not told to \(town)")
    }

    @Test("A special warning that is lifted picks no words where another warning goes on")
    func liftedPicksNoWords() throws {
        var looked = 0
        for file in Corpus.files("jma/official-samples") where file.lastPathComponent.contains("VPWW53") {
            let content = try #require(try Corpus.content(named: file.lastPathComponent))
            for town in Corpus.towns {
                guard let texts = try Corpus.told(content, town), let japanese = texts[.japanese] else { continue }
                let own = content.areas.filter { $0.scheme == .jmaCity && (town.areas[.jmaCity] ?? []).contains($0.code) }
                let isSpecial = own.contains { $0.kindName?.contains("特別警報") == true && $0.status?.contains("解除") != true }
                guard !isSpecial else { continue }
                looked += 1
                #expect(!japanese.title.contains("命を守"), "\(file.lastPathComponent) \(town.name): \(japanese.title)")
            }
        }
        #expect(looked > 0)
    }

    @Test("A city whose wards shook differently is named with its highest value only where that was")
    func wards() throws {
        for file in Corpus.files("jma/official-samples") where file.lastPathComponent.contains("VXSE53") {
            let content = try #require(try Corpus.content(named: file.lastPathComponent))
            let town = try Corpus.town("041009")
            guard let body = try Corpus.told(content, town)?[.japanese]?.body else { continue }
            let wards = content.areas.filter { $0.scheme == .jmaCity && $0.code.hasPrefix("041") && $0.value != nil }
            let steps = wards.compactMap { ward in ward.value.flatMap(Intensity.highest(in:)) }
            guard let highest = steps.max() else { continue }
            for ward in wards where ward.value.flatMap(Intensity.highest(in:)) != highest {
                #expect(!body.contains(ward.name ?? "-"), "\(file.lastPathComponent): \(body)")
            }
        }
    }

    @Test("An eruption flash says that it has erupted and what to do at once")
    func eruption() throws {
        let texts = try told("67_01_02_140927_VFVO56.xml", "204293")
        #expect(texts[.japanese]?.title == "噴火速報　御嶽山が噴火　身を守って")
        #expect(texts[.japanese]?.body.hasPrefix("11時53分ごろ、") == true)
        #expect(texts[.english]?.body.contains("take cover") == true)
        #expect(texts[.easyJapanese]?.title.contains("頭を 守って ください") == true)
    }

    @Test("A volcano's level is said once, by its own name")
    func volcanoLevel() throws {
        let texts = try told("45_02_01_200522_VFVO50.xml", "143821")
        #expect(texts[.japanese]?.title == "箱根山　噴火警戒レベル５（避難）　ただちに避難")
        #expect(texts[.japanese]?.body.contains("噴火警報：避難等") == false)
        #expect(texts[.english]?.title == "Volcanic Alert Level 5: evacuate now")
    }

    @Test("Each keyword of the Nankai Trough has words of its own, with the keyword in the title")
    func nankai() throws {
        var titles: Set<String> = []
        for number in 1...7 {
            guard let content = try Corpus.content(named: "74_01_0\(number)_200512_VYSE50.xml") else { continue }
            let town = try Corpus.town("392014")
            let text = try Corpus.renderer.render(
                content, mode: .actual, town: town, local: [], shelters: [], manifest: Rendered.portal)
            guard content.message != .cancel else { continue }
            let keyword = try #require(content.areas.first { $0.codeType == "地震関連情報番号コード" }?.kindName)
            #expect(text[.japanese]?.title.contains("（\(keyword)）") == true, "\(number): \(text[.japanese]?.title ?? "")")
            titles.insert(text[.english]?.title ?? "")
        }
        #expect(titles.count >= 4)
    }

    @Test("The information on a subsequent earthquake off Hokkaido and Sanriku speaks of itself")
    func subsequent() throws {
        let content = try #require(try Corpus.content(named: "80_01_01_240821_VYSE60.xml"))
        let texts = try Corpus.renderer.render(
            content, mode: .actual, town: Corpus.town("012068"), local: [], shelters: [], manifest: Rendered.portal)
        #expect(texts.values.allSatisfy { !$0.title.contains("Nankai") && !$0.title.contains("南海") && !$0.body.contains("南海") })
        #expect(texts[.japanese]?.body.contains("１週間") == true)
    }

    @Test("A region's highest intensity is the region's, in every language")
    func region() throws {
        let texts = try told("20210217164825_0_VXSE51_010000.xml", "465356")
        #expect(texts[.japanese]?.body.contains("鹿児島県奄美南部で震度３") == true)
        #expect(texts[.easyJapanese]?.body.contains("鹿児島県奄美南部で") == true)
        #expect(texts[.english]?.body.contains("observed in Example Town") == false)
        #expect(texts[.english]?.body.contains("Kagoshima Prefecture") == true)
    }

    @Test("A tornado that was seen is told as seen, with the time until which it holds")
    func tornado() throws {
        let texts = try told("19_06_01_140425_VPHW51.xml", "262013")
        #expect(texts[.japanese]?.title.contains("目撃情報あり") == true)
        #expect(texts[.japanese]?.body.contains("14時30分まで有効です。") == true)
        #expect(texts[.english]?.title == "Tornado sighted: take cover now")
    }

    @Test("A report's numbers are no phenomena")
    func phenomena() throws {
        let texts = try told("85_01_01_241031_VPFJ51.xml", "131016")
        for text in texts.values { #expect(!(text.title + text.body).contains("番号") && !text.title.contains("TC")) }
    }

    @Test("A rapid report names its prefecture, what is happening and what to do")
    func rainBand() throws {
        let texts = try told("82_01_01_241031_VPBS50.xml", "122033")
        #expect(texts[.japanese]?.title == "気象防災速報（線状降水帯発生）　危険な場所から避難")
        #expect(texts[.japanese]?.body.contains("千葉県北西部") == true)
        #expect(texts[.english]?.body.contains("northwestern Chiba Prefecture") == true)
    }

    @Test("A rapid report for a region is told in all of it, not only where it was measured")
    func rapidReport() throws {
        let texts = try told("82_01_02_250630_VPBS50.xml", "012114")
        #expect(texts[.japanese]?.body.contains("網走地方") == true)
        #expect(texts[.japanese]?.body.contains("美幌町で記録的短時間大雨情報") == false)
    }

    @Test("After an earthquake JMA's word on a tsunami comes first, and when the ground shook")
    func remarks() throws {
        let texts = try told("20210220132753_0_VXSE53_010000.xml", "012238")
        #expect(texts[.japanese]?.body.hasPrefix("この地震による津波の心配はありません。\n") == true)
        #expect(texts[.japanese]?.body.contains("ごろ、") == true)
        #expect(texts[.english]?.body.hasPrefix("There is no risk of a tsunami") == true)
        #expect(texts[.easyJapanese]?.body.contains("津波（つなみ）の 心配は ありません") == true)
    }

    @Test("A town where 5-lower or more is likely and not reported is not told a lower intensity")
    func notReported() throws {
        let texts = try told("32-35_06_03_240613_VXSE53.xml", "063657")
        #expect(texts[.japanese]?.title.contains("震度４") == false)
        #expect(texts[.japanese]?.body.contains("震度が届いていない") == true)
    }

    @Test("A level in the name of a warning is in its words, whatever the hazard", arguments: [
        ("15_16_02", 4), ("15_16_04", 4), ("15_16_05", 4),
    ])
    func levels(prefix: String, level: Int) throws {
        for file in Corpus.files("jma/official-samples") where file.lastPathComponent.hasPrefix(prefix) {
            let content = try #require(try Corpus.content(named: file.lastPathComponent))
            for town in Corpus.towns {
                let own = content.areas.filter { $0.scheme == .jmaCity && (town.areas[.jmaCity] ?? []).contains($0.code) && $0.status?.contains("解除") != true }
                guard own.contains(where: { $0.kindName?.hasPrefix("レベル４") == true }), !own.contains(where: { $0.kindName?.hasPrefix("レベル５") == true }),
                    let texts = try Corpus.told(content, town)
                else { continue }
                #expect(texts[.japanese]?.title.contains("全員避難") == true, "\(town.name): \(texts[.japanese]?.title ?? "")")
                #expect(texts[.easyJapanese]?.title.contains("全員 逃げて ください") == true)
            }
        }
    }
}
