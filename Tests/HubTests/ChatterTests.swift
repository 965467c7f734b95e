import AlertModel
import Foundation
import Testing

@testable import Hub

@Suite("What is due, and what is held back")
struct ChatterTests {
    private static let now = Date(timeIntervalSince1970: 1_795_950_000)

    private func notice(_ id: String, due seconds: Double = -10, heldFor held: Double? = nil) -> ScheduledNotice {
        ScheduledNotice(
            id: id, town: "042056", mode: .actual, title: "題\(id)", body: "本文\(id)", every: .once, at: Self.now.addingTimeInterval(seconds), by: "佐藤",
            credential: "account:佐藤", hands: [], heldSince: held.map { Self.now.addingTimeInterval(-$0) })
    }

    @Test("Told one by one; held while something grave is in force; together afterwards; too old is dropped")
    func turns() {
        #expect(Chatter.turn([notice("a"), notice("b")], isHeld: false, now: Self.now).single.map(\.id) == ["a", "b"])
        let held = Chatter.turn([notice("a"), notice("b", heldFor: 60)], isHeld: true, now: Self.now)
        #expect(held.held.map(\.id) == ["a"] && held.single.isEmpty && held.digest.isEmpty, "once is enough")
        let after = Chatter.turn([notice("a"), notice("b", heldFor: 60), notice("c", heldFor: 60)], isHeld: false, now: Self.now)
        #expect(after.digest.map(\.id) == ["b", "c"] && after.single.map(\.id) == ["a"])
        #expect(Chatter.turn([notice("b", heldFor: 60)], isHeld: false, now: Self.now).single.map(\.id) == ["b"], "one alone needs no digest")
        #expect(Chatter.turn([notice("a", due: -3700)], isHeld: false, now: Self.now).dropped.count == 1)
        #expect(Chatter.turn([notice("a", due: -90_000, heldFor: 86_500)], isHeld: false, now: Self.now).dropped.count == 1)
        #expect(Chatter.turn([notice("a", due: -80_000, heldFor: 79_000)], isHeld: true, now: Self.now) == Chatter.Turn(), "it waits on")
    }

    @Test("A digest names each, and counts what does not fit")
    func words() {
        let three = Chatter.words(["a", "b", "c"].map { notice($0) })
        #expect(three.title == "お知らせのまとめ（3件）" && three.body == "・題a：本文a\n・題b：本文b\n・題c：本文c")
        var long = notice("x")
        long = ScheduledNotice(id: "x", town: long.town, mode: .actual, title: "長い題", body: String(repeating: "あ", count: 400), every: .once, at: long.at, by: "佐藤", credential: "account:佐藤", hands: [])
        let many = Chatter.words(Array(repeating: long, count: 5))
        #expect(many.body.count < 1000 && many.body.hasSuffix("ほかに3件あります。"), "\(many.body)")
    }
}
