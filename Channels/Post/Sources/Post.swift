/// A post in a town's own name, for who follows it: LINE's official account (a message to all its friends) or a Mastodon-compatible server (a status).
///
///     alert ──▶ one text that fits ──HTTPS, a key for each delivery──▶ LINE, Mastodon ──▶ friends, followers
///
/// Posted is posted: an update and a cancel are posts of their own. The webhook's form does not suffice: neither service takes an alert as JSON or
/// a signature; each has a body, a bearer and a key against doubles of its own, and its own word for "you have had it already".
public import AlertModel
public import ChannelKit
import FoundationEssentials

public struct Post<M: Mode>: ChannelAdapter {
    /// `attemptLimit` 15 s as for other servers of strangers. `concurrency` 8: a town has an account or two.
    public static var manifest: ChannelManifest {
        ChannelManifest(
            name: "post", title: "SNSへの投稿", role: .subscribers, afterSending: .cannotBeChanged, drills: .needOwnFarEnd, concurrency: 8,
            reservedForImmediate: 4, attemptLimit: .seconds(15), hearsEarthquakeWarningsElsewhere: true,
            farEndKeys: PostSettings.keys, secretKeys: ["token"], channelKeys: [])
    }

    private static var answerLimit: Int { 64 << 10 }

    private let setup: ChannelSetup<M>

    public init(_ setup: ChannelSetup<M>) throws(SettingsError) { self.setup = setup }

    public static func check(_ farEnd: FarEnd<M>) throws(SettingsError) { _ = try PostSettings(farEnd.settings) }

    /// What cannot be shortened to fit is refused while a person can still reword it.
    public static func lint(_ text: RenderedText, _ language: Language, in content: AlertContent, at farEnd: FarEnd<M>) -> [TextProblem] {
        guard let settings = try? PostSettings(farEnd.settings), settings.languages.first == language,
            PostText([text], room: settings.room, counted: settings.service.count) == nil
        else { return [] }
        return [TextProblem(rule: "too-long", finding: "題と最初の2行が、投稿に入る\(settings.room)文字を超えます (title and first two lines are too long for a post)")]
    }

    public func deliver(_ message: Message<M>, _ delivery: Delivery<M>) async throws(DeliveryFailure) -> Receipt {
        let settings = try settings(of: delivery.farEnd)
        let spoken = settings.languages.compactMap { message.texts[$0] }
        let texts = spoken.isEmpty ? [message.texts[.japanese] ?? RenderedText(title: message.alert.content.title, body: "")] : spoken
        guard let text = PostText(texts, room: settings.room, counted: settings.service.count) else {
            throw .rejected("題と最初の2行が、投稿に入る\(settings.room)文字を超えます (too long for a post)")
        }
        let call = try settings.service.post(text.words, settings, key: PostKey(delivery.id))
        let answer = try await ask(HTTPCall(method: "POST", url: call.url, headers: call.headers, body: call.body, answerLimit: Self.answerLimit), delivery.deadline)
        var receipt = try settings.service.receipt(answer, now: setup.wallClock())
        if text.isCut { receipt.note = [receipt.note, "入りきらない部分を省きました (shortened to fit)"].compactMap(\.self).joined(separator: "、") }
        return receipt
    }

    /// Asks who the token is. Nothing is posted.
    public func reach(_ farEnd: FarEnd<M>, deadline: ContinuousClock.Instant) async throws(DeliveryFailure) -> String? {
        let settings = try settings(of: farEnd)
        let answer = try await ask(HTTPCall(
            method: "GET", url: settings.url + settings.service.whoPath, headers: [settings.bearer], body: [], answerLimit: Self.answerLimit), deadline)
        _ = try settings.service.receipt(answer, now: setup.wallClock())
        return "\(settings.service.title)が答えました。投稿の権利もあります (the service answers, and knows the token)"
    }

    private func settings(of farEnd: FarEnd<M>) throws(DeliveryFailure) -> PostSettings {
        do {
            return try PostSettings(farEnd.settings)
        } catch {
            throw .misconfigured("\(farEnd.id): \(error)")
        }
    }

    private func ask(_ call: HTTPCall, _ deadline: ContinuousClock.Instant) async throws(DeliveryFailure) -> HTTPAnswer {
        do {
            return try await setup.transport.send(call, deadline: deadline)
        } catch {
            switch error {
            case .unreachable(let reason): throw .unavailable("投稿先につながりません: \(reason) (not reached)")
            case .noAnswer(let reason): throw .unavailable("投稿先の返事がありません: \(reason) (no answer)")
            case .refused(let reason): throw .misconfigured("投稿先を呼び出せません: \(reason) (the call was refused)")
            case .cancelled: throw .cancelled
            }
        }
    }
}
