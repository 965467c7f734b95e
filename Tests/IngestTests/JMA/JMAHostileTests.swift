import Ingest
import AlertModel
import Codes
import Foundation
import Testing

/// Bytes of strangers: each becomes a bulletin or a refusal, and never anything else.
@Suite("Hostile and damaged JMA bulletins")
struct JMAHostileTests {
    private func read(_ octets: [UInt8]) throws(Refusal) -> Bulletin {
        try JMAReader.read(octets, fileName: nil, codes: .bundled)
    }

    private func refusal(of octets: [UInt8]) -> String? {
        do throws(Refusal) { _ = try read(octets) } catch { return error.reason }
        return nil
    }

    private func changed(_ name: String, _ change: (String) -> String) throws -> [UInt8] {
        Array(change(try JMASamples.text(name)).utf8)
    }

    @Test("Prefixes do not matter, namespaces do")
    func prefixes() throws {
        let original = try read(try JMASamples.demonstration("04_20110311144959_VTSE41.xml"))
        var text = String(decoding: try JMASamples.demonstration("04_20110311144959_VTSE41.xml"), as: UTF8.self)
        text = text.replacingOccurrences(of: "jmx_eb", with: "x")
        for (name, prefix) in [("Report", "r"), ("Control", "r"), ("Head", "h"), ("Body", "b")] {
            text = text.replacingOccurrences(of: "<\(name) xmlns=", with: "<\(name) xmlns:\(prefix)=")
        }
        // Every element takes the prefix of the part it stands in.
        var part = "r"
        let pieces = text.components(separatedBy: "<").map { piece -> String in
            let isClosing = piece.hasPrefix("/")
            let body = isClosing ? String(piece.dropFirst()) : piece
            guard let first = body.first, first.isLetter else { return piece }
            let name = String(body.prefix { $0.isLetter || $0 == "_" || $0 == ":" })
            if name.contains(":") { return piece }
            if name == "Head" { part = "h" } else if name == "Body" { part = "b" } else if name == "Report" { part = "r" }
            defer { if isClosing, name == "Head" || name == "Body" { part = "r" } }
            return (isClosing ? "/" : "") + "\(part):" + body
        }
        let renamed = try read(Array(pieces.joined(separator: "<").utf8))
        #expect(renamed == original)
    }

    @Test("The order of Control and Head's children does not matter")
    func order() throws {
        let original = try read(try JMASamples.fixture("drill-without-the-word.xml"))
        let turned = try changed("drill-without-the-word.xml") { text in
            var lines = text.components(separatedBy: "\n")
            let control = lines.firstIndex(of: "<Control>")! + 1..<lines.firstIndex(of: "</Control>")!
            lines.replaceSubrange(control, with: lines[control].reversed())
            let head = lines.firstIndex { $0.hasPrefix("<Head ") }! + 1..<lines.firstIndex(of: "</Head>")!
            lines.replaceSubrange(head, with: lines[head].reversed())
            return lines.joined(separator: "\n")
        }
        #expect(try read(turned) == original)
    }

    @Test("Each Status is its own; anything else is refused", arguments: [
        ("通常", BulletinStatus.actual as BulletinStatus?), ("訓練", .exercise), ("試験", .test), ("本番", nil), ("", nil),
        ("通 常", nil),
    ])
    func status(word: String, status: BulletinStatus?) throws {
        let octets = try changed("drill-without-the-word.xml") {
            $0.replacingOccurrences(of: "<Status>訓練<", with: "<Status>\(word)<")
        }
        if let status {
            #expect(try read(octets).status == status)
        } else {
            #expect(refusal(of: octets)?.contains("Control/Status") == true)
        }
    }

    @Test("Missing or strange parts of the envelope are refused by name", arguments: [
        ("<InfoType>発表</InfoType>", "", "InfoType"), ("<InfoType>発表<", "<InfoType>続報<", "InfoType"),
        ("<Status>訓練</Status>", "", "Status"), ("<Title>震源に関する情報</Title>\n<DateTime>", "<DateTime>", "Title"),
        ("<DateTime>2099-01-01T03:00:10Z</DateTime>", "", "DateTime"), ("2099-01-01T03:00:10Z", "2099-13-01T03:00:10Z", "DateTime"),
        ("jmaxml1/\">\n<Control>", "jmaxml2/\">\n<Control>", "Report"), ("Control>", "Kontrol>", "Control"),
        ("informationBasis1", "informationBasis9", "Head"), ("Report", "Rapport", "Report"),
        ("encoding=\"UTF-8\"", "encoding=\"ISO-8859-1\"", "UTF-8"),
    ])
    func envelope(old: String, new: String, word: String) throws {
        let octets = try changed("drill-without-the-word.xml") { $0.replacingOccurrences(of: old, with: new) }
        #expect(refusal(of: octets)?.contains(word) == true)
    }

    @Test("What decides stands once: real and a drill, two acts, two events, two times or two tellings of the same are refused by name", arguments: [
        ("<Status>訓練<", "<Status>通常</Status><Status>訓練<", "Control/Status"), ("<Status>訓練<", "<Status>訓練</Status><Status>訓練<", "Control/Status"),
        ("<DateTime>", "<DateTime>2099-01-01T03:00:11Z</DateTime><DateTime>", "Control/DateTime"),
        ("<Title>震源に関する情報</Title>\n<DateTime>", "<Title>大津波警報</Title><Title>震源に関する情報</Title>\n<DateTime>", "Control/Title"),
        ("<InfoType>", "<InfoType>取消</InfoType><InfoType>", "Head/InfoType"), ("<EventID>", "<EventID>1</EventID><EventID>", "Head/EventID"),
        ("<Serial>", "<Serial>2</Serial><Serial>", "Head/Serial"), ("<ReportDateTime>", "<ReportDateTime/><ReportDateTime>", "Head/ReportDateTime"),
        ("<TargetDateTime>", "<TargetDateTime/><TargetDateTime>", "Head/TargetDateTime"), ("<Headline>", "<Headline/><Headline>", "Head/Headline"),
        ("<Control>", "<Control/><Control>", "Report/Control"),
        ("<Head xmlns", "<Head xmlns=\"http://xml.kishou.go.jp/jmaxml1/informationBasis1/\"/><Head xmlns", "Report/Head"),
        ("<Body xmlns", "<Body xmlns=\"http://xml.kishou.go.jp/jmaxml1/body/meteorology1/\"/><Body xmlns", "Report/Body"),
        ("<Comments>", "<Comments/><Comments>", "Body/Comments"), ("<Code type", "<Code>1</Code><Code type", "Area/Code"),
    ])
    func doubled(old: String, new: String, word: String) throws {
        let octets = try changed("drill-without-the-word.xml") { $0.replacingOccurrences(of: old, with: new) }
        let found = try #require(refusal(of: octets))
        #expect(found.contains(word) && found.contains("more than once"), "\(found)")
    }

    @Test("A stretch of coast has one kind, and an item one stretch; two forecasts are not read as the first", arguments: [
        ("<Category><Kind><Name>津波注意報", "<Category><Kind><Name>津波なし</Name><Code>00</Code></Kind><Kind><Name>津波注意報", "Category/Kind"),
        ("<Item><Area><Name>静岡県", "<Item><Area><Name>愛知県</Name><Code>390</Code></Area><Area><Name>静岡県", "Item/Area"),
        ("<Code>62<", "<Code>00</Code><Code>62<", "Kind/Code"), ("<Tsunami>", "<Tsunami/><Tsunami>", "Body/Tsunami"),
        ("<Forecast>", "<Forecast/><Forecast>", "Tsunami/Forecast"),
    ])
    func doubledTsunami(old: String, new: String, word: String) throws {
        let octets = try changed("tsunami-of-two-events.xml") { $0.replacingOccurrences(of: old, with: new) }
        let found = try #require(refusal(of: octets))
        #expect(found.contains(word) && found.contains("more than once"), "\(found)")
        // A second earthquake is only shown.
        let two = try changed("tsunami-of-two-events.xml") { $0.replacingOccurrences(of: "</Body>", with: "<Earthquake></Earthquake></Body>") }
        let (read, plain) = (try read(two), try read(try JMASamples.fixture("tsunami-of-two-events.xml")))
        #expect(read.areas == plain.areas && read.hypocentre == plain.hypocentre)
    }

    @Test("A Status of a foreign namespace does not count")
    func foreignStatus() throws {
        let octets = try changed("drill-without-the-word.xml") {
            $0.replacingOccurrences(of: "<Status>訓練", with: "<Status xmlns=\"urn:x\">通常</Status><Status>訓練")
        }
        #expect(try read(octets).status == .exercise)
    }

    @Test("A document type declaration is refused before anything is expanded")
    func documentType() throws {
        let octets = try changed("drill-without-the-word.xml") {
            $0.replacingOccurrences(of: "?>\n<Report", with: "?>\n<!DOCTYPE Report [<!ENTITY a \"b\">]>\n<Report")
        }
        #expect(refusal(of: octets)?.contains("DOCTYPE") == true)
    }

    @Test("Depth, size and number are bounded")
    func bounds() throws {
        let deep = try changed("drill-without-the-word.xml") {
            $0.replacingOccurrences(
                of: "<Comments>", with: String(repeating: "<a>", count: 60) + String(repeating: "</a>", count: 60) + "<Comments>")
        }
        #expect(refusal(of: deep)?.contains("nested too deep") == true)
        let deepest = try changed("drill-without-the-word.xml") {
            $0.replacingOccurrences(of: "<Comments>", with: String(repeating: "<a>", count: 100_000) + "<Comments>")
        }
        #expect(refusal(of: deepest) != nil)
        #expect(refusal(of: [UInt8](repeating: 0x20, count: (8 << 20) + 1))?.contains("を超えます") == true)
        let many = try changed("type-nobody-knows.xml") {
            let kinds = (0..<2000).map { "<Kind><Code>\($0)</Code></Kind>" }.joined()
            let areas = (0..<2000).map { "<Area><Code>\(1_000_000 + $0)</Code></Area>" }.joined()
            let item = "<Item>\(kinds)<Areas codeType=\"気象・地震・火山情報／市町村等\">\(areas)</Areas></Item>"
            return $0.replacingOccurrences(of: "</Headline>", with: "<Information>\(item)</Information></Headline>")
        }
        #expect(refusal(of: many)?.contains("statements") == true)
    }

    @Test("What is no XML, or not in UTF-8, is refused", arguments: [
        [], Array("これは電文ではない".utf8), Array("{\"a\":1}".utf8), [0xFF, 0xFE, 0x3C, 0x00], [0x00],
        Array("<?xml version=\"1.0\"?>".utf8), Array("<Report/>".utf8), [0x1F, 0x8B, 0x08, 0x00],
    ] as [[UInt8]])
    func noXML(octets: [UInt8]) {
        #expect(refusal(of: octets) != nil)
    }

    @Test("CP932 is refused, declared or not", arguments: ["Shift_JIS", "UTF-8", "Windows-31J"])
    func shiftJIS(declared: String) throws {
        let text = try JMASamples.text("drill-without-the-word.xml")
            .replacingOccurrences(of: "encoding=\"UTF-8\"", with: "encoding=\"\(declared)\"")
        let octets = Array(try #require(text.data(using: .shiftJIS)))
        #expect(refusal(of: octets) != nil)
    }

    @Test("NaN never reaches a number", arguments: ["NaN", "nan", "INF", "-INF", "infinity", "1e999", "", "不明", "0x10p3"])
    func numbers(word: String) throws {
        let octets = try changed("drill-without-the-word.xml") {
            $0.replacingOccurrences(of: ">5.1<", with: ">\(word)<").replacingOccurrences(of: "+0/", with: "+\(word)/")
        }
        let hypocentre = try #require(try read(octets).hypocentre)
        for number in [hypocentre.magnitude, hypocentre.depth, hypocentre.latitude, hypocentre.longitude] {
            #expect(number?.isFinite != false)
        }
        #expect(hypocentre.magnitudeText == "Ｍ５．１")
    }

    @Test("Cut, doubled or overwritten bytes never do harm", arguments: 0..<8)
    func damage(seed: UInt64) throws {
        var generator = Lehmer(state: seed * 2 + 1)
        let names = ["eew-assumed-hypocentre.xml", "tsunami-of-two-events.xml", "weather-lifted.xml", "volcano-raised.xml"]
        for name in names {
            let whole = try JMASamples.fixture(name)
            for _ in 0..<150 {
                var octets = whole
                switch generator.next() % 4 {
                case 0: octets.removeLast(Int(generator.next() % UInt64(octets.count)))
                case 1:
                    let start = Int(generator.next() % UInt64(octets.count))
                    octets.removeSubrange(start..<min(octets.count, start + Int(generator.next() % 40)))
                case 2: octets[Int(generator.next() % UInt64(octets.count))] = UInt8(truncatingIfNeeded: generator.next())
                default:
                    let start = Int(generator.next() % UInt64(octets.count))
                    let piece = Array(octets[start..<min(octets.count, start + 200)])
                    octets.insert(contentsOf: piece, at: Int(generator.next() % UInt64(octets.count)))
                }
                do throws(Refusal) {
                    let bulletin = try read(octets)
                    #expect(!bulletin.title.isEmpty)
                } catch {
                    #expect(!error.reason.isEmpty)
                }
            }
        }
    }

    /// Random numbers that are the same on every run (Park and Miller's multiplier for 64 bits, L'Ecuyer 1999).
    private struct Lehmer: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 3_935_559_000_370_003_845 &+ 2_691_343_689_449_507_681
            return state >> 11
        }
    }
}
