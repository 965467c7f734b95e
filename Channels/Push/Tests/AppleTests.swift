import AlertModel
import ChannelKit
import ChannelKitTesting
import Crypto
import Curl
import Foundation
import Logging
import Synchronization
import Testing

@testable import Push

@Suite("Hints over Apple's push service", .serialized, .timeLimit(.minutes(2)), .enabled(if: AppleService.isThere, "PyPI's h2 is not here (Tests/outside/install)"))
struct AppleTests {
    /// - Parameter word: what becomes of a call to it, see the far end.
    static func sleeper(_ word: String = "00", _ number: Int = 1, asked: Date = Sample.now) -> Sleeper {
        let digits = String(number, radix: 16)
        return Sleeper(
            device: "d-\(word)-\(number)", town: Sample.town.id, address: .apple(word + String(repeating: "0", count: 62 - digits.count) + digits), isForeign: false,
            language: .japanese, page: nil, asked: asked)
    }

    /// What is written for the machine's log.
    private final class Lines: Sendable {
        let text = Mutex("")
        struct Handler: LogHandler {
            let lines: Lines
            var metadata: Logger.Metadata = [:]
            var logLevel = Logger.Level.trace
            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }
            func log(event: LogEvent) { lines.text.withLock { $0 += "\(event)\n" } }
        }
        var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }
    }

    private func with(isOld: Bool = false, _ body: (AppleService, CurlTransport) async throws -> Void) async throws {
        let service = try await AppleService(isOld: isOld), transport = try service.transport()
        do { try await body(service, transport) } catch { Issue.record("\(error)") }
        await transport.shutdown()
        service.stop()
    }

    private func channel<M: Mode>(
        _ service: AppleService, _ transport: CurlTransport, _ shelf: Shelf, logger: Logger? = nil, clock: (@Sendable () -> Date)? = nil, as mode: M.Type = M.self
    ) throws -> Push<M> {
        let plain = Sample.setup(as: M.self)
        return try Push<M>(ChannelSetup(
            settings: service.settings, transport: transport, stream: RecordingStream(), wakes: shelf, notebook: MemoryNotebook(), directory: plain.directory, logger: logger ?? plain.logger,
            wallClock: clock ?? { Sample.now }))
    }

    private func tell<M: Mode>(_ channel: Push<M>, _ message: Message<M>, attempt: Int = 1) async -> Result<Receipt, DeliveryFailure> {
        let delivery = Sample.delivery(of: message, to: Sample.farEnd(as: M.self), channel: "push", attempt: attempt)
        do throws(DeliveryFailure) { return .success(try await channel.deliver(message, delivery)) } catch { return .failure(error) }
    }

    private static func note(_ count: Int) -> String { "端末\(count)台への合図を渡しました (hints handed over: \(count))" }

    @Test("A hint is what Apple asks for, over one line of HTTP/2, signed by our key")
    func call() async throws {
        try await with { service, transport in
            let push = try channel(service, transport, Shelf([Self.sleeper()]), as: Actual.self)
            for message in [Sample.message(as: Actual.self), Sample.message(.update, revision: 2, as: Actual.self), Sample.message(event: "sample-2", as: Actual.self)] {
                #expect(try await tell(push, message).get().note == Self.note(1))
            }
            let told = try await service.told(3), first = try #require(told.first)
            #expect(told.map(\.state) == ["taken", "taken", "taken"])
            #expect(first.path == "/3/device/00" + String(repeating: "0", count: 61) + "1")
            #expect(first.claims?.alg == "ES256" && first.claims?.kid == "ABC123DEFG" && first.claims?.iss == "DEF123GHIJ" && first.claims?.iat == Int(Sample.now.timeIntervalSince1970))
            #expect(first.head["apns-topic"] == "jp.example.city.bosai" && first.head["apns-push-type"] == "alert" && first.head["apns-priority"] == "10")
            #expect(first.head["apns-expiration"] == "\(Int(Sample.now.timeIntervalSince1970) + 6 * 3600)")
            #expect(Set(told.map { $0.head["apns-id"] }).count == 3 && first.head["apns-id"]?.wholeMatch(of: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/) != nil)
            let collapse = told.compactMap { $0.head["apns-collapse-id"] }
            #expect(collapse.count == 3 && collapse[0] == collapse[1] && collapse[0] != collapse[2] && collapse.allSatisfy { $0.utf8.count <= 64 })
            #expect(Set(told.map(\.token)).count == 1 && Set(told.map(\.connection)).count == 1, "one token and one line for all")
        }
    }

    @Test("The text holds the hint and nothing else; a drill's says so and breaks nobody's silence, and an end wakes the app without a sound")
    func text() async throws {
        try await with { service, transport in
            let shelf = Shelf([Self.sleeper()])
            _ = await tell(try channel(service, transport, shelf, as: Actual.self), Sample.message(as: Actual.self))
            _ = await tell(try channel(service, transport, shelf, as: Exercise.self), Sample.message(as: Exercise.self))
            _ = await tell(try channel(service, transport, shelf, as: Actual.self), Sample.message(.cancel, revision: 2, as: Actual.self))
            _ = await tell(try channel(service, transport, shelf, as: Exercise.self), Sample.message(.cancel, revision: 2, as: Exercise.self))
            let told = try await service.told(4)
            #expect(told.map(\.state) == ["taken", "taken", "taken", "taken"])
            #expect(told.map(\.body) == [
                #"{"aps":{"alert":{"body":"新しいお知らせがあります","title":"防災タブレット"},"interruption-level":"time-sensitive","mutable-content":1,"sound":"default"},"noroshi":{"mode":"actual","position":"1-0"}}"#,
                #"{"aps":{"alert":{"body":"【訓練】新しいお知らせがあります","title":"【訓練】防災タブレット"},"interruption-level":"active","mutable-content":1,"sound":"default"},"noroshi":{"mode":"exercise","position":"1-0"}}"#,
                #"{"aps":{"content-available":1},"noroshi":{"mode":"actual","position":"1-0"}}"#,
                #"{"aps":{"content-available":1},"noroshi":{"mode":"exercise","position":"1-0"}}"#,
            ])
            #expect(told.map { $0.head["apns-push-type"] } == ["alert", "alert", "background", "background"] && told.map { $0.head["apns-priority"] } == ["10", "10", "5", "5"])
            let collapse = told.map { $0.head["apns-collapse-id"] }
            #expect(collapse[0] == collapse[2] && collapse[1] == collapse[3] && collapse[0] != collapse[1], "an end takes the place of what it ends, and a drill's of nothing real")
            #expect(told[1].head["apns-expiration"] == "\(Int(Sample.now.timeIntervalSince1970) + 3 * 3600 + 1)")
            #expect(Set(told.map(\.token)).count == 1, "real hints and drills have one token: a second one within twenty minutes would be refused")
        }
    }

    @Test("Many devices of a place are told over one line: one alone until our token is proven, then together")
    func many() async throws {
        try await with { service, transport in
            let push = try channel(service, transport, Shelf((1...20).map { Self.sleeper("00", $0) }), as: Actual.self)
            #expect(try await tell(push, Sample.message(as: Actual.self)).get().note == Self.note(20))
            let told = try await service.told(20)
            #expect(Set(told.map(\.path)).count == 20 && Set(told.map(\.connection)).count == 1)
            #expect(told[0].at_once == 1 && told.allSatisfy { $0.at_once <= 8 })
        }
    }

    @Test("What Apple's reasons mean, for a device beside one that is told", arguments: [
        ("01", "gone"), ("02", "gone"), ("0d", "gone"), ("0e", "gone"), ("0b", "kept"), ("04", "throttled 60"), ("05", "throttled 9"), ("06", "unavailable"), ("07", "unavailable"),
        ("0c", "unavailable"), ("08", "kept"), ("0a", "kept"), ("0f", "kept"), ("09", "kept"), ("03", "kept"),
    ])
    func reasons(word: String, meaning: String) async throws {
        try await with { service, transport in
            let shelf = Shelf([Self.sleeper("00"), Self.sleeper(word, 2)]), push = try channel(service, transport, shelf, as: Actual.self)
            let outcome = await tell(push, Sample.message(as: Actual.self))
            let found =
                switch outcome {
                case .failure(.unavailable): "unavailable"
                case .failure(.throttled(.seconds(9))): "throttled 9"
                case .failure(.throttled(.seconds(60))): "throttled 60"
                case .failure(let other): "\(other)"
                case .success(let receipt): shelf.forgotten == [Self.sleeper(word, 2).device] ? "gone" : receipt.note?.contains("1台は断られました") == true ? "kept" : "\(receipt)"
                }
            #expect(found == meaning, "\(outcome)")
            #expect(meaning == "gone" || shelf.forgotten.isEmpty)
            #expect(try await service.told(2).count == 2, "and nobody is asked again at once")
        }
    }

    @Test("Where our own host, topic or key may be wrong nobody's registration is taken away", arguments: [("02", false), ("0d", false), ("08", true), ("0a", true), ("0f", true), ("03", true)])
    func alone(word: String, isOurs: Bool) async throws {
        try await with { service, transport in
            let shelf = Shelf([Self.sleeper(word)]), outcome = await tell(try channel(service, transport, shelf, as: Actual.self), Sample.message(as: Actual.self))
            switch outcome {
            case .failure(.misconfigured): #expect(isOurs, "\(outcome)")
            case .failure(.rejected): #expect(!isOurs, "\(outcome)")
            default: Issue.record("\(outcome)")
            }
            #expect(shelf.forgotten.isEmpty)
        }
    }

    @Test("429 for one device keeps nobody else waiting, and 503 is told to nobody else; the next attempt asks those alone who were not told")
    func pauses() async throws {
        try await with { service, transport in
            let busy = Shelf([Self.sleeper("00"), Self.sleeper("05", 2), Self.sleeper("00", 3)] + (4...12).map { Self.sleeper("00", $0) })
            #expect(await tell(try channel(service, transport, busy, as: Actual.self), Sample.message(as: Actual.self)) == .failure(.throttled(retryAfter: .seconds(9))))
            #expect(try await service.told(12).count(where: { $0.state == "taken" }) == 11)
            let down = Shelf([Self.sleeper("00")] + (1...8).map { Self.sleeper("07", $0) } + (20...40).map { Self.sleeper("00", $0) }), push = try channel(service, transport, down, as: Actual.self)
            for attempt in 1...2 {
                guard case .failure(.unavailable) = await tell(push, Sample.message(event: "sample-2", as: Actual.self), attempt: attempt) else { Issue.record("told"); return }
            }
            let told = try await service.told(12 + 9 + 8).dropFirst(12)
            #expect(told.count == 17 && told.count(where: { $0.state == "taken" }) == 1)
        }
    }

    // MARK: lines that end

    @Test("GOAWAY with eight calls under way: what was worked on counts, the rest is said once more over another line, and nobody is told twice")
    func goawayAmongMany() async throws {
        try await with { service, transport in
            let shelf = Shelf([Self.sleeper("00")] + (1...8).map { Self.sleeper("15", $0) }), push = try channel(service, transport, shelf, as: Actual.self)
            #expect(try await tell(push, Sample.message(as: Actual.self)).get().note == Self.note(9))
            let told = try await service.told(13), taken = told.filter { $0.state == "taken" }
            #expect(told.count(where: { $0.state == "not worked on" && $0.connection == 1 }) == 4)
            #expect(taken.count == 9 && Set(taken.map(\.path)).count == 9)
            #expect(taken.count(where: { $0.connection == 1 }) == 5 && shelf.forgotten.isEmpty)
        }
    }

    @Test("GOAWAY in place of an answer or behind one, with an error or without: the hint is told within the same attempt, over another line", arguments: ["13", "16"])
    func goaway(word: String) async throws {
        try await with { service, transport in
            let push = try channel(service, transport, Shelf([Self.sleeper(word)]), as: Actual.self)
            for event in ["sample", "sample-2"] { #expect(try await tell(push, Sample.message(event: event, as: Actual.self)).get().note == Self.note(1)) }
            let told = try await service.told(word == "13" ? 3 : 2)
            #expect(Set(told.map(\.connection)).count == 2)
            let first = told[0].head["apns-id"], second = told[1].head["apns-id"]
            #expect((first == second) == (word == "13"), "what is said once more is the same to Apple")
        }
    }

    @Test("A service that says nothing but GOAWAY is left to the next attempt", arguments: ["10", "11"])
    func goawayAlways(word: String) async throws {
        try await with { service, transport in
            let shelf = Shelf([Self.sleeper(word)] + (2...9).map { Self.sleeper("00", $0) }), push = try channel(service, transport, shelf, as: Actual.self)
            guard case .failure(.unavailable(let words)) = await tell(push, Sample.message(as: Actual.self)) else { Issue.record("told"); return }
            #expect(words.contains("端末9台への合図が届けられません") && shelf.forgotten.isEmpty)
            #expect(try await service.told(2).allSatisfy { $0.state == "not worked on" })
        }
    }

    @Test("Something between that speaks HTTP/1.1 is noticed, and is no yes")
    func old() async throws {
        try await with(isOld: true) { service, transport in
            guard case .failure(.misconfigured(let words)) = await tell(try channel(service, transport, Shelf([Self.sleeper()]), as: Actual.self), Sample.message(as: Actual.self)) else {
                Issue.record("taken")
                return
            }
            #expect(words.contains("HTTP/2"))
        }
    }

    // MARK: tokens

    @Test("A token that Apple calls expired is made anew once for all calls that went with it, and they are told")
    func expired() async throws {
        try await with { service, transport in
            let minutes = Mutex(0), shelf = Shelf([Self.sleeper("00")] + (1...8).map { Self.sleeper("14", $0) })
            let push = try channel(service, transport, shelf, clock: { Sample.now.addingTimeInterval(Double(minutes.withLock(\.self)) * 60) }, as: Actual.self)
            // With a token of this minute it is Apple who errs, or our clock: no second token, and no hint to the eight.
            let first = try await tell(push, Sample.message(as: Actual.self)).get().note ?? ""
            #expect(first.contains("8台は断られました") && first.contains("時計"))
            #expect(Set(try await service.told(9).map(\.token)).count == 1)
            minutes.withLock { $0 = 25 }
            #expect(try await tell(push, Sample.message(event: "sample-2", as: Actual.self)).get().note == Self.note(9))
            // Whoever began after the first of them had its answer went with the new one.
            let later = try await service.told(1 + 9, where: { $0.state == "taken" }).dropFirst(9)
            #expect(later.count(where: { $0.state == "taken" }) == 9 && (1...8).contains(later.count(where: { $0.state == "ExpiredProviderToken" })))
            #expect(Set(later.map(\.token)).count == 2 && later.allSatisfy { ["taken", "ExpiredProviderToken"].contains($0.state) })
        }
    }

    @Test("A token is renewed after 45 minutes and not before, by a clock that was set back neither; what expires within twenty minutes is our clock's fault")
    func tokens() throws {
        let file = try Self.key(), settings = try #require(try AppleSettings(AppleService.settings(file.path))), tokens = AppleTokens()
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(settings.host == "https://api.push.apple.com")
        let apple = ApplePush(settings, tokens: tokens), drills = ApplePush(settings, tokens: tokens), sleeper = Self.sleeper()
        func calling(_ minutes: Double) -> Calling {
            Calling(
                hint: Hint(position: nil, mode: .actual, event: EventID("e"), lasts: 60), id: DeliveryID("d"), key: [UInt8](repeating: 1, count: 32), now: Sample.now.addingTimeInterval(minutes * 60),
                deadline: .now + .seconds(5))
        }
        func call(_ minutes: Double, _ by: ApplePush? = nil) throws -> HTTPCall { try (by ?? apple).call(calling(minutes), sleeper).get() }
        func token(_ call: HTTPCall) -> String? { call.headers.first { $0.name == "authorization" }?.value }
        let first = try call(0)
        #expect(try token(call(44)) == token(first) && token(call(-30)) == token(first) && token(call(1, drills)) == token(first))
        let second = try call(45)
        #expect(token(second) != token(first))
        let expired = HTTPAnswer(status: 403, body: Array(#"{"reason":"ExpiredProviderToken"}"#.utf8), isHTTP2: true)
        guard case .ours(let words) = apple.verdict(expired, to: second, calling(60), sleeper) else { Issue.record("a new one within twenty minutes"); return }
        #expect(words.contains("時計"))
        guard case .again = apple.verdict(expired, to: first, calling(60), sleeper) else { Issue.record("the one before is not ours any more"); return }
        #expect(try token(call(60)) == token(second))
        guard case .again = apple.verdict(expired, to: second, calling(66), sleeper) else { Issue.record("it is kept"); return }
        #expect(try token(call(66)) != token(second))
    }

    // MARK: settings and secrets

    private static func key(_ text: String = P256.Signing.PrivateKey().pemRepresentation) throws -> URL {
        let file = FileManager.default.temporaryDirectory.appending(path: "noroshi-\(UUID().uuidString).p8")
        try Data(text.utf8).write(to: file)
        return file
    }

    @Test("Settings in part or of another form are refused", arguments: [
        ["apns_key_id": "abc"], ["apns_team_id": "DEF123GHI"], ["apns_topic": "a b"], ["apns_host": "http://localhost"], ["apns_host": "https://a.example/x"], ["apns_key_file": "AuthKey.p8"],
        ["apns_key_file": "/nowhere/AuthKey.p8"],
    ])
    func settings(change: [String: String]) throws {
        let file = try Self.key(), good = AppleService.settings(file.path)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(throws: Never.self) { try AppleSettings(good) }
        #expect(try AppleSettings([:]) == nil)
        for name in good.keys { #expect(throws: SettingsError.self) { try AppleSettings(good.filter { $0.key != name }) } }
        #expect(throws: SettingsError.self) { try AppleSettings(good.merging(change) { $1 }) }
    }

    @Test("No word of Apple's key or of a token is in a complaint, a log, a receipt or a failure")
    func secrets() async throws {
        let pem = P256.Signing.PrivateKey().pemRepresentation, heart = try #require(pem.split(separator: "\n").dropFirst().first.map(String.init))
        let broken = try Self.key(pem.replacing("PRIVATE", with: "PUBLIC"))
        defer { try? FileManager.default.removeItem(at: broken) }
        for file in [pem, heart, broken.path, "/" + pem] {
            do {
                _ = try AppleSettings(AppleService.settings(file))
                Issue.record("accepted")
            } catch { #expect(!error.reason.contains(heart.prefix(12)) && error.reason.hasPrefix("apns_key_file: ")) }
        }
        try await with { service, transport in
            let lines = Lines(), file = try String(contentsOf: service.folder.appending(path: "AuthKey.p8"), encoding: .utf8)
            let secret = try #require(file.split(separator: "\n").dropFirst().first.map { String($0.prefix(24)) })
            var said = "\(try AppleSettings(service.settings) as Any)"
            for word in ["00", "01", "03", "06", "08", "10"] {
                let push = try channel(service, transport, Shelf([Self.sleeper(word), Self.sleeper("01", 7)]), logger: lines.logger, as: Actual.self)
                said += "\(await tell(push, Sample.message(as: Actual.self)))\n"
            }
            let told = try await service.told(8), token = try #require(told.first?.token?.dropFirst("bearer ".count).prefix(24))
            said += lines.text.withLock(\.self)
            #expect(said.contains("its push service has forgotten it") && !said.contains(secret) && !said.contains(token) && !said.contains("BEGIN"))
        }
    }
}
