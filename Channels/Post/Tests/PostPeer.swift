import AlertModel
import ChannelKitTesting
import Foundation
import Synchronization

@testable import Post

/// Both services as they document themselves: token, key against doubles, limits.
final class PostPeer: ConformanceFarEnd {
    private struct State {
        var server: FarEndServer?
        var held: [HeldMessage] = []
        var seen = 0
    }
    private let state = Mutex(State())
    let service: PostService

    init(_ service: PostService) { self.service = service }

    let repertoire = Set(FarEndBehaviour.allCases)
    var server: FarEndServer? { state.withLock { $0.server } }
    var settings: [String: String] { ["service": service.rawValue, "url": server?.url ?? "", "token": "token-of-the-town"] }
    var forbiddenSettings: [[String: String]] {
        [settings.merging(["url": "http://social.example"]) { $1 }, settings.merging(["service": "x"]) { $1 }, settings.merging(["token": "a b"]) { $1 }]
    }

    func start() async throws {
        let server = try await FarEndServer { [self] in take($0) }
        state.withLock { $0.server = server }
    }

    func setBehaviour(_ behaviour: FarEndBehaviour) async throws {
        guard let server else { return }
        state.withLock { $0.seen = server.requests.count }
        switch behaviour {
        case .well: server.behave { [self] in take($0) }
        case .slow: server.behave { [self] in _ = take($0); return .halfAnswer(200) }
        case .silent: server.behave { [self] in _ = take($0); return .silent }
        case .lying: server.behave { _ in .nonsense(Array("SSH-2.0\r\n".utf8)) }
        case .refusing: server.behave { [self] _ in .answer(service == .line ? 400 : 422, body: Array(#"{"error":"no"}"#.utf8)) }
        case .busy: server.behave { _ in .answer(429, headers: [("Retry-After", "7")]) }
        case .gone: await server.goDown()
        case .back:
            server.behave { [self] in take($0) }
            try await server.comeBack()
        }
    }

    func arrived() async { await server?.arrived(state.withLock { $0.seen } + 1) }
    func messagesHeld() async -> [HeldMessage] { state.withLock { $0.held } }
    func stop() async { await server?.stop() }

    func take(_ request: FarEndServer.Request) -> FarEndServer.Reply {
        guard request.header("Authorization") == "Bearer token-of-the-town" else { return .answer(401, body: Array(#"{"message":"Authentication failed"}"#.utf8)) }
        if request.method == "GET" { return .answer(request.path == service.whoPath ? 200 : 404) }
        let body = (try? JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]) ?? [:]
        return service == .line ? line(request, body) : mastodon(request, body)
    }

    private func line(_ request: FarEndServer.Request, _ body: [String: Any]) -> FarEndServer.Reply {
        let messages = body["messages"] as? [[String: String]] ?? []
        guard request.path == "/v2/bot/message/broadcast", let key = request.header("X-Line-Retry-Key"), UUID(uuidString: key) != nil, (1...5).contains(messages.count),
            let text = messages[0]["text"], messages[0]["type"] == "text", (1...5000).contains(text.utf16.count)
        else { return .answer(400, body: Array(#"{"message":"The request body has 1 error(s)"}"#.utf8)) }
        let isKnown = state.withLock { state in
            if state.held.contains(where: { $0.id == key }) { return true }
            state.held.append(HeldMessage(id: key, text: text))
            return false
        }
        guard !isKnown else { return .answer(409, headers: [("X-Line-Request-Id", "r2"), ("X-Line-Accepted-Request-Id", "r1")], body: Array(#"{"message":"The retry key is already accepted"}"#.utf8)) }
        return .answer(200, headers: [("X-Line-Request-Id", "r1")], body: Array("{}".utf8))
    }

    private func mastodon(_ request: FarEndServer.Request, _ body: [String: Any]) -> FarEndServer.Reply {
        guard request.path == "/api/v1/statuses", let key = request.header("Idempotency-Key"), let text = body["status"] as? String, !text.isEmpty else { return .answer(404) }
        guard text.count <= 500 else { return .answer(422, body: Array(#"{"error":"Validation failed: Text limit of 500 exceeded"}"#.utf8)) }
        let number = state.withLock { state in
            if let known = state.held.firstIndex(where: { $0.id == key }) { return known }
            state.held.append(HeldMessage(id: key, text: text))
            return state.held.count - 1
        }
        return .answer(200, body: Array(#"{"id":"\#(number)","url":"https://social.example.jp/@town/\#(number)"}"#.utf8))
    }
}
