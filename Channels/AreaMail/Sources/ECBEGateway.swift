import CellBroadcast
import ChannelKit
import FoundationEssentials

/// The REST interface of a cell-broadcast centre (ECBE, osmo-cbc 0.5.3): POST creates, DELETE takes away, and there
/// is nothing else, neither a list nor a status nor a replacement.
///
/// What its answers are worth was measured on osmo-cbc (2022-07-12): 201 comes also where a base station refused or
/// stayed silent; 200 with an empty body means that no base station is connected while the message stays active; a
/// second POST of an active identifier is answered 409 or never; a DELETE of an unknown one 404 or never.
struct ECBEGateway: Gateway {
    let transport: any HTTPTransport
    let settings: GatewaySettings
    let deadline: ContinuousClock.Instant

    /// A DELETE of an active message took 1–3 ms; of an unknown one it may never be answered, and the POST behind it
    /// still has 15 s to go.
    private static let clearingLimit = Duration.seconds(3)
    /// Answers are a word or a line.
    private static let answerLimit = 4096

    func put(
        _ slot: Slot, _ order: Order, note: @Sendable (Slot.Change) -> Void
    ) async throws(DeliveryFailure) -> String {
        let meaning = "受け付けたという答えだけです。断った基地局があっても同じ答えです。 (accepted, nothing more: the centre says so even where a base station refused)"
        if slot.mayBeOnTheAir { try await clear(slot, note) }
        if try await post(slot, order, note) == .created { return meaning }
        // 409: it stands there, from an attempt whose answer was lost.
        try await clear(slot, note)
        guard try await post(slot, order, note) == .created else {
            throw .unavailable("\(slot.identifier) is still active at the centre after DELETE (409)")
        }
        return meaning
    }

    func remove(_ slot: Slot) async throws(DeliveryFailure) {
        try Self.checkRemoval(try await exchange("DELETE", "/\(slot.identifier)", until: deadline))
    }

    /// Frees the identifier. No answer is no reason to stop: an unknown identifier gets none.
    private func clear(_ slot: Slot, _ note: @Sendable (Slot.Change) -> Void) async throws(DeliveryFailure) {
        let answer: HTTPAnswer
        do {
            let limit = min(deadline, ContinuousClock.now + Self.clearingLimit)
            answer = try await transport.send(call("DELETE", "/\(slot.identifier)"), deadline: limit)
        } catch .noAnswer {
            return
        } catch {
            throw Self.failure(error)
        }
        try Self.checkRemoval(answer)
        note(.gone)
    }

    private enum Outcome { case created, conflict }

    private func post(
        _ slot: Slot, _ order: Order, _ note: @Sendable (Slot.Change) -> Void
    ) async throws(DeliveryFailure) -> Outcome {
        let body = try Self.body(slot, order, settings)
        note(.underway)
        let answer: HTTPAnswer
        do {
            answer = try await transport.send(call("POST", "", body), deadline: deadline)
        } catch {
            if case .unreachable = error { note(.gone) }
            throw Self.failure(error)
        }
        switch answer.status {
        case 201:
            note(.there)
            return .created
        case 409:
            return .conflict
        case 200 where answer.body.isEmpty:
            throw .unavailable("no base station is connected to the centre (200, empty answer)")
        default:
            if (400..<500).contains(answer.status) { note(.gone) }
            throw Self.refusal(answer)
        }
    }

    private static func body(
        _ slot: Slot, _ order: Order, _ settings: GatewaySettings
    ) throws(DeliveryFailure) -> [UInt8] {
        let airing = order.airing
        let message = ECBEMessage(
            sender: settings.senderName, identifier: slot.identifier, serial: slot.serial,
            broadcast: slot.warning.map { .warning($0) } ?? .text(order.pages), period: airing.period,
            broadcasts: airing.broadcasts, warningSeconds: airing.warningSeconds)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        do {
            return Array(try encoder.encode(message))
        } catch {
            throw .rejected("cannot be written as JSON: \(error)")
        }
    }

    private func exchange(
        _ method: String, _ path: String, until limit: ContinuousClock.Instant
    ) async throws(DeliveryFailure) -> HTTPAnswer {
        do {
            return try await transport.send(call(method, path), deadline: limit)
        } catch {
            throw Self.failure(error)
        }
    }

    private func call(_ method: String, _ path: String, _ body: [UInt8] = []) -> HTTPCall {
        var headers: [(name: String, value: String)] = []
        if !body.isEmpty { headers.append(("Content-Type", "application/json")) }
        if let token = settings.token { headers.append(("Authorization", "Bearer \(token)")) }
        return HTTPCall(
            method: method, url: "\(settings.address)/api/ecbe/v1/message\(path)", headers: headers, body: body,
            answerLimit: Self.answerLimit)
    }

    private static func checkRemoval(_ answer: HTTPAnswer) throws(DeliveryFailure) {
        guard ![200, 204, 404].contains(answer.status) else { return }
        throw refusal(answer)
    }

    private static func failure(_ failure: TransportFailure) -> DeliveryFailure {
        switch failure {
        case .unreachable(let reason): .unavailable("centre not reached: \(reason)")
        case .noAnswer(let reason): .unavailable("no answer, so nobody knows whether it is on the air: \(reason)")
        case .refused(let reason): .misconfigured("the call was refused: \(reason)")
        case .cancelled: .cancelled
        }
    }

    /// The pause asked for, in seconds; a minute at most, since a warning does not keep.
    private static func pause(_ answer: HTTPAnswer) -> Duration {
        let seconds = answer.header("Retry-After").flatMap { Int($0) } ?? 1
        return .seconds(min(max(seconds, 1), 60))
    }

    private static func refusal(_ answer: HTTPAnswer) -> DeliveryFailure {
        let words = answer.text.prefix(200).filter { !$0.isNewline }
        switch answer.status {
        case 400, 413, 422: return .rejected("the centre refused it (\(answer.status)): \(words)")
        case 401, 403: return .misconfigured("the centre does not let us in (\(answer.status)): \(words)")
        case 404, 405: return .misconfigured("no ECBE interface at this address (\(answer.status)): \(words)")
        case 429: return .throttled(retryAfter: pause(answer))
        case 500...: return .unavailable("the centre failed (\(answer.status)): \(words)")
        default: return .unavailable("an answer that makes no sense (\(answer.status)): \(words)")
        }
    }
}
