/// What waits for a person: far ends that are stopped, deliveries that are held.
import ChannelKit
import ChannelKitTesting
import Foundation
import GRDB
import Testing

extension EndToEnd {
    @Suite struct WaitingForAPerson {
        static let notice = #"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"水が出ません。"}"#

        private func run(_ hub: TestHub, _ words: String..., token: String = TownFile.token) async throws -> Program.Ended {
            let program = try Program(words, environment: ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": token])
            let code = try await program.ended()
            return Program.Ended(code: code, out: program.out, errors: program.errors)
        }

        private struct Ends: Decodable {
            struct Lane: Decodable { var state: String; var waiting: Int; var reason: String? }
            struct End: Decodable { var id, channel: String; var actual, exercise: Lane? }
            var endpoints: [End]
        }

        /// A webhook that refuses us, with one delivery stopped before it and one that waits behind.
        private func stopped(_ hub: TestHub, _ hook: FarEndServer) async throws -> [String] {
            hook.behave { _ in .answer(401) }
            let first = try await hub.push(Self.notice).id
            try await eventually("it is stopped") { try await hub.rows("alert=\(first)&channel=webhook").first?.state == "stopped" }
            let second = try await hub.push(Self.notice).id
            let row = try #require(try await hub.rows("alert=\(second)&channel=webhook").first)
            #expect(row.state == "waiting")
            return [first, second]
        }

        @Test("A far end that refuses us is shown as stopped with the reason, and goes on when a person says so")
        func resume() async throws {
            let hook = try await FarEndServer { _ in .answer(401) }
            var town = TownFile(gateway: "http://127.0.0.1:9", hook: hook.url + "/hook")
            town.hasNeighbour = true
            try await TestHub.with(town) { hub in
                let alerts = try await stopped(hub, hook)
                let ends: Ends = try await hub.get("/v1/endpoints?town=042056")
                let end = try #require(ends.endpoints.first { $0.id == "hook" })
                #expect(end.actual?.state == "stopped" && end.actual?.waiting == 2 && end.exercise == nil)
                #expect(end.actual?.reason?.contains("401") == true, "\(end)")
                #expect(ends.endpoints.first { $0.id == "school-1" }?.exercise?.state == "open")
                let ready = try await hub.call("GET", "/readyz", token: nil)
                #expect(ready.status == 200 && ready.text.contains(#""stopped_lanes":1"#), "\(ready.text)")
                let list = try await run(hub, "endpoint", "list", "--stopped")
                #expect(list.code == 0 && list.out.contains("停止") && list.out.contains("401"), "\(list)")
                #expect(!list.out.contains("school-1"))

                let path = "/v1/endpoints/hook/resume"
                let body = Array(#"{"town":"042056"}"#.utf8)
                #expect(try await hub.call("POST", path, body, token: nil).status == 401)
                #expect(try await hub.call("POST", path, body, token: TownFile.neighbourToken).status == 403)
                #expect(try await hub.call("POST", path, token: TownFile.neighbourToken).status == 404, "his own town has none")
                #expect(try await hub.call("POST", "/v1/endpoints/nobody/resume", body).status == 404)
                #expect(try await hub.call("POST", path, Array(#"{"town":"042056","mode":"x"}"#.utf8)).status == 400)
                let drill = try await hub.call("POST", path, Array(#"{"town":"042056","mode":"exercise"}"#.utf8))
                #expect(drill.text == #"{"resumed":[]}"#)

                hook.behave { _ in .answer(200) }
                let resumed = try await run(hub, "endpoint", "resume", "hook", "--town", "042056")
                #expect(resumed.code == 0 && resumed.out.contains("再開") && resumed.out.contains("2件"), "\(resumed)")
                for alert in alerts {
                    let rows = try await hub.settled("alert=\(alert)&channel=webhook")
                    #expect(rows.map(\.state) == ["delivered"], "\(rows)")
                }
                let again = try await run(hub, "endpoint", "resume", "hook", "--town", "042056")
                #expect(again.code == 0 && again.out.contains("止まっていません"), "\(again)")
                #expect(try await run(hub, "endpoint", "list", "--stopped").out.contains("止まっている送信先はありません"))
            }
            await hook.stop()
        }

        @Test("What is refused again after the resume is stopped again, and one that was cancelled meanwhile does not go out")
        func again() async throws {
            let hook = try await FarEndServer { _ in .answer(401) }
            let town = TownFile(gateway: "http://127.0.0.1:9", hook: hook.url + "/hook")
            try await TestHub.with(town) { hub in
                let alerts = try await stopped(hub, hook)
                let asked = hook.requests.count
                _ = try await run(hub, "endpoint", "resume", "hook")
                try await eventually("it is asked and stopped again") {
                    let rows = try await hub.rows("channel=webhook")
                    return hook.requests.count > asked && rows.contains { $0.state == "stopped" }
                }
                #expect(try await hub.cancel(alerts[1]).status == 202)
                hook.behave { _ in .answer(200) }
                _ = try await run(hub, "endpoint", "resume", "hook")
                let row = try await eventually("the first goes out") {
                    try await hub.rows("alert=\(alerts[0])&channel=webhook").first { $0.state == "delivered" }
                }
                #expect(row.attempts >= 2)
                let taken = try #require(try await hub.rows("alert=\(alerts[1])&channel=webhook").first)
                #expect(["annulled", "superseded"].contains(taken.state), "\(taken)")
            }
            await hook.stop()
        }

        /// A hub that was away for an hour with a mail on the wire.
        private func held(_ body: (TestHub, _ alert: String, FarEndServer) async throws -> Void) async throws {
            let hook = try await FarEndServer { _ in .silent }
            let town = TownFile(gateway: "http://127.0.0.1:9", hook: hook.url + "/hook")
            let folder = try TestHub.newFolder()
            let order = #"{"town":"042056","kind":"evacuation","mode":"actual","level":4,"hazard":"津波","districts":["階上地区"]}"#
            let alert = try await TestHub.with(town, in: folder) { hub in
                let alert = try await hub.push(order).id
                try await eventually("it is on the wire") {
                    try await hub.rows("alert=\(alert)&channel=webhook").first?.state == "sending"
                }
                // Only what waits for the webhook is left open.
                try await hub.settled("alert=\(alert)&channel=school-tablet")
                return alert
            }
            let ledger = try DatabaseQueue(path: folder.appending(path: "data/ledger.sqlite").path)
            try await ledger.write { db in
                try db.execute(sql: "UPDATE delivery SET offered = offered - 3600; UPDATE alert SET accepted = accepted - 3600")
            }
            try ledger.close()
            hook.behave { _ in .answer(200) }
            try await TestHub.with(town, in: folder) { hub in try await body(hub, alert, hook) }
            await hook.stop()
            try FileManager.default.removeItem(at: folder)
        }

        @Test("held list says what waits and what to type; release sends it")
        func release() async throws {
            try await held { hub, alert, hook in
                let before = hook.requests.count
                let list = try await run(hub, "held", "list")
                #expect(list.code == 0)
                for word in [alert, "避難指示", "webhook 1", "まだ送られていません", "noroshi held release"] {
                    #expect(list.out.contains(word), "\(word): \(list.out)")
                }
                let log = try await run(hub, "log", "--state", "held", "--channel", "webhook")
                #expect(log.out.contains("再起動の60分前の情報です"), "\(log.out)")
                let line = try await run(hub, "held", "list", "--format", "json")
                #expect(line.out.contains(#""alert":"\#(alert)""#) && line.lines.count == 1, "\(line.out)")
                #expect(try await run(hub, "held", "release", "nobody").code == 65)
                #expect(hook.requests.count == before, "nothing has gone out yet")

                let released = try await run(hub, "held", "release", alert)
                #expect(released.code == 0 && released.out.contains("送信を始めました"), "\(released)")
                try await eventually("it is delivered") {
                    try await hub.rows("alert=\(alert)&channel=webhook").first?.state == "delivered"
                }
                let empty = try await run(hub, "held", "list")
                #expect(empty.out.contains("保留中の配信はありません"), "\(empty)")
            }
        }

        @Test("held drop: it never goes out, and the command says so")
        func drop() async throws {
            try await held { hub, alert, hook in
                let before = hook.requests.count
                let dropped = try await run(hub, "held", "drop", alert)
                #expect(dropped.code == 0 && dropped.out.contains("取り下げました"), "\(dropped)")
                #expect(try await hub.rows("alert=\(alert)&channel=webhook").first?.state == "annulled")
                #expect(hook.requests.count == before)
                let late = try await run(hub, "held", "release", alert)
                #expect(late.code == 65 && late.errors.contains("保留中の配信はありません"), "\(late)")
            }
        }

        @Test("What was cancelled while it was held is said to be, when it is released")
        func cancelled() async throws {
            try await held { hub, alert, _ in
                #expect(try await hub.cancel(alert).status == 202)
                let answer = try await run(hub, "held", "release", alert)
                #expect(answer.code == 0 && answer.out.contains("0件 (released)"), "\(answer)")
                #expect(answer.out.contains("取消済みのため送りません"), "\(answer)")
            }
        }
    }
}
