/// Apple's push service, for an app of the town's own on its iPads: HTTP/2 and nothing else.
///
/// Apple, "Sending notification requests to APNs" and "Handling notification responses from APNs" (read 2026-11). One line takes many calls; until one of them was taken Apple allows
/// a single one at a time on it, so a place's first device is told alone.
import ChannelKit
import Crypto
import FoundationEssentials
import Synchronization

final class ApplePush: Carrier {
    private struct State {
        /// A call was taken on a line that still stands.
        var isProven = false
        /// Somebody was told by these settings: what Apple says of a device is the device's.
        var hasTold = false
    }

    private let settings: AppleSettings
    private let tokens: AppleTokens
    private let state = Mutex(State())

    init(_ settings: AppleSettings, tokens: AppleTokens = .shared) { (self.settings, self.tokens) = (settings, tokens) }

    var width: Int { state.withLock { $0.isProven ? 8 : 1 } }

    func takes(_ sleeper: Sleeper) -> Bool { !sleeper.isBrowser }

    func call(_ calling: Calling, _ sleeper: Sleeper) -> Result<HTTPCall, CannotCall> {
        guard case .apple(let device) = sleeper.address else { return .failure(.notMine) }
        guard let token = tokens.token(of: settings, now: calling.now) else { return .failure(CannotCall(verdict: .ours("apns_key_file: 署名できません (cannot sign)"))) }
        let hint = calling.hint
        return .success(HTTPCall(
            method: "POST", url: "\(settings.host)/3/device/\(device)",
            headers: [
                ("authorization", "bearer \(token)"), ("apns-topic", settings.topic), ("apns-push-type", hint.isEnd ? "background" : "alert"),
                // Apple refuses ten for what makes no sound.
                ("apns-priority", hint.isEnd ? "5" : "10"),
                ("apns-expiration", "\(Int(calling.now.timeIntervalSince1970) + hint.lasts)"), ("apns-collapse-id", hint.topic(calling.key)),
                ("apns-id", Self.name(calling.id, sleeper)), ("content-type", "application/json"),
            ],
            body: hint.apple(for: sleeper), answerLimit: 16 << 10))
    }

    /// The same for the same hint to the same device: a UUID in small letters.
    static func name(_ id: DeliveryID, _ sleeper: Sleeper) -> String {
        let digits = SHA256.hash(data: Data("\(id.text) \(sleeper.device)".utf8)).prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let ends = [8, 12, 16, 20, 32]
        return zip([0] + ends, ends).map { digits.dropFirst($0).prefix($1 - $0) }.joined(separator: "-")
    }

    // MARK: answers

    private struct Answer: Decodable {
        var reason: String?
        /// Milliseconds since 1970 since when Apple knows that the device is gone.
        var timestamp: Double?
    }

    /// The device's fault, or that of our host or topic.
    private static let mistaken: Set = ["BadDeviceToken", "DeviceTokenNotForTopic"]
    private static let ours: Set = ["BadTopic", "MissingTopic", "TopicDisallowed", "BadCertificateEnvironment", "BadEnvironmentKeyIdInToken"]

    func verdict(_ answer: HTTPAnswer, to call: HTTPCall, _ calling: Calling, _ sleeper: Sleeper) -> Verdict {
        guard answer.isHTTP2 else { return .ours("HTTP/2で答えませんでした。間に何かが入っています (no HTTP/2: something stands between)") }
        if answer.status == 200 {
            state.withLock { $0 = State(isProven: true, hasTold: true) }
            return .told
        }
        let said = try? JSONDecoder().decode(Answer.self, from: Data(answer.body)), reason = said?.reason ?? ""
        let words = "\(answer.status) \(reason.prefix(60).filter { !$0.isNewline })"
        switch (answer.status, reason) {
        case (_, "ExpiredProviderToken"): return expired(call, calling.now)
        // Ours is kept: another one would be one more.
        case (_, "TooManyProviderTokenUpdates"): return .wait(.seconds(60))
        // To this device; the others are told.
        case (429, _): return .rest(Verdict.pause(answer, calling.now) ?? .seconds(60))
        case (410, _): return gone(words, since: said?.timestamp, sleeper)
        case _ where Self.mistaken.contains(reason):
            guard state.withLock(\.hasTold) else {
                return .refused("端末の登録か、apns_host か apns_topic が違います。登録は消しません: \(words) (the device's token, our host or our topic is wrong; it is kept)")
            }
            return .gone(words)
        case _ where answer.status == 403 || Self.ours.contains(reason): return .ours("APNsの設定が断られました: \(words) (our set-up was refused)")
        case (500..., _): return Verdict.pause(answer, calling.now).map { .wait($0) } ?? .later("Appleに障害があります: \(words) (Apple failed)")
        default: return .refused("受け付けられませんでした: \(words) (refused)")
        }
    }

    /// Gone since then: a device that has asked later is another one of the same address, and stays.
    private func gone(_ words: String, since: Double?, _ sleeper: Sleeper) -> Verdict {
        guard let since, sleeper.asked.timeIntervalSince1970 * 1000 >= since else { return .gone(words) }
        return .refused("断られましたが、そのあと登録し直されています。登録は消しません: \(words) (asked again since, and kept)")
    }

    private func expired(_ call: HTTPCall, _ now: Date) -> Verdict {
        let token = call.headers.first { $0.name == "authorization" }?.value.dropFirst("bearer ".count) ?? ""
        guard tokens.isFollowed(String(token), of: settings, now: now) else {
            return .ours("作ったばかりの署名が古いと言われました。この機械の時計を確かめてください (a new token is called expired: look at this machine's clock)")
        }
        return .again("署名が古いと言われました (the token has expired)")
    }

    /// Apple ends a line by GOAWAY when it likes: what it has not worked on is said once more, over another. The same `apns-id` and `apns-collapse-id` make one of two. Whoever was
    /// silent for as long as we wait is not asked again now.
    func broke(_ failure: TransportFailure, isInTime: Bool) -> Verdict {
        state.withLock { $0.isProven = false }
        guard case .noAnswer(let reason) = failure, isInTime else { return Verdict(failure) }
        return .again("返事がありません: \(reason) (no answer)")
    }
}
