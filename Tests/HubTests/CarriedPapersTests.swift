import AlertModel
import Bundles
import ChannelKit
import Foundation
@testable import Hub
import Ledger
import Testing

@Suite("The shelf of what was carried here")
struct CarriedPapersTests {
    private static let now = Seconds.date(1_796_000_000)
    private static let own = "042056"
    private let papers = CarriedPapers(own: OwnPaperKey(), trusted: [:], notebook: MemoryLedger())

    /// Of towns that are no town of this hub, by their numbers.
    private static func foreign(_ number: Int) throws -> String {
        let code = (0...9).lazy.compactMap { TownID("01\(String(format: "%03d", number))\($0)")?.code }.first
        return try #require(code)
    }

    private static func paper(
        of town: String, by key: OwnPaperKey = OwnPaperKey(), number: Int = 1, made: Date = Self.now, hours: Int = 2, mode: ModeName = .actual
    ) throws -> (SignedPaper, TownBundle) {
        let id = try #require(TownID(town))
        let bundle = TownBundle(
            town: id, name: "町", mode: mode, place: "https://hub.example.jp", number: number, made: made, expires: made.addingTimeInterval(TimeInterval(hours) * 3600))
        return (try SignedPaper(.bundle, try bundle.octets(), by: key), bundle)
    }

    private func bring(_ one: (paper: SignedPaper, bundle: TownBundle), at now: Date = Self.now) throws -> Carrying.Novelty? {
        try papers.take(
            one.paper, one.bundle, isOwn: { $0.code == Self.own }, pins: one.paper.signer.fingerprint, isTrial: false, by: "operator:desk", now: now)
    }

    private func holds(_ paper: SignedPaper) -> Bool { papers.brought.contains { $0.held.digest == paper.digest } }

    @Test("A full shelf takes no paper while all on it may be believed; the one that was over first makes room, and is still known")
    func over() throws {
        // The first is over after an hour, the second after two, the others after a day.
        let all = try (0..<CarriedPapers.foreignLimit).map { try Self.paper(of: Self.foreign($0), hours: $0 < 2 ? $0 + 1 : 24) }
        for one in all {
            let taken = try bring(one)
            #expect(taken == .new)
        }
        let next = try Self.paper(of: Self.foreign(100), hours: 72)
        #expect(try bring(next) == nil && !holds(next.0))
        #expect(all.allSatisfy { holds($0.0) })
        let later = Self.now.addingTimeInterval(3 * 3600)
        #expect(try bring(next, at: later) == .new && holds(next.0))
        #expect(!holds(all[0].0) && holds(all[1].0), "the one that was over first")
        #expect(try bring(all[0], at: later) == .known)
        #expect(try bring(Self.paper(of: Self.foreign(101), made: later), at: later) == .new)
        #expect(!holds(all[1].0))
        #expect(try bring(Self.paper(of: Self.foreign(102), made: later), at: later) == nil, "all that are left may be believed")
    }

    @Test("An older number of a signer whose words are gone is not taken for new")
    func older() throws {
        let key = OwnPaperKey(), town = try Self.foreign(0), later = Self.now.addingTimeInterval(2 * 3600)
        let newer = try Self.paper(of: town, by: key, number: 8, hours: 1), older = try Self.paper(of: town, by: key, number: 7, hours: 72)
        #expect(try bring(newer) == .new)
        for number in 1...CarriedPapers.foreignLimit { #expect(try bring(Self.paper(of: Self.foreign(number), hours: 24), at: later) == .new) }
        #expect(!holds(newer.0))
        #expect(throws: Carrying.Refusal.older(held: 8)) { try bring(older, at: later) }
        let next = try Self.paper(of: town, by: key, number: 9, hours: 24)
        #expect(try bring(next, at: later) == nil, "its number alone takes no room from others, and gives it none")
    }

    @Test("Papers of other towns neither push out nor keep out those of the hub's own, nor the other way round")
    func shares() throws {
        for number in 0..<CarriedPapers.foreignLimit { #expect(try bring(Self.paper(of: Self.foreign(number), hours: 24)) == .new) }
        let mine = try (0..<CarriedPapers.ownLimit).map { _ in try Self.paper(of: Self.own) }
        for one in mine { #expect(try bring(one) == .new) }
        #expect(papers.brought.count == CarriedPapers.foreignLimit + CarriedPapers.ownLimit)
        // Over by now, and still no room for another town's.
        let later = Self.now.addingTimeInterval(3 * 3600)
        #expect(try bring(Self.paper(of: Self.foreign(200), made: later), at: later) == nil)
        #expect(mine.allSatisfy { holds($0.0) })
        #expect(try bring(Self.paper(of: Self.own, made: later), at: later) == .new)
        #expect(papers.brought.count == CarriedPapers.foreignLimit + CarriedPapers.ownLimit)
    }

    @Test("Keys that were believed once and say nothing any more keep no other out; a key that speaks now stays")
    func pins() throws {
        let town = try Self.foreign(0), speaks = OwnPaperKey(), later = Self.now.addingTimeInterval(2 * 3600)
        #expect(try bring(Self.paper(of: town, by: speaks, hours: 24)) == .new)
        for _ in 1..<CarriedPapers.pinLimit { #expect(try bring(Self.paper(of: town, hours: 1)) == .new) }
        let id = try #require(TownID(town)), next = try Self.paper(of: town, made: later)
        #expect(papers.pins(id).count == CarriedPapers.pinLimit)
        #expect(try bring(Self.paper(of: town)) == nil, "all of them speak")
        #expect(try bring(next, at: later) == .new)
        let keys = papers.pins(id).map(\.key)
        #expect(keys.count == CarriedPapers.pinLimit && keys.contains(speaks.known) && keys.contains(next.0.signer))
    }

    @Test("A paper that asks to be believed for longer than a hub writes one has no room for good")
    func longer() throws {
        let one = try Self.paper(of: Self.foreign(0), hours: 73)
        #expect(throws: Carrying.Refusal.longer(expires: Self.now.addingTimeInterval(73 * 3600))) { try bring(one) }
        var endless = one.1
        (endless.made, endless.expires) = (.min, .max)
        let paper = try SignedPaper(.bundle, try endless.octets(), by: OwnPaperKey())
        #expect(throws: Carrying.Refusal.self) { try bring((paper, endless)) }
        #expect(papers.brought.isEmpty)
    }
}
