import AlertModel
import Bundles
import ChannelKit
import ChannelKitTesting
import Crypto
import Curl
import Foundation
import Ledger
import Logging
import Seals
import Streams
import Synchronization
import Testing

@testable import Relay

/// An edge takes pages for its spots by the town's signature, from whoever brings them: over a hub that really listens, and another one in its place.
@Suite("Pages that an edge takes")
struct SignedPagesTests {
    private static let town = TownID("042056")!
    private static let topic = StreamTopic(town: town, site: "school")
    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// A bundle of one page, as a hub serves it.
    private struct Pages: Sendable {
        var text: String
        var spot = "eki"
        var manifest: [UInt8]

        init(_ text: String, spot: String = "eki", by seals: TownSeals?) {
            (self.text, self.spot) = (text, spot)
            let digest = SHA256.hash(data: Data(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let plain = Array(#"{"files":{"index.ja.html":{"bytes":\#(text.utf8.count),"sha256":"\#(digest)"}},"spot":"\#(spot)","town":"042056"}"#.utf8)
            manifest = seals?.seal(plain, as: "pages", of: SignedPagesTests.town)?.line ?? plain
        }

        func answer(_ request: FarEndServer.Request) -> FarEndServer.Reply {
            let tag = "\"\(manifest.hashValue)\""
            guard request.path.hasSuffix("manifest.json") else { return .answer(200, body: Array(text.utf8)) }
            return request.header("If-None-Match") == tag ? .answer(304) : .answer(200, headers: [("ETag", tag)], body: manifest)
        }
    }

    private final class Time: Sendable {
        private let value = Mutex(Date(timeIntervalSince1970: 1_796_000_000))
        var now: Date { value.withLock { $0 } }
        func turn(_ seconds: Double) { value.withLock { $0 += seconds } }
    }

    @Test("The town's are taken; another's, older ones, another spot's and changed ones are not, and the page says that nothing newer is known until the town is back")
    func pages() async throws {
        let time = Time(), seals = TownSeals(notebook: MemoryLedger(), clock: { time.now }), stranger = TownSeals(notebook: MemoryLedger(), clock: { time.now })
        let notes = MemoryLedger(), watch = LineWatch(patience: .seconds(3600), notebook: notes)
        _ = watch.heard()
        let trust = TownTrust(topic: Self.topic, first: seals.key(of: Self.town), notebook: notes, clock: { time.now })
        let page = { (text: String) in "<main>\(text)</main>" }
        let old = Pages(page("一"), by: seals), current = Pages(page("二"), by: seals)
        let now = Mutex(old)
        let hub = try await FarEndServer { request in now.withLock { $0 }.answer(request) }
        let transport = try CurlTransport()
        let mirror = SpotMirror(spots: ["eki"], hub: HubLine(address: hub.url, token: "t", transport: transport), watch: watch, trust: trust, notebook: notes, logger: Self.logger)
        func shown() -> String { mirror.page("eki", "index.ja.html").map { String(decoding: $0.bytes, as: UTF8.self) } ?? "" }
        func bring(_ pages: Pages) async {
            now.withLock { $0 = pages }
            await mirror.refresh("eki")
        }
        var changed = Pages(page("偽"), by: seals)
        changed.manifest = Array(String(decoding: changed.manifest, as: UTF8.self).replacing("eki", with: "uo").utf8)
        for bad in [Pages(page("偽"), by: stranger), Pages(page("偽"), by: nil), Pages(page("偽"), spot: "uo", by: seals), changed] {
            await bring(bad)
            #expect(shown() == "" && mirror.isDoubting)
        }
        await bring(old)
        #expect(shown() == page("一") && !mirror.isDoubting)
        await bring(current)
        #expect(shown() == page("二"))
        for bad in [old, Pages(page("偽"), by: stranger), Pages(page("偽"), by: nil)] {
            await bring(bad)
            #expect(shown().contains("二") && shown().contains("役場との通信が切れています") || shown().contains("回線が切れています"), "\(shown())")
            #expect(!shown().contains("偽") && mirror.isDoubting)
        }
        // Another run knows what it had, and takes nothing older.
        let again = SpotMirror(
            spots: ["eki"], hub: HubLine(address: hub.url, token: "t", transport: transport), watch: watch,
            trust: TownTrust(topic: Self.topic, first: seals.key(of: Self.town), notebook: notes, clock: { time.now }), notebook: notes, logger: Self.logger)
        now.withLock { $0 = old }
        await again.refresh("eki")
        #expect(again.isDoubting)
        now.withLock { $0 = current }
        await again.refresh("eki")
        #expect(!again.isDoubting, "304: it is what is here")
        await transport.shutdown()
        await hub.stop()
    }

    @Test("An edge of before takes pages as ever until it hears the town's first key; a new key is followed")
    func keys() async throws {
        let time = Time(), seals = TownSeals(notebook: MemoryLedger(), clock: { time.now }), stranger = TownSeals(notebook: MemoryLedger(), clock: { time.now })
        let notes = MemoryLedger(), trust = TownTrust(topic: Self.topic, first: nil, notebook: notes, clock: { time.now })
        #expect(trust.isBlind)
        trust.learn(Array("{}".utf8))
        trust.learn(try #require(seals.state(of: Self.topic, inForce: [:])).data)
        func knows(_ signer: TownSeals) throws -> Bool { trust.seal(try #require(signer.seal(Array("{}".utf8), as: "pages", of: Self.town)).line, as: "pages") != nil }
        #expect(!trust.isBlind)
        #expect(try knows(seals))
        trust.learn(try #require(stranger.state(of: Self.topic, inForce: [:])).data)
        #expect(try !knows(stranger))
        #expect(seals.take(try #require(seals.prepare(Self.town, isTakenBack: false))))
        #expect(try !knows(seals), "not heard of yet")
        trust.learn(try #require(seals.state(of: Self.topic, inForce: [:])).data)
        #expect(try knows(seals))
        #expect(!TownTrust(topic: Self.topic, first: nil, notebook: notes, clock: { time.now }).isBlind, "after a restart too")
        let other = TownTrust(topic: Self.topic, first: stranger.key(of: Self.town), notebook: notes, clock: { time.now })
        #expect(other.seal(try #require(stranger.seal(Array("{}".utf8), as: "pages", of: Self.town)).line, as: "pages") != nil, "enrolled anew by another")
    }
}
