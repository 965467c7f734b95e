import AlertModel
import Codes
import Foundation
import Gzip
import Testing

@testable import Ingest

/// 2022-03-08T00:00:00Z.
private let received = Date(timeIntervalSince1970: 1_646_697_600)

private let capAlert = """
    <?xml version="1.0" encoding="UTF-8"?>
    <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>noroshi-test-1</identifier><sender>town@example.jp</sender>
    <sent>2026-05-01T10:00:00+09:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
    <info><category>Geo</category><event>Tsunami "warning"</event><urgency>Immediate</urgency><severity>Extreme</severity>
    <certainty>Observed</certainty><area><areaDesc>Coast</areaDesc></area></info></alert>
    """

@Suite("One door for every format")
struct BulletinReaderTests {
    private func read(_ octets: [UInt8], _ name: String? = nil) throws(Refusal) -> [Bulletin] {
        try BulletinReader.read(octets, fileName: name, receivedAt: received)
    }

    private func reason(_ octets: [UInt8]) -> String {
        do throws(Refusal) {
            _ = try read(octets)
            return "was read"
        } catch {
            return error.reason
        }
    }

    @Test("JMA is known by the namespace of the root, whatever the prefix, and CAP by its own")
    func formats() throws {
        let jma = try JMASamples.fixture("eew-cancelled.xml")
        #expect(try read(jma).map(\.format) == [.jma])
        #expect(try read(Array(capAlert.utf8)).map(\.format) == [.cap])
        let prefixed = String(decoding: jma, as: UTF8.self)
            .replacing("xmlns=\"http://xml.kishou.go.jp/jmaxml1/\"", with: "xmlns:j=\"http://xml.kishou.go.jp/jmaxml1/\"")
        #expect(try BulletinReader.format(of: Array(prefixed.replacing("<Report", with: "<j:Report")
            .replacing("</Report", with: "</j:Report").utf8)) == .jma)
    }

    @Test("A packed bulletin is the bulletin, and its name still tells the type")
    func packed() throws {
        let plain = try JMASamples.fixture("tornado-with-expiry.xml")
        let name = "20260501_VPHW51.xml.gz"
        #expect(try read(Gzip.compress(plain), name) == read(plain, name))
        #expect(try read(Gzip.compress(Array(capAlert.utf8))).first?.identifiers == ["noroshi-test-1"])
    }

    @Test("What cannot be read is refused with its reason", arguments: [
        ([UInt8](), "空です (empty)"),
        (Array("  \n".utf8), "空です (empty)"),
        (Array("hello".utf8), "XMLでも、QZSSの文（$QZQSM,…）でも、そのgzipでもありません (neither XML nor QZSS sentences nor gzip of these)"),
        (Array("$GNGGA,1*00\n".utf8), "QZSSの文（$QZQSM,…）がありません (no QZSS sentence in it)"),
        ([0x1F, 0x8B, 8, 0, 0], "gzip: 壊れているか、途中で切れています (damaged or cut short)"),
        (Gzip.compress(Gzip.compress(Array(capAlert.utf8))), "gzipの中にまたgzipがあります (gzip inside gzip)"),
        (Array(Gzip.compress(Array(capAlert.utf8)).dropLast(9)), "gzip: 壊れているか、途中で切れています (damaged or cut short)"),
    ])
    func refused(octets: [UInt8], expected: String) { #expect(reason(octets) == expected) }

    @Test("Size is bounded, packed or not")
    func tooLong() {
        let long = [UInt8](repeating: 0x20, count: (8 << 20) + 1)
        #expect(reason(long) == "8388609オクテットあり、読める上限8388608を超えます (too long)")
        #expect(reason(Gzip.compress(long)) == "gzip: 展開すると8388608オクテットを超えます (too long once inflated)")
    }

    @Test("A file of more satellite sentences than an hour and a half brings is refused before anything is made of them", arguments: ["\n", "\r\n", ""])
    func sentencesWithoutEnd(end: String) {
        let line = "$QZQSM,55," + String(repeating: "0", count: 63) + "*00" + end
        let many = Array(String(repeating: line, count: BulletinReader.sentenceLimit + 1).utf8)
        #expect(reason(many).contains("一時間分ほどに分けて"), "\(reason(many))")
        #expect(BulletinReader.isLong(many) && BulletinReader.isSentences(many))
        #expect(!reason(Array(String(repeating: line, count: 200).utf8)).contains("分けて"))
        #expect(!BulletinReader.isLong(Array(line.utf8)))
    }

    @Test("A document of another language says which it is")
    func otherXML() {
        #expect(reason(Array("<html xmlns=\"http://www.w3.org/1999/xhtml\"/>".utf8)).contains("html"))
    }

    @Test("A damaged sentence is refused with its line, and its neighbours are read")
    func sentences() throws {
        let good = SentenceBuilder(category: 1).sentence()
        let bad = good.replacing("$QZQSM,55", with: "$QZQSM,56")
        let file = "# recorded on the roof\r\n\(good)\r\n\r\n$GNGGA,1*00\r\n\(bad)\r\n\(good)\r\n"
        let readings = try BulletinReader.readEach(Array(file.utf8), fileName: nil, receivedAt: received)
        #expect(readings.map(\.line) == [2, 5, 6])
        #expect(readings.map { (try? $0.outcome.get()) != nil } == [true, false, true])
        #expect(reason(Array(file.utf8)) == "5行目: 検査合計が合いません。行が壊れています (the line is damaged)")
    }
}

@Suite("A bulletin as one line of JSON")
struct BulletinLineTests {
    /// INTERFACE: one line of `noroshi read`.
    private static let promised: Set = [
        "file", "format", "title", "kind", "status", "message", "identifiers", "serial", "sent", "reported", "target",
        "expires", "sender", "headline", "areas", "hypocentre", "references", "severity", "urgency", "certainty",
        "signature", "unknown_codes",
    ]

    private func parsed(_ bulletin: Bulletin) throws -> [String: Any] {
        let line = bulletin.jsonLine(file: "a \"b\"\n.xml")
        #expect(!line.contains("\n") && !line.contains(":nan"))
        return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test("Every promised key is there, absent facts as null")
    func keys() throws {
        let empty = Bulletin(format: .cap, type: nil, title: "\u{1}", kind: .other, status: .test, message: .ack, sender: "")
        let object = try parsed(empty)
        #expect(Self.promised.isSubset(of: object.keys))
        #expect(object["title"] as? String == "\u{1}")
        #expect(object["file"] as? String == "a \"b\"\n.xml")
        for key in ["serial", "sent", "headline", "hypocentre", "severity", "signature"] { #expect(object[key] is NSNull) }
    }

    @Test("Every bulletin at hand becomes a line that is JSON, in any of the three formats")
    func corpus() throws {
        guard let folder = JMASamples.corpus?.deletingLastPathComponent() else { return }
        let files = try ["jma/official-samples", "jma/real-2021-2024", "cap/v1.2-xsd-valid", "qzss"].flatMap { name in
            try FileManager.default.contentsOfDirectory(at: folder.appending(path: name), includingPropertiesForKeys: nil)
        }.filter { ["xml", "cap", "log"].contains($0.pathExtension) }
        var formats: [Bulletin.Format: Int] = [:]
        for file in files {
            let octets = try Array(Data(contentsOf: file))
            guard octets.count < 300_000, !octets.isEmpty else { continue }
            guard let readings = try? BulletinReader.readEach(octets, fileName: file.lastPathComponent, receivedAt: received)
            else { continue }
            for reading in readings {
                guard case .success(let bulletin) = reading.outcome else { continue }
                formats[bulletin.format, default: 0] += 1
                let object = try parsed(bulletin)
                #expect(Self.promised.isSubset(of: object.keys))
            }
        }
        #expect(formats[.jma] ?? 0 > 200 && formats[.cap] ?? 0 > 5 && formats[.qzss] ?? 0 > 300, "\(formats)")
    }

    @Test("Areas and hypocentre keep what the bulletin says, and a magnitude that is no number is null with its words")
    func values() throws {
        let octets = try JMASamples.fixture("eew-assumed-hypocentre.xml")
        var bulletin = try JMAReader.read(octets)
        bulletin.hypocentre?.magnitude = .nan
        bulletin.hypocentre?.magnitudeText = "Ｍ不明"
        let object = try parsed(bulletin)
        let hypocentre = try #require(object["hypocentre"] as? [String: Any])
        #expect(Set(hypocentre.keys) == [
            "name", "code", "latitude", "longitude", "depth_km", "magnitude", "magnitude_text", "assumed",
        ])
        #expect(hypocentre["magnitude"] is NSNull)
        #expect(hypocentre["magnitude_text"] as? String == "Ｍ不明")
        let areas = try #require(object["areas"] as? [[String: Any]])
        #expect(areas.count == bulletin.areas.count)
        #expect(areas.allSatisfy { Set(["scheme", "code", "name", "kind_code", "kind_name", "status", "value"]).isSubset(of: $0.keys) })
    }
}
