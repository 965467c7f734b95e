import AlertModel
import Bundles
import Chance
import ChannelKit
import Desk
import Foundation
import HTTPTypes
import Hub
import Ledger
import QRCode
import Synchronization
import Testing

@testable import HubAPI

/// 気仙沼市 writes, a hub far away reads; between them there are people, paper and a stick.
@Suite("What is carried by hand")
struct PaperRouteTests {
    private static let form: HTTPFields = [.contentType: "application/octet-stream"]

    private static func object(_ text: String) throws -> [String: Any] { try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)") }

    private static func write(_ house: House, _ body: String = "{}") async throws -> SignedPaper {
        let answer = try await house.call("POST", "/v1/towns/042056/bundle", body)
        #expect(answer.status == 200, "\(answer.body)")
        return try SignedPaper(octets: Array(answer.body.utf8))
    }

    private static func bring(_ house: House, _ octets: [UInt8], trust: String? = nil, token: String = House.token) async throws -> House.Heard {
        try await house.call("POST", "/v1/bundles" + (trust.map { "?trust=\($0)" } ?? ""), String(decoding: octets, as: UTF8.self), token: token, headers: form)
    }

    private static func push(_ house: House, _ body: String) async throws {
        let answer = try await house.call("POST", "/v1/alerts", body)
        #expect(answer.status == 202, "\(answer.body)")
    }

    /// Over paper: a page of codes, a picture of each, read by the scanner of the distribution; by the codes' texts where it is not installed.
    private static func overPaper(_ octets: [UInt8]) async throws -> [UInt8] {
        let codes = try CodeSheet(octets).codes
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/zbarimg") else { return try CodeSheet.octets(of: codes.reversed()) }
        let folder = FileManager.default.temporaryDirectory.appending(path: "noroshi-paper-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var pictures: [String] = []
        for (number, code) in codes.enumerated().reversed() {
            let file = folder.appending(path: "\(number).pgm")
            try picture(try #require(QRCode.svg(code))).write(to: file)
            pictures.append(file.path)
        }
        let process = Process(), said = Pipe()
        (process.executableURL, process.arguments) = (URL(filePath: "/usr/bin/zbarimg"), ["--raw", "--quiet", "-Sdisable", "-Sqrcode.enable"] + pictures)
        (process.standardOutput, process.standardError) = (said, FileHandle.nullDevice)
        try process.run()
        let read = try said.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let lines = String(decoding: read, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
        #expect(lines.count == codes.count, "every code was read")
        return try CodeSheet.octets(of: lines)
    }

    /// The drawing as dots, four to a module.
    private static func picture(_ svg: String) throws -> Data {
        let size = try #require(Int(svg.firstMatch(of: #/viewBox="0 0 (\d+) /#)?.1 ?? "")), scale = 4, side = size * scale
        var dots = [UInt8](repeating: 255, count: side * side)
        for run in svg.matches(of: #/M(\d+) (\d+)h(\d+)v1/#) {
            let (x, y, width) = (try #require(Int(run.1)), try #require(Int(run.2)), try #require(Int(run.3)))
            for row in y * scale..<(y + 1) * scale { for column in x * scale..<(x + width) * scale { dots[row * side + column] = 0 } }
        }
        return Data("P5\n\(side) \(side)\n255\n".utf8) + dots
    }

    @Test("Fifty notices go from a hub over paper to a second, over a file to a third, and from there by paper to a fourth, word by word; the receipt comes back; the same twice is once")
    func threeHops() async throws {
        let home = try await House(), far = try await House(isElsewhere: true), farther = try await House(isElsewhere: true), farthest = try await House(isElsewhere: true)
        for number in 0..<50 {
            try await Self.push(home, #"{"town":"042056","kind":"notice","mode":"actual","title":"給水 \#(number)","body":"\#(number)番の給水所を開けます。"}"#)
        }
        let order = #"{"town":"042056","kind":"evacuation","mode":"actual","hazard":"津波","level":4,"districts":["階上地区"],"reason":"津波警報"}"#
        try await Self.push(home, order)
        let paper = try await Self.write(home), print = paper.signer.fingerprint
        var octets = paper.octets
        for (at, house) in [far, farther, farthest].enumerated() {
            octets = at == 1 ? octets : try await Self.overPaper(octets)
            let stranger = try await Self.bring(house, octets)
            #expect(stranger.status == 422 && stranger.body.contains(print), "the fingerprint is said, to be compared: \(stranger.body)")
            #expect(try await Self.bring(house, octets, trust: "AAAA-BBBB-CCCC-DDDD").status == 422)
            #expect(try await house.call("GET", "/v1/bundles").body.contains(#""brought":[]"#), "nothing was kept of it")
            let taken = try await Self.bring(house, octets, trust: print)
            #expect(taken.status == 201, "\(taken.body)")
            let again = try await Self.bring(house, octets)
            #expect(again.status == 200 && again.body.contains(#""duplicate":true"#), "the key is known by now")
            let shelf = try Self.object(try await house.call("GET", "/v1/bundles?town=042056").body)
            let brought = try #require(shelf["brought"] as? [[String: Any]])
            #expect(brought.count == 1 && brought[0]["brought_by"] as? String == "operator:desk")
            let alerts = try #require(brought[0]["alerts"] as? [[String: Any]])
            #expect(Set(alerts.compactMap { $0["title"] as? String }).isSuperset(of: (0..<50).map { "給水 \($0)" }) && alerts.count == 51)
            #expect((brought[0]["districts"] as? [[String: Any]])?.first?["district"] as? String == "階上地区")
            // It is shown, and nothing more.
            #expect(try await house.call("GET", "/v1/attention").body.contains("手で運ばれてきました"))
            #expect(try await house.call("GET", "/v1/alerts").body == #"{"alerts":[]}"#)
            #expect(try await house.call("GET", "/v1/deliveries").body.contains("給水") == false)
            // On it goes as it was signed.
            octets = Array(try await house.call("GET", "/v1/bundles/\(try #require(brought[0]["id"] as? String))").body.utf8)
            #expect(octets == paper.octets)
            let receipt = try #require(try Self.object(again.body)["receipt"] as? String)
            let back = try await Self.overPaper(Array(receipt.utf8))
            let heard = try await home.call("POST", "/v1/bundle-receipts", String(decoding: back, as: UTF8.self), headers: Self.form)
            #expect(heard.status == 201, "\(heard.body)")
            #expect(try await home.call("POST", "/v1/bundle-receipts", receipt, headers: Self.form).status == 200)
            #expect(try await house.call("POST", "/v1/bundle-receipts", receipt, headers: Self.form).status == 422, "where it did not leave")
        }
        let sent = try #require(try Self.object(try await home.call("GET", "/v1/bundles").body)["sent"] as? [[String: Any]])
        let receipts = try #require(sent.first?["receipts"] as? [[String: Any]])
        #expect(Set(receipts.compactMap { $0["signer"] as? String }) == Set([far, farther, farthest].map { $0.hub.papers.own.known.fingerprint }))
    }

    @Test("A newer one takes the place, an older one never again; changed, cut, strange or no paper at all is refused and changes nothing; drills stay drills")
    func refused() async throws {
        let home = try await House(), far = try await House(isElsewhere: true)
        let first = try await Self.write(home), print = first.signer.fingerprint
        try await Self.push(home, #"{"town":"042056","kind":"notice","mode":"actual","title":"給水","body":"給水します。"}"#)
        let second = try await Self.write(home)
        #expect(try await Self.bring(far, second.octets, trust: print).status == 201)
        let older = try await Self.bring(far, first.octets)
        #expect(older.status == 422 && older.body.contains("もっと新しい"), "\(older.body)")
        let before = try await far.call("GET", "/v1/bundles").body
        var dice = Dice(seed: 5)
        for _ in 0..<200 {
            var octets = second.octets
            octets[Int.random(in: octets.indices, using: &dice)] ^= 1 << UInt8.random(in: 0..<7, using: &dice)
            #expect(try await Self.bring(far, octets, trust: print).status == 422)
        }
        for octets in [Array(second.octets.dropLast(9)), [], Array("{}".utf8)] { #expect(try await Self.bring(far, octets, trust: print).status == 422) }
        #expect(try await Self.bring(far, [UInt8](repeating: 0x41, count: SignedPaper.limit + 1)).status == 413)
        #expect(try await far.call("POST", "/v1/bundles", String(decoding: second.octets, as: UTF8.self)).status == 415, "no form of a browser's brings one")
        #expect(try await far.call("GET", "/v1/bundles").body == before)
        // The same key for another town is a stranger's there, and a receipt is no bundle.
        #expect(try await Self.bring(home, Self.forged(by: home.hub.papers.own, town: "042021").octets).status == 422)
        let took = try await Self.bring(far, second.octets)
        #expect(try await Self.bring(far, Array(try #require(try Self.object(took.body)["receipt"] as? String).utf8)).status == 422)
        let drill = try await Self.write(home, #"{"mode":"exercise","hours":1}"#)
        #expect(try await Self.bring(far, drill.octets).status == 201)
        #expect(try await far.call("GET", "/v1/attention").body.contains("【訓練】気仙沼市"))
        #expect(try await home.call("POST", "/v1/towns/042056/bundle", #"{"hours":73}"#).status == 422)
        let trial = try await far.call("POST", "/v1/bundles?dry_run=true", String(decoding: try await Self.write(home).octets, as: UTF8.self), headers: Self.form)
        #expect(trial.status == 200 && !trial.body.contains("receipt") && trial.body.contains(#""dry_run":true"#))
    }

    private static func forged(by key: OwnPaperKey, town: String) throws -> SignedPaper {
        let now = Date(), id = try #require(TownID(town))
        return try SignedPaper(
            .bundle, TownBundle(town: id, name: "石巻市", mode: .actual, place: "x", number: 1, made: now, expires: now.addingTimeInterval(60)).octets(), by: key)
    }

    @Test("A paper whose time is over is refused, and one that is here is no news any more")
    func over() async throws {
        let clock = Turned(), home = try await House(clock: { clock.now }), far = try await House(isElsewhere: true, clock: { clock.now })
        let paper = try await Self.write(home, #"{"hours":2}"#)
        #expect(try await Self.bring(far, paper.octets, trust: paper.signer.fingerprint).status == 201)
        let late = try await Self.write(home, #"{"hours":1}"#)
        clock.turn(7_300)
        let answer = try await Self.bring(far, late.octets)
        #expect(answer.status == 422 && answer.body.contains("期限"), "\(answer.body)")
        #expect(try await far.call("GET", "/v1/attention").body.contains("手で運ばれて") == false)
        #expect(try await far.call("GET", "/v1/bundles").body.contains(#""is_over":true"#))
    }
}

private final class Turned: Sendable {
    private let ahead = Mutex(TimeInterval(0))
    var now: Date { Date().addingTimeInterval(ahead.withLock { $0 }) }
    func turn(_ seconds: TimeInterval) { ahead.withLock { $0 += seconds } }
}
