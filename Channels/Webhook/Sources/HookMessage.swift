import AlertModel
import ChannelKit

/// The body of one call: an alert as JSON (`Channels/README.md`) and what Standard Webhooks wants beside it.
struct HookMessage: Encodable {
    let alert: AlertJSON
    /// `alert.published`, `alert.updated`, `alert.cancelled`.
    let type: String
    /// When it happened or was announced; the time of the call is in the header.
    let timestamp: String

    /// The body of one call: the delivery in front, and what is written once for all receivers of the message.
    static func body<M: Mode>(_ message: Message<M>, _ delivery: DeliveryID) throws -> [UInt8] {
        let form = try message.form.octets { () throws -> [UInt8] in try AlertJSON.line(HookMessage(message)) }
        // An object with keys of its own: it begins with a brace, and a comma may follow what is put behind that.
        return Array(#"{"delivery":"#.utf8) + (try AlertJSON.line(delivery.text)) + Array(",".utf8) + form.dropFirst()
    }

    init<M: Mode>(_ message: Message<M>) {
        let content = message.alert.content
        let types: [MessageType: String] = [.update: "alert.updated", .cancel: "alert.cancelled"]
        alert = AlertJSON(message)
        type = types[content.message] ?? "alert.published"
        timestamp = JapanTime.text(content.reported ?? content.sent)
    }

    enum CodingKeys: CodingKey {
        case type, timestamp
    }

    func encode(to encoder: any Encoder) throws {
        try alert.encode(to: encoder)
        var own = encoder.container(keyedBy: CodingKeys.self)
        try own.encode(type, forKey: .type)
        try own.encode(timestamp, forKey: .timestamp)
    }
}
