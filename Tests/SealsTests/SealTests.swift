import AlertModel
import Bundles
import Chance
import ChannelKit
import Crypto
import Devices
import Foundation
import Ledger
import NIOPosix
import Streams
import Synchronization
import Testing

@testable import Seals

private let town = TownID("042056")!
private let topic = StreamTopic(town: town, site: "school")

/// RFC 8785 by another way: parsed and written anew, from the values alone.
private func spelled(_ value: Any) -> String {
    switch value {
    case let object as [String: Any]:
        "{" + object.sorted { Array($0.key.utf16).lexicographicallyPrecedes(Array($1.key.utf16)) }.map { spelled($0.key) + ":" + spelled($0.value) }.joined(separator: ",") + "}"
    case let list as [Any]: "[" + list.map(spelled).joined(separator: ",") + "]"
    default: String(decoding: (try? JSONSerialization.data(withJSONObject: value, options: [.fragmentsAllowed, .withoutEscapingSlashes])) ?? Data(), as: UTF8.self)
    }
}

private final class Time: Sendable {
    private let value = Mutex(Date(timeIntervalSince1970: 1_796_000_000))
    var now: Date { value.withLock { $0 } }
    func turn(_ seconds: Double) { value.withLock { $0 += seconds } }
}

@Suite("The seal of what tablets are told")
struct SealTests {
    static let line = Array(#"""
        {"delivery":"d1","event":"e","expires":"2026-12-01T00:00:00+09:00","hypocentre":{"depth_km":10,"magnitude":7.1},"key":"e","level":4,"texts":{"en":{"body":"Go","title":"Leave"},"ja":{"body":"逃げて\n「今」 / \u001b","title":"避難"},"ja-x-easy":{"body":"にげて","title":"ひなん"}},"town":"042056"}
        """#.utf8)

    let key = OwnPaperKey()

    func sealed(_ line: [UInt8] = line, as name: String = "alert") throws -> [UInt8] {
        try #require(EventSeal.seal(line, as: name, by: key, number: 7))
    }

    func number(_ line: [UInt8], as name: String = "alert") -> UInt64? { EventSeal.read(line, as: name, keys: [OwnPaperKey().known, key.known])?.number }

    func changed(_ line: [UInt8], _ from: String, _ to: String) -> [UInt8] { Array(String(decoding: line, as: UTF8.self).replacing(from, with: to).utf8) }

    @Test("It holds in any choice of languages, however long is left of it, and at whichever school", arguments: ["ja", "en,ja", "ja-x-easy", "ko", "en"])
    func passesOn(languages: String) throws {
        let line = try sealed(), narrow = try #require(LanguageChoice(languages)).narrowed(line)
        #expect(narrow.count < line.count)
        let told = [UInt8(ascii: "{")] + Array(#""expires_in":17,"#.utf8) + narrow.dropFirst()
        #expect(number(changed(told, #""delivery":"d1""#, #""delivery":"another""#)) == 7)
    }

    @Test("Whatever else is changed breaks it", arguments: [
        ("\"level\":4", "\"level\":5"), ("7.1", "7.2"), ("Leave", "Stay"), ("にげて", "いて"), ("\"e\"", "\"f\""), ("042056", "042021"), ("\"number\":7", "\"number\":8"),
        ("2026-12", "2027-12"), ("\"level\":4", "\"level\":4,\"more\":1"),
    ])
    func changes(from: String, to: String) throws { #expect(number(changed(try sealed(), from, to)) == nil) }

    @Test("Every octet of it, one after the other")
    func octets() throws {
        let line = try sealed()
        // The delivery is no word of the town's.
        let free = try #require(String(decoding: line, as: UTF8.self).range(of: "d1")).lowerBound.utf16Offset(in: String(decoding: line, as: UTF8.self))
        for place in line.indices where !(free...free + 1).contains(place) {
            var other = line
            other[place] ^= 1
            #expect(number(other) == nil, "octet \(place)")
        }
        #expect(number(line, as: "cancel") == nil, "an alert is no cancel")
    }

    @Test("What is signed is what RFC 8785 makes of the values, by whoever spells them")
    func canonical() throws {
        let line = try sealed()
        var object = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
        var seal = try #require(object["seal"] as? [String: Any])
        let signature = try #require((seal.removeValue(forKey: "signature") as? String).flatMap { Data(base64Encoded: $0) })
        for (tag, text) in try #require(object["texts"] as? [String: Any]) {
            let digest = Data(SHA256.hash(data: Data(spelled(text).utf8)).prefix(18)).base64EncodedString()
            #expect((seal["texts"] as? [String: String])?[tag] == digest, "\(tag)")
        }
        for name in ["texts", "delivery", "expires_in"] { object[name] = nil }
        object["seal"] = seal
        let octets = Array("noroshi-event 1\nalert\n\(spelled(object))".utf8)
        #expect(key.known.verifies(signature, octets))
    }

    @Test("A line and a key's word that another program signed are read, and those of ours have the same form")
    func vector() throws {
        // Tests/browser/town_key.py, whose secret is 32 octets of 7.
        let known = try #require(PaperKey("ed25519:6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw="))
        let line = #"{"delivery":"d","event":"e","hypocentre":{"depth_km":10,"magnitude":7.1},"seal":{"key":"72ASYEXTVNGONLC5","number":1796000000000,"signature":"9LeeekNb24lxp/thqmmyfievNe934EYGYvrbAUCkY/DuVi9fdFPBMJwi8lmChJWcm6BY6y6+KTGeMy18Pcm7CQ==","texts":{"en":"ZylkN9EpIXhfOsH3zXJBYXrA","ja":"bted0nCXzqjvDDQA71S3Gkbv"}},"texts":{"en":{"body":"Go","title":"Leave"},"ja":{"body":"逃げて\n「今」","title":"避難"}},"town":"042056"}"#
        #expect(EventSeal.read(Array(line.utf8), as: "alert", keys: [known])?.number == 1_796_000_000_000)
        let word = #"{"at":"2026-11-30T12:00:00+09:00","by":"72ASYEXTVNGONLC5","key":"ed25519:6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=","number":1,"signature":"h+lEA3mZp8LqODNJRQvv8FGmUMF85tLHBMCSIS3pw2w6Md0++7FMA3cECgBZWsZEx1M3S2YEmQVeZaoE8hzCCw==","town":"042056"}"#
        let read = try JSONDecoder().decode(KeyWord.self, from: Data(word.utf8))
        #expect(read.isSigned(by: known) && !read.isSigned(by: key.known))
    }

    @Test("Numbers are written as RFC 8785 wants them", arguments: [0, 1, -1, 0.5, 7.1, 36.123456, 139.0, 0.0001, 123456789.125, 1e15, -0.001])
    func numbers(value: Double) throws {
        struct Line: Encodable { var value: Double }
        // What every browser writes (ECMA-262 §6.1.6.1.20), by hand: nothing of ours is smaller than a ten-thousandth (a coordinate has four places) or larger than 10^15: without exponents.
        let expected = [0: "0", 1: "1", -1: "-1", 0.5: "0.5", 7.1: "7.1", 36.123456: "36.123456", 139: "139", 0.0001: "0.0001", 123456789.125: "123456789.125", 1e15: "1000000000000000", -0.001: "-0.001"]
        let line = try AlertJSON.line(Line(value: value))
        let sealed = try #require(EventSeal.seal(line, as: "alert", by: key, number: 1))
        let octets = try #require(expected[value])
        let object = #"{"seal":{"key":"\#(key.known.mark)","number":1,"texts":{}},"value":\#(octets)}"#
        let signature = try JSONDecoder().decode(Signed.self, from: Data(sealed)).seal.signature
        #expect(key.known.verifies(signature, Array("noroshi-event 1\nalert\n\(object)".utf8)), "\(String(decoding: line, as: UTF8.self))")
    }

    private struct Signed: Decodable {
        struct Seal: Decodable { var signature: Data }
        var seal: Seal
    }

    @Test("What is no line of ours gets no seal and is read by nobody", arguments: ["", "x", "[]", "{", #"{"texts":3}"#, #"{"texts":{"j\"a":{}}}"#, #"{"seal":{}}"#])
    func odd(text: String) {
        if let made = EventSeal.seal(Array(text.utf8), as: "alert", by: key, number: 1) { #expect(number(made) == 1) }
        #expect(number(Array(text.utf8)) == nil)
    }
}

@Suite("A town's keys")
struct TownSealTests {
    private let time = Time()
    private let notes = MemoryLedger()
    private var seals: TownSeals { TownSeals(notebook: notes, clock: { [time] in time.now }) }

    @Test("A key is made once, outlives the run and is another in each town")
    func made() {
        let first = seals.key(of: town)
        #expect(seals.key(of: town) == first && seals.key(of: TownID("042021")!) != first)
        #expect(notes.keys(prefix: "town-key/042056/").count == 1 && notes.keys(prefix: "town-key/").allSatisfy { $0.contains("/0420") }, "it moves with its town")
    }

    @Test("Each newer key is signed by the one before it; who knows any of them finds the newest, and the old secret is gone")
    func chain() throws {
        let seals = seals, first = seals.key(of: town)
        for isTakenBack in [false, true] { #expect(seals.take(try #require(seals.prepare(town, isTakenBack: isTakenBack)))) }
        let words = TownSeals(notebook: notes, clock: { Date() }).words(of: town)
        #expect(words == seals.words(of: town) && words.map(\.number) == [1, 2, 3])
        #expect(words[0].key == first && words[0].isSigned(by: first) && words[0].ends == nil)
        for (old, new) in zip(words, words.dropFirst()) { #expect(new.isSigned(by: old.key) && !new.isSigned(by: new.key)) }
        #expect(words[1].ends == JapanTime.text(time.now.addingTimeInterval(TownSeals.overlap), milliseconds: false))
        #expect(words[2].ends == JapanTime.text(time.now, milliseconds: false))
        #expect(self.seals.key(of: town) == words[2].key, "after a restart too")
        let kept = notes.keys(prefix: "town-key/042056/word/").map { String(decoding: notes.read($0) ?? [], as: UTF8.self) }
        #expect(kept.map { $0.contains("secret") } == [false, false, true])
        #expect(!String(describing: words).contains("secret"))
    }

    @Test("A change that the disk did not take leaves the old key, also for the next run; of two at once one is taken")
    func undone() throws {
        let seals = seals, first = seals.key(of: town)
        seals.undo(try #require(seals.prepare(town, isTakenBack: false)))
        #expect(seals.key(of: town) == first && self.seals.key(of: town) == first && self.seals.words(of: town).count == 1)
        let (one, two) = (try #require(seals.prepare(town, isTakenBack: false)), try #require(seals.prepare(town, isTakenBack: false)))
        #expect(seals.take(two) && !seals.take(one))
        #expect(seals.key(of: town) == two.word.key && self.seals.key(of: town) == two.word.key)
    }

    @Test("Numbers go up, also when the clock is set back and after a restart")
    func numbers() throws {
        var last: UInt64 = 0
        for round in 0..<60 {
            let seals = seals
            for _ in 0..<5 {
                let number = try #require(seals.seal(SealTests.line, as: "alert", of: town)).number
                #expect(number > last)
                last = number
            }
            time.turn(round.isMultiple(of: 3) ? -3600 : 10)
        }
    }

    @Test("What stands is signed with its place, its time and the keys; too much of it is not named")
    func state() throws {
        let seals = seals, event = try #require(seals.state(of: topic, inForce: ["e": 3, "exercise/f": 0]))
        #expect(event.name == "state" && event.expiresIn == nil && event.bearing == nil)
        #expect(EventSeal.read(event.data, as: "state", keys: [seals.key(of: town)])?.number == event.number)
        let text = String(decoding: event.data, as: UTF8.self)
        for part in [#""in_force":{"e":3,"exercise/f":0}"#, #""site":"school""#, #""town":"042056""#, #""valid_until":""#, seals.key(of: town).text] { #expect(text.contains(part), "\(part)") }
        let many = Dictionary(uniqueKeysWithValues: (0...TownSeals.mostInForce).map { ("e\($0)", UInt64($0)) })
        #expect(!String(decoding: try #require(seals.state(of: topic, inForce: many)).data, as: UTF8.self).contains("in_force"))
    }

    @Test("What is planned for the next days is said with what stands, not what is over nor what is far")
    func exams() throws {
        let seals = seals, now = time.now
        let begins: [TimeInterval] = [-7200, -600, 86_400, 9 * 86_400]
        let all = begins.map { Examination(from: now.addingTimeInterval($0), until: now.addingTimeInterval($0 + 3600)) }
        let event = try #require(seals.state(of: topic, inForce: [:], exams: all))
        #expect(EventSeal.read(event.data, as: "state", keys: [seals.key(of: town)])?.number == event.number)
        let text = String(decoding: event.data, as: UTF8.self)
        #expect(text.components(separatedBy: #""from":"#).count == 3 && text.contains(#"{"from":"\#(JapanTime.text(all[1].from, milliseconds: false))","until":"\#(JapanTime.text(all[1].until, milliseconds: false))"}"#), "\(text)")
    }

    @Test("What an older program left without a seal gets one at the start, and nothing else does")
    func mended() async throws {
        let old = StreamEvent(name: "alert", data: SealTests.line, key: "e", expiresIn: .seconds(600), bearing: .init(mode: .actual, gravity: .danger, isOver: false))
        let group = MultiThreadedEventLoopGroup.singleton
        let first = try await StreamHub.start(on: group, epoch: 1, notebook: notes)
        first.publish(old, to: topic)
        first.publish(StreamEvent(name: "page", data: Array("{}".utf8), key: "p", expiresIn: .seconds(600)), to: topic)
        first.close()
        let seals = seals
        let hub = try await StreamHub.start(on: group, epoch: 2, notebook: notes, mend: { seals.mended($1, of: $0.town) })
        let mended = try #require(hub.latest("e", in: topic)), page = try #require(hub.latest("p", in: topic))
        #expect(EventSeal.read(mended.data, as: "alert", keys: [seals.key(of: town)])?.number == mended.number && page.number == nil)
        hub.publish(mended, to: topic)
        hub.close()
        let again = try await StreamHub.start(on: group, epoch: 3, notebook: notes, mend: { seals.mended($1, of: $0.town) })
        #expect(again.latest("e", in: topic)?.number == mended.number, "once")
        again.close()
    }

    @Test("That a device is out is signed")
    func revocation() throws {
        let seals = seals, seal = try #require(seals.revocation(of: "d-1", in: town))
        let octets = Array("noroshi-revoked 1\n{\"device\":\"d-1\",\"number\":\(seal.number),\"town\":\"042056\"}".utf8)
        #expect(seal.key == seals.key(of: town).mark && seals.key(of: town).verifies(seal.signature, octets))
    }
}

@Suite("Whose words are believed")
struct KeyRingTests {
    private let now = Date(timeIntervalSince1970: 1_796_000_000)
    private let one = OwnPaperKey(), two = OwnPaperKey(), three = OwnPaperKey(), stranger = OwnPaperKey()

    private func word(_ key: OwnPaperKey, _ number: Int, by signer: OwnPaperKey, of town: TownID = town, ends: Double? = nil) throws -> KeyWord {
        try KeyWord(key, number: number, of: town, by: signer, at: now, ends: ends.map { now.addingTimeInterval($0) })
    }

    @Test("From any key to the newest, each signed by the one before it; the old one holds until its end")
    func chain() throws {
        var ring = KeyRing(of: town, first: one.known)
        let words = [try word(one, 1, by: one), try word(two, 2, by: one, ends: 100), try word(three, 3, by: two, ends: 0)]
        let isNew = ring.learn(words.reversed(), at: now), isNewAgain = ring.learn(words, at: now)
        #expect(isNew && !isNewAgain)
        #expect(ring.trusted(at: now) == [one.known, three.known])
        #expect(ring.trusted(at: now.addingTimeInterval(100)) == [three.known])
        let kept = try JSONDecoder().decode(KeyRing.self, from: JSONEncoder().encode(ring))
        #expect(kept == ring)
    }

    @Test("A stranger's word, another town's, one of an old number and one by a key that has ended make no key")
    func refused() throws {
        var ring = KeyRing(of: town, first: two.known)
        func learns(_ word: KeyWord, after seconds: Double = 0) -> Bool { ring.learn([word], at: now.addingTimeInterval(seconds)) }
        #expect(try !learns(word(two, 2, by: one)))
        for other in [
            try word(stranger, 3, by: stranger), try word(stranger, 3, by: two, of: TownID("042021")!), try word(stranger, 2, by: two), try word(stranger, 1, by: two),
        ] { #expect(!learns(other)) }
        var forged = try word(stranger, 3, by: two)
        forged.number = 4
        #expect(!learns(forged))
        #expect(try learns(word(three, 3, by: two, ends: 50)))
        #expect(try !learns(word(stranger, 4, by: two), after: 50), "its key has ended")
        #expect(try !learns(word(stranger, 3, by: two)), "the first of a number holds")
        #expect(ring.trusted(at: now) == [two.known, three.known])
    }

    @Test("Who knows none takes the newest he hears of first, and then no other one's")
    func first() throws {
        var ring = KeyRing(of: town, first: nil)
        func learns(_ words: [KeyWord]) -> Bool { ring.learn(words, at: now) }
        #expect(!learns([]) && ring.isEmpty)
        #expect(try learns([word(one, 1, by: one), word(two, 2, by: one)]) && ring.trusted(at: now) == [two.known])
        #expect(try !learns([word(stranger, 1, by: stranger)]) && !learns([word(stranger, 9, by: stranger)]))
    }
}
