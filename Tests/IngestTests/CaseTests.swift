/// Bulletins as others met them, from a folder beside the checkout, and neighbours of each, made here.
import AlertModel
import FoundationEssentials
import Foundation
import Testing

@testable import Ingest

private let cases: URL? = {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    let folder = root.appendingPathComponent("shared/cases")
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
}()

private let now = Date(timeIntervalSince1970: Timestamp("2026-11-28T06:05:00+09:00")!.seconds)

@Suite("Bulletins that others met", .enabled(if: cases != nil, "no cases here"))
struct CaseTests {
    private func octets(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: try #require(cases).appendingPathComponent(path))) }
    private func read(_ path: String) throws -> [Bulletin] {
        try BulletinReader.read(try octets(path), fileName: (path as NSString).lastPathComponent, receivedAt: now)
    }

    @Test("11: the whole sentence of a mixed recording is read, and the damaged half costs nothing", arguments: [
        "input.nmea", "starts-mid-line.nmea", "ubx-before.nmea",
    ])
    func mixed(file: String) throws {
        let bulletins = try read("11-nmea-mixed-log/\(file)")
        #expect(bulletins.count == 1 && bulletins.first?.format == .qzss)
    }

    @Test("14: an all-clear without any duration ends what it refers to")
    func allClear() throws {
        let bulletin = try #require(try read("14-cap-allclear-zero-duration/input.xml").first)
        #expect(bulletin.message == .update && bulletin.isAllClear && bulletin.references.count == 1)
        #expect(Lifetime.expiry(of: bulletin, sent: now, receivedAt: now) > now)
    }

    @Test("18: polygons with a doubled corner and line breaks are read", arguments: ["input.xml", "doubled-middle.xml", "line-breaks.xml"])
    func polygons(file: String) throws {
        let bulletin = try #require(try read("18-cap-doubled-last-vertex/\(file)").first)
        #expect(bulletin.areas.contains { $0.scheme == .polygon })
    }

    @Test("20: Z and fractions are read with a remark; no offset is refused")
    func times() throws {
        for file in ["z.xml", "fraction.xml", "expires-z.xml"] {
            let bulletin = try #require(try read("20-cap-z-and-fraction/\(file)").first)
            #expect(!bulletin.departures.isEmpty && bulletin.sent != nil, "\(file)")
        }
        #expect(throws: Refusal.self) { try read("20-cap-z-and-fraction/no-offset.xml") }
    }

    @Test("21: an alert without an area is read, and names nobody")
    func noArea() throws {
        #expect(try #require(try read("21-cap-no-area/input.xml").first).areas.isEmpty)
    }
}

@Suite("Neighbours of bulletins that others met")
struct CaseNeighbourTests {
    private func cap(_ polygon: String, sent: String = "2026-11-28T06:00:00+09:00", expires: String = "2026-11-29T06:00:00+09:00", more: String = "") throws -> Bulletin {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>N.1</identifier><sender>n@example.org</sender><sent>\(sent)</sent>\
            <status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><language>en</language><category>Met</category>\
            <event>Storm warning</event><urgency>Future</urgency><severity>Severe</severity><certainty>Possible</certainty>\
            <expires>\(expires)</expires><headline>test</headline>\(more)<area><areaDesc>Kesennuma</areaDesc>\(polygon)</area></info></alert>
            """
        return try #require(try BulletinReader.read(Array(text.utf8), fileName: nil, receivedAt: now).first)
    }

    @Test("A corner said twice or three times, tabs, blanks in front and several lines change nothing about a polygon", arguments: [
        "38.80,141.50 38.80,141.50 38.95,141.50 38.95,141.62 38.80,141.62 38.80,141.50", "38.80,141.50\t38.95,141.50\n38.95,141.62 38.95,141.62 38.95,141.62\r\n38.80,141.62 38.80,141.50",
        "\n\t38.80,141.50 38.95,141.50 38.95,141.62 38.80,141.62 38.80,141.50 38.80,141.50 38.80,141.50\n",
    ])
    func polygons(points: String) throws {
        #expect(try cap("<polygon>\(points)</polygon>").areas.contains { $0.scheme == .polygon })
    }

    @Test("Times are read where their meaning is certain", arguments: [
        ("2026-11-27T21:00:00.5Z", true), ("2026-11-27T21:00:00.123456Z", true), ("2026-11-28T06:00:00.1+09:00", true),
        ("2026-11-28T06:00:00", false), ("2026-11-28 06:00:00+09:00", false), ("2026-11-28T06:00+09:00", false),
    ])
    func times(sent: String, isRead: Bool) {
        #expect(((try? cap("", sent: sent)) != nil) == isRead, "\(sent)")
    }
}
