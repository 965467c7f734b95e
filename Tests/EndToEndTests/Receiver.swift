import ChannelKitTesting
import Foundation

/// What the webhook's far end received, message by message.
struct Received: Sendable {
    var delivery: String
    var type: String
    var event: String
    var title: String
    /// When this attempt left, in seconds since 1970.
    var left: Int

    init?(_ request: FarEndServer.Request) {
        guard let id = request.header("webhook-id"),
            let body = try? JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]
        else { return nil }
        delivery = id
        type = body["type"] as? String ?? ""
        event = body["event"] as? String ?? ""
        title = body["title"] as? String ?? ""
        left = request.header("webhook-timestamp").flatMap { Int($0) } ?? 0
    }

    /// Whose delivery this is.
    var alert: String { String(delivery.prefix { $0 != ":" }) }

    /// Everything of one delivery has to be this.
    var message: String { "\(type) \(event) \(title)" }
}

/// A page's items that are in force, as words.
func itemsInForce(_ page: String) -> [String] {
    page.matches(of: #/<article class="i (\w+)">(.*?)<\/article>/#).filter { $0.1 != "old" }.map { String($0.2) }
}
