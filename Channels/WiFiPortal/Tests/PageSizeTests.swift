import AlertModel
import ChannelKit
import FoundationEssentials
import Gzip
import Testing

@testable import WiFiPortal

@Suite("Wi-Fi portal: weight and colours")
struct PageSizeTests {
    /// Japanese that does not repeat itself, so that it compresses as news does.
    static func prose(_ count: Int, seed: UInt32) -> String {
        var state = seed
        return String((0..<count).map { _ -> Character in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Character(Unicode.Scalar(0x4E00 + state >> 16 % 0x2000) ?? "字")
        })
    }

    @Test("A usual page is far below the limit")
    func usual() async throws {
        let both = try Both()
        try await both.send(Sample())
        try await both.send(Sample(event: "t", title: "津波警報", priority: .immediate))
        let size = try #require(both.file("index.ja.html.gz")).count
        #expect(size < 4_000)
    }

    @Test("However many alerts, the page stays within the limit and the most urgent one is whole")
    func many() async throws {
        let both = try Both()
        for number in 0..<40 {
            try await both.send(Sample(
                event: "n\(number)", kind: .notice, detail: .none, title: "お知らせ\(number)",
                body: Self.prose(400, seed: UInt32(number)), priority: .routine))
        }
        try await both.send(Sample(event: "top", title: "大津波警報", body: "いますぐ高い所へ逃げてください。", priority: .immediate))
        for name in ["index.ja.html.gz", "stale.ja.html.gz", "index.en.html.gz"] {
            #expect(try #require(both.file(name)).count <= PortalPage.sizeLimit)
        }
        #expect(both.page().contains("いますぐ高い所へ逃げてください。"))
        #expect(both.page().contains("詳しい内容を省いています"))
    }

    @Test("Many long cancelled alerts never keep a new one off the page")
    func manyCancelled() async throws {
        let both = try Both()
        for number in 0..<30 {
            let body = Self.prose(1_500, seed: UInt32(number))
            try await both.send(Sample(event: "n\(number)", title: "お知らせ\(number)", body: body, priority: .routine))
            try await both.send(Sample(event: "n\(number)", message: .cancel, body: body, sent: start + 1))
        }
        try await both.send(Sample(event: "top", title: "大津波警報", body: "いますぐ高い所へ逃げてください。", priority: .immediate))
        #expect(both.page().contains("いますぐ高い所へ逃げてください。"))
        #expect(both.page().contains("取り消されました"))
    }

    @Test("A text too long for the page is refused before it is queued, and at delivery")
    func tooLong() async throws {
        let both = try Both()
        let sample = Sample(body: Self.prose(8_000, seed: 1))
        let problems = WiFiPortal<Actual>.lint(
            RenderedText(title: sample.title, body: sample.body), .japanese, in: sample.content)
        #expect(problems.map(\.rule) == ["too-long"])
        await #expect {
            try await both.send(sample)
        } throws: { error in
            if case DeliveryFailure.rejected = error { true } else { false }
        }
        #expect(WiFiPortal<Actual>.lint(RenderedText(title: "短い", body: "文"), .japanese, in: sample.content).isEmpty)
    }

    @Test("What is taken to fit without being built is never larger than said", arguments: AlertKind.allCases)
    func bound(kind: AlertKind) {
        let worst = ["\"", "'", "&", "\n", "\n\n", "避", "\u{202E}", " "]
        for length in [0, 1, 40, 300] {
            var content = Sample(body: "").content
            content.kind = kind
            content.sender = String(repeating: "気象庁\"", count: 10)
            let text = RenderedText(
                title: String(repeating: "'", count: length),
                body: (0..<length).map { worst[$0 % worst.count] }.joined() + String(repeating: "\n\nx", count: length))
            for language in ScreenLanguages.inUse.all {
                let html = PortalPage.page(text, language, content).html()
                #expect(html.utf8.count <= PortalPage.most(text, content), "\(kind) \(language) \(length)")
            }
        }
    }

    @Test("Shelters: a dozen on the page, open ones first, all on the second page")
    func shelters() async throws {
        let both = try Both()
        var sample = Sample()
        let states: [ShelterNotice.State?] = [.closed, .full, .open, nil]
        sample.shelters = (0..<200).map {
            ShelterStatus(
                shelter: Shelter(id: "s\($0)", name: "第\($0)小学校", romanName: "School No. \($0)", address: "本町\($0)丁目"),
                state: states[$0 % 4])
        }
        try await both.send(sample)
        let page = both.page()
        #expect(page.contains("避難所をすべて見る（150か所）"))
        #expect(page.contains("開設中"))
        #expect(!page.contains("閉鎖"))
        let all = String(decoding: try #require(both.file("shelters.en.html")), as: UTF8.self)
        #expect(all.components(separatedBy: "<li>").count == 151)
        #expect(all.contains("School No. 0"))
        #expect(try #require(both.file("shelters.ja.html.gz")).count <= PortalPage.sizeLimit)
        #expect(try Gzip.inflate(try #require(both.file("shelters.ja.html.gz")), limit: 1 << 20) == both.file("shelters.ja.html"))
    }

    @Test("Every band has a contrast of at least 4.5 to 1", arguments: PortalStyle.tones)
    func contrast(tone: PortalStyle.Tone) throws {
        let light = try [tone.ink, tone.ground].map(Self.luminance)
        let ratio = (light.max()! + 0.05) / (light.min()! + 0.05)
        #expect(ratio >= 4.5, "\(tone.name) has \(ratio)")
    }

    /// Relative luminance, WCAG 2.2.
    static func luminance(_ colour: String) throws -> Double {
        let number = try #require(UInt32(colour.dropFirst(), radix: 16))
        let parts = [16, 8, 0].map { shift -> Double in
            let value = Double(number >> shift & 255) / 255
            return value <= 0.04045 ? value / 12.92 : pow24((value + 0.055) / 1.055)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }

    /// x to the 2.4: x² times the square of the fifth root of x, by Newton.
    private static func pow24(_ x: Double) -> Double {
        var root = 1.0
        for _ in 0..<60 { root -= (root * root * root * root * root - x) / (5 * root * root * root * root) }
        return x * x * root * root
    }

    @Test("Levels are read as stated, in either width", arguments: [
        ("レベル４大雨危険警報", 4), ("警戒レベル3相当", 3), ("大雨警報", nil), ("レベル", nil),
    ] as [(String, Int?)])
    func levels(name: String, level: Int?) {
        #expect(WarningLevel.level(named: name) == level)
    }

    @Test("The captive portal document is RFC 8908's, and leaves out addresses that are not https")
    func captive() throws {
        let secure = try CaptivePortalDocument(spot: "s", base: "https://a.example", captive: true).json()
        #expect(String(decoding: secure, as: UTF8.self) == #"{"captive":true,"user-portal-url":"https://a.example/spots/s/","venue-info-url":"https://a.example/spots/s/"}"#)
        let open = try CaptivePortalDocument(spot: "s", base: "http://10.0.0.1", captive: false).json()
        #expect(String(decoding: open, as: UTF8.self) == #"{"captive":false}"#)
    }

    @Test("Japan's wall time", arguments: [
        (0.0, "1970-01-01T09:00:00+09:00"), (951_750_000, "2000-02-29T00:00:00+09:00"),
        (1_795_412_760, "2026-11-23T14:46:00+09:00"), (-32_401, "1969-12-31T23:59:00+09:00"),
    ])
    func time(seconds: Double, text: String) {
        #expect(JapanTime(Date(timeIntervalSince1970: seconds)).stamp == text)
    }
}
