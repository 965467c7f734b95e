import AlertModel
import Foundation
import Desk
@testable import Hub
import Logging
import Synchronization
import Testing

@Suite("What the operator should look into") struct AttentionTests {
    private let now = Date(timeIntervalSince1970: 1_770_000_000)

    /// Counts lines.
    private final class Lines: Sendable {
        let count = Mutex(0)
        struct Handler: LogHandler {
            let lines: Lines
            var metadata: Logger.Metadata = [:]
            var logLevel = Logger.Level.trace
            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }
            func log(event: LogEvent) { lines.count.withLock { $0 += 1 } }
        }
        var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }
    }

    @Test("A code is said once, however many bulletins bring it")
    func once() {
        let lines = Lines()
        let attention = Attention(logger: lines.logger)
        for second in 0..<1000 {
            attention.notice(
                .unknownCode, "jma-city:9999900", "合併前の町", from: "feed", at: now.addingTimeInterval(Double(second)))
        }
        attention.notice(.unknownKind, "jma-city:9999900", "", from: "feed", at: now)
        #expect(lines.count.withLock { $0 } == 2)
        #expect(attention.rows.count == 2)
        let row = attention.rows.first { $0.topic == .unknownCode }
        #expect(row?.times == 1000 && row?.first == now && row?.last == now.addingTimeInterval(999))
    }

    @Test("The list is bounded, and says that it is not whole")
    func bounded() {
        let lines = Lines()
        let attention = Attention(logger: lines.logger)
        for code in 0..<10_000 {
            attention.notice(.unknownCode, "jma-city:\(code)", String(repeating: "長", count: 5000), from: "http", at: now)
        }
        #expect(attention.rows.count == Attention.bound)
        #expect(attention.leftOut == 10_000 - Attention.bound)
        #expect(lines.count.withLock { $0 } == Attention.bound + 1)
        #expect(attention.rows.allSatisfy { $0.words.count <= Attention.wordLimit })
    }

    @Test("What has been mended leaves the list, what is still bad stays")
    func settled() {
        let attention = Attention(logger: Lines().logger)
        attention.notice(.vocabulary, "a.tsv", "", from: "settings", at: now)
        attention.notice(.vocabulary, "b.tsv", "", from: "settings", at: now)
        attention.notice(.unknownCode, "a.tsv", "", from: "settings", at: now)
        attention.settle(.vocabulary, except: ["b.tsv"])
        #expect(Set(attention.rows.map { "\($0.topic.rawValue) \($0.subject)" }) == ["vocabulary b.tsv", "unknown-code a.tsv"])
    }

    @Test("Whoever works for one town sees what is common to all and what is theirs, and no other town's people")
    func byTown() throws {
        let lines = Lines()
        let attention = Attention(logger: lines.logger)
        let (own, other) = (try #require(TownID("042056")), try #require(TownID("011002")))
        let now = Date(timeIntervalSince1970: 1_775_001_600)
        attention.notice(.unknownCode, "code", "", from: "http:札幌の佐藤", at: now)
        attention.notice(.stranger, "札幌の佐藤", "", from: "http:札幌の佐藤", at: now)
        attention.notice(.ledger, "市町村 011002", "", from: "ledger", at: now)
        attention.notice(.runsOut, "own", "", from: "standing", of: own, at: now)
        attention.notice(.runsOut, "other", "", from: "standing", of: other, at: now)
        let person = Operator(name: "気仙沼の鈴木", tokenDigest: "", towns: [own])
        let seen = attention.rows(for: person)
        #expect(Set(seen.map(\.subject)) == ["code", "own"])
        #expect(!seen.contains { $0.source.contains("佐藤") })
        #expect(attention.rows(for: Operator(name: "hub", tokenDigest: "")).count == 5)
    }
}
