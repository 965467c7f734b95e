import AlertModel
import ChannelKitTesting
import Foundation
import Synchronization

/// The server of a town's list, as the README says one should be: it drops a second letter of the same Message-ID.
final class ListServer: ConformanceFarEnd {
    private struct State {
        var server: FarEndMail?
        var seen = 0
    }
    private let state = Mutex(State())

    let repertoire = Set(FarEndBehaviour.allCases).subtracting([.busy])
    var server: FarEndMail? { state.withLock { $0.server } }
    var settings: [String: String] {
        ["server": server?.url ?? "", "from": "bousai@city.sakura.example.jp", "to": "all@list.sakura.example.jp"]
    }
    var forbiddenSettings: [[String: String]] {
        [settings.merging(["server": "http://127.0.0.1/"]) { $1 }, settings.merging(["to": "a@b.jp, c@d.jp"]) { $1 }]
    }

    func start() async throws {
        let server = try await FarEndMail()
        state.withLock { $0.server = server }
    }

    func setBehaviour(_ behaviour: FarEndBehaviour) async throws {
        guard let server else { return }
        state.withLock { $0.seen = server.stepCount }
        switch behaviour {
        case .well: server.behave { _ in nil }
        case .slow: server.behave { $0 == "END" ? .half("250-") : nil }
        case .silent: server.behave { $0 == "END" ? .silent : nil }
        case .lying: server.behave { $0 == "CONNECT" ? .nonsense(Array("HTTP/1.1 200 OK\r\n\r\n".utf8)) : nil }
        case .refusing: server.behave { $0 == "RCPT" ? .say("550 5.1.1 no such list") : nil }
        case .busy: break
        case .gone: await server.goDown()
        case .back:
            server.behave { _ in nil }
            try await server.comeBack()
        }
    }

    func arrived() async { await server?.reaches(state.withLock { $0.seen } + 1) }
    func messagesHeld() async -> [HeldMessage] {
        (server?.letters ?? []).map { letter in
            let text = Data(base64Encoded: letter.body, options: .ignoreUnknownCharacters).map { String(decoding: $0, as: UTF8.self) }
            let title = letter.header("Subject").map(Self.plain) ?? ""
            return HeldMessage(id: letter.header("Message-ID") ?? "", text: title + "\n" + (text ?? "").replacing("\r\n", with: "\n"))
        }
    }
    func stop() async { await server?.stop() }

    /// RFC 2047, Base64.
    static func plain(_ text: String) -> String {
        text.split(separator: " ").map { word in
            guard let inner = word.wholeMatch(of: /=\?UTF-8\?B\?(.*)\?=/)?.output.1, let data = Data(base64Encoded: String(inner)) else { return String(word) }
            return String(decoding: data, as: UTF8.self)
        }.joined()
    }
}
