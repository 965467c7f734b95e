/// Octets to alert, and alert to every town of Japan, on one thread of this process.
import AlertModel
import Bundles
import ChannelKit
import Codes
import Crypto
import Foundation
import FoundationXML
import Ingest
import Seals
import Targeting

struct ReadBench {
    private static let times = 200

    func run(_ figures: Figures) throws {
        let octets = try warning(of: 41 << 10)
        let codes = CodeTables.bundled
        let normaliser = Normaliser()
        let received = Date()
        var content: AlertContent?
        let ours = try Self.milliseconds {
            for bulletin in try BulletinReader.read(octets, fileName: nil, codes: codes, receivedAt: received) {
                content = try normaliser.sort(bulletin, id: { AlertID("benchmark") }, receivedAt: received).first?.content
            }
        }
        let peer = try Self.milliseconds {
            // Reads every element and remembers nothing.
            let parser = XMLParser(data: Data(octets))
            let nobody = Nobody()
            parser.delegate = nobody
            guard parser.parse() else { throw Trouble("XMLParser refuses the bulletin") }
        }
        figures.add("read.eew_41kb", ours.median, "ms", peer: "XMLParser, no delegate", peer.median)
        guard let content else { throw Trouble("nothing was read") }
        try target(content, codes, figures)
        try seal(figures)
    }

    /// A tablet's line in sixteen languages gets its town's seal: once for all schools.
    private func seal(_ figures: Figures) throws {
        struct Line: Encodable {
            var event = "jma/eew/1", town = "042056", expires = "2026-12-01T00:00:00+09:00"
            var texts: [String: RenderedText]
        }
        let body = String(repeating: "強い揺れに警戒してください。", count: 12)
        let line = try AlertJSON.line(Line(texts: Dictionary(uniqueKeysWithValues: (0..<16).map { ("l\($0)", RenderedText(title: "緊急地震速報", body: body)) })))
        let key = OwnPaperKey(), bare = Curve25519.Signing.PrivateKey()
        let ours = try Self.milliseconds {
            guard EventSeal.seal(line, as: "alert", by: key, number: 1) != nil else { throw Trouble("no seal") }
        }
        let peer = try Self.milliseconds { _ = try bare.signature(for: SHA256.hash(data: line).map { $0 }) }
        figures.add("seal.line", ours.median, "ms", peer: "SHA-256 and Ed25519 alone", peer.median)
        say("  a line of \(line.count) octets")
    }

    private func target(_ content: AlertContent, _ codes: CodeTables, _ figures: Figures) throws {
        let manifests = [
            ChannelManifest(
                name: "school-tablet", role: .tablet, afterSending: .lastStateWins, drills: .shownApart, concurrency: 64,
                reservedForImmediate: 32, attemptLimit: .seconds(2)),
            ChannelManifest(
                name: "wifi-portal", role: .page, afterSending: .lastStateWins, drills: .shownApart, concurrency: 64,
                reservedForImmediate: 32, attemptLimit: .seconds(2)),
        ]
        let towns = codes.towns.filter { $0.parent == nil }.map { town in
            Town(
                id: town.id, name: town.name, romanName: town.name,
                areas: Dictionary(uniqueKeysWithValues: AreaScheme.allCases.map { ($0, Set(town.codes($0))) }),
                endpoints: (1...10).map {
                    Endpoint(id: "far-\($0)", channel: $0 % 2 == 0 ? "school-tablet" : "wifi-portal", name: "\($0)")
                })
        }
        let table = RoutingTable()
        var told = 0
        let ours = Self.milliseconds {
            told = table.decide(content, towns: towns, channels: manifests, mode: .actual).filter { $0.verdict.priority != nil }.count
        }
        var touched = 0
        let peer = Self.milliseconds {
            // What a straight reading costs: every area of the bulletin looked up in every town's sets, no reasons kept.
            touched = towns.filter { town in
                content.areas.contains(where: { town.areas[$0.scheme]?.contains($0.code) ?? false })
            }.count
        }
        figures.add("target.all_towns", ours.median, "ms", peer: "bare set look-ups", peer.median)
        say("  \(told) decisions to send; the peer finds \(touched) towns")
    }

    private final class Nobody: NSObject, XMLParserDelegate {}

    private static func milliseconds(_ body: () throws -> Void) rethrows -> [Double] {
        try (0..<times).map { _ in
            let start = now()
            try body()
            return (now() - start) * 1000
        }
    }

    /// The demonstration's warning with its forecast areas repeated under other codes until it has so many octets.
    private func warning(of size: Int) throws -> [UInt8] {
        let text = try String(contentsOfFile: "Templates/demo/02_20110311144648_VXSE43.xml", encoding: .utf8)
        guard let end = text.range(of: "</Pref>", options: .backwards),
            let start = text.range(of: "<Pref>", range: text.startIndex..<end.lowerBound)
        else { throw Trouble("the template has no Pref") }
        let pref = String(text[start.lowerBound..<end.upperBound])
        var grown = String(text[..<end.upperBound])
        while grown.utf8.count + text[end.upperBound...].utf8.count < size { grown += pref }
        return Array((grown + text[end.upperBound...]).utf8)
    }
}
