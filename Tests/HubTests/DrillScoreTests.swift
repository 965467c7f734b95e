import AlertModel
import ChannelKit
import Foundation
import Ledger
import Testing

@testable import Hub

@Suite("The score of a drill")
struct DrillScoreTests {
    private static let begin = Date(timeIntervalSince1970: 1_795_950_000)

    /// One alert to `count` far ends; the `late`th had it after so many milliseconds.
    private func record(_ id: String, event: String = "e", words: String = "高台へ", ends: [(id: String, state: DeliveryState, ms: Int)], in town: TownID) -> DrillRecord {
        let content = AlertContent(
            id: AlertID(id), event: EventID(event), kind: .evacuation, message: .alert, revision: Revision(series: "operator", serial: 1, sent: Self.begin), type: "operator",
            title: "避難指示", headline: nil, sender: "気仙沼市", sent: Self.begin, reported: Self.begin, expires: Self.begin.addingTimeInterval(3600), areas: [], detail: .none, town: town)
        var record = DrillRecord()
        let deliveries = ends.map { end in
            RecordedDelivery(
                id: DeliveryID(alert: content.id, town: town, channel: "c", endpoint: end.id), channel: "c", endpoint: end.id, isSend: true, priority: .urgent, reason: "r", sentence: "s",
                expires: content.expires)
        }
        let alert = RecordedAlert(content: content, mode: .exercise, accepted: Self.begin, actor: "desk", deliveries: deliveries)
        record.alerts = [alert]
        record.rows = zip(deliveries, ends).enumerated().map { number, pair in
            var row = DeliveryRow(number: Int64(number), delivery: pair.0, in: alert, town: town)
            row.state = pair.1.state
            row.settled = pair.1.state.isEnd ? Self.begin.addingTimeInterval(Double(pair.1.ms) / 1000) : nil
            return row
        }
        for end in ends { record.words[content.id, default: [:]]["c/\(end.id)"] = words }
        return record
    }

    @Test("First, 95 of 100, last; who never had it; what was overtaken is no miss")
    func times() throws {
        let town = try #require(TownID("042056"))
        var ends = (0..<20).map { (id: "e\($0)", state: DeliveryState.delivered, ms: 10 * ($0 + 1)) }
        var score = record("a", ends: ends, in: town).score()
        #expect(score.asked == 20 && score.delivered == 20 && score.first_ms == 10 && score.to_95_percent_ms == 190 && score.last_ms == 200 && score.misses == 0)
        ends[3].state = .rejected
        score = record("a", ends: ends, in: town).score()
        #expect(score.delivered == 19 && score.to_95_percent_ms == 200 && score.misses == 1 && score.never.map(\.endpoint) == ["e3"])
        ends[4].state = .retrying
        ends[5].state = .superseded
        score = record("a", ends: ends, in: town).score()
        #expect(score.to_95_percent_ms == nil && score.misses == 2 && score.never.map(\.endpoint) == ["e3", "e4"], "\(score)")
        #expect(score.alerts.first?.to_95_percent_ms == nil && score.alerts.first?.first_ms == 10)
    }

    @Test("The same words of one event twice at a far end are a double; other words, another event or another far end are none")
    func doubles() throws {
        let town = try #require(TownID("042056"))
        func both(_ second: DrillRecord) -> Int {
            var record = record("a", ends: [(id: "x", state: .delivered, ms: 5)], in: town)
            record.alerts += second.alerts
            record.rows += second.rows
            record.words.merge(second.words) { $1 }
            return record.score().doubles
        }
        let x = (id: "x", state: DeliveryState.delivered, ms: 5)
        #expect(both(record("b", ends: [x], in: town)) == 1)
        #expect(both(record("b", words: "海から離れて", ends: [x], in: town)) == 0)
        #expect(both(record("b", event: "f", ends: [x], in: town)) == 0)
        #expect(both(record("b", ends: [(id: "y", state: .delivered, ms: 5)], in: town)) == 0)
    }

    @Test("Devices that said a word count, those that never did are named, of the far ends that were asked")
    func devices() throws {
        let town = try #require(TownID("042056"))
        var record = record("a", ends: [(id: "school", state: .delivered, ms: 5)], in: town)
        record.receipts = [
            RecordedReceipt(id: "1", alert: AlertID("a"), channel: "c", endpoint: "school", device: "d1", reach: .shown, occurred: Self.begin, received: Self.begin.addingTimeInterval(1.5)),
            RecordedReceipt(id: "2", alert: AlertID("a"), channel: "c", endpoint: "school", device: "d1", reach: .reached, occurred: Self.begin, received: Self.begin.addingTimeInterval(0.5)),
        ]
        record.devices = [("d1", "school", "一号", "c"), ("d2", "school", "二号", "c"), ("d3", "elsewhere", "三号", "c")]
        let score = record.score()
        #expect(score.first_device_ms == 500 && score.reached == 1 && score.shown == 1 && score.touched == 0)
        #expect(score.silent.map(\.name) == ["二号"])
        #expect(record.score() == score)
    }
}
