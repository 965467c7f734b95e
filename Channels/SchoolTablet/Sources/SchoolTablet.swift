public import AlertModel
public import ChannelKit
import FoundationEssentials

/// Tablets at schools and shelters that keep the hub's page open.
///
/// The far end is a topic of the hub's own stream: `deliver` puts one line of JSON before everyone who listens and
/// into the catch-up of those who do not just now. What a tablet has, shows and somebody touched comes back later as
/// receipts of the device, so the answer here is `accepted` and nothing more.
public struct SchoolTablet<M: Mode>: ChannelAdapter {
    public static var manifest: ChannelManifest {
        ChannelManifest(
            name: "school-tablet", title: "学校タブレット", role: .tablet, afterSending: .lastStateWins, drills: .shownApart,
            // Publishing is a copy in memory: the number bounds bookkeeping, not a far end.
            concurrency: 64, reservedForImmediate: 32, attemptLimit: .seconds(2), farEndKeys: [], channelKeys: [])
    }

    /// Bytes of one line. The tablet keeps a dozen of them, a stream position is answered from memory.
    static var lineLimit: Int { 48_000 }

    /// Beside the longest text the rest of a line fits into its limit; UTF-8 has three bytes for a kanji.
    static var bodyLimit: Int { 4_000 }

    let stream: any StreamPublisher
    let sealer: (any LineSealer)?
    let now: @Sendable () -> Date
    private let lines = TabletLines()

    public init(_ setup: ChannelSetup<M>) throws(SettingsError) {
        (stream, sealer) = (setup.stream, setup.sealer)
        now = setup.wallClock
    }

    public static func lint(_ text: RenderedText, _ language: Language, in content: AlertContent) -> [TextProblem] {
        // Most have fewer octets than that, which are counted faster.
        guard text.body.utf8.count > bodyLimit, text.body.count > bodyLimit else { return [] }
        return [TextProblem(
            rule: "too-long", finding: "\(text.body.count)文字あり、タブレットの画面に入る\(bodyLimit)文字を超えます (too long for a tablet's screen)",
            position: bodyLimit, length: text.body.count - bodyLimit)]
    }

    public func deliver(_ message: Message<M>, _ delivery: Delivery<M>) async throws(DeliveryFailure) -> Receipt {
        let alert = message.alert
        guard alert.message != .ack, alert.message != .error else {
            throw .rejected("タブレットに出すものではありません: \(alert.message.rawValue) (not for a tablet)")
        }
        let time = now()
        let isCancel = alert.message == .cancel
        // A cancel must find whoever still shows the alert, also when that would have ended by itself.
        // No more than a year, as the line itself says.
        let left = min(max(DrillRule.end(of: alert).timeIntervalSince(time), isCancel ? 600 : 0), 366 * 86_400)
        guard left > 0 else { throw .rejected("出す前に期限が過ぎました (expired before it could be published)") }
        let topic = StreamTopic(town: delivery.farEnd.town, site: delivery.farEnd.id)
        if M.name == .exercise, !isCancel, let real = stream.gravestReal(in: topic), real >= DrillRule.endsAt {
            throw .rejected(DrillRule.refusal)
        }
        let key = StreamEvent.key(alert.event, M.name)
        let line = try line(message, delivery.id, key, expires: time.addingTimeInterval(left), now: time)
        let event = StreamEvent(
            name: Self.name(alert.message), data: line.line, key: key,
            // More than nothing, as the guard above says.
            expiresIn: .milliseconds(Int(left * 1000)), isRevocation: isCancel,
            bearing: .init(mode: M.name, gravity: message.gravity, isOver: message.isOver, revision: alert.revision), number: line.number == 0 ? nil : line.number)
        let (position, live) = stream.publish(event, to: topic)
        return Receipt(reference: position.description, note: "聞いている端末 \(live)台 (tablets listening: \(live))")
    }

    private static func name(_ message: MessageType) -> String { message == .cancel ? "cancel" : "alert" }

    /// A long notice in many languages does not fit one line: the languages that stand last go first, and the tablet says in each of these
    /// that there is Japanese only.
    private func line(
        _ message: Message<M>, _ delivery: DeliveryID, _ key: String, expires: Date, now: Date
    ) throws(DeliveryFailure) -> SealedLine {
        var languages = Self.manifest.languages
        while true {
            let sealed: SealedLine
            do {
                sealed = try lines.line(TabletAlert(
                    message, delivery: delivery, key: key, expires: expires, serverTime: now, languages: languages)) {
                    sealer?.seal($0, as: Self.name(message.alert.message), of: message.town.id)
                }
            } catch {
                throw .rejected("タブレット用のJSONに書けません: \(error) (no JSON for a tablet)")
            }
            if sealed.line.count <= Self.lineLimit { return sealed }
            guard languages.count > 1 else {
                throw .rejected("\(sealed.line.count)バイトあり、タブレットの上限\(Self.lineLimit)を超えます (too long for a tablet)")
            }
            languages.removeLast()
        }
    }
}
