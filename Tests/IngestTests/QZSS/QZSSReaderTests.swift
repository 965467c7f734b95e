import AlertModel
import Codes
import FoundationEssentials
import Testing

@testable import Ingest

/// 2022-03-08T00:00:00Z, the day after the drill broadcast that these sentences follow.
private let received = Date(timeIntervalSince1970: 1_646_697_600)

private func read(_ sentence: String) throws(Refusal) -> Bulletin {
    try QZSSReader.read(sentence, receivedAt: received)
}

/// Sentences built here, field by field, so that a test says what it means and needs no recording.
struct SentenceBuilder {
    private var bits = [Bool](repeating: false, count: 252)

    /// A DC Report of class 1, 2022-03-07 04:00 UTC, 発表.
    init(category: Int, classification: Int = 1, type: Int = 0) {
        put(0x53, 0, 8); put(43, 8, 6); put(classification, 14, 3); put(category, 17, 4)
        put(3, 21, 4); put(7, 25, 5); put(4, 30, 5); put(0, 35, 6); put(type, 41, 2); put(1, 214, 6)
    }

    /// A DCX of A1 and provider, Japan, national library.
    init(camf type: Int, provider: Int, hazard: Int = 0, instruction: Int = 0) {
        put(0x9A, 0, 8); put(44, 8, 6); put(type, 24, 2); put(111, 26, 9); put(provider, 35, 5); put(hazard, 40, 7)
        put(1, 66, 1); put(instruction, 70, 10); put(1, 214, 6)
    }

    mutating func put(_ value: Int, _ offset: Int, _ width: Int) {
        for bit in 0..<width { bits[offset + bit] = value >> (width - 1 - bit) & 1 == 1 }
    }

    func sentence(satellite: Int = 55, withCRC: Bool = true) -> String {
        var octets = pack(bits)
        if withCRC {
            let crc = QZSSMessage.crc24q(octets, bits: 226)
            var closed = bits
            for bit in 0..<24 { closed[226 + bit] = crc >> (23 - bit) & 1 == 1 }
            octets = pack(closed)
        }
        let digits = octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined().dropLast()
        return Self.closed("QZQSM,\(satellite),\(digits)")
    }

    private func pack(_ bits: [Bool]) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: 32)
        for (index, bit) in bits.enumerated() where bit { octets[index / 8] |= 0x80 >> UInt8(index % 8) }
        return octets
    }

    static func closed(_ body: String) -> String {
        let sum = body.utf8.reduce(UInt8(0), ^)
        return "$\(body)*" + (sum < 16 ? "0" : "") + String(sum, radix: 16, uppercase: true)
    }
}

@Suite("災危通報, the envelope")
struct QZSSEnvelopeTests {
    private static let warning: String = {
        var builder = SentenceBuilder(category: 1)
        builder.put(201, 53, 9); builder.put(7, 80, 5); builder.put(4, 85, 5); builder.put(20, 96, 9)
        builder.put(72, 105, 7); builder.put(791, 112, 10); builder.put(6, 122, 4); builder.put(11, 126, 4)
        builder.put(1, 129 + 7, 1)
        return builder.sentence()
    }()

    @Test("Line ends, spaces and small hexadecimal digits change nothing")
    func tolerated() throws {
        let plain = try read(Self.warning)
        for end in ["\r", "\r\n", "\n", "  ", "\t\r\n"] { #expect(try read("  " + Self.warning + end) == plain) }
        let star = try #require(Self.warning.firstIndex(of: "*"))
        let small = SentenceBuilder.closed("QZQSM,55," + Self.warning[..<star].split(separator: ",")[2].lowercased())
        #expect(try read(small) == plain)
        #expect(try read(String(small.dropLast(2)) + small.suffix(2).lowercased()) == plain)
    }

    @Test("Every flipped bit of a message is refused, also with a checksum that fits")
    func flippedBits() throws {
        let star = try #require(Self.warning.firstIndex(of: "*"))
        let digits = Array(Self.warning[..<star].split(separator: ",")[2])
        for bit in 0..<252 {
            var flipped = digits
            let value = try #require(digits[bit / 4].hexDigitValue) ^ (8 >> (bit % 4))
            flipped[bit / 4] = Character(String(value, radix: 16, uppercase: true))
            #expect(throws: Refusal.self, "bit \(bit)") { try read(SentenceBuilder.closed("QZQSM,55," + String(flipped))) }
        }
    }

    @Test("A sentence cut anywhere, or with any character changed, is refused")
    func damage() {
        for length in 0..<Self.warning.count {
            #expect(throws: Refusal.self) { try read(String(Self.warning.prefix(length))) }
        }
        for position in Self.warning.indices where position != Self.warning.startIndex {
            var changed = Self.warning
            changed.replaceSubrange(position...position, with: changed[position] == "Z" ? "Y" : "Z")
            #expect(throws: Refusal.self) { try read(changed) }
        }
    }

    @Test("Garbage is refused with a reason", arguments: [
        "", "\0\0\0", "$QZQSM", "$QZQSM,*00", "$GNGGA,1*4A", "$QZQSM,55,,*00", "気象庁", String(repeating: "A", count: 5_000),
        SentenceBuilder.closed("QZQSM,55,ZZ"), SentenceBuilder.closed("QZQSM,-1,00"), SentenceBuilder.closed("QZQSM,5555,00"),
        SentenceBuilder.closed("QZQSM,55," + String(repeating: "0", count: 63)),
    ])
    func garbage(text: String) {
        #expect { try read(text) } throws: { ($0 as? Refusal)?.reason.isEmpty == false }
    }

    @Test("Two thousand random sentences never crash and are never believed")
    func noise() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let digits = (0..<63).map { _ in String(Int.random(in: 0...15, using: &generator), radix: 16) }.joined()
            #expect(throws: Refusal.self) { try read(SentenceBuilder.closed("QZQSM,55," + digits)) }
        }
    }

    @Test("Random fields under a right CRC never crash; what has no name is listed")
    func randomFields() {
        var generator = SystemRandomNumberGenerator()
        for round in 0..<4_000 {
            var builder = round % 2 == 0 ? SentenceBuilder(category: round / 2 % 15) : SentenceBuilder(camf: 1, provider: round / 2 % 6)
            for offset in stride(from: 43, to: 213, by: 16) {
                builder.put(Int.random(in: 0...0xFFFF, using: &generator), offset, min(16, 213 - offset))
            }
            _ = try? read(builder.sentence())
        }
    }

    @Test("Other message types, categories, classes and versions are refused, not guessed")
    func undefined() {
        var other = SentenceBuilder(category: 1); other.put(47, 8, 6)
        var version = SentenceBuilder(category: 1); version.put(2, 214, 6)
        var month = SentenceBuilder(category: 1); month.put(13, 21, 4)
        for builder in [other, version, month, SentenceBuilder(category: 7), SentenceBuilder(category: 1, classification: 0),
                        SentenceBuilder(category: 1, type: 3)] {
            #expect(throws: Refusal.self) { try read(builder.sentence()) }
        }
    }

    @Test("The same message from another satellite, under another preamble, is the same bulletin")
    func identity() throws {
        var builder = SentenceBuilder(category: 1)
        builder.put(201, 53, 9); builder.put(1, 136, 1)
        let first = try read(builder.sentence(satellite: 55))
        builder.put(0xC6, 0, 8)
        #expect(try read(builder.sentence(satellite: 61)) == first)
        builder.put(1, 137, 1)
        #expect(try read(builder.sentence()).identifiers != first.identifiers)

        var camf = SentenceBuilder(camf: 1, provider: 1, instruction: 1)
        camf.put(4_205, 146, 16)
        let alert = try read(camf.sentence())
        camf.put(0x3FF, 14, 10)
        #expect(try read(camf.sentence(satellite: 60)) == alert, "the mask of satellites is no part of the message")
    }

    @Test("A recording is cut at every dollar sign: begun in mid-sentence, octets of another protocol, a tag block, a logger's time, words behind the checksum", arguments: [
        "9AF12\(Self.warning.suffix(20))\r\n\(Self.warning)\r\n", "\u{1}b\u{6}4\(Self.warning)\r\n", "\\g:1-1-7,s:r1*5A\\\(Self.warning)\n", "2026-11-28T01:30:00.123Z \(Self.warning)\n",
        "$GNGGA,013\(Self.warning)\n", "\(Self.warning),-71,42\n", "[12.5] rx: \(Self.warning)\u{0}\u{7F}\n",
    ])
    func cut(file: String) throws {
        let readings = try BulletinReader.readEach(Array(file.utf8), fileName: nil, receivedAt: Date(timeIntervalSince1970: 1_646_697_600))
        #expect(readings.count == 1)
        let bulletin = try #require(readings.first).outcome.get()
        #expect(bulletin.identifiers == (try QZSSReader.read(Self.warning, receivedAt: Date(timeIntervalSince1970: 1_646_697_600))).identifiers)
    }

    @Test("What a recording begins with is no reason to refuse it: half a character, a logger's mark, another program's element, noise like gzip's", arguments: [
        [0xFF, 0xFE, 0x00, 0xD8, 0x0A], Array("<13>Nov 29 10:00:00 rx gps: ".utf8), Array("<gps>\n".utf8), [0x1F, 0x8B, 0x08, 0xFF, 0x0A], Array("<?xml\n".utf8),
    ] as [[UInt8]])
    func beginnings(first: [UInt8]) throws {
        let readings = try BulletinReader.readEach(first + Array("\(Self.warning)\r\n".utf8), fileName: nil, receivedAt: received)
        #expect(try readings.map { try $0.outcome.get().identifiers } == [try QZSSReader.read(Self.warning, receivedAt: received).identifiers])
    }

    @Test("Lines leave out comments, blank lines and other sentences of the receiver")
    func lines() {
        let file = Array("# シナリオ\r\n\r\n$GNGGA,1\n\(Self.warning)\r\n  \(Self.warning)\ngarbage\n".utf8)
        #expect(QZSSReader.lines(file).count == 2)
        #expect(QZSSReader.recognises(file))
        #expect(!QZSSReader.recognises(Array("<?xml".utf8)))
        #expect(!QZSSReader.recognises([]))
    }
}

@Suite("災危通報, what it says")
struct QZSSContentTests {
    @Test("An early warning has its sentence, its areas by JMA's codes and its hypocentre")
    func earlyWarning() throws {
        var builder = SentenceBuilder(category: 1)
        builder.put(201, 53, 9)
        builder.put(7, 80, 5); builder.put(3, 85, 5); builder.put(59, 90, 6)
        builder.put(40, 96, 9); builder.put(72, 105, 7); builder.put(791, 112, 10)
        builder.put(6, 122, 4); builder.put(8, 126, 4)
        for region in [7, 17, 58, 75, 80] { builder.put(1, 129 + region, 1) }
        let bulletin = try read(builder.sentence())
        #expect(bulletin.title == "緊急地震速報（災危通報）")
        #expect(bulletin.kind == .eew && bulletin.status == .actual && bulletin.message == .alert)
        #expect(bulletin.sender == "気象庁")
        #expect(bulletin.headline == "強い揺れに警戒してください。")
        #expect(bulletin.reported?.text == "2022-03-07T13:00:00+09:00")
        #expect(bulletin.target?.text == "2022-03-07T12:59:00+09:00")
        #expect(bulletin.areas.map(\.code) == ["9040", "9132", "9920", "75", "80"])
        #expect(bulletin.areas.map(\.name) == ["宮城", "伊豆諸島", "東北", nil, "その他の府県予報区および地方予報区"])
        #expect(bulletin.areas.allSatisfy { $0.kindCode == "31" && $0.kindName == "緊急地震速報（警報）" })
        #expect(bulletin.unknownCodes == ["災危通報 緊急地震速報の地域:75"])
        let focus = try #require(bulletin.hypocentre)
        #expect(focus.name == "日向灘" && focus.depth == 40 && focus.magnitude == 7.2 && focus.magnitudeText == "7.2")
        #expect(!focus.isAssumed)
        #expect(bulletin.text?.contains("予想最大震度: 震度5弱から震度6弱") == true)
        #expect(bulletin.event == "qzss-quake-2022-03-07T12:59:00+09:00")
    }

    @Test("Ten kilometres and magnitude 1.0 mark an assumed hypocentre, in an early warning only")
    func assumed() throws {
        for (category, assumed) in [(1, true), (2, false)] {
            var builder = SentenceBuilder(category: category)
            builder.put(10, 96, 9); builder.put(10, 105, 7); builder.put(791, 112, 10)
            #expect(try read(builder.sentence()).hypocentre?.isAssumed == assumed)
        }
    }

    @Test("Unknown depth and magnitude are no numbers", arguments: [
        (127, "不明"), (126, "不明(8.0より大きい)"), (101, "10.0より大きい"),
    ])
    func unknownFocus(code: Int, text: String) throws {
        var builder = SentenceBuilder(category: 2)
        builder.put(511, 96, 9); builder.put(code, 105, 7); builder.put(1000, 112, 10)
        let focus = try #require(try read(builder.sentence()).hypocentre)
        #expect(focus.depth == nil && focus.magnitude == nil && focus.magnitudeText == text)
        #expect(focus.name == "その他の震央地名")
    }

    @Test("A correction and a cancel keep the event of their earthquake and have identifiers of their own")
    func lifeCycle() throws {
        let bulletins = try [0, 1, 2].map { type in
            var builder = SentenceBuilder(category: 1, type: type)
            builder.put(7, 80, 5); builder.put(4, 85, 5)
            return try read(builder.sentence())
        }
        #expect(bulletins.map(\.message) == [.alert, .update, .cancel])
        #expect(Set(bulletins.map(\.event)).count == 1)
        #expect(Set(bulletins.flatMap(\.identifiers)).count == 3)
    }

    @Test("Class 7, 訓練/試験, is an exercise")
    func exercise() throws {
        #expect(try read(SentenceBuilder(category: 5, classification: 7).sentence()).status == .exercise)
    }

    @Test("A tsunami warning names its forecast areas, heights and arrivals")
    func tsunami() throws {
        var builder = SentenceBuilder(category: 5)
        builder.put(122, 53, 9); builder.put(3, 80, 4)
        builder.put(0, 84, 1); builder.put(5, 85, 5); builder.put(30, 90, 6); builder.put(3, 96, 4); builder.put(220, 100, 10)
        builder.put(0b0_11111_111111, 110, 12); builder.put(6, 122, 4); builder.put(999, 126, 10)
        let bulletin = try read(builder.sentence())
        #expect(bulletin.kind == .tsunami)
        #expect(bulletin.headline?.hasPrefix("＜津波警報＞\n") == true)
        #expect(bulletin.areas.map(\.code) == ["220", "999"])
        #expect(bulletin.areas.map(\.kindCode) == ["51", "51"])
        #expect(bulletin.areas.map(\.value) == ["3m", "10m超"])
        #expect(bulletin.areas.map { $0.arrival?.suffix(14) } == ["T14:30:00+09:00".suffix(14), nil])
        #expect(bulletin.areas.map(\.status) == [nil, "津波到達中と推測"])
        #expect(bulletin.text == "宮城県: 3m、到達予想7日14時30分\n999: 10m超、津波到達中と推測")
        #expect(bulletin.unknownCodes == ["jma-tsunami:999"])
    }

    @Test("Weather kinds decide the kind; a lifted one says so")
    func weather() throws {
        var builder = SentenceBuilder(category: 10)
        builder.put(2, 53, 3); builder.put(23, 56, 5); builder.put(40_000, 61, 19)
        let bulletin = try read(builder.sentence())
        #expect(bulletin.kind == .landslide)
        #expect(bulletin.areas == [AreaStatement(
            scheme: .jmaForecast, code: "040000", name: "宮城県", kindCode: "3", kindName: "土砂災害警戒情報", status: "解除")])
    }

    @Test("Prefecture intensities are written as JMA writes them")
    func intensities() throws {
        var builder = SentenceBuilder(category: 3)
        builder.put(7, 53, 5); builder.put(4, 58, 5)
        builder.put(5, 69, 3); builder.put(4, 72, 6); builder.put(1, 78, 3); builder.put(60, 81, 6)
        let bulletin = try read(builder.sentence())
        #expect(bulletin.areas.map(\.value) == ["6-", "4未満"])
        #expect(bulletin.areas.map(\.codeType) == ["都道府県", "都道府県"])
        #expect(bulletin.areas.map(\.name) == ["宮城県", nil])
        #expect(bulletin.unknownCodes == ["都道府県:60"])
    }

    @Test("A message of no warnings is told from a test and from an alert")
    func camfStates() throws {
        var empty = SentenceBuilder(camf: 0, provider: 0)
        empty.put(0, 66, 1); empty.put(0, 214, 6)
        #expect(try read(empty.sentence()).status == .system)
        #expect(try read(SentenceBuilder(camf: 0, provider: 2, instruction: 136).sentence()).status == .test)
        #expect(try read(SentenceBuilder(camf: 2, provider: 2, instruction: 128).sentence()).message == .update)
    }

    @Test("Ｊアラート for prefectures: 消防庁, the fixed sentence, prefectures by local government code")
    func jAlert() throws {
        var builder = SentenceBuilder(camf: 1, provider: 2, hazard: 8, instruction: 128)
        builder.put(3, 47, 2)
        builder.put(1, 147 + 46, 1); builder.put(1, 147 + 47 - 4, 1); builder.put(1, 147, 1)
        let bulletin = try read(builder.sentence())
        #expect(bulletin.title == "Ｊアラート（災危通報）" && bulletin.sender == "消防庁")
        #expect(bulletin.headline?.hasPrefix("ミサイル発射。") == true)
        #expect(bulletin.severity == "Extreme")
        #expect(bulletin.areas.map(\.code) == ["010006", "040002", "470007"])
        #expect(bulletin.areas.map(\.name) == ["北海道", "宮城県", "沖縄県"])
        #expect(bulletin.areas.allSatisfy { $0.scheme == .localGovernment && $0.kindName == "ミサイル攻撃" })
    }

    @Test("Ｌアラート for a municipality: onset, expiry, all clear")
    func lAlert() throws {
        var builder = SentenceBuilder(camf: 3, provider: 1, hazard: 68, instruction: 514)
        builder.put(4_205, 146, 16)
        builder.put(1 * 1_440 + 61, 50, 14); builder.put(1, 64, 2)
        let bulletin = try read(builder.sentence())
        #expect(bulletin.kind == .flood && bulletin.message == .cancel)
        #expect(bulletin.headline == "向かえ。3階以上。")
        #expect(bulletin.areas.map(\.code) == ["042056"])
        #expect(bulletin.areas.first?.name == "宮城県気仙沼市" && bulletin.areas.first?.status == "解除")
        // Received on Tuesday 2022-03-08; minute 1501 of the week is Tuesday 1:00 UTC.
        #expect(bulletin.target?.text == "2022-03-08T10:00:00+09:00")
        #expect(bulletin.expires?.text == "2022-03-08T16:00:00+09:00")
    }

    @Test("Equal axes make a circle, others a polygon that closes")
    func ellipses() throws {
        var builder = SentenceBuilder(camf: 1, provider: 1, hazard: 36)
        builder.put(46_785, 80, 16); builder.put(116_800, 96, 17); builder.put(10, 113, 5); builder.put(10, 118, 5)
        let circle = try #require(try read(builder.sentence()).areas.first)
        #expect(circle.scheme == .circle)
        #expect(circle.code.hasSuffix(" 4.421"), "216.2 m times (2500 km / 216.2 m) to the power of 10/31: \(circle.code)")
        builder.put(5, 118, 5)
        let polygon = try #require(try read(builder.sentence()).areas.first)
        let corners = polygon.code.split(separator: " ")
        #expect(polygon.scheme == .polygon && corners.count == 25 && corners.first == corners.last)
    }

    @Test("Unknown municipalities, instructions, hazards and providers are kept and listed")
    func unknownCAMF() throws {
        var builder = SentenceBuilder(camf: 1, provider: 1, hazard: 127, instruction: 900)
        builder.put(99_99, 146, 16)
        let bulletin = try read(builder.sentence())
        #expect(bulletin.areas.first?.code.hasPrefix("09999") == true && bulletin.areas.first?.name == nil)
        #expect(bulletin.unknownCodes.count == 3)
        #expect(try read(SentenceBuilder(camf: 1, provider: 9).sentence()).unknownCodes == ["DCX提供者:9"])
    }

    @Test("Two pages of a Nankai text belong to one event")
    func nankai() throws {
        let pages = try ["南海トラフ沿", "いの地震"].enumerated().map { page, text in
            var builder = SentenceBuilder(category: 4)
            builder.put(5, 53, 4)
            for (index, octet) in text.utf8.enumerated() { builder.put(Int(octet), 57 + index * 8, 8) }
            builder.put(page + 1, 201, 6); builder.put(2, 207, 6)
            return try read(builder.sentence())
        }
        #expect(pages.map(\.text) == ["南海トラフ沿", "いの地震"])
        #expect(pages.map(\.serial) == ["1/2", "2/2"])
        #expect(pages.map(\.headline) == ["巨大地震注意", "巨大地震注意"])
        #expect(pages[0].event == pages[1].event && pages[0].event != nil)
    }
}

@Suite("災危通報, its times")
struct QZSSTimesTests {
    private static func date(_ text: String) -> Date { Date(timeIntervalSince1970: Timestamp(text)?.seconds ?? 0) }

    @Test("The year is the latest that is not in the future", arguments: [
        ("2026-01-01T00:05:00Z", 12, 31, "2026-01-01T08:59:00+09:00"),
        ("2025-12-30T23:59:30Z", 1, 1, "2025-01-02T08:59:00+09:00"),
        ("2026-11-23T00:00:00Z", 3, 7, "2026-03-08T08:59:00+09:00"),
        ("2027-03-01T00:00:00Z", 2, 29, "2024-03-01T08:59:00+09:00"),
    ])
    func year(received: String, month: Int, day: Int, announced: String) {
        let date = QZSSTimes.announced(month: month, day: day, hour: 23, minute: 59, receivedAt: Self.date(received))
        #expect(date.flatMap(QZSSTimes.japanese)?.text == announced)
    }

    @Test("The day of an earthquake is the nearest one", arguments: [
        ("2022-03-01T00:01:00Z", 28, "2022-03-01T08:58:00+09:00"), ("2022-03-01T00:01:00Z", 1, "2022-03-02T08:58:00+09:00"),
        ("2024-12-31T23:00:00Z", 1, "2025-01-02T08:58:00+09:00"),
    ])
    func day(anchor: String, day: Int, found: String) {
        #expect(QZSSTimes.nearest(day: day, hour: 23, minute: 58, to: Self.date(anchor)).flatMap(QZSSTimes.japanese)?.text == found)
    }

    @Test("Fields that are no time are nil")
    func noTime() {
        #expect(QZSSTimes.nearest(day: 0, hour: 0, minute: 0, to: received) == nil)
        #expect(QZSSTimes.nearest(day: 1, hour: 24, minute: 0, to: received) == nil)
        #expect(QZSSTimes.announced(month: 2, day: 30, hour: 0, minute: 0, receivedAt: received) == nil)
        #expect(QZSSTimes.onset(week: 0, minute: 0, receivedAt: received) == nil)
        #expect(QZSSTimes.onset(week: 0, minute: 10_081, receivedAt: received) == nil)
    }
}
