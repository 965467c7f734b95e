import AlertModel
import Chance
import ChannelKit
import ChannelKitTesting
import Curl
import Foundation
import Testing

@testable import Post

@Suite("Post", .timeLimit(.minutes(3)))
struct PostTests {
    private func deliver(
        _ service: PostService, _ message: Message<Actual> = Sample.message(as: Actual.self), settings extra: [String: String] = [:], times: Int = 1,
        _ script: FarEndServer.Script? = nil
    ) async throws -> (outcomes: [Result<Receipt, DeliveryFailure>], requests: [FarEndServer.Request], held: [HeldMessage]) {
        let peer = PostPeer(service)
        try await peer.start()
        if let script { peer.server?.behave(script) }
        let transport = try CurlTransport()
        let adapter = try Post<Actual>(ChannelSetup(
            settings: [:], transport: transport, stream: RecordingStream(), notebook: MemoryNotebook(), directory: URL(filePath: "/nonexistent"),
            logger: Sample.setup(as: Actual.self).logger, wallClock: { Sample.now }))
        let end = Sample.farEnd(peer.settings.merging(extra) { $1 }, as: Actual.self)
        var outcomes: [Result<Receipt, DeliveryFailure>] = []
        for attempt in 1...times {
            do throws(DeliveryFailure) {
                outcomes.append(.success(try await adapter.deliver(message, Sample.delivery(of: message, to: end, channel: "post", attempt: attempt))))
            } catch {
                outcomes.append(.failure(error))
            }
        }
        await transport.shutdown()
        let held = await peer.messagesHeld(), requests = peer.server?.requests ?? []
        await peer.stop()
        return (outcomes, requests, held)
    }

    @Test("LINE: one broadcast of one text, with a key; the second call is answered by what was accepted, and is delivered")
    func line() async throws {
        let message = Sample.message(as: Actual.self)
        let (outcomes, requests, held) = try await deliver(.line, message, times: 2)
        #expect(try outcomes.map { try $0.get().reference } == ["r1", "r1"])
        let text = try #require(message.texts[.japanese])
        #expect(held.map(\.text) == [text.title + "\n\n" + text.body])
        #expect(requests.count == 2 && requests.allSatisfy { $0.header("Content-Type") == "application/json" && $0.header("X-Line-Retry-Key") == requests[0].header("X-Line-Retry-Key") })
    }

    @Test("Mastodon: one public status, with a key; the second call is answered by the first status")
    func mastodon() async throws {
        let (outcomes, requests, held) = try await deliver(.mastodon, Sample.message(words: "連絡は bousai@city.example.jp へ", as: Actual.self), settings: ["languages": "ja, en"], times: 2)
        #expect(try outcomes.map { try $0.get().reference } == ["https://social.example.jp/@town/0", "https://social.example.jp/@town/0"])
        let body = try #require(JSONSerialization.jsonObject(with: Data(requests[0].body)) as? [String: String])
        #expect(body["visibility"] == "public" && body["status"]?.contains("――――") == true)
        #expect(held.count == 1 && held[0].text?.contains("@") == false && held[0].text?.contains("bousai＠city.example.jp") == true)
    }

    @Test("A key is the delivery's, and a UUID")
    func keys() {
        let keys = (0..<500).map { PostKey(DeliveryID("d\($0)")).text }
        #expect(Set(keys).count == 500 && keys[0] == PostKey(DeliveryID("d0")).text)
        #expect(keys.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil })
    }

    @Test("What each answer means", arguments: [
        (PostService.line, 400, "", "rejected"), (.line, 401, "", "misconfigured"), (.line, 403, "", "misconfigured"), (.line, 404, "", "misconfigured"), (.line, 409, "", "rejected"),
        (.line, 429, #"{"message":"You have reached your monthly limit."}"#, "misconfigured"), (.line, 429, "", "throttled"), (.line, 500, "", "unavailable"), (.line, 302, "", "misconfigured"),
        (.mastodon, 401, "", "misconfigured"), (.mastodon, 403, "", "misconfigured"), (.mastodon, 404, "", "misconfigured"), (.mastodon, 409, "", "rejected"), (.mastodon, 422, "", "rejected"),
        (.mastodon, 429, "", "throttled"), (.mastodon, 408, "", "unavailable"), (.mastodon, 503, "", "unavailable"), (.mastodon, 200, "", "delivered"), (.line, 200, "{}", "delivered"),
    ])
    func answers(service: PostService, status: Int, body: String, meaning: String) async throws {
        let (outcomes, _, _) = try await deliver(service) { _ in .answer(status, body: Array(body.utf8)) }
        let found =
            switch try #require(outcomes.first) {
            case .success: "delivered"
            case .failure(.unavailable): "unavailable"
            case .failure(.throttled): "throttled"
            case .failure(.rejected): "rejected"
            case .failure(.misconfigured): "misconfigured"
            case .failure(.cancelled): "cancelled"
            }
        #expect(found == meaning, "\(outcomes)")
    }

    @Test("A pause is as long as the service says, within a second and five minutes", arguments: [
        ([("Retry-After", "7")], 7), ([("Retry-After", "0")], 1), ([("Retry-After", "99999")], 300), ([], 1), ([("Retry-After", "nan")], 1),
        ([("X-RateLimit-Reset", JapanTime.text(Sample.now + 42))], 42), ([("X-RateLimit-Reset", "soon")], 1), ([("X-RateLimit-Reset", JapanTime.text(Sample.now - 5))], 1),
    ] as [([(String, String)], Int)])
    func pauses(headers: [(String, String)], seconds: Int) {
        let answer = HTTPAnswer(status: 429, headers: headers.map { (name: $0.0, value: $0.1) }, body: [])
        #expect { try PostService.mastodon.receipt(answer, now: Sample.now) } throws: { ($0 as? DeliveryFailure) == .throttled(retryAfter: .seconds(seconds)) }
    }

    @Test("What does not fit loses languages, then lines from the end; title, place, action and who says it stay; more room never says less", arguments: 0..<50)
    func budget(seed: UInt64) {
        var dice = Dice(seed: seed)
        func text(_ mark: String) -> RenderedText {
            let lines = (0..<Int.random(in: 2...9, using: &dice)).map { "\(mark)\($0)" + String(repeating: "行", count: Int.random(in: 0...60, using: &dice)) }
            return RenderedText(title: "題\(mark)", body: (lines + ["（さくら市　11月28日）"]).joined(separator: "\n"))
        }
        let texts = [text("あ"), text("い"), text("う")].prefix(Int.random(in: 1...3, using: &dice)).map(\.self)
        let count = PostService.mastodon.count
        var before = 0
        // Not each number of letters: characters are slow to count, and the channel's own tests beside this one watch the clock.
        for room in stride(from: 10, through: 900, by: 35) {
            guard let post = PostText(texts, room: room, counted: count) else {
                #expect(before == 0, "what fitted does not fit any more")
                continue
            }
            #expect(count(post.words) <= room)
            #expect(post.words.hasPrefix("題あ\n\nあ0") && post.words.contains("\nあ1") && post.words.contains("（さくら市　11月28日）"))
            #expect(post.isCut == (post.words != texts.map { $0.title + "\n\n" + $0.body }.joined(separator: "\n\n――――\n\n")))
            #expect(count(post.words) >= before || !post.words.contains("…"))
            before = count(post.words)
        }
        #expect(before > 0)
    }

    @Test("Emoji, surrogates and addresses are counted as each service counts them")
    func counted() {
        #expect(PostService.line.count("👨‍👩‍👧a") == 9 && PostService.mastodon.count("👨‍👩‍👧a") == 2)
        #expect(PostService.mastodon.count("見て https://a.jp へ") == 3 + 23 + 2)
        #expect(PostService.mastodon.count("https://" + String(repeating: "a", count: 40)) == 48)
    }

    @Test("A long order fits into a status, shortened and said so; what cannot fit is refused before it is sent")
    func long() async throws {
        let body = "こちらは、さくら市です。\n高台へ避難してください。\n" + (0..<40).map { "・第\($0)避難所（本町\($0)丁目）" }.joined(separator: "\n") + "\n（さくら市　4月1日）"
        let message = Sample.message(texts: [.japanese: RenderedText(title: "避難指示", body: body)], as: Actual.self)
        let (outcomes, _, held) = try await deliver(.mastodon, message)
        #expect(try outcomes[0].get().note?.contains("省きました") == true)
        #expect(held[0].text?.hasPrefix("避難指示\n\nこちらは、さくら市です。\n高台へ避難してください。\n・第0避難所") == true && held[0].text?.hasSuffix("\n…\n（さくら市　4月1日）") == true)
        let huge = RenderedText(title: "題", body: String(repeating: "長", count: 600) + "\n二")
        let refused = try await deliver(.mastodon, Sample.message(texts: [.japanese: huge], as: Actual.self))
        #expect(refused.requests.isEmpty)
        guard case .failure(.rejected) = refused.outcomes[0] else {
            Issue.record("\(refused.outcomes)")
            return
        }
        let end = Sample.farEnd(["service": "mastodon", "url": "https://social.example.jp", "token": "token-of-the-town"], as: Actual.self)
        #expect(Post<Actual>.lint(huge, .japanese, in: message.alert.content, at: end).map(\.rule) == ["too-long"])
        #expect(Post<Actual>.lint(huge, .english, in: message.alert.content, at: end).isEmpty)
    }

    @Test("Settings that cannot be meant are refused, and no token is repeated", arguments: [
        [:], ["service": "twitter"], ["url": "http://social.example.jp"], ["url": "https://"], ["url": "https://a.jp/path"], ["url": "https://u:p@a.jp"], ["url": "ftp://a.jp"],
        ["token": ""], ["token": "short"], ["token": "secret with blank"], ["token": "secret\r\nX-A: b"], ["languages": "xx"], ["languages": "ja,ja"], ["languages": ""],
        ["limit": "100"], ["limit": "many"], ["service": "line", "limit": "500"], ["visibility": "direct"], ["service": "line", "visibility": "public"],
    ])
    func settings(change: [String: String]) {
        let good = ["service": "mastodon", "url": "https://social.example.jp", "token": "secret-token"]
        #expect((try? PostSettings(good)) != nil && (try? PostSettings(["service": "line", "token": "secret-token"]))?.url == "https://api.line.me")
        do {
            _ = try PostSettings(change.isEmpty ? [:] : good.merging(change) { $1 })
            Issue.record("accepted: \(change)")
        } catch {
            #expect(!error.reason.contains("secret"), "\(error)")
        }
    }

    @Test("The link test asks who the token is, and posts nothing", arguments: [PostService.line, .mastodon])
    func reach(service: PostService) async throws {
        let peer = PostPeer(service)
        try await peer.start()
        let transport = try CurlTransport()
        let adapter = try Post<Actual>(Sample.setup(transport: transport, as: Actual.self))
        #expect(try await adapter.reach(Sample.farEnd(peer.settings, as: Actual.self), deadline: .now + .seconds(10))?.contains("答えました") == true)
        await #expect(throws: DeliveryFailure.self) {
            _ = try await adapter.reach(Sample.farEnd(peer.settings.merging(["token": "another-token"]) { $1 }, as: Actual.self), deadline: .now + .seconds(10))
        }
        #expect(await peer.messagesHeld().isEmpty && peer.server?.requests.allSatisfy { $0.method == "GET" } == true)
        await transport.shutdown()
        await peer.stop()
    }

    @Test("A drill has an account of its own")
    func drills() { #expect(Post<Actual>.manifest.drills == .needOwnFarEnd && Post<Exercise>.manifest.drills == .needOwnFarEnd) }

    @Test("For real alerts it is a channel", arguments: ConformanceCheck.allCases, [PostService.line, .mastodon])
    func actual(check: ConformanceCheck, service: PostService) async throws { try await verify(check, service, Actual.self) }

    @Test("For drills it is a channel", arguments: ConformanceCheck.allCases, [PostService.line, .mastodon])
    func exercise(check: ConformanceCheck, service: PostService) async throws { try await verify(check, service, Exercise.self) }

    private func verify<M: Mode>(_ check: ConformanceCheck, _ service: PostService, _ mode: M.Type) async throws {
        let transport = try CurlTransport()
        try await ChannelConformance<Post<M>>(transport: transport) { PostPeer(service) }.verify(check)
        await transport.shutdown()
    }
}
