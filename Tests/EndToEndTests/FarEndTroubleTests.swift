/// A far end in trouble is its own trouble.
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite struct FarEndTrouble {
        struct Trouble: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var script: FarEndServer.Script
        }

        static let table: [Trouble] = [
            Trouble(testDescription: "never answers") { _ in .silent },
            Trouble(testDescription: "closes") { _ in .close },
            Trouble(testDescription: "half an answer") { _ in .halfAnswer(201) },
            Trouble(testDescription: "closes in the middle") { _ in .closeMidBody(201) },
            Trouble(testDescription: "speaks another language") { _ in .nonsense(Array("SSH-2.0-OpenSSH_9.9\r\n".utf8)) },
            Trouble(testDescription: "server error") { _ in .answer(500) },
            Trouble(testDescription: "asks to wait") { _ in .answer(429, headers: [("Retry-After", "1")]) },
        ]

        @Test("Page and tablets are told at once while the gateway is in trouble, and the mail goes out when it is over", arguments: table)
        func isolated(trouble: Trouble) async throws {
            let gateway = try await FarEndServer(trouble.script)
            try await TestHub.with(TownFile(gateway: gateway.url)) { hub in
                let tablet = try await hub.tablet(try await hub.enrol())
                let quake = Quake()
                let alert = try #require(try await hub.take(try quake.tsunami()).alerts.first)
                await gateway.arrived(1)
                let others = try await eventually("the others are done") { () -> [TestHub.Row]? in
                    let rows = try await hub.rows("alert=\(alert)").filter { $0.channel != "area-mail" }
                    return rows.count == 4 && rows.allSatisfy { $0.state == "delivered" } ? rows : nil
                }
                #expect(others.allSatisfy { $0.attempts == 1 })
                #expect(try await hub.page().contains("津波"))
                try await eventually("the tablet hears") { tablet.names() == ["alert"] }
                // Another event is not kept waiting by the first.
                let notice = try await hub.push(
                    #"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"断水です。"}"#)
                try await hub.settled("alert=\(notice.id)")
                #expect(try await hub.rows("alert=\(alert)&channel=area-mail").first?.state != "delivered")

                gateway.behave { request in .answer(request.method == "POST" ? 201 : 200) }
                let mail = try await eventually("the mail goes out", within: .seconds(40)) {
                    try await hub.rows("alert=\(alert)&channel=area-mail").first { $0.state == "delivered" }
                }
                #expect(mail.attempts >= 2)
            }
            await gateway.stop()
        }

        @Test("A gateway that is not there is asked again, and a cancel ends it")
        func dead() async throws {
            let gateway = try await FarEndServer { request in .answer(request.method == "POST" ? 201 : 200) }
            await gateway.goDown()
            try await TestHub.with(TownFile(gateway: gateway.url)) { hub in
                let quake = Quake()
                let alert = try #require(try await hub.take(try quake.warning()).alerts.first)
                try await eventually("two attempts") {
                    try await hub.rows("alert=\(alert)&channel=area-mail").first.map { $0.attempts >= 2 } ?? false
                }
                let row = try #require(try await hub.rows("alert=\(alert)&channel=area-mail").first)
                #expect(row.detail?.isEmpty == false, "the log says why: \(row)")
                try await hub.take(try quake.cancel())
                try await gateway.comeBack()
                let rows = try await hub.settled("channel=area-mail", within: .seconds(40))
                #expect(rows.first?.state == "superseded" || rows.first?.state == "annulled", "\(rows)")
                #expect(!gateway.requests.contains { $0.method == "POST" }, "nothing of a cancelled warning goes on the air")
            }
            await gateway.stop()
        }

        @Test("Two answers for one question are one message")
        func twice() async throws {
            let gateway = try await FarEndServer { request in .answerTwice(request.method == "POST" ? 201 : 200) }
            try await TestHub.with(TownFile(gateway: gateway.url)) { hub in
                let first = try #require(try await hub.take(try Quake().tsunami()).alerts.first)
                let rows = try await hub.settled("alert=\(first)", within: .seconds(40))
                #expect(Set(rows.map(\.state)) == ["delivered"], "\(rows)")
            }
            await gateway.stop()
        }

        @Test("A refusal is final, and a closed door waits for a person", arguments: [(400, "rejected"), (403, "stopped")])
        func refused(status: Int, state: String) async throws {
            let gateway = try await FarEndServer { _ in .answer(status, body: Array("no".utf8)) }
            try await TestHub.with(TownFile(gateway: gateway.url)) { hub in
                let alert = try #require(try await hub.take(try Quake().tsunami()).alerts.first)
                let row = try await eventually("\(state)") {
                    try await hub.rows("alert=\(alert)&channel=area-mail").first { $0.state == state }
                }
                #expect(row.attempts == 1 && row.detail?.contains("\(status)") == true, "\(row)")
                // The text and the ETWS primary are two messages to a centre: each is asked for once and no more.
                let bodies = gateway.requests.map { String(decoding: $0.body, as: UTF8.self) }
                #expect(bodies.count == 2 && Set(bodies).count == 2, "\(bodies)")
                #expect(bodies.count { $0.contains("etws") } == 1, "\(bodies)")
            }
            await gateway.stop()
        }
    }
}
