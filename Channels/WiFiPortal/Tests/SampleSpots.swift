import AlertModel
import ChannelKit
import FoundationEssentials
import Testing

@testable import WiFiPortal

/// Pages to look at: `NOROSHI_SAMPLE_PAGES=DIR swift test --filter SampleSpots` leaves them in DIR, and
/// `Tests/browser/look.py` photographs them.
@Suite("Wi-Fi portal: sample pages")
struct SampleSpots {
    static let target = ProcessInfo.processInfo.environment["NOROSHI_SAMPLE_PAGES"]

    @Test("Samples are written where somebody asked for them", .enabled(if: target != nil))
    func write() async throws {
        for (name, fill) in Self.spots {
            let both = try Both()
            try await fill(both)
            let target = "\(Self.target ?? "")/\(name)/current"
            try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
            for language in ScreenLanguages.inUse.all {
                for file in ["index", "stale", "shelters"].map({ "\($0).\(language).html" }) {
                    if let octets = both.file(file) { try Data(octets).write(to: URL(filePath: "\(target)/\(file)")) }
                }
            }
        }
    }

    static var spots: [(String, (Both) async throws -> Void)] {
        [("idle", idle), ("evacuation", evacuation), ("earthquake", earthquake), ("drill", drill)]
    }

    static func idle(_ both: Both) async throws {
        let sample = Sample()
        try await both.real.prepare(sample.delivery(Actual.self).farEnd, of: sample.message(Actual.self).town, shelters: [])
    }

    static func evacuation(_ both: Both) async throws {
        var sample = Sample(
            body: """
                こちらは、さくら市です。
                本町地区・川端地区に、洪水に関する警戒レベル4、避難指示を発令しました。

                桜川が増水し、氾濫するおそれが高まっています。

                危険な場所にいる方は、速やかに全員避難してください。避難所へ行くことが危険なときは、近くの安全な場所か、建物の高い所へ移ってください。
                """,
            settings: ["address": "https://wifi.sakura.example.jp/spots/gym/", "continue_url": "https://wifi.sakura.example.jp/go"])
        let rows: [(String, ShelterNotice.State, String?)] = [
            ("市民体育館", .open, "ペットと一緒に入れます"), ("第一小学校", .full, nil), ("公民館", .open, nil), ("第二中学校", .closed, nil),
        ]
        sample.shelters = rows.enumerated().map { index, row in
            ShelterStatus(
                shelter: Shelter(id: "s\(index)", name: row.0, address: "本町\(index + 1)丁目"), state: row.1, note: row.2)
        }
        try await both.send(sample)
        try await both.send(Sample(
            event: "w", kind: .notice, detail: .none, title: "給水車を配置します", body: "市役所前の駐車場で、16時から20時まで水を配ります。容器をお持ちください。",
            priority: .routine, shelters: sample.shelters))
    }

    static func earthquake(_ both: Both) async throws {
        try await both.send(Sample(
            event: "q", kind: .eew, detail: .none, title: "緊急地震速報　宮城県沖で地震", body: "強い揺れに警戒してください。\n頭を守り、丈夫な机の下などへ。", lasting: 180,
            priority: .immediate))
        try await both.send(Sample(
            event: "t", kind: .tsunami, detail: .none, title: "大津波警報", body: "ただちに高い所へ逃げてください。\n津波はくり返し来ます。警報が解除されるまで戻らないでください。",
            sent: start + 60, priority: .immediate))
        try await both.send(Sample(event: "x", kind: .evacuation, title: "緊急安全確保", body: "命の危険があります。直ちに身の安全を確保してください。"))
        try await both.send(Sample(event: "x", message: .cancel, kind: .evacuation, body: "先ほどの緊急安全確保は誤りでした。取り消します。", sent: start + 30))
        both.hand.turn(200)
        await both.age()
    }

    static func drill(_ both: Both) async throws {
        try await both.practise(Sample(title: "市民防災訓練", body: "いま、洪水の避難訓練をしています。\n参加する方は、第一小学校へ移動してください。"))
    }
}
