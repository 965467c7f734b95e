import AlertModel
import ChannelKitTesting
import Crypto
import Foundation
import Synchronization

/// A receiver as README tells people to write one: signature, time, each id once.
final class HookReceiver: ConformanceFarEnd {
    private struct State {
        var server: FarEndServer?
        var held: [HeldMessage] = []
        var seen = 0
        var refused: [String] = []
    }
    private let state = Mutex(State())
    private let mode: ModeName
    private let key = [UInt8](repeating: 7, count: 32)

    init(_ mode: ModeName = .actual) { self.mode = mode }

    let repertoire = Set(FarEndBehaviour.allCases)
    var server: FarEndServer? { state.withLock { $0.server } }
    /// Why calls were not taken.
    var refused: [String] { state.withLock { $0.refused } }
    var settings: [String: String] {
        ["url": (server?.url ?? "") + "/hook", "secret": "whsec_" + Data(key).base64EncodedString()]
    }
    var forbiddenSettings: [[String: String]] {
        [settings.merging(["url": "http://hooks.example/"]) { $1 }, settings.merging(["secret": "whsec_c2hvcnQ="]) { $1 }]
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
        case .slow: server.behave { [self] in after(take($0), .halfAnswer(200)) }
        case .silent: server.behave { [self] in after(take($0), .silent) }
        case .lying: server.behave { _ in .nonsense(Array("* OK IMAP4rev1\r\n".utf8)) }
        case .refusing: server.behave { _ in .answer(422, body: Array("no".utf8)) }
        case .busy: server.behave { _ in .answer(429, headers: [("Retry-After", "7")]) }
        case .gone: await server.goDown()
        case .back:
            server.behave { [self] in take($0) }
            try await server.comeBack()
        }
    }

    private func after(_ taken: FarEndServer.Reply, _ reply: FarEndServer.Reply) -> FarEndServer.Reply { reply }

    func arrived() async { await server?.arrived(state.withLock { $0.seen } + 1) }
    func messagesHeld() async -> [HeldMessage] { state.withLock { $0.held } }
    func stop() async { await server?.stop() }

    private func take(_ request: FarEndServer.Request) -> FarEndServer.Reply {
        guard let id = request.header("webhook-id"), !id.contains("."),
              let time = request.header("webhook-timestamp").flatMap({ Double($0) }),
              let signatures = request.header("webhook-signature")?.split(separator: " ")
        else { return refuse("a header is missing") }
        guard abs(time - Sample.now.timeIntervalSince1970) <= 300 else { return refuse("too old") }
        let signed = Array("\(id).\(Int(time)).".utf8) + request.body
        let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: key))
        guard signatures.contains(where: { $0 == "v1," + Data(code).base64EncodedString() }) else {
            return refuse("the signature is wrong")
        }
        guard let body = try? JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any],
              body["mode"] as? String == mode.rawValue,
              let text = (body["texts"] as? [String: [String: String]])?["ja"]?["body"]
        else { return refuse("no message") }
        state.withLock { state in
            guard !state.held.contains(where: { $0.id == id }) else { return }
            state.held.append(HeldMessage(id: id, text: text))
        }
        return .answer(204)
    }

    private func refuse(_ reason: String) -> FarEndServer.Reply {
        state.withLock { $0.refused.append(reason) }
        return .answer(401, body: Array(reason.utf8))
    }
}
