import AlertModel
import ChannelKit
import ChannelKitTesting
import Crypto
import Curl
import Foundation
import Synchronization
import Testing

@testable import Push

@Suite("Hints to sleeping tablets", .timeLimit(.minutes(2)))
struct PushTests {
    private static let contact = ["contact": "mailto:bosai@city.example.jp"]

    @Test("RFC 8291, section 5 and appendix A: its example, to the last octet")
    func example() throws {
        func octets(_ text: String) throws -> Data { try #require(Data(base64URL: text)) }
        let own = try P256.KeyAgreement.PrivateKey(rawRepresentation: octets("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
        let sealed = SealedHint.seal(
            Array("When I grow up, I want to be a watermelon".utf8),
            for: try octets("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"), secret: try octets("BTBZMqHH6r4Tts7J_aSIgg"),
            length: 0, own: own, salt: [UInt8](try octets("DGv6ra1nlYgDCS1FRnbzlw")))
        #expect(sealed.map { Data($0).base64URL } == "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
    }

    private static let python = [URL(filePath: #filePath)].map { file in
        var root = file.resolvingSymlinksInPath()
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.appending(path: ".build/outside/venv/bin/python").path
    }.first { path in
        guard FileManager.default.isExecutableFile(atPath: path) else { return false }
        let child = Process()
        (child.executableURL, child.arguments) = (URL(filePath: path), ["-c", "import http_ece"])
        (child.standardError, child.standardOutput) = (FileHandle.nullDevice, FileHandle.nullDevice)
        guard (try? child.run()) != nil else { return false }
        child.waitUntilExit()
        return child.terminationStatus == 0
    }

    @Test("http-ece of others opens what we seal", .enabled(if: python != nil, "PyPI's http-ece is not here (Tests/outside/install)"))
    func others() async throws {
        let key = P256.KeyAgreement.PrivateKey(), secret = Data(repeating: 9, count: 16), text = #"{"noroshi":{"mode":"actual"}}"#
        let sealed = try #require(SealedHint.seal(Array(text.utf8), for: key.publicKey.x963Representation, secret: secret))
        let script = """
            import base64, sys, http_ece
            from cryptography.hazmat.primitives.asymmetric import ec
            key, secret, body = (base64.b64decode(word) for word in sys.argv[1:])
            private = ec.derive_private_key(int.from_bytes(key, "big"), ec.SECP256R1())
            sys.stdout.buffer.write(http_ece.decrypt(body, private_key=private, auth_secret=secret, version="aes128gcm"))
            """
        let child = Process(), out = Pipe()
        child.executableURL = URL(filePath: try #require(Self.python))
        child.arguments = ["-c", script, key.rawRepresentation.base64EncodedString(), secret.base64EncodedString(), Data(sealed).base64EncodedString()]
        child.standardOutput = out
        try child.run()
        let said = out.fileHandleForReading.readDataToEndOfFile()
        child.waitUntilExit()
        #expect(String(decoding: said, as: UTF8.self) == text)
    }

    @Test("Whatever is told, to whomever, is as long as everything else")
    func length() throws {
        let service = PushService()
        let lengths = try ScreenLanguages.inUse.everyOne.known.flatMap { language in
            try [ModeName.actual, .exercise].map { mode in
                let hint = Hint(position: StreamPosition(epoch: .max, offset: .max), mode: mode, event: EventID("e"), lasts: 60)
                let sleeper = service.sleeper(page: "https://" + String(repeating: "a", count: 63) + ".example/" + String(repeating: "b", count: 227), language: language)
                return try #require(SealedHint.seal(hint.text(for: sleeper), for: service.key.publicKey.x963Representation, secret: service.secret)).count
            }
        }
        #expect(Set(lengths) == [86 + SealedHint.length + 16])
        #expect(lengths[0] <= 4_096)
    }

    private func hear<M: Mode>(
        _ shelf: Shelf, _ messages: [Message<M>], settings: [String: String] = contact, stream: any StreamPublisher = RecordingStream()
    ) async throws -> [Result<Receipt, DeliveryFailure>] {
        let transport = try CurlTransport()
        let adapter = try Push<M>(Sample.setup(settings: settings, transport: transport, stream: stream, wakes: shelf, as: M.self))
        var outcomes: [Result<Receipt, DeliveryFailure>] = []
        for (number, message) in messages.enumerated() {
            let delivery = Sample.delivery(of: message, to: Sample.farEnd(as: M.self), channel: "push", attempt: number + 1)
            do throws(DeliveryFailure) {
                outcomes.append(.success(try await adapter.deliver(message, delivery)))
            } catch {
                outcomes.append(.failure(error))
            }
        }
        await transport.shutdown()
        return outcomes
    }

    private func with(_ count: Int = 1, _ body: ([PushService]) async throws -> Void) async throws {
        let services = (0..<count).map { _ in PushService() }
        for service in services { try await service.start() }
        try await body(services)
        for service in services { await service.stop() }
    }

    @Test("A hint says how far the stream is and never what it holds; Safari gets words to show by itself")
    func words() async throws {
        try await with { services in
            let service = services[0], stream = RecordingStream()
            stream.publish(StreamEvent(name: "alert", data: [], key: "k"), to: StreamTopic(town: Sample.town.id, site: "far-end-1"))
            let shelf = Shelf([service.sleeper(page: "https://hub.example.jp/tablet/", language: .english)])
            let outcome = try await hear(shelf, [Sample.message(as: Actual.self)], stream: stream)
            #expect(service.refused == [])
            #expect(try outcome[0].get().reach == .accepted && outcome[0].get().note?.hasPrefix("端末1台への合図を渡しました") == true)
            let one = try #require(service.taken.first)
            #expect(one.ttl == 6 * 3600)
            let form = try #require(try JSONSerialization.jsonObject(with: Data(one.text.utf8)) as? [String: Any])
            #expect(form["web_push"] as? Int == 8030 && form["mutable"] as? Bool == true)
            #expect(form["noroshi"] as? [String: String] == ["position": "1-1", "mode": "actual"])
            #expect(form["notification"] as? [String: String] == [
                "title": "Emergency tablet", "body": "There is new information", "lang": "en", "navigate": "https://hub.example.jp/tablet/",
            ])
            for secret in ["高台", "避難", "津波", "南町", "気仙沼"] { #expect(!one.text.contains(secret)) }
        }
    }

    /// A stream that says whether it holds a word as the test has it, and notes that it was asked.
    private final class Late: StreamPublisher {
        private let holds = Mutex(false)
        let asked = Tally()
        func publish(_ event: StreamEvent, to topic: StreamTopic) -> (position: StreamPosition, live: Int) {
            holds.withLock { $0 = true }
            return (StreamPosition(epoch: 1, offset: 1), 0)
        }
        func holds(_ revision: Revision, of event: EventID, _ mode: ModeName, in topic: StreamTopic) -> Bool {
            asked.add()
            return holds.withLock(\.self)
        }
    }

    @Test("A hint waits until the tablets' own stream has the word, and where that never comes nobody is woken for nothing")
    func waits() async throws {
        try await with { services in
            let service = services[0], shelf = Shelf([service.sleeper()]), late = Late(), message = Sample.message(as: Actual.self)
            async let outcome = hear(shelf, [message], stream: late)
            await late.asked.reaches(3)
            #expect(service.server?.requests.isEmpty == true)
            _ = late.publish(StreamEvent(name: "alert", data: [], key: "k"), to: StreamTopic(town: Sample.town.id, site: "far-end-1"))
            #expect(try await outcome[0].get().note?.hasPrefix("端末1台への合図を渡しました") == true)
            let transport = try CurlTransport()
            let adapter = try Push<Actual>(Sample.setup(settings: Self.contact, transport: transport, stream: Late(), wakes: shelf, as: Actual.self))
            func attempt(_ number: Int) async -> DeliveryFailure? {
                let delivery = Sample.delivery(of: message, to: Sample.farEnd(as: Actual.self), channel: "push", attempt: number, deadline: .now + .milliseconds(30))
                do throws(DeliveryFailure) { _ = try await adapter.deliver(message, delivery) } catch { return error }
                return nil
            }
            #expect(await attempt(1) == .throttled(retryAfter: .milliseconds(500)))
            guard case .rejected = await attempt(20) else { Issue.record("it asks for ever"); return }
            #expect(service.taken.count == 1)
            await transport.shutdown()
        }
    }

    @Test("A drill's hint says so, on a topic of its own, and none is sent while the tablets show no drill")
    func drill() async throws {
        struct Grave: StreamPublisher {
            func publish(_ event: StreamEvent, to topic: StreamTopic) -> (position: StreamPosition, live: Int) { (StreamPosition(epoch: 1, offset: 1), 0) }
            func gravestReal(in topic: StreamTopic) -> Gravity? { .warning }
        }
        try await with { services in
            let service = services[0], shelf = Shelf([service.sleeper(page: "https://hub.example.jp/tablet/")])
            _ = try await hear(shelf, [Sample.message(as: Actual.self)])
            _ = try await hear(shelf, [Sample.message(as: Exercise.self)])
            let (real, drill) = (service.taken[0], service.taken[1])
            #expect(drill.text.contains(#""body":"【訓練】新しいお知らせがあります""#) && drill.text.contains(#""mode":"exercise""#) && !real.text.contains("訓練"))
            #expect(real.topic != drill.topic && drill.ttl == 3 * 3600 + 1)
            let refused = try await hear(shelf, [Sample.message(as: Exercise.self)], stream: Grave())
            #expect(refused == [.failure(.rejected(DrillRule.refusal))] && service.taken.count == 2)
        }
    }

    @Test("Of one event the later hint takes the place of one that was not delivered, and another event's does not")
    func topics() async throws {
        try await with { services in
            let shelf = Shelf([services[0].sleeper()])
            _ = try await hear(shelf, [
                Sample.message(as: Actual.self), Sample.message(.update, revision: 2, as: Actual.self), Sample.message(event: "sample-2", as: Actual.self),
            ])
            let topics = services[0].taken.map(\.topic)
            #expect(topics[0] == topics[1] && topics[0] != topics[2] && topics.allSatisfy { $0.count == 32 })
            // Who keeps no key of the town's cannot find out by it which event it is.
            let other = Hint(position: nil, mode: .actual, event: Sample.message(as: Actual.self).alert.event, lasts: 1).topic([UInt8](repeating: 1, count: 32))
            #expect(other != topics[0])
            #expect(Set(services[0].taken.map(\.authorization)).count == 1, "one ticket serves all")
        }
    }

    @Test("What a push service answers", arguments: [
        (200, nil, Verdict.told), (201, nil, .told), (202, nil, .told), (204, nil, .told), (301, nil, .refused("")), (400, nil, .refused("")), (401, nil, .ours("")), (403, nil, .ours("")),
        (404, nil, .gone("")), (410, nil, .gone("")), (413, nil, .refused("")), (429, "9", .wait(.seconds(9))), (429, nil, .wait(.seconds(30))), (429, "86400", .wait(.seconds(300))),
        (429, "Wed, 01 Apr 2026 00:00:40 GMT", .wait(.seconds(40))), (500, nil, .later("")), (502, nil, .later("")), (503, "0", .wait(.seconds(1))), (503, nil, .later("")), (503, "soon", .later("")),
    ] as [(Int, String?, Verdict)])
    func answers(status: Int, pause: String?, meaning: Verdict) {
        let found = Verdict(webPush: HTTPAnswer(status: status, headers: pause.map { [("Retry-After", $0)] } ?? []), now: Sample.now)
        let plain: Verdict =
            switch found {
            case .gone: .gone("")
            case .refused: .refused("")
            case .ours: .ours("")
            case .later: .later("")
            case .again: .again("")
            case .told, .wait, .rest, .cancelled: found
            }
        #expect(plain == meaning)
    }

    @Test("A subscription that is gone is forgotten and told of; the others of the place are woken")
    func gone() async throws {
        try await with(2) { services in
            services[0].server?.behave { _ in .answer(410) }
            let shelf = Shelf([services[0].sleeper("d-old"), services[1].sleeper("d-new")])
            let outcomes = try await hear(shelf, [Sample.message(as: Actual.self), Sample.message(event: "sample-2", as: Actual.self)])
            #expect(shelf.forgotten == ["d-old"])
            #expect(try outcomes[0].get().note?.contains("登録が切れていた1台を消しました") == true)
            #expect(try outcomes[1].get().note == "端末1台への合図を渡しました (hints handed over: 1)")
            #expect(services[0].server?.requests.count == 1 && services[1].taken.count == 2)
        }
    }

    @Test("A push service that hangs keeps nobody of another one waiting, and the next attempt asks its devices alone")
    func hangs() async throws {
        try await with(2) { services in
            services[0].server?.behave { _ in .close }
            let shelf = Shelf([services[0].sleeper("d-1"), services[0].sleeper("d-2", path: "/push/2"), services[1].sleeper("d-3")])
            let message = Sample.message(as: Actual.self), transport = try CurlTransport()
            let adapter = try Push<Actual>(Sample.setup(settings: Self.contact, transport: transport, wakes: shelf, as: Actual.self))
            func attempt(_ number: Int) async -> Result<Receipt, DeliveryFailure> {
                let delivery = Sample.delivery(of: message, to: Sample.farEnd(as: Actual.self), channel: "push", attempt: number)
                do throws(DeliveryFailure) { return .success(try await adapter.deliver(message, delivery)) } catch { return .failure(error) }
            }
            guard case .failure(.unavailable(let words)) = await attempt(1) else { Issue.record("it was not told that two have to be asked again"); return }
            #expect(words.contains("端末2台への合図が届けられません。1台には渡しました"))
            #expect(services[1].taken.count == 1)
            services[0].server?.behave { _ in .answer(201) }
            #expect(try await attempt(2).get().note == "端末3台への合図を渡しました (hints handed over: 3)")
            #expect(services[1].taken.count == 1, "who has taken it is not asked again")
            await transport.shutdown()
        }
    }

    @Test("A push service that asks for a pause is not called before it is over, for no event")
    func pause() async throws {
        try await with { services in
            services[0].server?.behave { _ in .answer(429, headers: [("Retry-After", "120")]) }
            let shelf = Shelf([services[0].sleeper()])
            let outcomes = try await hear(shelf, [Sample.message(as: Actual.self), Sample.message(event: "sample-2", as: Actual.self)])
            #expect(outcomes[0] == .failure(.throttled(retryAfter: .seconds(120))))
            guard case .failure(.throttled(let left)) = outcomes[1] else { Issue.record("\(outcomes[1])"); return }
            #expect(left > .seconds(100) && left <= .seconds(120) && services[0].server?.requests.count == 1)
        }
    }

    @Test("Our key refused by all stops the lane for a person; refused by one beside others it does not")
    func refusedKey() async throws {
        try await with(2) { services in
            services[0].server?.behave { _ in .answer(403) }
            let alone = try await hear(Shelf([services[0].sleeper()]), [Sample.message(as: Actual.self)])
            guard case .failure(.misconfigured) = alone[0] else { Issue.record("\(alone[0])"); return }
            let both = try await hear(Shelf([services[0].sleeper("d-1"), services[1].sleeper("d-2")]), [Sample.message(as: Actual.self)])
            #expect(try both[0].get().note?.contains("1台は断られました") == true)
        }
    }

    @Test("Without a contact a person is called, and where nobody sleeps nothing is said")
    func settings() async throws {
        try await with { services in
            let outcome = try await hear(Shelf([services[0].sleeper()]), [Sample.message(as: Actual.self)], settings: [:])
            guard case .failure(.misconfigured(let words)) = outcome[0] else { Issue.record("\(outcome[0])"); return }
            #expect(words.contains("channels.push.actual.contact"))
            #expect(try await hear(Shelf(), [Sample.message(as: Actual.self)])[0].get().note?.contains("端末はありません") == true)
        }
        for contact in ["bosai@city.example.jp", "mailto:", "http://a.example", "mailto:a b@c", "https://a b"] {
            #expect(throws: SettingsError.self) { try PushSettings(["contact": contact]) }
        }
    }

    @Test("A ticket holds for half a day and is another one after it, at another service, for another town")
    func tickets() throws {
        let tickets = Tickets(), key = [UInt8](P256.Signing.PrivateKey().rawRepresentation), other = try #require(TownID("042021"))
        func ticket(_ origin: String = "https://a.example", _ town: TownID = Sample.town.id, after seconds: Double = 0) throws -> String {
            let now = Sample.now.addingTimeInterval(seconds)
            let text = try #require(tickets.authorization(of: town, at: origin, key: key, contact: "mailto:bosai@city.example.jp", now: now))
            try PushService.check(text, at: origin, now: now)
            return text
        }
        let first = try ticket()
        #expect(try ticket(after: 10 * 3600) == first)
        #expect(try ticket(after: 11.5 * 3600) != first)
        #expect(try ticket("https://b.example") != ticket() && ticket("https://a.example", other) != ticket())
        // A clock that was a day ahead made one that would hold for too long.
        _ = try ticket(after: 2 * 86_400)
        _ = try ticket()
    }

    @Test("A place of hundreds is asked eight at a time, and who was told is not forgotten before all are")
    func many() async throws {
        try await with { services in
            let shelf = Shelf((0..<40).map { services[0].sleeper("d-\($0)", path: "/push/\($0)") })
            let outcome = try await hear(shelf, [Sample.message(as: Actual.self)])
            #expect(try outcome[0].get().note == "端末40台への合図を渡しました (hints handed over: 40)")
            #expect(Set(services[0].taken.map(\.path)).count == 40)
            #expect(Set(services[0].taken.map { Data($0.body[..<16]) }).count == 40, "no salt is used twice")
        }
        let heard = Heard()
        for number in 0...Heard.bound { heard.note("d", of: DeliveryID("\(number)")) }
        #expect(!heard.has("d", of: DeliveryID("0")) && heard.has("d", of: DeliveryID("1")))
    }

    @Test("For real alerts it is a channel", arguments: ConformanceCheck.allCases)
    func actual(check: ConformanceCheck) async throws { try await verify(check, Actual.self) }

    @Test("For drills it is a channel", arguments: ConformanceCheck.allCases)
    func exercise(check: ConformanceCheck) async throws { try await verify(check, Exercise.self) }

    private func verify<M: Mode>(_ check: ConformanceCheck, _ mode: M.Type) async throws {
        let transport = try CurlTransport(), stream = RecordingStream(), shelf = Shelf()
        var suite = ChannelConformance<Woken<M>>(transport: transport) { PushService(M.name, stream: stream, shelf: shelf) }
        (suite.stream, suite.wakes, suite.channelSettings) = (stream, shelf, Self.contact)
        try await suite.verify(check)
        await transport.shutdown()
    }
}
