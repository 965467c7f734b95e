/// One way to wake a device: what is said to whom, and what its answer means. What is the same for all of them (who is asked, who was told, pauses,
/// the next attempt) is in `Push`.
import ChannelKit
import FoundationEssentials

protocol Carrier: Sendable {
    /// Calls under way at once, just now.
    var width: Int { get }
    func takes(_ sleeper: Sleeper) -> Bool
    func call(_ calling: Calling, _ sleeper: Sleeper) -> Result<HTTPCall, CannotCall>
    func verdict(_ answer: HTTPAnswer, to call: HTTPCall, _ calling: Calling, _ sleeper: Sleeper) -> Verdict
    /// There was no answer.
    /// - Parameter isInTime: it broke before we gave it up.
    func broke(_ failure: TransportFailure, isInTime: Bool) -> Verdict
}

/// Nothing was said, for a reason of our own.
struct CannotCall: Error {
    let verdict: Verdict
    static let notMine = CannotCall(verdict: .refused("この端末の宛先ではありません (not this carrier's)"))
}

/// What is the same for all devices of one attempt.
struct Calling: Sendable {
    /// A push service answers within tenths of a second; whoever takes longer is asked again.
    static let patience: Duration = .seconds(5)
    let hint: Hint
    let id: DeliveryID
    let key: [UInt8]
    let now: Date
    let deadline: ContinuousClock.Instant
}

/// RFC 8030, 8291, 8292: the push service of a browser.
final class WebPush: Carrier {
    private let contact: String?
    private let tickets = Tickets()

    init(contact: String?) { self.contact = contact }

    let width = 8
    func takes(_ sleeper: Sleeper) -> Bool { sleeper.isBrowser }

    func call(_ calling: Calling, _ sleeper: Sleeper) -> Result<HTTPCall, CannotCall> {
        guard case .browser(let browser) = sleeper.address else { return .failure(.notMine) }
        guard let contact, let ticket = tickets.authorization(of: sleeper.town, at: sleeper.origin, key: calling.key, contact: contact, now: calling.now) else {
            return .failure(CannotCall(verdict: .ours("町の鍵か連絡先が使えません (the town's key or the contact is none)")))
        }
        guard let body = SealedHint.seal(calling.hint.text(for: sleeper), for: browser.key, secret: browser.secret) else {
            return .failure(CannotCall(verdict: .gone("鍵が壊れています (its key is no point of the curve)")))
        }
        return .success(HTTPCall(
            method: "POST", url: browser.endpoint,
            headers: [
                ("TTL", "\(calling.hint.lasts)"), ("Urgency", "high"), ("Topic", calling.hint.topic(calling.key)), ("Content-Encoding", "aes128gcm"),
                ("Content-Type", "application/octet-stream"), ("Authorization", ticket),
            ],
            body: body, answerLimit: 16 << 10, isForeign: sleeper.isForeign))
    }

    func verdict(_ answer: HTTPAnswer, to call: HTTPCall, _ calling: Calling, _ sleeper: Sleeper) -> Verdict { Verdict(webPush: answer, now: calling.now) }
    func broke(_ failure: TransportFailure, isInTime: Bool) -> Verdict { Verdict(failure) }
}
