import CellBroadcast
import ChannelKit
import FoundationEssentials

/// The REST interface of a cell-broadcast centre (ECBE): POST creates, DELETE takes away; osmo-cbc has nothing else,
/// neither a list nor a status nor a replacement.
///
/// What osmo-cbc's answers are worth was measured on 0.5.3 (2026-11) and on a build of 2022: 201 comes also where a
/// base station refused, and at once where none is connected; after 10.0 s where one stayed silent. A DELETE of a text
/// takes 10.0 s even when all is well; a second one meanwhile is 500 "Illegal FSM event". What is unknown, or active
/// already, is answered or not. `noroshi gateway` says what is true, and says so in a header.
struct ECBEGateway: Gateway {
    let transport: any HTTPTransport
    let settings: GatewaySettings
    let deadline: ContinuousClock.Instant
    let pace: Pace

    let replaces = false

    /// osmo-cbc's timer for one peer is 10 s: an answer that comes then means that one said nothing.
    static let silence = Duration.milliseconds(9500)
    /// Its timer for a whole call is 15 s; what has not been answered after that never is.
    static let patience = Duration.seconds(17)
    /// Answers are a word or a line.
    private static let answerLimit = 4096

    func put(
        _ slot: Slot, _ cast: Cast, note: @Sendable (Slot.Change) -> Void
    ) async throws(DeliveryFailure) -> Put {
        let body = try Self.body(slot, cast, settings)
        note(cast.change())
        let began = pace.now()
        let answer: HTTPAnswer
        do {
            answer = try await transport.send(call("POST", "", body), deadline: limit)
        } catch {
            if case .unreachable = error { note(.gone) } else { note(.doubtful) }
            throw Self.failure(error)
        }
        let took = pace.now() - began
        switch answer.status {
        case 201:
            let count = answer.controllers
            guard count != nil || took < Self.silence else {
                note(.doubtful)
                return .late(Self.silentPeer(took))
            }
            let certainty: FarEndReport.Certainty = (count?.confirmed ?? 0) > 0 ? .confirmed : .saidYes
            note(.there(certainty))
            return .there(certainty, count.map(Self.truth) ?? Self.accepted)
        case 409: return .taken
        case 500 where answer.isIllegalEvent: return .taken
        default: throw refuse(answer, note)
        }
    }

    /// What a refusal leaves on the air: nothing, where somebody said so; else nobody knows.
    private func refuse(_ answer: HTTPAnswer, _ note: @Sendable (Slot.Change) -> Void) -> DeliveryFailure {
        if answer.status == 200, answer.body.isEmpty {
            note(.doubtful)
            return .unavailable("中央局に基地局がつながっていません。 (no base station is connected to the centre: 200, empty answer)")
        }
        let isSure = answer.saysTheTruth && answer.status != 504
        note((400..<500).contains(answer.status) || isSure ? .gone : .doubtful)
        return Self.refusal(answer)
    }

    func remove(_ slot: Slot) async -> Removal {
        let began = pace.now()
        let answer: HTTPAnswer
        do {
            answer = try await transport.send(call("DELETE", "/\(slot.identifier)"), deadline: limit)
        } catch .noAnswer(let reason) {
            return .doubtful("停止の答えがありません。 (no answer to DELETE: \(reason))")
        } catch {
            return .failed(Self.failure(error))
        }
        let took = pace.now() - began
        switch answer.status {
        case 200, 204:
            if answer.saysTheTruth { return .gone(isCertain: true) }
            return took < Self.silence ? .gone(isCertain: false) : .letGo(Self.lateRemoval(took, slot.role))
        case 404: return .unknown
        case 500 where answer.isIllegalEvent: return .underWay
        case 502...504 where answer.saysTheTruth:
            return .doubtful("停止を確かめられません。 (not taken off everywhere: \(answer.words))")
        default: return .failed(Self.refusal(answer))
        }
    }

    private var limit: ContinuousClock.Instant { min(deadline, pace.now() + Self.patience) }

    private static func body(
        _ slot: Slot, _ cast: Cast, _ settings: GatewaySettings
    ) throws(DeliveryFailure) -> [UInt8] {
        let message = ECBEMessage(
            sender: settings.senderName, identifier: slot.identifier, serial: slot.serial,
            broadcast: slot.warning.map { .warning($0) } ?? .text(cast.pages), period: cast.airing.period,
            broadcasts: cast.airing.broadcasts, warningSeconds: cast.airing.warningSeconds)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        do {
            return Array(try encoder.encode(message))
        } catch {
            throw .rejected("JSONに書けません: \(error) (cannot be written as JSON)")
        }
    }

    func call(_ method: String, _ path: String, _ body: [UInt8] = []) -> HTTPCall {
        var headers: [(name: String, value: String)] = []
        if !body.isEmpty { headers.append(("Content-Type", "application/json")) }
        if let token = settings.token { headers.append(("Authorization", "Bearer \(token)")) }
        return HTTPCall(
            method: method, url: "\(settings.address)/api/ecbe/v1/message\(path)", headers: headers, body: body,
            answerLimit: method == "GET" ? 1 << 18 : Self.answerLimit)
    }
}

// MARK: - Asking

extension ECBEGateway {
    /// What the far end has on the air; nil where it cannot be asked, as osmo-cbc.
    func list() async -> [ECBEListing]? {
        guard let answer = try? await transport.send(call("GET", ""), deadline: limit), answer.status == 200 else { return nil }
        return try? JSONDecoder().decode([ECBEListing].self, from: Data(answer.body))
    }
}

// MARK: - What the answers mean

extension ECBEGateway {
    private static let accepted =
        "受け付けたという答えだけです。断った基地局があっても、つながった基地局が一つもなくても、同じ答えです。"
        + " (accepted, nothing more: the centre says so even where a base station refused or none is connected)"

    private static func truth(_ count: ControllerCount) -> String {
        let words = count.confirmed == 0
            ? "基地局のない中央局が受け付けました。"
            : count.refused + count.silent + count.away == 0
                ? "基地局がすべて放送しています。" : "一部の基地局だけが放送しています。残りには、つながりしだい伝わります。"
        return "\(words) (\(count))"
    }

    private static func silentPeer(_ took: Duration) -> String {
        "答えに\(took.words)かかりました。黙っている基地局があり、放送されたか分かりません。 (accepted after \(took.words): a base station is silent, so nobody knows whether it is on the air)"
    }

    private static func lateRemoval(_ took: Duration, _ role: Order.Role) -> String {
        let usual = role == .text ? "osmo-bsc 1.9では止まっていても10秒かかります。" : ""
        return "停止の答えに\(took.words)かかりました。黙っている基地局があっても同じ答えなので、電波が止まったとは確かめられません。\(usual)"
            + " (taken off after \(took.words), as also with a silent base station: doubtful)"
    }

    static func failure(_ failure: TransportFailure) -> DeliveryFailure {
        switch failure {
        case .unreachable(let reason): .unavailable("中央局につながりません。 (centre not reached: \(reason))")
        case .noAnswer(let reason):
            .unavailable("答えがなく、放送されたか分かりません。 (no answer, so nobody knows whether it is on the air: \(reason))")
        case .refused(let reason): .misconfigured("中央局を呼べません。 (the call was refused: \(reason))")
        case .cancelled: .cancelled
        }
    }

    /// The pause asked for, in seconds; a minute at most, since a warning does not keep.
    private static func pause(_ answer: HTTPAnswer) -> Duration {
        let seconds = answer.header("Retry-After").flatMap { Int($0) } ?? 1
        return .seconds(min(max(seconds, 1), 60))
    }

    static func refusal(_ answer: HTTPAnswer) -> DeliveryFailure {
        let words = "(\(answer.status)): \(answer.words)"
        switch answer.status {
        case 400, 413, 422: return .rejected("中央局が断りました。 (the centre refused it \(words))")
        case 401, 403: return .misconfigured("中央局に入れません。 (the centre does not let us in \(words))")
        case 404, 405: return .misconfigured("この番地にECBEがありません。 (no ECBE interface at this address \(words))")
        case 429: return .throttled(retryAfter: pause(answer))
        case 500...: return .unavailable("中央局が失敗しました。 (the centre failed \(words))")
        default: return .unavailable("意味の分からない答えです。 (an answer that makes no sense \(words))")
        }
    }
}

extension HTTPAnswer {
    /// `noroshi gateway` counts its controllers in every answer.
    var controllers: ControllerCount? { header(ControllerCount.header).flatMap { ControllerCount($0) } }
    var saysTheTruth: Bool { controllers != nil }
    /// osmo-cbc: a call that its state machine has no place for just now.
    var isIllegalEvent: Bool { text.contains("FSM") }
    var words: String { text.prefix(200).filter { !$0.isNewline } }
}

extension Duration {
    /// `10.0秒` for people.
    fileprivate var words: String {
        let tenths = Int((self / .milliseconds(100)).rounded())
        return "\(tenths / 10).\(tenths % 10)秒"
    }
}
