import AlertModel
import Bundles
import Foundation
import Hub
import Ledger
import LedgerStore
import Logging
import Synchronization
import Testing

/// Somebody has the record's file, makes all of it anew with one word another, and every hash fits: only the signed days tell.
@Suite("The signed days of a record")
struct DayRootRouteTests {
    private let folder = URL.temporaryDirectory.appending(path: "noroshi-roots-\(UUID().uuidString)")
    private let key = OwnPaperKey()

    private final class Hand: Sendable {
        let now = Mutex(Date(timeIntervalSince1970: 1_795_870_800))  // 2026-11-28T22:00:00+09:00
        func turn(_ seconds: Double) { now.withLock { $0 += seconds } }
    }

    private func open(_ name: String) throws -> SQLiteLedger {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return try SQLiteLedger(path: folder.appending(path: "\(name).sqlite").path, logger: House.logger)
    }

    private func house(_ ledger: SQLiteLedger, _ hand: Hand, key: OwnPaperKey? = nil, beside: String = "roots") async throws -> House {
        try await House(ledger: ledger, clock: { hand.now.withLock(\.self) }, paperKey: key ?? self.key, roots: folder.appending(path: beside), chance: { 7 })
    }

    private func say(_ words: String, _ house: House) async throws {
        let notice = #"{"town":"\#(House.town)","kind":"notice","mode":"actual","title":"給水","body":"\#(words)"}"#
        #expect(try await house.call("POST", "/v1/alerts", notice).status == 202)
    }

    private struct Page: Decodable {
        struct Chain: Decodable {
            struct Signed: Decodable { var days: Int; var last, signer: String }
            struct Flaw: Decodable { var number: Int?; var words: String }
            var facts: Int
            var signed: Signed?
            var flaw: Flaw?
        }
        var own: Chain
    }

    private func chain(_ house: House) async throws -> Page.Chain {
        let answer = try await house.call("GET", "/v1/towns/\(House.town)/chain", "")
        return try JSONDecoder().decode(Page.self, from: Data(answer.body.utf8)).own
    }

    /// Three evenings of a town, each signed; a word of the second may be another.
    private func evenings(_ house: House, _ hand: Hand, second: String = "市役所前で給水します", isSigned: Bool = true) async throws {
        for words in ["断水しています", second, "断水は終わりました"] {
            try await say(words, house)
            hand.turn(86_400)
            if isSigned { #expect(await house.hub.signDays(now: hand.now.withLock(\.self))) }
        }
    }

    @Test("Each day that is over is signed once, and the record passes where it stood")
    func signed() async throws {
        let hand = Hand(), ledger = try open("ledger")
        let house = try await house(ledger, hand)
        #expect(try await chain(house).signed == nil, "nothing is over yet")
        try await evenings(house, hand)
        let found = try await chain(house)
        #expect(found.flaw == nil && found.signed?.days == 3 && found.signed?.last == "2026-11-30" && found.signed?.signer == key.known.fingerprint, "\(found)")
        // The same day again, and a day without a word, sign nothing.
        hand.turn(86_400)
        #expect(await house.hub.signDays(now: hand.now.withLock(\.self)))
        #expect(try await chain(house).signed?.days == 3)
        await ledger.close()
        try? FileManager.default.removeItem(at: folder)
    }

    @Test("A record that was made anew as a whole is found, and the day named", arguments: ["with the days", "without them", "signed by another", "without the last days"])
    func anew(how: String) async throws {
        let hand = Hand(), ledger = try open("ledger")
        try await evenings(try await house(ledger, hand), hand)
        let days = ledger.keys(prefix: DayRoots.prefix).map { ($0, ledger.read($0)) }
        await ledger.close()

        let again = Hand(), forged = try open("forged"), other = OwnPaperKey()
        let forger = try await house(forged, again, key: other, beside: "elsewhere")
        try await evenings(forger, again, second: "給水はありません", isSigned: how == "signed by another")
        let report = try await forged.verify(TownID(House.town))
        #expect(report.flaw == nil, "every hash of it fits")
        switch how {
        case "with the days": for (name, value) in days { forged.write(name, value) }
        case "without the last days": for (name, value) in days where name.hasSuffix("28") { forged.write(name, value) }
        default: break
        }
        // The hub itself, with its own key and what lies beside, on the forged file; also after it has run for a while.
        let hub = try await house(forged, again)
        for _ in 0..<2 {
            let flaw = try #require(try await chain(hub).flaw)
            switch how {
            case "with the days": #expect(flaw.words.contains("2026-11-29の署名と違います") && flaw.number == 2, "\(flaw)")
            case "signed by another": #expect(flaw.words.contains("このハブの鍵のものではありません"), "\(flaw)")
            default: #expect(flaw.words.contains("消えています"), "\(flaw)")
            }
            again.turn(86_400)
            _ = await hub.hub.signDays(now: again.now.withLock(\.self))
        }
        await forged.close()
        try? FileManager.default.removeItem(at: folder)
    }

    @Test("Where what lies beside is gone too, days that are over and not signed show")
    func notSigned() async throws {
        let hand = Hand(), ledger = try open("ledger")
        let house = try await house(ledger, hand, beside: "here")
        try await evenings(house, hand)
        for key in ledger.keys(prefix: DayRoots.prefix) where !key.hasSuffix("28") { ledger.write(key, nil) }
        try FileManager.default.removeItem(at: folder.appending(path: "here"))
        let days = try SignedDays(ledger.keys(prefix: DayRoots.prefix).compactMap { ledger.read($0) }, beside: nil, of: House.town, by: key.known)
        var report = try await ledger.verify(TownID(House.town), expecting: DayRoots.heads(days))
        DayRoots.judge(&report, days, now: hand.now.withLock(\.self))
        #expect(report.flaw?.words.contains("2026-11-28より後の") == true, "\(report)")
        await ledger.close()
        try? FileManager.default.removeItem(at: folder)
    }
}
