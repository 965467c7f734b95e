import AlertModel
import ChannelKit
import Testing
@testable import TextRules

@Suite("The carriers' rules for an emergency mail")
struct TextRulesTests {
    let rules = TextRules()
    let order = "気仙沼市は、松岩地区に洪水の避難指示を発令しました。危険な場所から全員避難してください。"

    func found(_ body: String, title: String = "避難指示", kind: AlertKind = .evacuation, mode: ModeName = .actual) -> [String] {
        rules.problems(in: RenderedText(title: title, body: body), about: kind, mode: mode).map(\.rule)
    }

    @Test("An ordinary evacuation order may go")
    func ordinary() { #expect(found(order) == []) }

    @Test("What carriers forbid is found in half and full width", arguments: [
        ("詳しくは http://example.jp/ を見てください", "url"),
        ("詳しくは ＨＴＴＰＳ：／／ｅｘａｍｐｌｅ．ｊｐ を見てください", "url"),
        ("詳しくは HttpS://example.jp を見てください", "url"),
        ("連絡は bousai@example.jp までお願いします", "mail-address"),
        ("連絡は ｂｏｕｓａｉ＠ｅｘａｍｐｌｅ．ｊｐ までお願いします", "mail-address"),
        ("連絡は mailto:bousai までお願いします", "mail-address"),
        ("連絡は0226-22-6600までお願いします", "telephone"),
        ("連絡は（０２２６）２２−６６００までお願いします", "telephone"),
        ("連絡は+81-226-22-6600までお願いします", "telephone"),
        ("連絡は０２２６ー２２ー６６００までお願いします", "telephone"),
        ("連絡は tel:110 までお願いします", "telephone"),
        ("連絡は tel-av:110 までお願いします", "telephone"),
        ("救急相談は#7119までお願いします", "service-code"),
        ("救急相談は＃７１１９までお願いします", "service-code"),
        ("①安全な場所へ避難してください", "vendor-character"),
        ("㈱市場の前から避難してください", "vendor-character"),
        ("髙台へ避難してください", "vendor-character"),
        ("한국 사람도避難してください", "vendor-character"),
        ("高台ﾍ避難してください", "half-width-kana"),
        ("高台へ避難してください🙏", "emoji"),
        ("高台へ\u{7}避難してください", "control"),
        ("　 \n", "blank"),
    ])
    func forbidden(body: String, rule: String) {
        #expect(Set(found(body)).contains(rule), "\(found(body))")
        #expect(Set(found(body)).count == 1, "\(found(body))")
    }

    @Test("What only looks forbidden may go", arguments: [
        "11月23日10時30分に避難指示を発令しました。0.5メートル浸水しています。",
        "119番は緊急の時だけ使ってください。標高10-20メートルへ。",
        "川〜海の間、約1000世帯。∪字溝に注意してください。",
        "職業訓練校へ避難してください。これは訓練ではありません。",
        "コンテスト会場から避難してください。",
        "水位は前日比5@所です。避難してください。",
    ])
    func allowed(body: String) { #expect(found(body) == []) }

    @Test("Bodies that went out by mistake are refused as real", arguments: ["11", "abc", "つい", "テスト", "これはテストです。避難してください", "This is a test 避難所",
        "【訓練】避難してください", "訓練です。避難してください", "ああああああああ", "test message only"])
    func mistakes(body: String) {
        let rules = Set(found(body))
        #expect(rules.contains("looks-like-a-test") || rules.contains("says-nothing"))
    }

    @Test("A drill may say that it is one, and must")
    func drills() {
        #expect(found("【訓練】" + order, mode: .exercise) == [])
        #expect(found(order, mode: .exercise) == ["drill-unmarked"])
        // The name of a place is no mark.
        for said in ["訓練 避難指示。", "訓練、大津波警報。", "（訓練）", "地震の訓練です。", "こちらは訓練放送。"] { #expect(found(said + order, mode: .exercise) == [], "\(said)") }
        for place in ["職業訓練センター", "訓練場前", "訓練センター"] { #expect(found(place + "へ避難してください。", mode: .exercise) == ["drill-unmarked"]) }
        #expect(found("これは訓練です。高台へ避難してください。", mode: .exercise) == [])
        #expect(found("【訓練】職業訓練センターへ避難してください。", mode: .exercise) == [])
    }

    @Test("Lengths are UTF-16 units after NFC, and a line break counts two")
    func lengths() {
        #expect(rules.measure("が") == 1)
        #expect(rules.measure("か\u{3099}") == 1)
        #expect(rules.measure("あ\nい") == 4)
        #expect(rules.measure("あ\r\nい") == 4)
        #expect(rules.measure("𠮟") == 2)
        let long = String(repeating: "避難してください。", count: 23)  // 9 × 23 = 207
        let problems = rules.problems(in: RenderedText(title: "避難指示", body: long), about: .evacuation, mode: .actual)
        #expect(problems.map(\.rule) == ["too-long"])
        #expect(problems.first?.position == 200)
        #expect(problems.first?.text.contains("7文字縮めてください") == true)
        #expect(TextRules(bodyLimit: 500).problems(
            in: RenderedText(title: "避難指示", body: long), about: .evacuation, mode: .actual) == [])
    }

    @Test("Exactly the limit may go, one more may not, and 訓練 counts")
    func boundaries() {
        let fifteen = "避難指示（洪水）気仙沼市松岩区"
        #expect(rules.measure(fifteen) == 15)
        #expect(found(order, title: fifteen) == [])
        #expect(found(order, title: fifteen + "内") == ["too-long"])
        #expect(found("【訓練】" + order, title: "訓練" + fifteen, mode: .exercise) == ["too-long"])
    }

    @Test("Every problem is told, with its place and part")
    func places() throws {
        let text = RenderedText(title: "①避難", body: "高台へ。電話0226226600か http://a.jp/ へ")
        let problems = rules.problems(in: text, about: .notice, mode: .actual)
        #expect(problems.map(\.rule) == ["subject", "vendor-character", "telephone", "url"])
        let vendor = problems[1], telephone = problems[2], url = problems[3]
        #expect(vendor.inTitle && vendor.position == 0 && vendor.text.contains("「1」と書いてください"))
        #expect(!telephone.inTitle && telephone.position == 6 && telephone.length == 10)
        #expect(url.position == 18 && url.length == 12)
    }

    @Test("The body sent last is not sent again")
    func repeats() {
        let text = RenderedText(title: "避難指示", body: order)
        #expect(rules.problems(in: text, about: .evacuation, mode: .actual, previous: order).map(\.rule) == ["same-as-last"])
        #expect(rules.problems(in: text, about: .evacuation, mode: .actual, previous: order + "。") == [])
    }

    @Test("Shelter news, notices and observed earthquakes are no subject", arguments: AlertKind.allCases)
    func subjects(kind: AlertKind) {
        let allowed: Set<AlertKind> = [.eew, .tsunami, .evacuation, .volcano, .landslide, .flood]
        #expect(found(order, kind: kind) == (allowed.contains(kind) ? [] : ["subject"]))
    }

    /// One text for each rule, and whether the rule speaks of a place in it.
    private static let broken: [(rule: String, title: String, body: String, isPlaced: Bool)] = [
        ("too-long", "避難指示", String(repeating: "高台へ避難。", count: 40), true),
        ("vendor-character", "避難指示", "①南町の方は高台へ避難してください。", true),
        ("half-width-kana", "避難指示", "ﾐﾅﾐ町の方は高台へ避難してください。", true),
        ("emoji", "避難指示", "南町の方は高台へ避難🏃してください。", true),
        ("control", "避難指示", "南町の方は\u{7}高台へ避難してください。", true),
        ("url", "避難指示", "詳しくは https://example.jp/ をご覧ください。", true),
        ("mail-address", "避難指示", "連絡先はbousai@example.jpです。", true),
        ("telephone", "避難指示", "連絡先は0226-22-6600です。", true),
        ("service-code", "避難指示", "困ったら#7119へ電話してください。", true),
        ("looks-like-a-test", "避難指示", "これは訓練です。高台へ避難してください。", true),
        ("says-nothing", "避難指示", "つい", true),
        ("blank", "", "南町の方は高台へ避難してください。", false),
    ]

    @Test("Every finding says where it is and what to do about it", arguments: broken.indices)
    func findings(index: Int) throws {
        let sample = Self.broken[index]
        let problems = rules.problems(
            in: RenderedText(title: sample.title, body: sample.body), about: .evacuation, mode: .actual)
        let problem = try #require(problems.first { $0.rule == sample.rule }, "\(problems)")
        #expect((problem.position != nil) == sample.isPlaced)
        let suggestion = try #require(problem.suggestion)
        #expect(!suggestion.isEmpty && problem.text.hasSuffix(suggestion))
        if sample.isPlaced { #expect(problem.line.contains("body at \(try #require(problem.position))")) }
    }
}
