/// Both nodes, each time. The normal node's code decides; it is a success when either of them took the document.
import ChannelKit
import FoundationEssentials

struct NodePair: Sendable {
    let transport: any HTTPTransport
    let settings: NodeSettings
    let deadline: ContinuousClock.Instant
    let now: Date

    /// What one node made of it.
    enum Reply: Sendable, Equatable {
        case taken(String)
        /// A code other than 0: final.
        case refused(String)
        /// No code. `mayHold`: it may have the document all the same.
        case failed(DeliveryFailure, mayHold: Bool)
    }

    /// A code and a line of words.
    private static let answerLimit = 64 << 10

    func publish(_ document: XMLElement) async -> Reply {
        guard let backup = settings.backup else { return await publish(document, to: settings.normal) }
        async let second = publish(document, to: backup)
        let first = await publish(document, to: settings.normal)
        return Self.verdict(first, await second)
    }

    static func verdict(_ normal: Reply, _ backup: Reply) -> Reply {
        switch (normal, backup) {
        case (.taken(let words), .taken): .taken(words)
        case (.taken(let words), .refused(let other)): .taken("\(words); \(other)")
        case (.taken(let words), .failed(let failure, _)): .taken("\(words)。もう一方のノードには届いていません: \(failure) (the other node did not take it)")
        case (.refused(let words), .taken(let other)): .taken("\(other); \(words)")
        case (.failed(let failure, _), .taken(let words)): .taken("\(words)。もう一方のノードには届いていません: \(failure) (the other node did not take it)")
        case (.failed(.cancelled, let first), .failed(_, let second)): .failed(.cancelled, mayHold: first || second)
        case (.failed(let failure, let first), .failed(_, let second)): .failed(failure, mayHold: first || second)
        // The normal node has not spoken: it is asked again.
        case (.failed, .refused): normal
        case (.refused, _): normal
        }
    }

    private func publish(_ document: XMLElement, to node: NodeSettings.Node) async -> Reply {
        let call = HTTPCall(
            method: "POST", url: node.url,
            headers: [("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", "\"\"")],
            body: Envelope(user: node.user, password: node.password, now: now).publish(document),
            answerLimit: Self.answerLimit)
        do {
            return Self.reply(try await transport.send(call, deadline: deadline), node.name)
        } catch {
            switch error {
            case .unreachable(let reason): return .failed(.unavailable("\(node.name)につながりません: \(reason) (not reached)"), mayHold: false)
            case .noAnswer(let reason): return .failed(.unavailable("\(node.name)から結果コードが返りません: \(reason) (no code came back)"), mayHold: true)
            case .refused(let reason): return .failed(.misconfigured("\(node.name)を呼び出せません: \(reason) (the call was refused)"), mayHold: false)
            case .cancelled: return .failed(.cancelled, mayHold: true)
            }
        }
    }

    static func reply(_ http: HTTPAnswer, _ name: String) -> Reply {
        let answer = NodeAnswer(http.body)
        if let code = answer.code { return reply(code, answer.words, name) }
        let said = ["\(name) (HTTP \(http.status))", answer.fault ?? "", answer.words]
            .filter { !$0.isEmpty }.joined(separator: " ")
        if answer.isAboutCredentials || http.status == 401 || http.status == 403 {
            return .failed(.misconfigured("\(said): 利用者名かパスワードが違います (user or password was refused)"), mayHold: false)
        }
        switch http.status {
        case 404, 405, 415: return .failed(.misconfigured("\(said): この宛先に受け口がありません (no publish service at this address)"), mayHold: false)
        case 429, 503:
            let pause = http.header("Retry-After").flatMap { Int($0) }.map { Duration.seconds(min(max($0, 1), 300)) }
            return .failed(pause.map { .throttled(retryAfter: $0) } ?? .unavailable("\(said): 結果コードがありません (no code)"), mayHold: false)
        default: return .failed(.unavailable("\(said): 結果コードのない返事です (an answer without a code)"), mayHold: true)
        }
    }

    private static func reply(_ code: Int, _ words: String, _ name: String) -> Reply {
        let text = "\(name): code \(code)\(words.isEmpty ? "" : " \(words)")"
        switch code {
        case 0: return .taken(text)
        case 401: return .refused("\(text): メッセージURIの形が違います (message URI form wrong)")
        case 402: return .refused("\(text): 仕様の形に合いません (does not follow the schema)")
        case 901: return .refused("\(text): 相手側の障害です (other system error)")
        default: return .refused("\(text): 仕様にないコードです (a code that is not in the specification)")
        }
    }
}
