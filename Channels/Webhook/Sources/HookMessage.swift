import AlertModel
import ChannelKit

/// The body of one call: an alert as JSON (`Channels/README.md`) and what Standard Webhooks wants beside it.
struct HookMessage: Encodable {
    let alert: AlertJSON
    /// `alert.published`, `alert.updated`, `alert.cancelled`.
    let type: String
    /// When it happened or was announced; the time of the call is in the header.
    let timestamp: String
    let delivery: String

    init<M: Mode>(_ message: Message<M>, _ delivery: Delivery<M>) {
        let content = message.alert.content
        let types: [MessageType: String] = [.update: "alert.updated", .cancel: "alert.cancelled"]
        alert = AlertJSON(message)
        type = types[content.message] ?? "alert.published"
        timestamp = JapanTime.text(content.reported ?? content.sent)
        self.delivery = delivery.id.text
    }

    enum CodingKeys: CodingKey {
        case type, timestamp, delivery
    }

    func encode(to encoder: any Encoder) throws {
        try alert.encode(to: encoder)
        var own = encoder.container(keyedBy: CodingKeys.self)
        try own.encode(type, forKey: .type)
        try own.encode(timestamp, forKey: .timestamp)
        try own.encode(delivery, forKey: .delivery)
    }
}
