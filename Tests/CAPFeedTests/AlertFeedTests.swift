import AlertModel
import FoundationEssentials
import Ingest
import Testing

@testable import CAPFeed

@Suite("A town's Atom feed")
struct AlertFeedTests {
    private func feed(_ entries: [AlertFeed.Entry]) throws -> XMLElement {
        let octets = AlertFeed.atom(
            town: FeedSamples.town, entries: entries, address: "https://hub.example.jp",
            issuer: try FeedSamples.issuer(),
            updated: FeedSamples.sent)
        return try XMLDocument(octets).root
    }

    @Test("An entry leads to its alert")
    func entry() throws {
        let root = try feed([.init(content: FeedSamples.order(), mode: .actual)])
        #expect(root.namespace == "http://www.w3.org/2005/Atom" && root.name == "feed")
        let entry = try #require(root.first("entry"))
        let place = "https://hub.example.jp/v1/alerts/op%2F042056%2F2026-0001%20a%2Cb%2F1.cap"
        #expect(entry.text("id") == place)
        #expect(entry.first("link")?["href"] == place && entry.first("link")?["type"] == "application/cap+xml")
        #expect(entry.text("title") == "警戒レベル4 避難指示")
        #expect(entry.text("updated") == "2026-04-01T09:00:00+09:00")
    }

    @Test("Drills are a feed of their own; each entry says so, and leads to no document")
    func drill() throws {
        let octets = AlertFeed.atom(
            town: FeedSamples.town, mode: .exercise, entries: [.init(content: FeedSamples.order(), mode: .exercise)], address: "https://hub.example.jp", issuer: try FeedSamples.issuer(),
            updated: FeedSamples.sent)
        let root = try XMLDocument(octets).root
        #expect(root.text("id") == "https://hub.example.jp/v1/towns/042056/drill.atom" && root.text("title")?.hasPrefix("【訓練】") == true)
        let entry = try #require(root.first("entry"))
        #expect(entry.text("title") == "【訓練】警戒レベル4 避難指示" && entry.text("content") == "【訓練】警戒レベル4 避難指示")
        #expect(entry.first("link") == nil && entry.text("summary") == nil)
    }

    @Test("A drill about a place whose name has 訓練 in it is marked as every other, and once")
    func names() throws {
        func entry(_ headline: String) throws -> XMLElement? {
            let octets = AlertFeed.atom(
                town: FeedSamples.town, mode: .exercise, entries: [.init(content: FeedSamples.order(), mode: .exercise, headline: headline)], address: "https://hub.example.jp",
                issuer: try FeedSamples.issuer(), updated: FeedSamples.sent)
            return try XMLDocument(octets).root.first("entry")
        }
        for headline in ["職業訓練センターを開設", "【訓練】職業訓練センターを開設"] {
            let found = try entry(headline)
            #expect(found?.text("title") == "【訓練】職業訓練センターを開設" && found?.text("content") == "【訓練】職業訓練センターを開設")
        }
    }

    @Test("The newest come first, a hundred at most; an empty feed is a feed")
    func order() throws {
        var entries: [AlertFeed.Entry] = []
        for number in 0..<150 {
            var content = FeedSamples.order()
            content.id = AlertID("op/\(number)")
            content.sent = FeedSamples.sent.addingTimeInterval(Double(number))
            entries.append(.init(content: content, mode: .actual, headline: "<\(number)> & \"more\""))
        }
        let root = try feed(entries)
        #expect(root.all("entry").count == 100)
        #expect(root.first("entry")?.text("title") == "<149> & \"more\"")
        #expect(root.text("updated") == root.first("entry")?.text("updated"))
        let empty = try feed([])
        #expect(empty.all("entry").isEmpty && empty.text("updated") == "2026-04-01T09:00:00+09:00")
        for name in ["id", "title", "author"] {
            #expect(empty.all("entry").isEmpty && !empty.children.filter { $0.name == name }.isEmpty)
        }
    }
}
