import AlertModel
import ChannelKit
import Crypto
import FoundationEssentials
import Gzip
import Testing

@testable import WiFiPortal

@Suite("Wi-Fi portal: what a spot shows")
struct WiFiPortalTests {
    @Test("An alert is on the page in every language, with its sender, its time and the time of the page")
    func shown() async throws {
        let both = try Both()
        let receipt = try await both.send(Sample())
        #expect(receipt == Receipt(reach: .accepted, reference: "r-1"))
        let page = both.page()
        for part in ["避難指示", "全員避難してください", "発表元: さくら市", "14:46 発表", "11月23日 14:46現在", "警戒レベル4", "市民体育館"] {
            #expect(page.contains(part), "\(part)")
        }
        #expect(both.page(.easyJapanese).contains("にげて ください"))
        #expect(both.page(.english).contains("Evacuate now"))
        #expect(both.page(.english).contains("As of 23 Nov 14:46"))
    }

    @Test("The idle page says so and can be looked at again; no page reloads under its reader")
    func refresh() async throws {
        let both = try Both()
        let sample = Sample()
        try await both.real.prepare(
            sample.delivery(Actual.self).farEnd, of: sample.message(Actual.self).town, shelters: [])
        #expect(both.page().contains("いま出ている情報はありません"))
        #expect(!both.page().contains("http-equiv=\"refresh\"") && both.page().contains("最新の情報を見る"))
        try await both.send(sample)
        #expect(!both.page().contains("http-equiv=\"refresh\""))
        #expect(!both.page().contains("いま出ている情報はありません"))
    }

    @Test("No script, no other file, one role=alert, languages marked")
    func plain() async throws {
        let both = try Both()
        try await both.send(Sample())
        try await both.send(Sample(event: "f", title: "津波警報", priority: .immediate))
        for language in ScreenLanguages.inUse.all {
            let page = both.page(language)
            #expect(page.components(separatedBy: "role=\"alert\"").count == 2)
            for forbidden in ["<script", "src=", "@import", "url(", "<link", "<form", "<input"] {
                #expect(!page.contains(forbidden), "\(forbidden)")
            }
            #expect(page.contains("<html lang=\"\(language)\">"))
        }
        #expect(both.page(.english).contains("lang=\"ja\""))
    }

    @Test("A text cannot become markup, nor turn the letters after it round")
    func escaping() async throws {
        let both = try Both()
        try await both.send(Sample(title: "<script>alert(1)</script>", body: "A & B \u{202E}<img src=x onerror='y'>"))
        let page = both.page()
        #expect(!page.contains("<script"))
        #expect(!page.contains("<img"))
        #expect(!page.unicodeScalars.contains("\u{202E}"))
        #expect(page.contains("&lt;script&gt;"))
        #expect(page.contains("A &amp; B"))
    }

    @Test("A newer revision replaces; an older one arriving late does not")
    func latestWins() async throws {
        let both = try Both()
        try await both.send(Sample(serial: 2, title: "第2報"))
        let late = try await both.send(Sample(serial: 1, title: "第1報"))
        #expect(late.note?.contains("(a newer revision is on the page)") == true)
        #expect(both.page().contains("第2報"))
        #expect(!both.page().contains("第1報"))
        both.hand.turn(600)
        try await both.send(Sample(serial: 3, title: "第3報", sent: start + 600))
        #expect(both.page().contains("14:46 発表　14:56 更新"))
        #expect(!both.page().contains("第2報"))
    }

    @Test("The same delivery twice is one item")
    func twice() async throws {
        let both = try Both()
        try await both.send(Sample())
        try await both.send(Sample())
        #expect(both.page().components(separatedBy: "<article").count == 2)
    }

    @Test("What was shown and is cancelled stays for an hour, marked, with what it had said")
    func cancelled() async throws {
        let both = try Both()
        try await both.send(Sample(title: "震度7の強い揺れ"))
        try await both.send(Sample(serial: 1, message: .cancel, body: "先ほどの情報を取り消します。", sent: start + 5))
        #expect(both.page().contains("取り消されました"))
        #expect(both.page().contains("<h3>取り消し</h3><p class=\"x\"><s>震度7の強い揺れ</s></p>"))
        #expect(both.page().contains("先ほどの情報を取り消します。"))
        #expect(both.page().contains("いま出ている情報はありません"))
        both.hand.turn(3700)
        await both.age()
        #expect(!both.page().contains("取り消されました"))
    }

    @Test("A cancel of what was never shown is silent, and silences the alert that comes after it")
    func revocationFirst() async throws {
        let both = try Both()
        let receipt = try await both.send(Sample(message: .cancel, sent: start + 5))
        #expect(receipt.note?.contains("(this page never showed it)") == true)
        #expect(!both.page().contains("取り消されました"))
        try await both.send(Sample())
        #expect(!both.page().contains("全員避難"))
    }

    @Test("What expires moves to the ended ones, marked old, and later goes")
    func expiry() async throws {
        let both = try Both()
        try await both.send(Sample(lasting: 900))
        both.hand.turn(901)
        await both.age()
        #expect(both.page().contains("古い情報です"))
        #expect(both.page().contains("終わった情報"))
        #expect(both.page().contains("15:01現在"))
        both.hand.turn(3 * 3600)
        await both.age()
        #expect(!both.page().contains("終わった情報"))
    }

    @Test("Expired before it came is refused")
    func tooLate() async throws {
        let both = try Both()
        both.hand.turn(4000)
        await #expect(throws: DeliveryFailure.rejected("出す前に期限が過ぎました (expired before it could be shown)")) {
            try await both.send(Sample())
        }
    }

    @Test("What is grave and real ends a drill for good, and the next one is refused with the reason; a notice leaves it beside")
    func drillsHidden() async throws {
        let both = try Both()
        try await both.send(Sample(event: "water", kind: .notice, detail: .none, title: "断水", lasting: 7200, priority: .routine))
        try await both.practise(Sample(event: "drill", title: "避難訓練", lasting: 7200))
        #expect(both.page().contains("これは訓練です") && both.page().contains("【訓練】避難訓練") && both.page().contains("断水"))
        try await both.send(Sample(lasting: 900))
        #expect(!both.page().contains("訓練"))
        await #expect(throws: DeliveryFailure.rejected(DrillRule.refusal)) {
            try await both.practise(Sample(event: "drill", serial: 2, title: "避難訓練2", sent: start + 1, lasting: 7200))
        }
        #expect(!both.page().contains("訓練"))
        both.hand.turn(901)
        await both.age()
        #expect(!both.page().contains("避難訓練"), "no old drill comes up when what was real is over")
        try await both.practise(Sample(event: "drill", serial: 3, title: "避難訓練3", sent: start + 2, lasting: 7200))
        #expect(both.page().contains("避難訓練3") && both.page().contains("class=\"drill\""))
    }

    @Test("A drill is over after three hours, however long its alert would hold")
    func drillEnds() async throws {
        let both = try Both()
        try await both.practise(Sample(event: "drill", title: "避難訓練", lasting: 72 * 3600))
        both.hand.turn(3 * 3600 + 1)
        await both.age()
        #expect(!both.page().contains("class=\"drill\""))
    }

    @Test("The page for a cut line says of each item in force when it ends, for whoever serves it then")
    func untils() async throws {
        let both = try Both()
        try await both.send(Sample(lasting: 900))
        let stale = String(decoding: try #require(both.file("stale.ja.html")), as: UTF8.self)
        #expect(stale.contains("data-until=\"\(Int(start.timeIntervalSince1970) + 900)\""))
        #expect(!both.page().contains("data-until"))
    }

    @Test("A shelter opened in a drill is marked, and never stands beside, or in place of, what is really open")
    func drillShelters() async throws {
        func status(_ name: String, _ state: ShelterNotice.State) -> ShelterStatus {
            ShelterStatus(shelter: Shelter(id: name, name: name), state: state)
        }
        let both = try Both()
        try await both.practise(Sample(event: "drill", lasting: 7200, shelters: [status("第一小学校", .open)]))
        #expect(both.page().contains("【訓練】開設中"))
        #expect(!both.page().contains(">開設中"))
        let all = String(decoding: try #require(both.file("shelters.ja.html")), as: UTF8.self)
        #expect(all.contains("【訓練】開設中") && !all.contains(">開設中"))
        try await both.send(Sample(lasting: 900, shelters: [status("市民体育館", .open)]))
        #expect(both.page().contains(">開設中</b>"))
        #expect(!both.page().contains("訓練") && !both.page().contains("閉鎖"))
        #expect(!both.page().contains("第一小学校"))
        both.hand.turn(901)
        await both.age()
        try await both.practise(
            Sample(event: "drill", serial: 2, sent: start + 902, lasting: 7200, shelters: [status("市民体育館", .closed)]))
        #expect(both.page().contains("【訓練】閉鎖") && both.page().contains(">開設中</b>"))
    }

    @Test("On paper no word is white on a ground that printers leave out")
    func paper() {
        let print = PortalStyle.sheet.split(separator: "@media print").last ?? ""
        #expect(print.contains(".i>.k,li b[class]{color:#000;background:#fff"))
    }

    @Test("Where to go stands under what to do, above everything that can wait")
    func order() async throws {
        let both = try Both()
        let open = [ShelterStatus(shelter: Shelter(id: "a", name: "市民体育館"), state: .open)]
        try await both.send(Sample(event: "n", kind: .notice, detail: .none, title: "断水", priority: .routine, shelters: open))
        try await both.send(Sample(shelters: open))
        let page = both.page()
        let places = try ["警戒レベル4 避難指示</h2>", "開設中", "断水</h2>"].map { try #require(page.firstRange(of: $0)).lowerBound }
        #expect(places == places.sorted())
    }

    @Test("A restart shows what was shown before, and goes on counting revisions")
    func restart() async throws {
        let both = try Both()
        try await both.send(Sample(title: "前から出ている情報", lasting: 7200))
        let again = try both.restarted()
        let receipt = try await again.send(Sample(event: "new", title: "新しい情報", sent: start + 1))
        #expect(receipt.reference == "r-2")
        #expect(again.page().contains("前から出ている情報"))
        #expect(again.page().contains("新しい情報"))
    }

    @Test("A damaged state does not silence the spot")
    func damagedState() async throws {
        let both = try Both()
        try await both.send(Sample())
        try Data("{".utf8).write(to: URL(fileURLWithPath: "\(both.directory.path)/spot-1/state.json"))
        let again = try both.restarted()
        #expect(try await again.send(Sample(event: "new", title: "新しい情報")).reference == "r-1")
        #expect(again.page().contains("新しい情報"))
    }

    @Test("Where nothing can be written the old state stays whole in its folder, and the next one goes in with what it missed")
    func notWritable() async throws {
        let both = try Both()
        try await both.send(Sample(title: "古いページ"))
        // A folder where the new state is to be written stands in for a full disk: it stops root too.
        let obstacle = "\(both.directory.path)/spot-1/state.json.new"
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: true)
        #expect(try await both.send(Sample(event: "new", title: "新しいページ")).note?.contains("ディスクにはまだ書けません") == true)
        #expect(both.page().contains("新しいページ") && both.kept()?.revision == 1)
        try FileManager.default.removeItem(atPath: obstacle)
        #expect(try await both.send(Sample(event: "third", title: "その次のページ")).note == nil)
        #expect(both.page().contains("新しいページ") && both.page().contains("その次のページ"))
    }

    @Test("Two towns cannot share a spot's id, and an id cannot leave its folder")
    func spotNames() async throws {
        let both = try Both()
        try await both.send(Sample())
        await #expect(throws: DeliveryFailure.self) {
            try await both.send(Sample(event: "x", town: TownID("131032")!))
        }
        for id in ["", "../etc", "a/b", "体育館"] {
            #expect(throws: SettingsError.self) {
                try WiFiPortal<Actual>.check(FarEnd(town: TownID("042056")!, id: id, name: "", settings: [:]))
            }
        }
    }

    @Test("The manifest names every file with its checksum, and what an earlier version kept as files goes")
    func manifest() async throws {
        let both = try Both()
        try FileManager.default.createDirectory(atPath: "\(both.directory.path)/spot-1/r-9", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: "\(both.directory.path)/spot-1/current", withDestinationPath: "r-9")
        for serial in 1...4 { try await both.send(Sample(serial: serial, sent: start + Double(serial))) }
        struct Manifest: Decodable {
            struct File: Decodable { var sha256: String; var bytes: Int }
            var revision: Int, valid_for: Int, issued_at: String, files: [String: File]
        }
        let manifest = try JSONDecoder().decode(Manifest.self, from: Data(try #require(both.file("manifest.json"))))
        #expect(manifest.revision == 4)
        #expect(manifest.valid_for == 900)
        #expect(manifest.issued_at == "2026-11-23T14:46:00+09:00")
        #expect(manifest.files.count == 4 * ScreenLanguages.inUse.all.count)
        for (name, file) in manifest.files {
            let bytes = try #require(both.file(name))
            #expect(file.bytes == bytes.count)
            #expect(file.sha256 == SHA256.hash(data: bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
        }
        let kept = try FileManager.default.contentsOfDirectory(atPath: "\(both.directory.path)/spot-1")
        #expect(kept == ["state.json"])
    }

    @Test("The cut-off page says that the line is cut and until when each item holds")
    func cutOff() async throws {
        let both = try Both()
        try await both.send(Sample())
        let page = String(decoding: try #require(both.file("stale.ja.html")), as: UTF8.self)
        #expect(page.contains("役所との通信が切れています。14:46より後の情報は届いていません"))
        #expect(page.contains("15:46まで有効"))
        #expect(!both.page().contains("通信が切れています"))
    }

    @Test("The next look is at the first expiry, then at the next renewal")
    func nextLook() async throws {
        let both = try Both()
        try await both.send(Sample(lasting: 120))
        #expect(await both.site.age(now: both.hand.now, failed: { _, _ in }) == start + 120)
        both.hand.turn(121)
        #expect(await both.site.age(now: both.hand.now, failed: { _, _ in }) == start + 121 + 300)
    }

    @Test("run ends at once when its task is cancelled")
    func runStops() async throws {
        let both = try Both()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await both.real.run() }
            group.cancelAll()
        }
    }
}
