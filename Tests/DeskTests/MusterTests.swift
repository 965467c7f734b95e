import AlertModel
import Foundation
import Testing

@testable import Desk

@Suite("A call-up of the town's own people")
struct MusterTests {
    private static let start = Date(timeIntervalSince1970: 1_795_950_000)
    private static func at(_ minutes: Double) -> Date { start.addingTimeInterval(minutes * 60) }
    private static let both: Set<StaffWays.Way> = [.mail, .webhook]

    private func person(_ name: String, _ role: Role, step: Int, _ ways: StaffWays = StaffWays(mail: "a@b.jp")) -> Muster.Person {
        .init(name: name, role: role, step: step, ways: ways, key: "key-\(name)")
    }

    /// 佐藤 and 鈴木 are on duty, 高橋 is the chief; five minutes between rounds.
    private func muster(needed: Int = 1, rounds: Int = 3, mode: ModeName = .actual, _ people: [Muster.Person]? = nil) throws -> Muster {
        Muster(
            id: "m", town: try #require(TownID("042056")), mode: mode, words: "庁舎2階へ", by: "当直", begun: Self.start, roles: [.duty, .chief], needed: needed, pause: 300, rounds: rounds,
            people: people ?? [person("佐藤", .duty, step: 1), person("鈴木", .duty, step: 1, StaffWays(phone: "090-1")), person("高橋", .chief, step: 2, StaffWays(mail: "c@b.jp", webhook: "https://c"))])
    }

    private func names(_ due: [Muster.Due]) -> [String] { due.map { "\($0.person) \($0.way.rawValue) \($0.round)" } }

    @Test("The first role is called first, the next one after the time between, whoever is silent again; a telephone is nobody's but a person's")
    func rounds() throws {
        var muster = try muster()
        #expect(muster.due(Self.both).isEmpty, "nobody before the clock is turned")
        muster.turn(now: Self.at(0))
        #expect(names(muster.due(Self.both)) == ["佐藤 mail 1"] && muster.next == Self.at(5))
        muster.note(.init(round: 1, way: .mail, at: Self.at(0), trouble: nil), to: "佐藤")
        muster.turn(now: Self.at(4.9))
        #expect(muster.due(Self.both).isEmpty && muster.round == 1)
        muster.turn(now: Self.at(5))
        #expect(names(muster.due(Self.both)) == ["佐藤 mail 2", "高橋 mail 2", "高橋 webhook 2"])
        #expect(names(muster.due([.webhook])) == ["高橋 webhook 2"], "by what the hub has")
    }

    @Test("Who takes it ends it, who cannot is not called again, who did not answer the telephone is")
    func answers() throws {
        var muster = try muster(needed: 2)
        func say(_ answer: Muster.Answer, _ name: String, _ minute: Double) -> Bool { muster.note(.init(answer, at: Self.at(minute), by: nil), of: name) }
        muster.turn(now: Self.at(0))
        #expect(say(.cannot, "佐藤", 1) && say(.noAnswer, "鈴木", 1))
        #expect(!say(.cannot, "佐藤", 2), "the same again is no news")
        #expect(!say(.taken, "だれか", 2))
        muster.turn(now: Self.at(5))
        #expect(names(muster.due(Self.both)) == ["高橋 mail 2", "高橋 webhook 2"])
        muster.note(.init(.taken, at: Self.at(6), by: nil), of: "高橋")
        muster.turn(now: Self.at(6))
        #expect(muster.end == nil, "two are needed")
        muster.note(.init(.taken, at: Self.at(7), by: "当直"), of: "鈴木")
        muster.turn(now: Self.at(7))
        #expect(muster.end == .init(.taken, at: Self.at(7), by: nil) && muster.due(Self.both).isEmpty && muster.next == nil)
        #expect(say(.cannot, "高橋", 8))
        muster.turn(now: Self.at(8))
        #expect(muster.end?.outcome == .nobody, "who had taken it cannot after all, and nobody else is left")
        var other = try self.muster()
        other.turn(now: Self.at(0))
        other.note(.init(.taken, at: Self.at(1), by: nil), of: "佐藤")
        other.turn(now: Self.at(1))
        #expect(other.end?.outcome == .taken)
        other.note(.init(.cannot, at: Self.at(2), by: nil), of: "佐藤")
        other.turn(now: Self.at(2))
        #expect(other.end == nil && other.round == 2 && names(other.due(Self.both)) == ["高橋 mail 2", "高橋 webhook 2"], "it goes on at once with who is left")
    }

    @Test("Who cannot be reached keeps nobody waiting: without a way, with no way of the hub's, with a telephone that nobody answered, or with calls that did not go out")
    func vain() throws {
        let chief = person("高橋", .chief, step: 2)
        func alone(_ ways: StaffWays, _ able: Set<StaffWays.Way> = Self.both) throws -> Muster {
            var muster = try muster([person("佐藤", .duty, step: 1, ways), chief])
            muster.turn(now: Self.at(0), able: able)
            return muster
        }
        #expect(names(try alone(StaffWays()).due(Self.both)) == ["高橋 mail 2"], "at once")
        #expect(try alone(StaffWays(webhook: "https://c"), [.mail]).round == 2)
        #expect(try alone(StaffWays(phone: "090-1")).round == 1, "somebody rings him")
        var rung = try alone(StaffWays(phone: "090-1"))
        rung.note(.init(.noAnswer, at: Self.at(1), by: "当直"), of: "佐藤")
        rung.turn(now: Self.at(1))
        #expect(rung.round == 2 && rung.next == Self.at(6))
        var failed = try alone(StaffWays(mail: "a@b.jp", webhook: "https://c"))
        failed.note(.init(round: 1, way: .mail, at: Self.at(0), trouble: "つながりません"), to: "佐藤")
        failed.turn(now: Self.at(0.1))
        #expect(failed.round == 1, "the other call may have arrived")
        failed.note(.init(round: 1, way: .webhook, at: Self.at(0), trouble: "つながりません"), to: "佐藤")
        failed.turn(now: Self.at(0.1))
        #expect(failed.round == 2)
        var last = try muster([person("佐藤", .duty, step: 1, StaffWays())])
        last.turn(now: Self.at(0))
        last.turn(now: Self.at(1))
        #expect(last.round == 1 && last.end == nil, "nobody else could be called: a person has its time")
    }

    @Test("Where nobody is left, or all rounds are over, it says so; a role that nobody is left of keeps the next one not waiting")
    func nobody() throws {
        var all = try muster(rounds: 2)
        all.turn(now: Self.at(0))
        all.turn(now: Self.at(5))
        all.turn(now: Self.at(10))
        #expect(all.end?.outcome == .nobody && all.end?.at == Self.at(10))
        var quick = try muster()
        quick.turn(now: Self.at(0))
        for name in ["佐藤", "鈴木", "高橋"] { quick.note(.init(.cannot, at: Self.at(1), by: nil), of: name) }
        quick.turn(now: Self.at(5))
        #expect(quick.end?.outcome == .nobody)
        var empty = try muster([person("高橋", .chief, step: 2)])
        empty.turn(now: Self.at(0))
        #expect(names(empty.due(Self.both)) == ["高橋 mail 2"])
        empty.close(.stopped, at: Self.at(1), by: "当直")
        empty.turn(now: Self.at(60))
        #expect(empty.end?.outcome == .stopped && empty.round == 2 && empty.due(Self.both).isEmpty)
    }

    @Test("What is told says first what to do, the link by itself, and of a drill that it is one, twice")
    func letter() throws {
        let real = try muster().letter(town: "気仙沼市", link: "https://hub/muster/k"), drill = try muster(mode: .exercise).letter(town: "気仙沼市", link: "https://hub/muster/k")
        #expect(real.subject == "職員参集 気仙沼市" && !(real.subject + real.body).contains("訓練"))
        #expect(real.body.hasPrefix("気仙沼市の職員参集です。引き受けられるかを、すぐに答えてください。\n庁舎2階へ\n") && real.body.contains("\n答えるページ：https://hub/muster/k\n"))
        #expect(drill.subject.hasPrefix("【訓練】") && drill.body.hasPrefix("【訓練】") && drill.body.hasSuffix("これは訓練です。"))
    }

    @Test("A way that cannot be used is refused by its field, and empty words are none", arguments: [
        ("", "", "", []), ("a@b.jp", "https://chat.example/x", "0226-22-0100", []), ("nobody", "ftp://x", "電話", ["mail", "webhook", "phone"]),
        ("a@b.jp\r\nBcc: c@d.jp", "http://chat.example/x", "+81 90 0000 0000", ["mail", "webhook"]), ("", "https://user@chat.example", "", ["webhook"]), ("", "http://127.0.0.1:1/x", "", []),
    ] as [(String, String, String, [String])])
    func ways(mail: String, webhook: String, phone: String, wrong: [String]) {
        let read = StaffWays.read(mail: mail, webhook: webhook, phone: phone)
        #expect(read.errors.map(\.field) == wrong)
        if mail.isEmpty, webhook.isEmpty, phone.isEmpty { #expect(read.ways.isEmpty) }
    }
}
