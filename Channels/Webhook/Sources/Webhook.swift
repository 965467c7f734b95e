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
            name: "webhook", afterSending: .cannotBeChanged, drills: .needOwnFarEnd, concurrency: 32,
            reservedForImmediate: 8, endpointWindow: 4, attemptLimit: .seconds(15),
            farEndKeys: ["url", "secret", "previous_secret"], channelKeys: [])
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
            case .unreachable(let reason): throw .unavailable("not reached: \(reason)")
            case .noAnswer(let reason): throw .unavailable("no answer: \(reason)")
            case .refused(let reason): throw .misconfigured("the call was refused: \(reason)")
            case .cancelled: throw .cancelled
            }
        }
        return try Self.receipt(answer, Signature.headerText(delivery.id.text))
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
            body = try AlertJSON.line(HookMessage(message, delivery))
        } catch {
            throw .rejected("cannot be written as JSON: \(error)")
        }
        guard body.count <= Self.bodyLimit else {
            throw .rejected("\(body.count) octets, more than the \(Self.bodyLimit) a receiver is asked to take")
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
        case 401, 403, 410: throw .misconfigured("the receiver wants nothing from us (\(said))")
        case 300..<400: throw .misconfigured("the receiver has moved, and calls are not redirected (\(said))")
        case 408: throw .unavailable("the receiver gave up waiting (\(said))")
        case 429: throw .throttled(retryAfter: pause(answer))
        case 400..<500: throw .rejected("the receiver refused it (\(said))")
        default: throw .unavailable("the receiver failed (\(said))")
        }
    }

    /// At least a second; more than five minutes would outlast most warnings.
    private static func pause(_ answer: HTTPAnswer) -> Duration {
        .seconds(answer.header("Retry-After").flatMap { Int($0) }.map { min(max($0, 1), 300) } ?? 1)
    }
}
