/// A town leaves as one file and arrives as it was, or not at all.
import AlertModel
import ChannelKit
import Foundation
import Ledger
import LedgerStore
import Logging
import Testing

@Suite("A town as one file", .timeLimit(.minutes(2)))
struct TownMoveTests {
    let folder = URL.temporaryDirectory.appending(path: "noroshi-move-\(UUID().uuidString)")
    var file: String { folder.appending(path: "kesennuma.town").path() }

    private func data(_ name: String) throws -> URL {
        let data = folder.appending(path: name)
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        return data
    }

    private func open(_ name: String) throws -> SQLiteLedger {
        try SQLiteLedger(path: try data(name).appending(path: "ledger.sqlite").path(), logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
    }

    private let notes = [
        "standing/042056/actual": #"{"version":3}"#, "shelters/042056/list": "[]", "stream/042056/school/a": "{}", "device/042056/d-1": "{}",
        "area-mail/actual/area-mail/actual/042056/gw/codes": "16", "report-read/042056/042021": "{}", "people/safe/042056": "[]",
        "people/account/佐藤": #"{"duties":[{"role":"duty","towns":["042056"]}]}"#, "people/token/t": #"{"towns":["042056"]}"#,
        "approval/A-1": #"{"town":"042056","isTimed":true}"#, "order-key/042056/k": "{}",
    ]
    /// Of others, however they are named.
    private let others = [
        "standing/042021/actual": "{}", "device/042021/d-2": "{}", "report-read/042021/042056": "{}", "source/feed/042056": "x",
        "people/account/042056": #"{"duties":[{"role":"duty","towns":["042021"]}]}"#, "people/account/both": #"{"duties":[{"role":"duty","towns":["042056","042021"]}]}"#,
        "people/session/042056": "{}", "approval/A-2": #"{"town":"042021"}"#, "people/token/all": #"{"towns":null}"#,
    ]

    /// A hub with a life: two towns, archived years, something that waits.
    private func live(_ name: String = "a") async throws -> (log: [String], head: ChainHead) {
        let ledger = try open(name)
        try await fill(ledger)
        var old = alert("old", at: epoch.addingTimeInterval(-7 * 366 * 86_400))
        old.deliveries.removeAll(where: \.isSend)
        try await ledger.town(kesennuma).record(old).committed()
        _ = try await ledger.retireAll(RetentionRule(town: kesennuma, now: epoch))
        for (key, value) in notes.merging(others, uniquingKeysWith: { $1 }) { ledger.write(key, Array(value.utf8)) }
        try await ledger.flush().committed()
        let page = try data(name).appending(path: "wifi-portal/eki")
        try FileManager.default.createDirectory(at: page, withIntermediateDirectories: true)
        try Data(#"{"place":{"town":"042056","id":"eki"}}"#.utf8).write(to: page.appending(path: "state.json"))
        let log = try await said(ledger), head = try await ledger.verify(kesennuma).head
        await ledger.close()
        return (log, head)
    }

    /// The log with what is archived, but for its numbers.
    private func said(_ ledger: SQLiteLedger) async throws -> [String] {
        var query = DeliveryQuery()
        (query.since, query.limit) = (.distantPast, 1000)
        return try await ledger.town(kesennuma).deliveries(query).map { "\($0.delivery.id) \($0.offered) \($0.attempts) \($0.reached)\($0.shown)\($0.touched) \($0.delivery.sentence)" }
    }

    private func export(_ name: String = "a") throws -> TownFile.Contents {
        try TownExport(kesennuma, data: try data(name).path).write(to: file, now: epoch)
    }

    private func take(_ name: String = "b", trial: Bool = false) async throws(TownFile.Failure) -> TownFile.Contents {
        try await TownImport(file, data: folder.appending(path: name).path).run(isTrial: trial, now: epoch)
    }

    private func occupied(_ name: String = "b") async -> Bool {
        do throws(TownFile.Failure) { _ = try await take(name) } catch { if case .occupied = error { return true } }
        return false
    }

    private func isRefused(_ name: String = "b") async -> Bool {
        do throws(TownFile.Failure) { _ = try await take(name) } catch { if case .notWhole = error { return true } }
        return false
    }

    @Test("The log, the chain, the words, the notes and the pages are the same there; what waited is held, and nothing of another town came along")
    func moves() async throws {
        let before = try await live()
        let out = try export()
        #expect(out.left == ["both"] && out.devices == 1 && out.alerts == 3)
        // The other hub has a life of its own, with other numbers, and the same bulletin passed its towns by.
        let there = try open("b")
        for index in 0..<3 { _ = there.town(ishinomaki).record(alert("x\(index)", in: ishinomaki)) }
        var group = PassedAlert.Group(channel: "school-tablet", reason: "not-in-area", sentence: "対象外です")
        group.add(ishinomaki, ["school-9"])
        try await there.record(PassedAlert(content: alert("c").content, mode: .exercise, accepted: epoch, actor: "jma", groups: [group])).committed()
        await there.close()
        #expect(try await take(trial: true).facts == out.facts)
        let done = try await take()
        #expect(!done.wasHere && done.held == 2)

        let ledger = try open("b")
        #expect(try await said(ledger) == before.log)
        var held = DeliveryQuery()
        held.state = .held
        #expect(try await ledger.town(kesennuma).deliveries(held).count == 2)
        let chain = try await ledger.verify(kesennuma, expecting: before.head)
        #expect(chain.flaw == nil && chain.facts == Int(before.head.number) + 2, "\(chain)")
        #expect(try await ledger.verify(nil).flaw == nil)
        #expect(try await ledger.verify(ishinomaki).flaw == nil)
        #expect(try await ledger.log(ishinomaki).count == 10)
        #expect(try await ledger.town(kesennuma).said(AlertID("a")).first?.texts[.japanese]?.body == "強い揺れに警戒")
        #expect(try await ledger.town(kesennuma).reports(limit: 10).count == 2)
        for key in notes.keys { #expect(ledger.read(key) != nil, "\(key)") }
        for key in others.keys { #expect(ledger.read(key) == nil, "\(key)") }
        #expect(String(decoding: ledger.read("approval/A-1") ?? [], as: UTF8.self).contains(#""isTimed":false"#))
        #expect(FileManager.default.fileExists(atPath: try data("b").appending(path: "wifi-portal/eki/state.json").path))
        // It goes on from there.
        try await ledger.town(kesennuma).record(alert("later")).committed()
        #expect(try await ledger.verify(kesennuma).flaw == nil)
        await ledger.close()

        // The same file again is nothing new.
        #expect(try await take().wasHere)
        let again = try open("b")
        #expect(try await said(again).count == before.log.count + 3)
        #expect(try await again.verify(kesennuma).flaw == nil)
        await again.close()
    }

    @Test("A town with a life of its own there is not written over, be it a row or a tablet", arguments: [true, false])
    func life(isRow: Bool) async throws {
        _ = try await live()
        _ = try export()
        let there = try open("b")
        if isRow { try await there.town(kesennuma).record(alert("own")).committed() } else { there.write("device/042056/d-9", [1]) }
        // What a hub writes by itself is no life.
        there.write("area-mail/actual/area-mail/actual/042056/gw/codes", Array("16".utf8))
        try await there.flush().committed()
        await there.close()
        #expect(await occupied())
        let after = try open("b")
        #expect(try await after.town(kesennuma).alerts(AlertQuery()).count == (isRow ? 1 : 0))
        #expect(after.read("standing/042056/actual") == nil)
        await after.close()
    }

    @Test("A file that was cut, changed anywhere or is none at all is refused whole", arguments: 0..<24)
    func damaged(seed: Int) async throws {
        _ = try await live()
        _ = try export()
        var octets = try Data(contentsOf: URL(filePath: file))
        switch seed {
        case 0: octets = Data()
        case 1: octets = octets.prefix(octets.count / 2)
        case 2: octets.removeLast()
        case 3: octets.append(0)
        case 4: octets = Data("noroshi-town 2\n".utf8) + octets.dropFirst(15)
        default:
            let place = (seed * 7919 * 131) % octets.count
            octets[place] ^= 0x10
        }
        try octets.write(to: URL(filePath: file))
        #expect(await isRefused())
        // Nothing half: not even a ledger was begun.
        #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "b/ledger.sqlite").path))
    }

    @Test("A file whose rows were changed before it was sealed is refused by its chain")
    func forged() async throws {
        _ = try await live()
        let ledger = try open("a")
        try ledger.tamper("UPDATE receipt SET device = 'd-x' WHERE id = 'r0'")
        await ledger.close()
        _ = try export()
        _ = try data("b")
        #expect(await isRefused())
    }
}
