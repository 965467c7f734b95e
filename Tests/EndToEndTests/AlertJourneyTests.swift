/// Telegram in, far ends out.
import CellBroadcast
import ChannelKit
import Foundation
import Testing

extension EndToEnd {
    @Suite struct AlertJourneys {
        @Test("An earthquake warning reaches phones, page and tablets, once, and its cancel takes it back everywhere")
        func warningAndCancel() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    let tablet = try await hub.tablet(try await hub.enrol())
                    let quake = Quake()
                    let answer = try await hub.post(try quake.warning())
                    #expect(answer.status == 202)
                    let taken = try JSONDecoder().decode(TestHub.Taken.self, from: Data(answer.body))
                    let alert = try #require(taken.alerts.first)
                    try await hub.settled("alert=\(alert)")
                    #expect(try await hub.page().contains("緊急地震速報"))
                    try await eventually("the tablet hears") { tablet.names() == ["alert"] }
                    #expect(tablet.events[0].object["id"] == alert)
                    #expect(air.identifiers == [0x1100, 0xA001])
                    #expect(air.onAir.contains { $0.text?.contains("緊急地震速報") == true })

                    let again = try await hub.post(try quake.warning())
                    #expect(again.status == 200)
                    #expect(try JSONDecoder().decode(TestHub.Taken.self, from: Data(again.body)).alerts == [alert])
                    #expect(try await hub.alerts().count == 1)

                    let cancel = try await hub.take(try quake.cancel())
                    let rows = try await hub.settled("alert=\(try #require(cancel.alerts.first))")
                    #expect(rows.filter { $0.state == "delivered" }.count == 5, "\(rows)")
                    try await eventually("the tablet hears of the cancel") { tablet.names() == ["alert", "cancel"] }
                    #expect(air.onAir.isEmpty)
                    let page = try await hub.page()
                    #expect(page.contains("取消") || page.contains("取り消"), "\(page)")
                }
            }
        }

        @Test("A cancel of an early warning names the time people were woken at, not that of a quiet report after it")
        func timeSeen() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    let quake = Quake(at: Date(timeIntervalSinceNow: -100))
                    let first = try await hub.take(try quake.warning())
                    try await hub.settled("alert=\(try #require(first.alerts.first))")
                    let second = try await hub.take(try quake.warning(serial: 2, after: 70))
                    if let quiet = second.alerts.first { try await hub.settled("alert=\(quiet)") }
                    let cancel = try await hub.take(try quake.cancel(serial: 3, after: 80))
                    try await hub.settled("alert=\(try #require(cancel.alerts.first))")
                    let page = try await hub.page()
                    func said(_ seconds: Double) -> String {
                        let clock = JMATime.text(quake.at.addingTimeInterval(seconds), isUTC: false).dropFirst(11).split(separator: ":")
                        return "\(Int(clock[0]) ?? 0)時\(clock[1])分に"
                    }
                    #expect(page.contains(said(0)) && !page.contains(said(70)), "\(page)")
                }
            }
        }

        @Test("The log says what was delivered, and why a far end was left out")
        func reasons() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    let taken = try await hub.take(try Quake().forecast())
                    let rows = try await hub.settled("alert=\(try #require(taken.alerts.first))")
                    #expect(rows.allSatisfy { $0.state == "skipped" && !$0.sentence.isEmpty && !$0.reason.isEmpty }, "\(rows)")
                    let tsunami = try await hub.take(try Quake(2).tsunami())
                    let sent = try await hub.settled("alert=\(try #require(tsunami.alerts.first))")
                    #expect(Set(sent.map(\.state)) == ["delivered"], "\(sent)")
                    #expect(sent.count == 5)
                    #expect(sent.allSatisfy { $0.attempts == 1 })
                    #expect(air.identifiers == [0x1101, 0xA002])
                }
            }
        }

        @Test("A drill says 訓練 in every text and touches no identifier of real warnings")
        func drill() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    let tablet = try await hub.tablet(try await hub.enrol())
                    try await hub.take(try Quake(status: "訓練").warning())
                    let rows = try await hub.settled()
                    #expect(rows.allSatisfy { $0.mode == "exercise" })
                    #expect(rows.contains { $0.channel == "area-mail" && $0.state == "delivered" }, "\(rows)")
                    try await eventually("the tablet hears") { tablet.names() == ["alert"] }
                    #expect(tablet.events[0].object["mode"] == "exercise")
                    #expect(tablet.events[0].data.contains("訓練"))
                    #expect(try await hub.page().contains("訓練"))
                    let live: Set<UInt16> = [0x1100, 0x1101, 0x1102]
                    #expect(air.heard.allSatisfy { !live.contains($0.identifier) && !(0xA000...0xA3FF).contains($0.identifier) })
                    #expect(air.onAir.compactMap(\.text).allSatisfy { $0.contains("訓練") })
                    #expect(!air.onAir.isEmpty)
                }
            }
        }

        @Test("A drill and the real event of the same EventID are two events", arguments: [true, false])
        func drillBesideReal(drillFirst: Bool) async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    var drill = Quake()
                    let real = drill
                    drill.status = "訓練"
                    for quake in drillFirst ? [drill, real] : [real, drill] { try await hub.take(try quake.warning()) }
                    try await hub.settled()
                    // One ETWS primary per cell: the real one. The drill has its words on the air, and nothing that keeps it off.
                    #expect(Set(air.identifiers).isSuperset(of: [0x1100, 0xA001]) && !air.identifiers.contains(0x1103))
                    try await hub.take(try drill.cancel())
                    try await hub.settled()
                    #expect(air.identifiers == [0x1100, 0xA001])
                    #expect(!(try await hub.page().contains("訓練")), "nothing of a drill beside what is real")
                }
            }
        }

        @Test("A test bulletin is kept and told nobody")
        func test() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    let before = try await hub.page()
                    let taken = try await hub.take(try Quake(status: "試験").warning())
                    #expect(taken.notes.contains { $0.contains("recorded only") })
                    #expect(try await hub.rows().isEmpty)
                    #expect(try await hub.bulletins().map(\.verdict) == ["accepted"])
                    #expect(air.heard.isEmpty)
                    #expect(!(try await hub.page().contains("緊急地震速報")), "\(before)")
                }
            }
        }
    }
}
