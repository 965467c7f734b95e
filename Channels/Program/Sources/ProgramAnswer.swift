import ChannelKit

/// One line from a program: `{"id":"…","result":"delivered","reference":"7","note":"played twice"}`.
struct ProgramAnswer: Decodable, Sendable {
    var id: String
    /// `delivered`, `unavailable`, `throttled`, `rejected`, `misconfigured`; `cancelled` after a cancel.
    var result: String
    /// `accepted` (if absent), `reached`, `shown`, `touched`.
    var reach: String?
    var reference: String?
    var note: String?
    var retryAfter: Double?

    enum CodingKeys: String, CodingKey {
        case id, result, reach, reference, note
        case retryAfter = "retry_after_ms"
    }

    var outcome: Result<Receipt, DeliveryFailure> {
        let words = note.map { String($0.prefix(500)) }
        switch result {
        case "delivered":
            guard let reach = Reach(word: reach ?? Reach.accepted.word) else {
                return .failure(.unavailable("プログラムの返事が読めません: reach \(self.reach ?? "") (makes no sense)"))
            }
            return .success(Receipt(reach: reach, reference: reference.map { String($0.prefix(200)) }, note: words))
        case "unavailable": return .failure(.unavailable(words ?? "プログラムがそう答えました (the program says so)"))
        case "throttled": return .failure(.throttled(retryAfter: pause))
        case "rejected": return .failure(.rejected(words ?? "プログラムがそう答えました (the program says so)"))
        case "misconfigured": return .failure(.misconfigured(words ?? "プログラムがそう答えました (the program says so)"))
        case "cancelled": return .failure(.unavailable("プログラムが自分でやめました (the program gave it up by itself)"))
        default: return .failure(.unavailable("プログラムの返事が読めません: result \(result.prefix(50)) (makes no sense)"))
        }
    }

    /// From a hundredth of a second to five minutes, a second where none is named.
    private var pause: Duration {
        guard let retryAfter, retryAfter.isFinite else { return .seconds(1) }
        return .milliseconds(Int(min(max(retryAfter, 10), 300_000)))
    }
}
