import AlertModel
import ChannelKitTesting
import Synchronization

/// The far end of `PostChannel`: a board that holds one text under each name.
final class NoticeBoard: ConformanceFarEnd {
    private struct State {
        var server: FarEndServer?
        var texts: [(name: String, text: String)] = []
        var seen = 0
    }
    private let state = Mutex(State())
    private let mode: ModeName

    init(_ mode: ModeName) { self.mode = mode }

    let repertoire = Set(FarEndBehaviour.allCases)
    private var server: FarEndServer? { state.withLock { $0.server } }
    var settings: [String: String] { ["url": server?.url ?? "", "board": mode.rawValue] }
    var forbiddenSettings: [[String: String]] {
        [["url": server?.url ?? "", "board": mode == .actual ? "exercise" : "actual"]]
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
        // Takes the message, and only the answer is missing: the worst case for a retry.
        case .slow: server.behave { [self] request in
            _ = take(request)
            return .halfAnswer(200)
        }
        case .silent: server.behave { [self] request in
            _ = take(request)
            return .silent
        }
        case .lying: server.behave { _ in .nonsense(Array("220 mail.example ESMTP\r\n".utf8)) }
        case .refusing: server.behave { _ in .answer(422) }
        case .busy: server.behave { _ in .answer(429, headers: [("Retry-After", "7")]) }
        case .gone: await server.goDown()
        case .back:
            server.behave { [self] in take($0) }
            try await server.comeBack()
        }
    }

    func arrived() async { await server?.arrived(state.withLock { $0.seen } + 1) }

    func messagesHeld() async -> [HeldMessage] {
        state.withLock { $0.texts.map { HeldMessage(id: $0.name, text: $0.text) } }
    }

    func stop() async { await server?.stop() }

    private func take(_ request: FarEndServer.Request) -> FarEndServer.Reply {
        state.withLock { state in
            let place = state.texts.firstIndex { $0.name == request.path }
            switch (request.method, place) {
            case ("PUT", let place?):
                state.texts[place].text = request.text
                return .answer(200)
            case ("PUT", nil):
                state.texts.append((request.path, request.text))
                return .answer(201, headers: [("Location", request.path)])
            case ("DELETE", let place?):
                state.texts.remove(at: place)
                return .answer(204)
            default: return .answer(404)
            }
        }
    }
}
