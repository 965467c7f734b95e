import AlertModel
import Chance
import Foundation
import Testing

@testable import Bundles

@Suite("What people carry")
struct PaperTests {
    private static let now = Seconds.date(1_796_000_000)

    static func bundle(_ number: Int = 7, notices: Int = 3, expires: Date = now.addingTimeInterval(86_400), made: Date = now) throws -> TownBundle {
        let town = try #require(TownID("042056"))
        var bundle = TownBundle(town: town, name: "気仙沼市", mode: .actual, place: "https://hub.example.jp", number: number, made: made, expires: expires)
        bundle.districts = [.init(district: "階上地区", hazard: "津波", level: 4, since: now, until: nil)]
        bundle.shelters = [.init(name: "階上中学校", state: "open", since: now)]
        for number in 0..<notices {
            bundle.add(.init(
                id: "N-\(number)", kind: "notice", title: "給水のお知らせ \(number)", body: "\(number)時から市民会館で水を配ります。入れ物を持って来てください。", sent: now,
                expires: now.addingTimeInterval(7_200)))
        }
        return bundle
    }

    @Test("A paper says what was signed, by whom, in the same octets each time")
    func whole() throws {
        let key = OwnPaperKey(), bundle = try Self.bundle()
        let paper = try SignedPaper(.bundle, try bundle.octets(), by: key)
        let read = try SignedPaper(octets: paper.octets)
        #expect(read == paper && read.signer == key.known)
        #expect(try TownBundle(of: read) == bundle)
        #expect(try SignedPaper(.bundle, try bundle.octets(), by: key).octets == paper.octets, "Ed25519 signs the same the same way")
        #expect(OwnPaperKey(text: key.text)?.known == key.known)
        #expect(PaperKey(key.known.text) == key.known)
        #expect(key.known.has(fingerprint: key.known.fingerprint.lowercased().replacing("-", with: " ")))
        #expect(!OwnPaperKey().known.has(fingerprint: key.known.fingerprint))
    }

    @Test("No bit of a paper can be turned, no octet left out, doubled or put behind it, and no kind taken for the other")
    func changed() throws {
        let paper = try SignedPaper(.bundle, try Self.bundle(notices: 1).octets(), by: OwnPaperKey()), octets = paper.octets
        for place in octets.indices {
            for bit in 0..<8 {
                var other = octets
                other[place] ^= 1 << UInt8(bit)
                #expect(throws: PaperFlaw.self, "octet \(place), bit \(bit)") { try SignedPaper(octets: other) }
            }
            var less = octets, more = octets
            less.remove(at: place)
            more.insert(more[place], at: place)
            #expect(throws: PaperFlaw.self, "without \(place)") { try SignedPaper(octets: less) }
            #expect(throws: PaperFlaw.self, "\(place) twice") { try SignedPaper(octets: more) }
            #expect(throws: PaperFlaw.self) { try SignedPaper(octets: Array(octets.prefix(place))) }
        }
        #expect(throws: PaperFlaw.changed) { try SignedPaper(octets: octets + [0x0A]) }
        #expect(throws: PaperFlaw.tooLong) { try SignedPaper(octets: octets + [UInt8](repeating: 0x20, count: SignedPaper.limit)) }
        let text = String(decoding: octets, as: UTF8.self)
        #expect(throws: PaperFlaw.changed) { try SignedPaper(octets: Array(text.replacing("noroshi-bundle", with: "noroshi-receipt").utf8)) }
        // Another's signature under it.
        let other = try SignedPaper(.bundle, paper.body, by: OwnPaperKey())
        #expect(throws: PaperFlaw.changed) { try SignedPaper(octets: Array(text.replacing(paper.signer.text, with: other.signer.text).utf8)) }
    }

    @Test("Codes are read in any order and more than once; what is missing is named; two papers, a changed code and half of one are refused")
    func sheets() throws {
        var dice = Dice(seed: 11)
        var night = try Self.bundle(notices: 0)
        for number in 0..<50 {
            // As different from each other as words of a night are.
            let words = (0..<40).map { _ in String(UnicodeScalar(UInt32.random(in: 0x3042...0x3093, using: &dice)) ?? "あ") }.joined()
            night.add(.init(id: "N-\(number)", kind: "notice", title: "お知らせ \(number)", body: words, sent: Self.now, expires: Self.now))
        }
        let paper = try SignedPaper(.bundle, try night.octets(), by: OwnPaperKey())
        let codes = try CodeSheet(paper.octets).codes
        #expect(codes.count > 3 && codes.allSatisfy { $0.count < 860 && $0.utf8.allSatisfy { $0 < 0x5B } })
        for _ in 0..<20 {
            let mixed = (codes + codes.prefix(2)).shuffled(using: &dice) + ["https://elsewhere.example.jp", ""]
            #expect(try CodeSheet.octets(of: mixed) == paper.octets)
        }
        #expect(throws: CodeSheet.Flaw.missing([2, codes.count], of: codes.count)) { try CodeSheet.octets(of: codes.enumerated().filter { ![1, codes.count - 1].contains($0.offset) }.map(\.element)) }
        #expect(throws: CodeSheet.Flaw.none) { try CodeSheet.octets(of: ["NOROSHI2/…"]) }
        let other = try CodeSheet(try SignedPaper(.bundle, try Self.bundle(8, notices: 50).octets(), by: OwnPaperKey()).octets).codes
        #expect(throws: CodeSheet.Flaw.mixed) { try CodeSheet.octets(of: codes.dropLast() + other.suffix(1)) }
        for _ in 0..<400 {
            var texts = codes
            let at = Int.random(in: texts.indices, using: &dice)
            var letters = Array(texts[at].utf8)
            letters[Int.random(in: letters.indices, using: &dice)] ^= 1 << UInt8.random(in: 0..<7, using: &dice)
            texts[at] = String(decoding: letters, as: UTF8.self)
            #expect(throws: CodeSheet.Flaw.self, "\(texts[at].prefix(60))") { try CodeSheet.octets(of: texts) }
        }
        #expect(throws: CodeSheet.Flaw.tooLong) { try CodeSheet((0..<200_000).map { _ in UInt8.random(in: .min ... .max, using: &dice) }) }
    }

    @Test("Base32 of RFC 4648, and no second text for the same octets")
    func base32() {
        for (octets, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI")] {
            #expect(Base32.text(Array(octets.utf8)) == text)
            #expect(Base32.octets(text) == Array(octets.utf8))
        }
        for wrong in ["MZ", "my", "M", "MZXW6YTBO1", "MY======"] where wrong != "MY" { #expect(Base32.octets(wrong) == nil, "\(wrong)") }
    }

    @Test("A stranger's, an older, a second of one number, one whose time is over and one from tomorrow are not taken; the same twice is once")
    func judging() throws {
        let key = OwnPaperKey()
        func judge(_ bundle: TownBundle, held: Carrying.Held? = nil, isTrusted: Bool = true, now: Date = Self.now) throws -> Carrying.Novelty {
            try Carrying.judge(try SignedPaper(.bundle, try bundle.octets(), by: key), bundle, held: held, isTrusted: isTrusted, now: now)
        }
        func held(_ bundle: TownBundle) throws -> Carrying.Held {
            Carrying.Held(try SignedPaper(.bundle, try bundle.octets(), by: key), bundle, brought: Self.now, by: "佐藤")
        }
        let first = try Self.bundle(7), second = try Self.bundle(8)
        #expect(try judge(first) == .new)
        #expect(throws: Carrying.Refusal.stranger(fingerprint: key.known.fingerprint)) { try judge(first, isTrusted: false) }
        #expect(try judge(first, held: held(first)) == .known)
        #expect(try judge(first, held: held(first), now: Self.now.addingTimeInterval(1e6)) == .known, "known, though its time is over")
        #expect(try judge(second, held: held(first)) == .new)
        #expect(throws: Carrying.Refusal.older(held: 8)) { try judge(first, held: held(second)) }
        #expect(throws: Carrying.Refusal.twoOfOneNumber) { try judge(try Self.bundle(7, notices: 4), held: held(first)) }
        #expect(throws: Carrying.Refusal.over(expired: Self.now.addingTimeInterval(86_400))) { try judge(first, now: Self.now.addingTimeInterval(86_400)) }
        #expect(throws: Carrying.Refusal.ahead(made: Self.now)) { try judge(first, now: Self.now.addingTimeInterval(-90_000)) }
    }

    @Test("More alerts than fit, and longer ones, are bounded and said to be")
    func bounded() throws {
        var bundle = try Self.bundle(notices: 130)
        bundle.said.removeLast()
        bundle.add(.init(id: "long", kind: "notice", title: "長い", body: String(repeating: "あ", count: 5_000), sent: Self.now, expires: Self.now))
        #expect(bundle.said.count == 100 && bundle.left_out == 30 && bundle.said.last?.body.count == 1_000)
        let paper = try SignedPaper(.bundle, try bundle.octets(), by: OwnPaperKey())
        #expect(try TownBundle(of: paper).left_out == 30)
    }
}
