import AlertModel
import ChannelKit
import FoundationEssentials

/// What each service wants and says.
///
/// LINE: Messaging API, broadcast (developers.line.biz, read 2026-11): 5,000 UTF-16 units a text; `X-Line-Retry-Key`, for which a call that was
/// accepted before is answered by 409 with `X-Line-Accepted-Request-Id`. Mastodon: `POST /api/v1/statuses` (docs.joinmastodon.org, read 2026-11): 500
/// characters, an address counts 23; `Idempotency-Key`, kept for an hour, for which the first status is answered once more; 429 with `X-RateLimit-Reset`.
enum PostService: String, Sendable {
    case line, mastodon

    var title: String { self == .line ? "LINE" : "Mastodonのサーバー" }
    var home: String? { self == .line ? "https://api.line.me" : nil }
    var room: Int { self == .line ? 5_000 : 500 }
    var whoPath: String { self == .line ? "/v2/bot/info" : "/api/v1/accounts/verify_credentials" }

    func count(_ text: String) -> Int {
        switch self {
        case .line: text.utf16.count
        // What is shorter than 23 counts as much; what is longer is counted as it is, which is never too little.
        case .mastodon: text.count + text.split(whereSeparator: \.isWhitespace).filter { $0.contains("://") }.reduce(0) { $0 + max(0, 23 - $1.count) }
        }
    }

    private struct Broadcast: Encodable {
        struct Text: Encodable {
            var type = "text"
            var text: String
        }
        var messages: [Text]
    }

    private struct Status: Encodable {
        var status, visibility: String
    }

    func post(
        _ text: String, _ settings: PostSettings, key: PostKey
    ) throws(DeliveryFailure) -> (url: String, headers: [(name: String, value: String)], body: [UInt8]) {
        let type = (name: "Content-Type", value: "application/json")
        do {
            switch self {
            case .line:
                let body = try AlertJSON.line(Broadcast(messages: [.init(text: text)]))
                return (settings.url + "/v2/bot/message/broadcast", [type, settings.bearer, ("X-Line-Retry-Key", key.text)], body)
            case .mastodon:
                // Nobody is called by an @ in a town's text.
                let body = try AlertJSON.line(Status(status: text.replacing("@", with: "＠"), visibility: settings.visibility))
                return (settings.url + "/api/v1/statuses", [type, settings.bearer, ("Idempotency-Key", key.text)], body)
            }
        } catch {
            throw .rejected("JSONに書けません: \(error) (cannot be written as JSON)")
        }
    }

    func receipt(_ answer: HTTPAnswer, now: Date) throws(DeliveryFailure) -> Receipt {
        let words = answer.text.prefix(200).filter { !$0.isNewline }
        let said = "\(answer.status)" + (words.isEmpty || (200..<300).contains(answer.status) ? "" : ": \(words)")
        switch answer.status {
        case 200..<300: return Receipt(reference: reference(answer), note: said)
        case 409 where self == .line && answer.header("X-Line-Accepted-Request-Id") != nil:
            return Receipt(reference: answer.header("X-Line-Accepted-Request-Id"), note: "先の送信が受け付けられていました (accepted before)")
        case 401, 403: throw .misconfigured("\(title)に断られています。トークンを確かめてください: \(said) (the token is refused)")
        case 300..<400, 404, 410: throw .misconfigured("\(title)の場所が違います: \(said) (nothing of this kind is there)")
        case 408: throw .unavailable("\(title)が待つのをやめました: \(said) (gave up waiting)")
        // LINE's own words for a contract that is used up: no pause helps.
        case 429 where self == .line && words.contains("monthly limit"): throw .misconfigured("LINEの今月の通数を使い切りました: \(said) (the month's messages are used up)")
        case 429: throw .throttled(retryAfter: pause(answer, now))
        case 400..<500: throw .rejected("\(title)が受け付けませんでした: \(said) (refused)")
        default: throw .unavailable("\(title)に障害があります: \(said) (the service failed)")
        }
    }

    private struct Posted: Decodable {
        var url: String?
        var id: String?
    }

    private func reference(_ answer: HTTPAnswer) -> String? {
        if self == .line { return answer.header("X-Line-Request-Id") }
        let posted = try? JSONDecoder().decode(Posted.self, from: Data(answer.body))
        return posted?.url ?? posted?.id
    }

    /// At least a second; more than five minutes would outlast most warnings.
    private func pause(_ answer: HTTPAnswer, _ now: Date) -> Duration {
        let reset = answer.header("X-RateLimit-Reset").flatMap(JapanTime.moment)?.timeIntervalSince(now)
        let seconds = answer.header("Retry-After").flatMap { Double($0) } ?? reset ?? 1
        return .seconds(seconds.isFinite ? min(max(seconds, 1), 300) : 1)
    }
}
