import AlertModel
import ChannelKit
import Desk
import Dispatching
import Foundation
import HTTPTypes
import Hub
import Ledger
import Synchronization
import Testing

@testable import HubAPI

private final class Turned: Sendable {
    private let time = Mutex(Date(timeIntervalSince1970: 1_795_900_000))
    var now: Date { time.withLock { $0 } }
    func turn(_ seconds: TimeInterval) { time.withLock { $0 += seconds } }
}

@Suite("What is over, and what is not, by a turned clock")
struct RetentionRouteTests {
    private let town = TownID(House.town)!
    private let clock = Turned()
    private let day: TimeInterval = 86_400

    private func house(_ ledger: any Ledger, approval: Bool = false) async throws -> House {
        let clock = clock
        return try await House(ledger: ledger, approval: approval ? .two : nil, clock: { clock.now })
    }

    /// Rows of `wifi-portal`, which this house has no channel for: written as the line writes them.
    private func say(_ id: String, _ ledger: any Ledger) async throws {
        let content = AlertContent(
            id: AlertID(id), event: EventID("jma/eew/\(id)"), kind: .eew, message: .alert, revision: Revision(series: "VXSE43", serial: 1, sent: clock.now),
            type: "VXSE43", title: "緊急地震速報", headline: "強い揺れに警戒", sender: "気象庁", sent: clock.now, expires: clock.now.addingTimeInterval(600))
        let delivery = RecordedDelivery(
            id: DeliveryID(alert: content.id, town: town, channel: "wifi-portal", endpoint: "eki"), channel: "wifi-portal", endpoint: "eki", isSend: true,
            priority: .immediate, reason: "warned", sentence: "警報の地域", expires: content.expires)
        _ = ledger.town(town).record(RecordedAlert(content: content, mode: .actual, accepted: clock.now, actor: "jma", deliveries: [delivery]))
        ledger.town(town).append(RecordedStep(delivery: delivery.id, at: clock.now, state: .delivered, attempt: 1))
        try await ledger.flush().committed()
    }

    private func openShelter(_ house: House) async throws {
        let list = "市町村コード,NO,施設・場所名\n\(House.town),1,階上中学校\n"
        _ = try await house.call("POST", "/v1/towns/\(House.town)/shelters/import?name=a.csv", list, headers: [.contentType: "text/csv"])
        let known = try #require(house.hub.towns[town]?.shelters.first?.id)
        let sent = try await house.call("POST", "/v1/alerts", #"{"town":"\#(House.town)","kind":"shelter","mode":"actual","shelter":"\#(known)","state":"open"}"#)
        #expect(sent.status == 202, "\(sent.body)")
    }

    @Test("A shelter that was opened a hundred hours ago is open after a start, and its town is told so")
    func openShelter() async throws {
        let ledger = MemoryLedger()
        let before = try await house(ledger)
        try await openShelter(before)
        clock.turn(100 * 3600)
        let after = try await house(ledger)
        try await after.hub.recover()
        let served = try #require(after.hub.towns[town])
        #expect(after.hub.actual.shelters.statuses(of: served).map(\.state) == [.open])
        #expect(try await after.call("GET", "/v1/towns/\(House.town)/standing").body.contains(#""state":"open""#))
    }

    @Test("A notice that holds for days is known to who was told after a start on the fifth day: its end reaches them")
    func longNotice() async throws {
        let ledger = MemoryLedger()
        let before = try await house(ledger)
        let until = JapanTime.text(clock.now.addingTimeInterval(6 * day), milliseconds: false)
        let sent = try await before.call(
            "POST", "/v1/alerts", #"{"town":"\#(House.town)","kind":"notice","mode":"actual","title":"断水","body":"断水です。","expires":"\#(until)"}"#)
        #expect(sent.status == 202, "\(sent.body)")
        // This house has no channels: told as the line writes it.
        var told = try #require(try await ledger.town(town).alerts(AlertQuery()).first)
        told.content.id = AlertID("told")
        told.deliveries = [RecordedDelivery(
            id: DeliveryID(alert: told.content.id, town: town, channel: "school-tablet", endpoint: "school"), channel: "school-tablet", endpoint: "school",
            isSend: true, priority: .routine, reason: "notice", sentence: "お知らせ", expires: told.content.expires)]
        _ = ledger.town(town).record(told)
        ledger.town(town).append(RecordedStep(delivery: told.deliveries[0].id, at: clock.now, state: .delivered, attempt: 1))
        clock.turn(100 * 3600)
        let after = try await house(ledger)
        try await after.hub.recover()
        #expect(after.hub.actual.toldEvents == 1)
        clock.turn(100 * 3600)
        let over = try await house(ledger)
        try await over.hub.recover()
        #expect(over.hub.actual.toldEvents == 0)
    }

    @Test("After six years what was said is in its archive and read by its dates; an open shelter stays")
    func sixYears() async throws {
        let ledger = MemoryLedger()
        let house = try await house(ledger, approval: false)
        try await openShelter(house)
        let then = clock.now
        let old = "\(JapanTime.text(then).prefix(10).replacing("-", with: ""))T000000-old"
        try await say(old, ledger)
        clock.turn(6 * 366 * day)
        try await say("new", ledger)
        try await house.hub.retire(now: clock.now)
        #expect(house.hub.retired.left.alerts == 1)
        let log = try await house.call("GET", "/v1/deliveries?limit=100").body
        #expect(log.contains(#""alert":"new""#) && !log.contains(#""alert":"\#(old)""#))
        let day = JapanTime.text(then).prefix(10)
        let back = try await house.call("GET", "/v1/deliveries?since=\(day)&until=\(day)T23:59:59%2B09:00").body
        #expect(back.contains(#""alert":"\#(old)""#) && !back.contains(#""alert":"new""#), "\(back)")
        let one = try await house.call("GET", "/v1/alerts/\(old)")
        #expect(one.status == 200 && one.body.contains(old), "what was said years ago is still to be read by its number")
        #expect(try await house.call("GET", "/v1/alerts/\(old)-not").status == 404)
        #expect(try await house.call("GET", "/v1/alerts?in_force=true").body.contains("階上中学校"))
        #expect(try await house.call("GET", "/v1/towns/\(House.town)/standing").body.contains(#""state":"open""#))
        #expect(try await house.call("GET", "/v1/deliveries?since=yesterday").status == 400)
        #expect(try await house.call("GET", "/metrics", token: nil).body.contains("noroshi_archived_alerts_total 1"))
    }

    @Test("Keys of orders and marks of reading go after thirty days; what waits for a second person is still asked about")
    func notes() async throws {
        let ledger = MemoryLedger()
        let house = try await house(ledger)
        ledger.write("report-read/\(House.town)/r-1", Array(#"{"at":"\#(JapanTime.text(clock.now))","by":"desk"}"#.utf8))
        ledger.write("approval/A-1", Array("{}".utf8))
        ledger.write("standing/\(House.town)/actual", Array("{}".utf8))
        ledger.write("report-answer/\(House.town)/r-1", Array(#"{"at":"\#(JapanTime.text(clock.now))","items":[]}"#.utf8))
        clock.turn(29 * day)
        ledger.write("report-read/\(House.town)/r-2", Array(#"{"at":"\#(JapanTime.text(clock.now))","by":"desk"}"#.utf8))
        try await house.hub.retire(now: clock.now)
        #expect(ledger.keys(prefix: "report-read/").count == 2 && ledger.keys(prefix: "report-answer/").count == 1)
        clock.turn(2 * day)
        try await house.hub.retire(now: clock.now)
        #expect(ledger.keys(prefix: "report-read/") == ["report-read/\(House.town)/r-2"] && ledger.keys(prefix: "report-answer/").isEmpty)
        #expect(ledger.keys(prefix: "approval/") == ["approval/A-1"] && ledger.keys(prefix: "standing/").count == 1)
    }
}
