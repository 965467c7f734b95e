/// What a new start makes of what was not finished.
import ChannelKit
import ChannelKitTesting
import Foundation
import GRDB
import Testing

extension EndToEnd {
    @Suite struct Restarts {
        /// A gateway that does not answer until it is told to, and what is open when the hub is killed before it.
        private func unfinished(
            _ gateway: FarEndServer, in folder: URL, _ bulletin: String
        ) async throws -> String {
            gateway.behave { _ in .silent }
            return try await TestHub.with(TownFile(gateway: gateway.url), in: folder) { hub in
                let alert = try #require(try await hub.take(bulletin).alerts.first)
                try await onlyMailIsOpen(alert, on: hub)
                return alert
            }
        }

        private func onlyMailIsOpen(_ alert: String, on hub: TestHub) async throws {
            try await eventually("the mail is on the wire, everything else delivered") {
                let rows = try await hub.rows("alert=\(alert)")
                return rows.count == 5 && rows.allSatisfy { $0.state == ($0.channel == "area-mail" ? "sending" : "delivered") }
            }
        }

        @Test("What was under way when it was killed goes out after the start, and what had ended does not")
        func fresh() async throws {
            let gateway = try await FarEndServer { _ in .silent }
            let folder = try TestHub.newFolder()
            let alert = try await unfinished(gateway, in: folder, try Quake().tsunami())
            let before = gateway.requests.count
            gateway.behave { request in .answer(request.method == "POST" ? 201 : 200) }
            try await TestHub.with(TownFile(gateway: gateway.url), in: folder) { hub in
                let rows = try await hub.settled("alert=\(alert)")
                #expect(Set(rows.map(\.state)) == ["delivered"], "\(rows)")
                #expect(rows.count == 5)
                #expect(gateway.requests.count > before)
                #expect(try await hub.page().contains("津波"))
            }
            await gateway.stop()
        }

        /// The ledger's clock put back by hand: an hour in which the hub did not run.
        private func age(_ folder: URL) throws {
            let ledger = try DatabaseQueue(path: folder.appending(path: "data/ledger.sqlite").path)
            try ledger.write { db in
                try db.execute(sql: "UPDATE delivery SET offered = offered - 3600; UPDATE alert SET accepted = accepted - 3600")
            }
            try ledger.close()
        }

        @Test("What is stale waits for a person, who lets it go or drops it", arguments: ["release", "drop"])
        func held(act: String) async throws {
            let gateway = try await FarEndServer { _ in .silent }
            let folder = try TestHub.newFolder()
            let alert = try await unfinished(gateway, in: folder, try Quake().tsunami())
            try age(folder)
            gateway.behave { request in .answer(request.method == "POST" ? 201 : 200) }
            try await TestHub.with(TownFile(gateway: gateway.url), in: folder) { hub in
                let before = gateway.requests.count
                let held = try await hub.rows("state=held")
                #expect(held.map(\.channel) == ["area-mail"], "\(held)")
                #expect(gateway.requests.count == before)
                let body = Array(#"{"town":"042056","alert":"\#(alert)"}"#.utf8)
                let answer = try await hub.call("POST", "/v1/deliveries/held/\(act)", body)
                #expect(answer.status == 200 && answer.text.contains("1"), "\(answer.text)")
                try await eventually("it ends") {
                    try await hub.rows("alert=\(alert)&channel=area-mail").first?.state == (act == "drop" ? "annulled" : "delivered")
                }
                #expect((gateway.requests.count > before) == (act == "release"))
                let settled = try #require(try await hub.rows("alert=\(alert)&channel=area-mail").first)
                if act == "drop" { #expect(settled.detail?.contains("desk") == true, "who decided it: \(settled)") }
                let again = try await hub.call("POST", "/v1/deliveries/held/\(act)", body)
                #expect(again.text.contains("0"), "nothing is held any more: \(again.text)")
                #expect(try await hub.call("POST", "/v1/deliveries/held/forget", body).status == 404)
            }
            await gateway.stop()
        }

        @Test("What was cancelled while it was held does not go out, also after another restart")
        func heldThenCancelled() async throws {
            let gateway = try await FarEndServer { _ in .silent }
            let folder = try TestHub.newFolder()
            let order = #"{"town":"042056","kind":"evacuation","mode":"actual","level":4,"hazard":"津波","districts":["階上地区"]}"#
            gateway.behave { _ in .silent }
            let alert = try await TestHub.with(TownFile(gateway: gateway.url), in: folder) { hub in
                let pushed = try await hub.push(order)
                try await onlyMailIsOpen(pushed.id, on: hub)
                return pushed.id
            }
            try age(folder)
            gateway.behave { request in .answer(request.method == "POST" ? 201 : 200) }
            try await TestHub.with(TownFile(gateway: gateway.url), in: folder) { hub in
                #expect(try await hub.rows("state=held").count == 1)
                #expect(try await hub.cancel(alert).status == 202)
                try await hub.settled()
            }
            try await TestHub.with(TownFile(gateway: gateway.url), in: folder) { hub in
                let posted = gateway.requests.filter { $0.method == "POST" }.count
                let body = Array(#"{"town":"042056","alert":"\#(alert)"}"#.utf8)
                _ = try await hub.call("POST", "/v1/deliveries/held/release", body)
                let row = try await eventually("it ends") {
                    try await hub.rows("alert=\(alert)&channel=area-mail").first { !["held", "waiting", "sending", "retrying"].contains($0.state) }
                }
                #expect(row.state == "annulled", "\(row)")
                #expect(gateway.requests.filter { $0.method == "POST" }.count == posted)
            }
            await gateway.stop()
        }

        @Test("A cancel after the restart reaches all who were told before it")
        func cancelAfter() async throws {
            try await Air.with { air in
                let folder = try TestHub.newFolder()
                let quake = Quake()
                try await TestHub.with(TownFile(gateway: air.url), in: folder) { hub in
                    try await hub.take(try quake.warning())
                    try await hub.settled()
                }
                #expect(air.identifiers == [0x1100, 0xA001])
                try await TestHub.with(TownFile(gateway: air.url), in: folder) { hub in
                    let tablet = try await hub.tablet(try await hub.enrol())
                    #expect(tablet.names() == ["alert"], "in force, and a tablet that comes now is told: \(tablet.text)")
                    let cancel = try await hub.take(try quake.cancel())
                    let rows = try await hub.settled("alert=\(try #require(cancel.alerts.first))")
                    #expect(rows.map(\.state) == Array(repeating: "delivered", count: 5), "\(rows)")
                    #expect(air.onAir.isEmpty)
                    try await eventually("the tablet hears") { tablet.names() == ["alert", "cancel"] }
                    #expect(itemsInForce(try await hub.page()).isEmpty)
                }
            }
        }

        @Test("The same bulletin after the restart is a duplicate, and the same earthquake in other octets wakes nobody")
        func duplicates() async throws {
            try await Air.with { air in
                let folder = try TestHub.newFolder()
                let bulletin = try Quake().warning()
                try await TestHub.with(TownFile(gateway: air.url), in: folder) { hub in
                    try await hub.take(bulletin)
                    try await hub.settled()
                }
                let heard = air.heard.count
                try await TestHub.with(TownFile(gateway: air.url), in: folder) { hub in
                    #expect(try await hub.post(bulletin).status == 200)
                    let other = try await hub.take(bulletin.replacing("\n<Head", with: "\n\n<Head"))
                    #expect(other.notes.contains { $0.contains("received already") }, "\(other)")
                    #expect(air.heard.count == heard)
                }
            }
        }

        @Test("Tablets keep their place in the register across a restart, and the revoked stay out")
        func devices() async throws {
            let folder = try TestHub.newFolder()
            let town = TownFile(gateway: "http://127.0.0.1:9")
            let (kept, revoked) = try await TestHub.with(town, in: folder) { hub in
                let devices = (try await hub.enrol(), try await hub.enrol())
                #expect(try await hub.call("DELETE", "/v1/devices/\(devices.1.device_id)").status == 204)
                return devices
            }
            try await TestHub.with(town, in: folder) { hub in
                _ = try await hub.tablet(kept)
                #expect(try await hub.call("GET", "/v1/catch-up", token: revoked.token).status == 401)
            }
        }
    }
}
