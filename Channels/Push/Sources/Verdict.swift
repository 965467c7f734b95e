/// What one answer of a push service means for one device.
import ChannelKit
import FoundationEssentials

enum Verdict: Sendable, Equatable {
    /// Taken. Whether it wakes anybody is not known.
    case told
    /// There is no such device any more.
    case gone(String)
    /// Not this hint, never.
    case refused(String)
    /// Our key or our settings.
    case ours(String)
    case wait(Duration)
    /// The same, for this device alone.
    case rest(Duration)
    /// Once more at once: over another line, or signed anew.
    case again(String)
    case later(String)
    case cancelled

    /// Whoever else is at the same service would hear the same just now.
    var isOfService: Bool {
        switch self {
        case .wait, .later, .cancelled: true
        case .told, .gone, .refused, .ours, .rest, .again: false
        }
    }

    init(_ failure: TransportFailure) {
        switch failure {
        case .unreachable(let reason): self = .later("つながりません: \(reason) (not reached)")
        case .noAnswer(let reason): self = .later("返事がありません: \(reason) (no answer)")
        case .refused(let reason): self = .refused("呼び出せません: \(reason) (the call was refused)")
        case .cancelled: self = .cancelled
        }
    }

    /// RFC 8030, 5 and 8.4; RFC 8292, 2.
    init(webPush answer: HTTPAnswer, now: Date) {
        let words = answer.text.prefix(120).filter { !$0.isNewline }, said = "\(answer.status)" + (words.isEmpty ? "" : ": \(words)")
        switch answer.status {
        case 200..<300: self = .told
        case 404, 410: self = .gone(said)
        case 401, 403: self = .ours("町の鍵が断られました: \(said) (our key was refused)")
        case 413: self = .refused("長すぎると断られました: \(said) (too long for it)")
        case 408: self = .later("相手が待つのをやめました: \(said) (it gave up waiting)")
        case 429: self = .wait(Self.pause(answer, now) ?? .seconds(30))
        case 300..<400: self = .refused("場所が変わっています。転送は追いません: \(said) (moved)")
        case 400..<500: self = .refused("受け付けられませんでした: \(said) (refused)")
        default: self = Self.pause(answer, now).map { .wait($0) } ?? .later("相手に障害があります: \(said) (it failed)")
        }
    }

    /// RFC 9110, 10.2.3: seconds or a date. At least a second; what asks for more than five minutes is asked again then.
    static func pause(_ answer: HTTPAnswer, _ now: Date) -> Duration? {
        guard let text = answer.header("Retry-After") else { return nil }
        guard let seconds = Int(text) ?? HTTPDate.read(text).map({ Int(max(0, min($0.timeIntervalSince(now), 86_400))) }) else { return nil }
        return .seconds(min(max(seconds, 1), 300))
    }
}

/// What became of one hint at all devices of a place.
struct Round: Sendable {
    private(set) var told = 0
    private(set) var gone = 0
    private(set) var refused: [String] = []
    private(set) var ours: [String] = []
    private(set) var later: [String] = []
    private(set) var pause: Duration?
    private(set) var isCancelled = false

    /// - Parameter before: devices that took it in an earlier attempt.
    init(before: Int) { told = before }

    mutating func take(_ verdict: Verdict) {
        switch verdict {
        case .told: told += 1
        case .gone: gone += 1
        case .refused(let words): refused.append(words)
        case .ours(let words): ours.append(words)
        case .wait(let time), .rest(let time):
            later.append("待つよう求められています (asked to wait)")
            pause = max(pause ?? .zero, time)
        case .later(let words), .again(let words): later.append(words)
        case .cancelled: isCancelled = true
        }
    }

    /// Where some have to be asked again the attempt has failed, and the next one asks these alone.
    func receipt(_ position: StreamPosition?) throws(DeliveryFailure) -> Receipt {
        if isCancelled { throw .cancelled }
        if let pause { throw .throttled(retryAfter: pause) }
        if let words = later.first { throw .unavailable("端末\(later.count)台への合図が届けられません。\(told)台には渡しました: \(words) (\(later.count) not handed over)") }
        if told > 0 { return Receipt(reference: position?.description, note: note) }
        if let words = ours.first { throw .misconfigured("\(words)") }
        if let words = refused.first { throw .rejected("\(words)") }
        throw .rejected("起こすよう頼んだ端末の登録が、どれも切れていました。登録を消しました (\(gone) subscriptions were gone, and are forgotten)")
    }

    private var note: String {
        let no = refused.count + ours.count
        return "端末\(told)台への合図を渡しました (hints handed over: \(told))"
            + (gone > 0 ? "。登録が切れていた\(gone)台を消しました (gone: \(gone))" : "")
            + (no > 0 ? "。\(no)台は断られました: \((refused + ours).first ?? "") (refused: \(no))" : "")
    }
}
