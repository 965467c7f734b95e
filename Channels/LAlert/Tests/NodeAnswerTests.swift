import AlertModel
import ChannelKit
import ChannelKitTesting
import Commons
import Foundation
import Testing

@testable import LAlert

@Suite("What the nodes answer", .timeLimit(.minutes(1)))
struct NodeAnswerTests {
    @Test("The digest is that of the profile")
    func digest() {
        // Computed apart from this code: printf 'nonce-01234567892026-04-01T00:00:00Zsecret' | openssl sha1 -binary | base64
        #expect(Envelope.digest(nonce: Array("nonce-0123456789".utf8), created: "2026-04-01T00:00:00Z", password: "secret")
            == "6/smeZpRd+F5xixP9vRhHSX1+kM=")
    }

    @Test("A refusal is final and keeps the node's words, also in Shift_JIS", arguments: [401, 402, 901, 777])
    func refused(code: Int) async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        let text = CommonsNode.code(code, "スキーマ表示に違反").text
        let octets = try #require(text.data(using: .shiftJIS))
        hall.normal.refuse(.answer(200, body: Array(octets)))
        for attempt in 1...2 {
            let answer = await failure { () async throws(DeliveryFailure) in
                try await hall.order(.order, ["南町"], by: adapter, attempt: attempt)
            }
            guard case .rejected(let words) = answer else { Issue.record("\(String(describing: answer))"); return }
            #expect(words.contains("code \(code) スキーマ表示に違反"))
        }
        await hall.close()
        #expect(hall.normal.server.requests.count == 1)
    }

    @Test("Both nodes get it, and either one's yes is a success", arguments: [
        ("taken", "taken", "code 0"), ("taken", "gone", "the other node did not take it"), ("gone", "taken", "backup node: code 0"),
        ("refused", "taken", "code 402"), ("taken", "refused", "code 402"),
    ])
    func eitherNode(normal: String, backup: String, note: String) async throws {
        let hall = try await TownHall(withBackup: true)
        for (node, behaviour) in [(hall.normal, normal), (try #require(hall.backup), backup)] {
            switch behaviour {
            case "gone": await node.server.goDown()
            case "refused": node.refuse(CommonsFarEnd.code(402, "no"))
            default: break
            }
        }
        let receipt = try await hall.order(.order, ["南町"], by: hall.adapter())
        await hall.close()
        #expect(receipt.note?.contains(note) == true, "\(receipt)")
    }

    @Test("The normal node decides when neither took it")
    func neither() async throws {
        let hall = try await TownHall(withBackup: true)
        let adapter = try hall.adapter()
        hall.normal.refuse(CommonsFarEnd.code(402, "no"))
        await hall.backup?.server.goDown()
        let refused = await failure { () async throws(DeliveryFailure) in try await hall.order(.order, ["南町"], by: adapter) }
        guard case .rejected = refused else { Issue.record("\(String(describing: refused))"); return }
        await hall.normal.server.goDown()
        try await hall.backup?.server.comeBack()
        hall.backup?.refuse(CommonsFarEnd.code(901, "no"))
        let open = await failure { () async throws(DeliveryFailure) in
            try await hall.order(.order, ["南町"], event: "other", by: adapter)
        }
        await hall.close()
        guard case .unavailable = open else { Issue.record("\(String(describing: open))"); return }
    }

    @Test("No code is no receipt: it is tried again", arguments: [
        FarEndServer.Reply.answer(200, body: Array("<html><code>0</code></html>".utf8)),
        .answer(500), .answer(200), .close, .closeMidBody(200), .halfAnswer(200), .silent,
        .nonsense(Array("220 mail.example ESMTP\r\n".utf8)),
        .answer(200, body: Array("<publishResponse><processResponse><code>zero</code>".utf8)),
        .answer(500, body: Array("<Fault><faultcode>soap:Server</faultcode></Fault>".utf8)),
    ])
    func noCode(reply: FarEndServer.Reply) async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        hall.normal.behave(reply)
        let answer = await failure { () async throws(DeliveryFailure) in
            try await hall.order(.order, ["南町"], by: adapter, deadline: .milliseconds(300))
        }
        guard case .unavailable = answer else { Issue.record("\(String(describing: answer))"); return }
        hall.normal.behaveWell()
        _ = try await hall.order(.order, ["南町"], by: adapter, attempt: 2)
        await hall.close()
        #expect(hall.normal.every.count == 1 && hall.normal.complaints.isEmpty)
    }

    @Test("An answer that comes twice counts once; one that comes late counts")
    func twiceAndLate() async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        hall.normal.behave(.answerTwice(200, body: Array(CommonsNode.code(0, "").text.utf8)))
        _ = try await hall.order(.order, ["南町"], by: adapter)
        let gate = Gate()
        hall.normal.behave(.after(gate, CommonsFarEnd.code(0, "")))
        async let late = hall.order(.order, ["南町", "魚町"], .update, revision: 2, by: adapter)
        await hall.normal.server.arrived(2)
        gate.open()
        #expect(try await late.reference?.hasSuffix("-1/2") == true)
        await hall.close()
    }

    @Test("Octets of any kind are read to their end")
    func hostile() {
        var seed: UInt64 = 20_260_401
        func random(_ limit: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % limit
        }
        let good = Array(CommonsNode.code(0, "受理しました").text.utf8)
        for _ in 0..<3000 {
            var octets = Array(good.prefix(random(good.count + 1)))
            for _ in 0..<random(12) where !octets.isEmpty {
                octets[random(octets.count)] = [0x3C, 0x3E, 0x2F, 0x3A, UInt8(random(256))][random(5)]
            }
            let answer = NodeAnswer(octets)
            #expect(answer.words.count <= 300)
        }
        #expect(NodeAnswer(good).code == 0 && NodeAnswer(good).words == "受理しました")
        #expect(NodeAnswer([UInt8](repeating: 0x3C, count: 60_000)).code == nil)
    }

    @Test("A refused password calls a person", arguments: [
        FarEndServer.Reply.answer(401), .answer(403), CommonsFarEnd.fault("wsse:FailedAuthentication", "bad"),
        CommonsFarEnd.fault("wsse:InvalidSecurity", "replay"), .answer(404),
    ])
    func credentials(reply: FarEndServer.Reply) async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        hall.normal.refuse(reply)
        let answer = await failure { () async throws(DeliveryFailure) in try await hall.order(.order, ["南町"], by: adapter) }
        await hall.close()
        guard case .misconfigured(let words) = answer else { Issue.record("\(String(describing: answer))"); return }
        #expect(!words.contains("合言葉"))
    }

    @Test("Settings that cannot be used say why", arguments: [
        ["url": "http://node.example/"], ["url": "https://user:pass@node.example/"], ["url": "ftp://node.example"],
        ["user": ""], ["sender_id": "a b"], ["urgent_mail": "UMC4"], ["urgent_mail": "UMC1=501"],
        ["urgent_mail": "UMC1 UMC1"], ["backup_url": "http://127.0.0.1.example/"], ["notice_type": "Urgent"],
    ])
    func badSettings(change: [String: String]) {
        let good = ["url": "https://n.example/x", "user": "u", "password": "p", "sender_id": "editor.example.lg.jp"]
        #expect(throws: Never.self) { try NodeSettings(good, mode: .actual) }
        #expect(throws: SettingsError.self) { try NodeSettings(good.merging(change) { $1 }, mode: .actual) }
    }
}
