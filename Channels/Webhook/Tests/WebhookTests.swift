import AlertModel
import ChannelKit
import ChannelKitTesting
import Crypto
import Curl
import Foundation
import Testing

@testable import Webhook

@Suite("Webhook", .timeLimit(.minutes(2)))
struct WebhookTests {
    private func deliver(
        _ script: @escaping FarEndServer.Script, settings extra: [String: String] = [:], at now: Date = Sample.now
    ) async throws -> (outcome: Result<Receipt, DeliveryFailure>, requests: [FarEndServer.Request]) {
        let server = try await FarEndServer(script)
        let transport = try CurlTransport()
        let adapter = try Webhook<Actual>(ChannelSetup(
            settings: [:], transport: transport, stream: RecordingStream(), notebook: MemoryNotebook(),
            directory: URL(filePath: "/nonexistent"), logger: Sample.setup(as: Actual.self).logger, wallClock: { now }))
        let message = Sample.message(as: Actual.self)
        var settings = ["url": server.url + "/hook", "secret": "whsec_" + Data(repeating: 7, count: 32).base64EncodedString()]
        settings.merge(extra) { $1 }
        let delivery = Sample.delivery(of: message, to: Sample.farEnd(settings, as: Actual.self), channel: "webhook")
        let outcome: Result<Receipt, DeliveryFailure>
        do throws(DeliveryFailure) {
            outcome = .success(try await adapter.deliver(message, delivery))
        } catch {
            outcome = .failure(error)
        }
        await transport.shutdown()
        await server.stop()
        return (outcome, server.requests)
    }

    @Test("The signature is that of the standard's libraries")
    func vector() throws {
        // The example all libraries of Standard Webhooks share; checked apart with openssl dgst -sha256 -mac HMAC.
        let key = SymmetricKey(data: try #require(Data(base64Encoded: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")))
        let signed = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}"
        #expect(Signature.sign(Array(signed.utf8), key) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test("An alert is one signed call with everything a receiver needs")
    func call() async throws {
        let (outcome, requests) = try await deliver { _ in .answer(202, body: Array("thanks".utf8)) }
        #expect(try outcome.get() == Receipt(
            reference: "sample-1-1:042056:webhook:far-end-1", note: "202: thanks"))
        let request = try #require(requests.first)
        #expect(request.method == "POST" && request.path == "/hook")
        #expect(request.header("webhook-timestamp") == "1775001600")
        let body = try #require(try JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any])
        #expect(body["type"] as? String == "alert.published")
        #expect(body["mode"] as? String == "actual")
        #expect(body["expires"] as? String == "2026-04-01T15:00:00.000+09:00")
        #expect((body["evacuation"] as? [String: Any])?["districts"] as? [String] == ["南町"])
        #expect((body["texts"] as? [String: [String: String]])?.keys.sorted() == ["en", "ja", "ja-x-easy"])
        #expect((body["town"] as? [String: String])?["code"] == "042056")
    }

    @Test("All receivers of a message get the same octets but for the delivery's own id, whatever stands in it")
    func bodies() throws {
        let message = Sample.message(as: Actual.self)
        func object(_ body: [UInt8]) throws -> NSMutableDictionary {
            try #require(try JSONSerialization.jsonObject(with: Data(body), options: .mutableContainers) as? NSMutableDictionary)
        }
        let ids = ["a", "さくら/第一", "q\"uote\\", "", "\u{0}\u{1F}", "\"delivery\":\"\""]
        let bodies = try ids.map { try HookMessage.body(message, DeliveryID($0)) }
        for (id, body) in zip(ids, bodies) {
            let told = try object(body)
            #expect(told["delivery"] as? String == id)
            told["delivery"] = nil
            let plain = try object(AlertJSON.line(AlertJSON(message)))
            for key in plain.allKeys { #expect(told[key] as? NSObject == plain[key] as? NSObject, "\(key)") }
            #expect(Set(told.allKeys.map { "\($0)" }).subtracting(plain.allKeys.map { "\($0)" }) == ["type", "timestamp"])
        }
        // Another message is another text, whichever was written first.
        #expect(try HookMessage.body(Sample.message(.cancel, as: Actual.self), DeliveryID("a")) != bodies[0])
    }

    @Test("While secrets are exchanged both sign")
    func rotation() async throws {
        let old = "whsec_" + Data(repeating: 9, count: 24).base64EncodedString()
        let (_, requests) = try await deliver({ _ in .answer(204) }, settings: ["previous_secret": old])
        #expect(requests.first?.header("webhook-signature")?.split(separator: " ").count == 2)
    }

    @Test("What each answer means", arguments: [
        (200, "delivered"), (299, "delivered"), (301, "misconfigured"), (400, "rejected"), (401, "misconfigured"),
        (404, "rejected"), (408, "unavailable"), (410, "misconfigured"), (422, "rejected"), (429, "throttled"),
        (500, "unavailable"), (503, "unavailable"),
    ])
    func answers(status: Int, meaning: String) async throws {
        let (outcome, requests) = try await deliver { _ in
            .answer(status, headers: [("Retry-After", "9"), ("Location", "http://127.0.0.1:1/")])
        }
        let found =
            switch outcome {
            case .success: "delivered"
            case .failure(.unavailable): "unavailable"
            case .failure(.throttled(let pause)): pause == .seconds(9) ? "throttled" : "a pause of \(pause)"
            case .failure(.rejected): "rejected"
            case .failure(.misconfigured): "misconfigured"
            case .failure(.cancelled): "cancelled"
            }
        #expect(found == meaning)
        #expect(requests.count == 1)
    }

    @Test("Two deliveries never share an id, and no id has a full stop")
    func ids() {
        let texts = ["a.b", "a:b", "a%3Ab", "a_b", "a/b", "あ.b", "a\r\nb"]
        let ids = texts.map(Signature.headerText)
        #expect(Set(ids).count == texts.count)
        #expect(ids.allSatisfy { $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !$0.contains(".") })
    }

    @Test("A recorded call that is played again is refused by a receiver that follows the README")
    func replay() async throws {
        let receiver = HookReceiver()
        try await receiver.start()
        let server = try #require(receiver.server)
        let transport = try CurlTransport()
        let (_, requests) = try await deliver({ _ in .answer(204) }, at: Sample.now - 3600)
        let recorded = try #require(requests.first)
        let headers = recorded.headers.filter { $0.name.lowercased().hasPrefix("webhook-") }
        let answer = try await transport.send(
            HTTPCall(method: "POST", url: server.url + "/hook", headers: headers, body: recorded.body),
            deadline: .now + .seconds(5))
        #expect(answer.status == 401 && receiver.refused == ["too old"])
        await transport.shutdown()
        await receiver.stop()
    }

    @Test("Settings that cannot be used say why, and never repeat a secret", arguments: [
        ["url": "http://hooks.example/"], ["url": "https://u:p@hooks.example/"], ["url": "https://"], ["url": "http://127.0.0.1.example/"],
        ["secret": "whsec_dG9vc2hvcnQ="], ["secret": "dGhpcyBpcyBsb25nIGVub3VnaCBmb3IgYSBrZXk="], ["previous_secret": "old"],
    ])
    func settings(change: [String: String]) throws {
        let good = ["url": "https://hooks.example/x", "secret": "whsec_" + Data(repeating: 1, count: 24).base64EncodedString()]
        #expect(throws: Never.self) { try HookSettings(good) }
        do {
            _ = try HookSettings(good.merging(change) { $1 })
            Issue.record("accepted")
        } catch {
            #expect(!error.reason.contains("dG"))
        }
    }

    @Test("For real alerts it is a channel", arguments: ConformanceCheck.allCases)
    func actual(check: ConformanceCheck) async throws { try await verify(check, Actual.self) }

    @Test("For drills it is a channel", arguments: ConformanceCheck.allCases)
    func exercise(check: ConformanceCheck) async throws { try await verify(check, Exercise.self) }

    private func verify<M: Mode>(_ check: ConformanceCheck, _ mode: M.Type) async throws {
        let transport = try CurlTransport()
        try await ChannelConformance<Webhook<M>>(transport: transport) { HookReceiver(M.name) }.verify(check)
        await transport.shutdown()
    }
}
