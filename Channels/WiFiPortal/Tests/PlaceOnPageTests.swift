import AlertModel
import ChannelKit
import FoundationEssentials
import Gzip
import Testing

@testable import WiFiPortal

@Suite("Wi-Fi portal: what stands where")
struct PlaceOnPageTests {
    private func order(_ event: String, _ districts: [String], _ hazard: String = "洪水", level: EvacuationOrder.Level = .order, title: String? = nil) -> Sample {
        Sample(
            event: event, detail: .evacuation(EvacuationOrder(level: level, hazard: hazard, districts: districts)),
            title: title ?? "避難指示 \(hazard)", body: "\(districts[0])に避難指示を出しました。", gravity: .danger, district: "川端")
    }
    private func places(_ page: String, _ parts: [String]) throws -> [String.Index] {
        try parts.map { try #require(page.firstRange(of: $0), "\($0)").lowerBound }
    }

    @Test("Gravity decides place and colour, however quietly the last report went out")
    func gravity() async throws {
        let both = try Both()
        for number in 1...4 { try await both.send(order("o\(number)", ["本町"], "地震", title: "避難指示\(number)")) }
        try await both.send(Sample(
            event: "q", serial: 2, kind: .eew, detail: .none, title: "緊急地震速報", priority: .routine, gravity: .emergency))
        let page = both.page()
        #expect(page.contains("<article class=\"i p0\"><p class=\"k\">緊急地震速報"))
        #expect(try places(page, ["緊急地震速報</h2>", "避難指示1"]) == places(page, ["緊急地震速報</h2>", "避難指示1"]).sorted())
        #expect(page.contains("<div role=\"alert\"><article class=\"i p0\""))
    }

    @Test("Orders that differ only in district are one item; the spot's own district leads")
    func joined() async throws {
        let both = try Both()
        for (number, district) in ["本町", "浜", "川端", "山手"].enumerated() { try await both.send(order("o\(number)", [district])) }
        let page = both.page()
        #expect(page.components(separatedBy: "<article").count == 2 && !page.contains("<details"))
        #expect(page.contains("川端に避難指示を出しました。") && page.contains("同じ内容が出ている地区: "))
        for district in ["本町（14:46）", "浜（14:46）", "山手（14:46）"] { #expect(page.contains(district)) }
        #expect(both.page(.english).contains("Honcho (14:46)"))
    }

    @Test("Of fourteen orders the gravest and the own district's stand open, the others fold to their titles")
    func folded() async throws {
        let both = try Both()
        let hazards = ["洪水", "土砂災害", "高潮", "地震", "津波", "大規模な火事", "内水氾濫", "火山現象"]
        for number in 0..<14 {
            let district = number == 9 ? "川端" : "地区\(number)"
            try await both.send(order("o\(number)", [district], hazards[number % 8], title: "避難指示\(number)"))
        }
        let page = both.page()
        #expect(page.components(separatedBy: "<details").count == 14 && page.components(separatedBy: "<article").count == 15)
        #expect(page.contains("<article class=\"i l4\"><p class=\"k\">避難情報　警戒レベル4</p><div><h2>避難指示9</h2>"))
        #expect(page.contains("<main class=\"many\">"))
        #expect((both.file("index.ja.html.gz")?.count ?? .max) <= PortalPage.sizeLimit)
    }

    @Test("A shelter says that it is not fit for what people flee from, and stands behind those that are")
    func fitness() async throws {
        let both = try Both()
        var sample = order("t", ["市内全域"], "津波")
        func shelter(_ id: String, _ fitness: Shelter.Fitness?) -> ShelterStatus {
            ShelterStatus(shelter: Shelter(id: id, name: id, fitness: fitness.map { [.tsunami: $0] }), state: .open)
        }
        sample.shelters = [shelter("あ浜の学校", .unfit), shelter("い塔", .conditional), shelter("う会館", nil), shelter("え高台の学校", .fit)]
        try await both.send(sample)
        let page = both.page()
        #expect(page.contains("あ浜の学校</span>\u{3000}<strong>津波のときは使えません</strong>"))
        #expect(page.contains("う会館</span>\u{3000}<strong>津波のときに使えるかは未確認です</strong>"))
        #expect(page.contains("え高台の学校</span></li>"))
        #expect(try places(page, ["い塔", "う会館", "え高台の学校", "あ浜の学校"]) == places(page, ["い塔", "う会館", "え高台の学校", "あ浜の学校"]).sorted())
        #expect(both.page(.english).contains("not to be used in case of: tsunami"))
    }

    @Test("The spot's own district stands first, with the level that holds there; where none does the place is named and nothing said of it")
    func here() async throws {
        let both = try Both()
        var far = order("f", ["本町"], "土砂災害", level: .elderly, title: "高齢者等避難 土砂災害")
        far.shelters = [ShelterStatus(shelter: Shelter(id: "a", name: "北の公民館"), state: .open)]
        try await both.send(far)
        #expect(both.page().contains(#"<p class="here"><b>ここ（川端）</b></p>"#), "an order for another district: \(both.page())")
        var own = order("o", ["川端", "浜"])
        own.shelters = far.shelters
        try await both.send(own)
        let page = both.page()
        #expect(page.contains(#"<p class="here"><b>ここ（川端）</b> 警戒レベル4　<span>避難指示 洪水</span></p>"#), "\(page)")
        #expect(try places(page, ["ここ（川端）", #"role="alert""#, "北の公民館"]) == places(page, ["ここ（川端）", #"role="alert""#, "北の公民館"]).sorted())
        #expect(both.page(.english).contains("<b>Here (川端)</b> Alert Level 4"), "\(both.page(.english))")
        var nowhere = order("n", ["川端"])
        nowhere.district = nil
        let other = try Both()
        try await other.send(nowhere)
        #expect(!other.page().contains(#"class="here""#))
    }

    @Test("Whoever reads something in force, or a page that nobody renews, comes from there to the newest")
    func newest() async throws {
        let both = try Both()
        try await both.send(order("o", ["川端"]))
        for language in ScreenLanguages.inUse.all {
            for name in ["index", "stale"] {
                let page = String(decoding: try #require(both.file("\(name).\(language).html")), as: UTF8.self)
                #expect(page.contains("<a class=\"b\" href=\"index.\(language).html\">\(ScreenLanguages.inUse.words(language)[.reload])</a>"), "\(name) \(language)")
            }
        }
    }

    @Test("A sheet says which of them it is, that older ones go, and has the page's address as a code; on a screen it is not there")
    func sheet() async throws {
        let both = try Both()
        var sample = order("o", ["川端"])
        sample.settings = ["address": "https://wifi.sakura.example.jp/spots/gym/"]
        try await both.send(sample)
        let page = both.page()
        let version = try #require(page.firstMatch(of: #/<b>第(\d+)版　11月23日 14:46<\/b><br>古い紙は外してください<br>最新の情報を見る/#)?.1)
        #expect(page.contains("<svg") && page.contains("@media print{nav,.b{display:none}.paper{display:flex") && page.contains(".paper{display:none}"))
        try await both.send(order("p", ["川端"], "津波"))
        let next = try #require(both.page().firstMatch(of: #/<b>第(\d+)版/#)?.1)
        #expect(try #require(Int(next)) > (try #require(Int(version))))
        #expect(try #require(both.file("index.ja.html.gz")).count <= PortalPage.sizeLimit)
        let bare = try Both()
        try await bare.send(order("o", ["川端"]))
        #expect(!bare.page().contains("<svg"), "no address, no code")
    }

    @Test("On the page of easy Japanese the reading stands over its word; what explains a word, or is read of a part of it, stays behind", arguments: [
        ("洪水（こうずい）の 避難指示（ひなんしじ）", "<ruby>洪水<rp>（</rp><rt aria-hidden=\"true\">こうずい</rt><rp>）</rp></ruby>の <ruby>避難指示<rp>（</rp><rt aria-hidden=\"true\">ひなんしじ</rt><rp>）</rp></ruby>"),
        ("避難所（にげる ところ）", nil), ("雷注意報（かみなり）", nil), ("霜注意報（しも）", nil), ("大雨警報（おおあめ：たくさんの 雨）", nil), ("にげて（はやく）", nil),
        ("緊急地震速報（きんきゅうじしんそくほう）が", "<ruby>緊急地震速報<rp>（</rp><rt aria-hidden=\"true\">きんきゅうじしんそくほう</rt><rp>）</rp></ruby>が"), ("（本町）", nil), ("避難（", nil),
    ])
    func furigana(text: String, over: String?) {
        #expect(Furigana.over(text) == over ?? text)
    }

    @Test("A shelter's name has its reading there, as the register says it")
    func names() async throws {
        let both = try Both()
        var sample = order("o", ["川端"])
        sample.shelters = [ShelterStatus(shelter: Shelter(id: "a", name: "階上中学校", kana: "はしかみちゅうがっこう"), state: .open)]
        try await both.send(sample)
        #expect(both.page(.easyJapanese).contains("<ruby>階上中学校<rp>（</rp><rt aria-hidden=\"true\">はしかみちゅうがっこう</rt><rp>）</rp></ruby>"))
        #expect(both.written().contains("<ruby>階上中学校<rp>（</rp><rt aria-hidden=\"true\">はしかみちゅうがっこう</rt><rp>）</rp></ruby>"), "whoever asks the way says it")
        #expect(both.page(.english).contains("階上中学校") && !both.page(.english).contains("<ruby>"))
    }

    @Test("On the Japanese page what is said and what to do have their readings, names of places and what a person wrote have none")
    func readings() async throws {
        let both = try Both()
        try await both.send(order("o", ["川端"], "津波", title: "避難指示（津波）：ただちに高い所へ。川端、高台地区"))
        try await both.send(Sample(event: "n", kind: .notice, detail: .none, title: "避難の練習", body: "避難指示ではありません。", priority: .background))
        let page = both.written()
        for read in ["避難指示<rp>（</rp><rt aria-hidden=\"true\">ひなんしじ</rt>", "<ruby>警戒<rp>（</rp><rt aria-hidden=\"true\">けいかい</rt><rp>）</rp></ruby>レベル4", "<rt aria-hidden=\"true\">たか</rt><rp>）</rp></ruby>い"] {
            #expect(page.contains(read), "\(read): \(page)")
        }
        #expect(page.contains("。川端、高台地区</h2>") && page.contains(">避難の練習</h"), "\(page)")
        #expect(!page.contains("<title><ruby") && both.page().contains("<h2>避難指示（津波）：ただちに高い所へ。川端、高台地区</h2>"))
    }

    @Test("Readings are the first thing to go where a page is too big, before a word of it does")
    func readingsGoFirst() async throws {
        let both = try Both()
        try await both.send(order("o", ["川端"]))
        let (with, without) = (try #require(both.file("index.ja.html.gz")).count, Gzip.compress(Array(both.page().utf8)).count)
        // 100 to 175 bytes on the sample pages: readings beside each other compress to some ten octets each.
        #expect(without < with && with < without + 300, "\(without) and \(with)")
        for number in 0..<80 {
            let sample = Sample(event: "n\(number)", title: "避難指示\(number)", body: PageSizeTests.prose(150, seed: UInt32(number)), priority: .routine)
            try await both.send(sample)
            #expect(!both.written().contains("<ruby>") || !both.page().contains("詳しい内容を省いています"), "\(number): words have gone, and readings have not")
            guard both.written().contains("<ruby>") else { break }
        }
        #expect(try !both.written().contains("<ruby>") && #require(both.file("index.ja.html.gz")).count <= PortalPage.sizeLimit)
    }

    @Test("Headings go down one step at a time, whatever is on the page")
    func headings() async throws {
        let both = try Both()
        let open = [ShelterStatus(shelter: Shelter(id: "a", name: "市民体育館"), state: .open)]
        var drill = Sample(event: "drill", title: "避難訓練", lasting: 7200)
        drill.shelters = open
        try await both.practise(drill)
        try await check(both)
        try await both.send(Sample(event: "n", kind: .notice, detail: .none, title: "断水", lasting: 7200, priority: .background, shelters: open))
        try await check(both)
        try await both.send(order("o", ["本町"]))
        try await both.send(Sample(event: "o", serial: 2, message: .cancel, sent: start + 5))
        try await check(both)
        both.hand.turn(3_700)
        await both.age()
        try await check(both)
    }

    private func check(_ both: Both) async throws {
        for language in ScreenLanguages.inUse.all {
            for name in ["index", "stale", "shelters"] {
                guard let octets = both.file("\(name).\(language).html") else { continue }
                let page = String(decoding: octets, as: UTF8.self)
                let levels = page.split(separator: "<h").dropFirst().compactMap { $0.first?.wholeNumberValue }
                #expect(levels.first == 1 && levels.count { $0 == 1 } == 1, "\(name) \(levels)")
                #expect(zip(levels, levels.dropFirst()).allSatisfy { $1 <= $0 + 1 }, "\(name) \(levels)")
            }
        }
    }

    @Test("A state on disk is what JSON says of it, also where entries are changed, taken back, of a drill, or quote a state in their words")
    func stateOnDisk() throws {
        let plain = JSONEncoder()
        plain.dateEncodingStrategy = .secondsSince1970
        plain.outputFormatting = [.sortedKeys]
        var state = SpotState()
        state.townName = #""exercise":{"entries":[]},"actual":{"entries":[]}"#
        let holds = { (state: SpotState) in
            let octets = try state.encoded()
            #expect(try SpotState(encoded: octets) == state)
            #expect(try octets == Array(plain.encode(state)))
        }
        try holds(state)
        for number in 0..<6 {
            var sample = Sample(event: "e\(number)", title: "第\(number)号 \"}],\"entries\":[", body: "本文\(number)")
            _ = state.take(PortalEntry(sample.message(Exercise.self)), now: start)
            try holds(state)
            var entry = PortalEntry(sample.message(Actual.self))
            _ = state.take(entry, now: start)
            try holds(state)
            // The same alert, and other words in it: what was made of the first must not stand for it.
            var other = state
            entry.event = EventID("another")
            entry.texts["ja"] = RenderedText(title: "別の言葉", body: "")
            _ = other.take(entry, now: start)
            try holds(other)
            sample.message = .cancel
            _ = state.take(PortalEntry(sample.message(Actual.self)), now: start)
            try holds(state)
            try holds(other)
        }
    }

    @Test("What an earlier version kept on disk is still read")
    func oldState() throws {
        var state = SpotState()
        _ = state.take(PortalEntry(Sample().message(Actual.self)), now: start)
        let text = String(decoding: try state.encoded(), as: UTF8.self)
        let old = text.replacing(#""districts":["本町"],"#, with: "").replacing(#""statedGravity":"danger","#, with: "").replacing(#""hazard":"洪水","#, with: "")
        #expect(old != text && old.utf8.count < text.utf8.count - 40)
        #expect(try SpotState(encoded: Array(old.utf8)).actual.entries.first?.weight == .danger)
    }

    @Test("Room on the disk is kept for pages, given up once, and taken again")
    func reserve() throws {
        let place = folder()
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let reserve = DiskReserve(path: place.appendingPathComponent(".reserve").path)
        #expect(!reserve.release())
        reserve.wanted(for: 2)
        reserve.keep()
        let size = try FileManager.default.attributesOfItem(atPath: place.appendingPathComponent(".reserve").path)[.size] as? UInt64
        #expect((size ?? 0) >= 2 * 100_000)
        #expect(reserve.release() && !reserve.release())
    }
}
