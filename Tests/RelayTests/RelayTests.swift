import AlertModel
import ChannelKit
import ChannelKitTesting
import Curl
import Devices
import Foundation
import HTTPTypes
import Ledger
import Logging
import Serving
import Synchronization
import Tablets
import Testing

@testable import Relay

private func feed(_ reader: inout EventReader, _ text: String) -> [EventReader.Event]? {
    Array(text.utf8).withUnsafeBytes { reader.feed($0) }
}

@Suite("The hub's stream as an edge reads it")
struct EventReaderTests {
    private static let greeting = "retry: 2000\nid: 7-1\n\nevent: alert\nid: 7-1\ndata: {\"a\":1}\n\n: \n\nid: 7-1\n\n"

    @Test("Events come whole, however the pieces are cut", arguments: [1, 2, 3, 7, 1000])
    func pieces(size: Int) {
        var reader = EventReader()
        var events: [EventReader.Event] = []
        var rest = Self.greeting[...]
        while !rest.isEmpty {
            events += feed(&reader, String(rest.prefix(size))) ?? []
            rest = rest.dropFirst(size)
        }
        #expect(events.map(\.id) == ["7-1", "7-1", "7-1"])
        #expect(events.map(\.name) == ["", "alert", ""])
        #expect(events.map { $0.data.map { String(decoding: $0, as: UTF8.self) } } == [nil, #"{"a":1}"#, nil])
    }

    @Test("Comments may go on for ever; a line without end may not")
    func bound() {
        var reader = EventReader()
        for _ in 0..<100_000 { #expect(feed(&reader, ": \n\n") == []) }
        let piece = "data: " + String(repeating: "x", count: 100_000)
        #expect(feed(&reader, piece) != nil)
        #expect(feed(&reader, piece) != nil)
        #expect(feed(&reader, piece) == nil)
    }

    @Test("What is left is taken out of an alert's line, and the rest stays as it was", arguments: [
        (#"{"expires_in":90,"id":"a","b":2}"#, 90, #"{"id":"a","b":2}"#),
        (#"{"id":"a","expires_in":90}"#, nil, #"{"id":"a","expires_in":90}"#),
        (#"{"expires_in":"x","id":"a"}"#, nil, #"{"expires_in":"x","id":"a"}"#),
    ])
    func rest(line: String, seconds: Int?, left: String) {
        let (lasts, data) = Upstream.withoutRest(Array(line.utf8))
        #expect(lasts == seconds.map { .seconds($0) })
        #expect(String(decoding: data, as: UTF8.self) == left)
    }
}

@Suite("Whether the line is cut")
struct LineWatchTests {
    @Test("Silence is counted from the last word, and the last contact survives a restart")
    func silence() {
        let notes = MemoryLedger()
        let contact = Date(timeIntervalSince1970: 1_700_000_000)
        let watch = LineWatch(patience: .seconds(40), notebook: notes, clock: { contact })
        #expect(!watch.heard())
        #expect(!watch.look(now: .now.advanced(by: .seconds(39))))
        #expect(watch.look(now: .now.advanced(by: .seconds(41))))
        #expect(!watch.look(now: .now.advanced(by: .seconds(42))), "it is said once")
        #expect(watch.status.cutSince == contact)
        // The same machine an hour later, with nobody to be heard.
        let later = LineWatch(patience: .seconds(40), notebook: notes, clock: { contact.addingTimeInterval(3600) })
        #expect(!later.look(now: .now.advanced(by: .seconds(4))), "there must be time to connect")
        #expect(later.look(now: .now.advanced(by: .seconds(6))))
        #expect(later.status.cutSince == contact)
        #expect(later.heard(), "it was cut before")
        #expect(later.status.cutSince == nil)
    }

    @Test("The hub's time goes on without the hub; after a start with the line cut it is never later than it is")
    func hubTime() {
        let notes = MemoryLedger()
        // This machine is a year ahead.
        let ahead = Date(timeIntervalSince1970: 784_111_777 + 365 * 86_400)
        let watch = LineWatch(patience: .seconds(40), notebook: notes, clock: { ahead })
        #expect(watch.hubTime() == ahead, "nothing better is known")
        let heard = ContinuousClock.now
        #expect(watch.learn(hubTime: "Sun, 06 Nov 1994 08:49:37 GMT", now: heard) == .byOwnClock)
        #expect(watch.hubTime(now: heard.advanced(by: .seconds(60))).timeIntervalSince1970 == 784_111_837)
        #expect(watch.learn(hubTime: "no date", now: heard) == nil)
        #expect(watch.learn(hubTime: "Sun, 06 Nov 1994 08:49:38 GMT", now: heard.advanced(by: .seconds(1))) == nil, "said once")
        let later = LineWatch(patience: .seconds(40), notebook: notes, clock: { ahead })
        #expect(abs(later.hubTime().timeIntervalSince1970 - 784_111_778) < 5)
        #expect(!watch.look(now: heard.advanced(by: .seconds(30))))
        #expect(watch.look(now: heard.advanced(by: .seconds(7201))), "the line is cut for two hours")
        let third = LineWatch(patience: .seconds(40), notebook: notes, clock: { ahead })
        #expect(abs(third.hubTime().timeIntervalSince1970 - 784_118_978) < 5, "a start after that knows of them")
        guard case .behind(let seconds) = later.learn(hubTime: "Sun, 06 Nov 1994 09:49:38 GMT") else {
            Issue.record("the hour without it is not known")
            return
        }
        #expect(abs(seconds - 3600) < 10)
    }

    @Test("A machine without a battery begins each run at the same moment by its clock, and each run's stream has a number of its own")
    func epochs() {
        let notes = MemoryLedger(), maker = Date(timeIntervalSince1970: 1_735_689_600)
        let epochs = (0..<3).map { _ in EdgeEpoch.next(notes, maker) } + [EdgeEpoch.next(notes, Date(timeIntervalSince1970: -1))]
        #expect(epochs == [1_735_689_600_000, 1_735_689_600_001, 1_735_689_600_002, 1_735_689_600_003])
    }

    @Test("Only a date as it is written in HTTP is one", arguments: [
        "", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun, 99999999999999999999 Nov 1994 08:49:37 GMT", "::::::::",
    ])
    func badDates(text: String) {
        #expect(HTTPDate.read(text) == nil)
    }

    @Test("The words take the place of the page's own", arguments: [
        (#"<main><p class="cut">古い</p><h1>津波</h1>"#, #"<main><p class="cut">切</p><h1>津波</h1>"#),
        ("<body><main><h1>津波</h1>", #"<body><main><p class="cut">切</p><h1>津波</h1>"#),
        ("津波", #"<p class="cut">切</p>津波"#),
    ])
    func insert(page: String, told: String) {
        #expect(CutNotice.insert("切", into: page) == told)
    }

    @Test("Since when: the clock, and the date when that was another day")
    func since() {
        let then = Date(timeIntervalSince1970: 1_700_024_700)  // 2023-11-15 14:05 in Japan
        #expect(CutNotice.text("ja", since: then, now: then + 60)
            == "役場との回線が切れています（14:05から）。最後に届いた情報を表示しています")
        #expect(CutNotice.pageText("ja", since: then, now: then).hasSuffix("表示しています。テレビ、ラジオ、防災行政無線も確認してください。"))
        #expect(CutNotice.text("ja", since: then, now: then + 86_400).contains("11月15日 14:05から"))
    }
}

@Suite("A page that nobody renews")
struct PageAgingTests {
    private static let eew = #"<article class="i p0" data-until="1000"><p class="k">緊急地震速報</p><div><h3>強い揺れが来ます</h3><div class="t"><p>机の下へ</p></div></div></article>"#
    private static let order = #"<article class="i l4" data-until="9000"><p class="k">避難情報</p><div><h3>避難指示</h3></div></article>"#
    private static let notice = #"<article class="i p2"><p class="k">お知らせ</p><div><h3>断水</h3></div></article>"#

    private static func page(_ body: String) -> String { "<body><main><h1>いま出ている情報</h1>\(body)</main></body>" }
    private static func age(_ page: String, at seconds: TimeInterval, _ language: String = "ja") -> (page: String, next: Date?) {
        PageAging(language: language, now: Date(timeIntervalSince1970: seconds)).age(page)
    }

    @Test("What is over leaves what is in force and stands under 終わった情報 by its title alone")
    func ends() throws {
        let page = Self.page(Self.eew + Self.order + Self.notice)
        let before = Self.age(page, at: 999)
        #expect(before.page == page && before.next == Date(timeIntervalSince1970: 1000))
        let after = Self.age(page, at: 1000)
        #expect(after.next == Date(timeIntervalSince1970: 9000))
        let parts = after.page.components(separatedBy: "<h2>終わった情報</h2>")
        #expect(parts.count == 2 && !parts[0].contains("強い揺れ") && parts[0].contains("避難指示") && parts[0].contains("断水"))
        #expect(parts[1].contains("強い揺れが来ます") && !parts[1].contains("机の下") && parts[1].contains("解除は確認できていません"))
    }

    @Test("Under the page's own heading where it has one; in the page's language")
    func heading() {
        let page = Self.page(Self.eew + Self.notice + "<section><h2>終わった情報</h2><article>古い</article></section>")
        #expect(Self.age(page, at: 1000).page.components(separatedBy: "<h2>終わった情報</h2>").count == 2)
        #expect(Self.age(Self.page(Self.eew), at: 1000, "en").page.contains("Time is up"))
        #expect(Self.age(Self.page(Self.eew), at: 1000, "ja-x-easy").page.contains("時間が 来ました"))
    }

    @Test("Where nothing is left nobody reads that nothing is in force")
    func nothingLeft() {
        let page = Self.age(Self.page(Self.eew + Self.order), at: 9000).page
        #expect(page.contains("いま出ている情報は、ここではわかりません") && !page.contains("<h1>いま出ている情報</h1>"))
    }

    @Test("Odd pages stay as they are", arguments: ["", "<article", "<article></article>", #"<article data-until="x"></article>"#, #"<article data-until="1"#])
    func odd(page: String) {
        #expect(Self.age(page, at: 5).page == page)
    }
}

@Suite("The register as an edge mirrors it")
struct MirrorTests {
    private static let town = TownID("042056")!

    @Test("Who the hub knows gets in, after a restart too; who was revoked or is gone is out")
    func mirror() throws {
        let hub = DeviceRegister(notebook: MemoryLedger())
        func enrol() throws -> (device: Device, token: String) {
            try hub.enrol(code: hub.invite(to: "school", of: Self.town, by: "desk").code, publicKey: nil, name: "")
        }
        let (one, two) = (try enrol(), try enrol())
        let notes = MemoryLedger()
        let edge = DeviceRegister(notebook: notes)
        func all() -> [MirroredDevice] { hub.devices(of: Self.town).map { MirroredDevice($0) } }
        #expect(edge.mirror(all(), of: "school", in: Self.town) == [])
        #expect(DeviceRegister(notebook: notes).device(token: one.token)?.id == one.device.id)
        let seal = RevocationSeal(key: "K", number: 7, signature: Data([1]))
        #expect(hub.revoke(one.device.id, of: Self.town, seal: seal))
        #expect(edge.mirror(all(), of: "school", in: Self.town) == [one.device.id])
        #expect(edge.mirror(all(), of: "school", in: Self.town) == [], "it is said once")
        #expect(edge.device(token: one.token) == nil && edge.device(token: two.token) != nil)
        #expect(edge.revoked(token: one.token) == one.device.id && hub.revoked(token: one.token) == one.device.id)
        #expect(edge.revocation(of: one.device.id) == seal && DeviceRegister(notebook: notes).revocation(of: one.device.id) == seal, "with the town's signature")
        #expect(edge.revoked(token: two.token) == nil && edge.revoked(token: "another town's") == nil)
        #expect(DeviceRegister(notebook: notes).revoked(token: one.token) == one.device.id, "after a restart too")
        #expect(edge.mirror([], of: "school", in: Self.town) == [two.device.id])
        #expect(edge.revoked(token: two.token) == nil, "who is gone from the hub was not revoked")
        #expect(DeviceRegister(notebook: notes).devices(of: Self.town).isEmpty)
    }

    @Test("A code for a tablet makes no edge, a code for an edge no tablet, and both stay good for the right one")
    func roles() throws {
        let hub = DeviceRegister(notebook: MemoryLedger())
        let forTablet = hub.invite(to: "school", of: Self.town, by: "desk").code
        let forEdge = hub.invite(to: "school", of: Self.town, by: "desk", role: .edge).code
        #expect(throws: EnrolmentFailure.self) { try hub.enrol(code: forTablet, publicKey: nil, name: "", role: .edge) }
        #expect(throws: EnrolmentFailure.self) { try hub.enrol(code: forEdge, publicKey: nil, name: "") }
        #expect(throws: EnrolmentFailure.self) {
            try hub.enrol(code: forEdge, publicKey: nil, name: "", role: .edge, site: "other")
        }
        #expect(try hub.enrol(code: forEdge, publicKey: nil, name: "", role: .edge, site: "school").device.isEdge)
        #expect(try !hub.enrol(code: forTablet, publicKey: nil, name: "").device.isEdge)
    }
}

@Suite("How the power of a school's machine is read")
struct PowerReadingTests {
    @Test("What a UPS's own program prints", arguments: [
        ("battery.charge: 87\nbattery.runtime: 2400\nups.status: OB DISCHRG\n", 87, false, 40),
        ("battery.charge: 100\nbattery.runtime: 3600\nups.status: OL CHRG\n", 100, true, 60),
        ("ups.status: OFF\nbattery.charge: -4\n", nil, nil, nil), ("nonsense", nil, nil, nil),
    ] as [(String, Int?, Bool?, Int?)])
    func upsc(text: String, charge: Int?, isPlugged: Bool?, minutes: Int?) {
        let reading = PowerReading(upsc: text)
        #expect(reading.charge == charge && reading.isPlugged == isPlugged && reading.minutes == minutes)
    }

    @Test("What the kernel says of batteries; a mouse's is none, and a full one has no end")
    func kernel() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "power-\(UUID().uuidString.prefix(8))")
        defer { try? FileManager.default.removeItem(at: folder) }  // only a temporary folder
        func write(_ name: String, _ values: [String: String]) throws {
            let place = folder.appending(path: name)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            for (key, value) in values { try Data("\(value)\n".utf8).write(to: place.appending(path: key)) }
        }
        try write("AC", ["type": "Mains", "online": "0"])
        try write("BAT0", ["type": "Battery", "capacity": "62", "status": "Discharging", "energy_now": "30000000", "power_now": "12000000"])
        try write("hidpp_battery_0", ["type": "Battery", "scope": "Device", "capacity": "5", "status": "Discharging"])
        let unplugged = try #require(PowerReading(at: folder.path, now: Date()))
        #expect(unplugged.charge == 62 && unplugged.isPlugged == false && unplugged.minutes == 150)
        try write("AC", ["online": "1"])
        let plugged = try #require(PowerReading(at: folder.path, now: Date()))
        #expect(plugged.charge == 62 && plugged.isPlugged == true && plugged.minutes == nil)
        #expect(PowerReading(at: folder.path + "/none", now: Date()) == nil)
        let file = folder.appending(path: "ups")
        try Data("ups.status: OB\n".utf8).write(to: file)
        #expect(PowerReading(at: file.path, now: Date())?.isPlugged == false)
        #expect(PowerReading(at: file.path, now: Date().addingTimeInterval(301)) == nil, "nobody has written it for five minutes")
    }
}
