/// A signed POST to whoever wants to know: another city's system, a chat, a factory's gates.
///
/// The form is Standard Webhooks 1.0.0, for which receivers have libraries in a dozen languages.
public import AlertModel
public import ChannelKit
import FoundationEssentials

public struct Webhook<M: Mode>: ChannelAdapter {
    /// `attemptLimit`: Standard Webhooks advises 15 to 30 s. `endpointWindow` 4: events do not wait for each other, and
    /// revisions of one event never overlap (the core's rule). `concurrency` 32 is ours: receivers are strangers, some of
    /// them slow, and a call costs a connection.
    public static var manifest: ChannelManifest {
        ChannelManifest(
            name: "webhook", title: "外部システム", role: .machine, afterSending: .cannotBeChanged, drills: .needOwnFarEnd, concurrency: 32,
            reservedForImmediate: 8, endpointWindow: 4, attemptLimit: .seconds(15),
            farEndKeys: ["url", "secret", "previous_secret"], secretKeys: ["secret", "previous_secret"], channelKeys: [])
    }

    /// Standard Webhooks advises 20 kB; an alert with every area of a prefecture may be more.
    private static var bodyLimit: Int { 256 << 10 }
    private static var answerLimit: Int { 64 << 10 }

    private let setup: ChannelSetup<M>

    public init(_ setup: ChannelSetup<M>) throws(SettingsError) { self.setup = setup }

    public static func check(_ farEnd: FarEnd<M>) throws(SettingsError) { _ = try HookSettings(farEnd.settings) }

    public func deliver(
        _ message: Message<M>, _ delivery: Delivery<M>
    ) async throws(DeliveryFailure) -> Receipt {
        let call = try call(message, delivery)
        let answer: HTTPAnswer
        do {
            answer = try await setup.transport.send(call, deadline: delivery.deadline)
        } catch {
            switch error {
            case .unreachable(let reason): throw .unavailable("受け手につながりません: \(reason) (not reached)")
            case .noAnswer(let reason): throw .unavailable("受け手の返事がありません: \(reason) (no answer)")
            case .refused(let reason): throw .misconfigured("受け手を呼び出せません: \(reason) (the call was refused)")
            case .cancelled: throw .cancelled
            }
        }
        return try Self.receipt(answer, Signature.headerText(delivery.id.text))
    }

    /// Unsigned and empty: a receiver that checks signatures takes it for nothing.
    public func reach(_ farEnd: FarEnd<M>, deadline: ContinuousClock.Instant) async throws(DeliveryFailure) -> String? {
        let url: String
        do {
            url = try HookSettings(farEnd.settings).url
        } catch {
            throw .misconfigured("\(farEnd.id): \(error)")
        }
        return try await setup.transport.reach(url, deadline: deadline)
    }

    private func call(_ message: Message<M>, _ delivery: Delivery<M>) throws(DeliveryFailure) -> HTTPCall {
        let settings: HookSettings
        do {
            settings = try HookSettings(delivery.farEnd.settings)
        } catch {
            throw .misconfigured("\(delivery.farEnd.id): \(error)")
        }
        let body: [UInt8]
        do {
            body = try HookMessage.body(message, delivery.id)
        } catch {
            throw .rejected("JSONに書けません: \(error) (cannot be written as JSON)")
        }
        guard body.count <= Self.bodyLimit else {
            throw .rejected("\(body.count)オクテットあり、受け手に渡せる\(Self.bodyLimit)を超えます (too long for a receiver)")
        }
        let signature = Signature(delivery.id, now: setup.wallClock())
        return HTTPCall(
            method: "POST", url: settings.url,
            headers: [("Content-Type", "application/json")] + signature.headers(body, settings.keys), body: body,
            answerLimit: Self.answerLimit)
    }

    private static func receipt(_ answer: HTTPAnswer, _ id: String) throws(DeliveryFailure) -> Receipt {
        let words = answer.text.prefix(200).filter { !$0.isNewline }
        let said = "\(answer.status)" + (words.isEmpty ? "" : ": \(words)")
        switch answer.status {
        case 200..<300: return Receipt(reference: id, note: said)
        // Standard Webhooks: 410 asks us to stop for good. A signature one of them refuses is refused again tomorrow.
        case 401, 403, 410: throw .misconfigured("受け手に断られています: \(said) (the receiver wants nothing from us)")
        case 300..<400: throw .misconfigured("受け手の場所が変わっています。転送は追いません: \(said) (the receiver has moved)")
        case 408: throw .unavailable("受け手が待つのをやめました: \(said) (the receiver gave up waiting)")
        case 429: throw .throttled(retryAfter: pause(answer))
        case 400..<500: throw .rejected("受け手が受け付けませんでした: \(said) (the receiver refused it)")
        default: throw .unavailable("受け手に障害があります: \(said) (the receiver failed)")
        }
    }

    /// At least a second; more than five minutes would outlast most warnings.
    private static func pause(_ answer: HTTPAnswer) -> Duration {
        .seconds(answer.header("Retry-After").flatMap { Int($0) }.map { min(max($0, 1), 300) } ?? 1)
    }
}
