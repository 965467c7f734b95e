/// Hints to tablets that sleep, over the push services of their browsers (RFC 8030), and over Apple's for an app of the town's own.
///
///     alert ──▶ hint "newer than N" ──sealed for each──▶ push service ──▶ browser ──▶ page asks the hub ──▶ people
///
/// A hint is no delivery. A push service's yes says that it will try; what a tablet has, shows and somebody touched comes as its own receipts,
/// over the line it asks by. A town that loses all push services loses time, and no warning.
public import AlertModel
public import ChannelKit
import FoundationEssentials
import Logging

public struct Push<M: Mode>: ChannelAdapter {
    /// `concurrency`: places of a town wake at once, each some tens of tablets; of all attempts the half is kept for the gravest. `attemptLimit`: three calls
    /// of five seconds one after the other.
    public static var manifest: ChannelManifest {
        ChannelManifest(
            name: "push", title: "端末を起こす合図", role: .hint, afterSending: .lastStateWins, drills: .shownApart, languages: [.japanese],
            concurrency: 16, reservedForImmediate: 8, attemptLimit: .seconds(15), farEndKeys: [], channelKeys: PushSettings.keys)
    }

    private let setup: ChannelSetup<M>
    private let settings: PushSettings
    private let carriers: [any Carrier]
    private let heard = Heard()
    private let pauses = Pauses()

    public init(_ setup: ChannelSetup<M>) throws(SettingsError) {
        self.setup = setup
        settings = try PushSettings(setup.settings)
        carriers = [WebPush(contact: settings.contact)] + (settings.apple.map { [ApplePush($0)] } ?? [])
    }

    public func deliver(_ message: Message<M>, _ delivery: Delivery<M>) async throws(DeliveryFailure) -> Receipt {
        let alert = message.alert, topic = StreamTopic(town: delivery.farEnd.town, site: delivery.farEnd.id), now = setup.wallClock()
        guard alert.message != .ack, alert.message != .error else { throw .rejected("合図を出すものではありません: \(alert.message.rawValue) (nothing to be woken for)") }
        let isCancel = alert.message == .cancel
        let left = min(max(DrillRule.end(of: alert).timeIntervalSince(now), isCancel ? 600 : 0), Double(Hint.longest))
        guard left >= 1 else { throw .rejected("出す前に期限が過ぎました (expired before it could be told)") }
        // The tablets do not show it either.
        if M.name == .exercise, !isCancel, let real = setup.stream.gravestReal(in: topic), real >= DrillRule.endsAt { throw .rejected(DrillRule.refusal) }
        guard let book = setup.wakes else { throw .misconfigured("このハブでは、端末の登録を読めません (no register of sleeping devices)") }
        let sleepers = book.sleepers(at: topic)
        guard !sleepers.isEmpty else { return Receipt(note: "起こすよう頼んだ端末はありません (no device has asked to be woken)") }
        guard settings.contact != nil || !sleepers.contains(where: \.isBrowser) else {
            throw .misconfigured("channels.push.\(M.name.rawValue).contact: プッシュサービスの会社からの連絡先を書いてください (missing: whom a push service writes to)")
        }
        try await waitForStream(alert, topic, delivery)
        guard let key = book.key(of: topic.town) else { throw .misconfigured("町の鍵を読めません。データフォルダーを確かめてください (the town's key cannot be read or made)") }
        let hint = Hint(position: setup.stream.position, mode: M.name, event: alert.event, lasts: Int(left), isEnd: isCancel)
        let call = Calling(hint: hint, id: delivery.id, key: key, now: now, deadline: delivery.deadline)
        return try await tell(sleepers, call, delivery.id, book)
    }

    /// How long an attempt waits for the tablets' own line, and after how many attempts there will be nothing.
    private static var patience: Duration { .seconds(2) }
    private static var attempts: Int { 20 }

    /// Both lines are offered an alert at once. A device that is woken sooner than its stream holds the word would ask, hear what was before it, and
    /// be woken by nothing again.
    private func waitForStream(_ alert: Alert<M>, _ topic: StreamTopic, _ delivery: Delivery<M>) async throws(DeliveryFailure) {
        let end = min(delivery.deadline, .now + Self.patience)
        while !setup.stream.holds(alert.revision, of: alert.event, M.name, in: topic) {
            guard delivery.attempt < Self.attempts else { throw .rejected("この場所の端末に出ていないため、起こしません (the tablets of this place do not have it: nothing to be woken for)") }
            guard .now < end else { throw .throttled(retryAfter: .milliseconds(500)) }
            do { try await Task.sleep(for: .milliseconds(5)) } catch { throw .cancelled }
        }
    }

    /// Each push service for itself: one that hangs keeps nobody of the others waiting.
    private func tell(_ sleepers: [Sleeper], _ call: Calling, _ id: DeliveryID, _ book: any WakeBook) async throws(DeliveryFailure) -> Receipt {
        let asked = sleepers.filter { !heard.has($0.device, of: id) }
        var round = Round(before: sleepers.count - asked.count)
        await withTaskGroup(of: [(Sleeper, Verdict)].self) { group in
            for (origin, crowd) in Dictionary(grouping: asked, by: \.origin) { group.addTask { await self.ask(crowd, at: origin, call) } }
            for await answers in group {
                for (sleeper, verdict) in answers {
                    round.take(verdict)
                    if verdict == .told { heard.note(sleeper.device, of: id) }
                    guard case .gone(let words) = verdict else { continue }
                    book.forget(sleeper)
                    setup.logger.notice("a device cannot be woken any more: its push service has forgotten it", metadata: ["device": "\(sleeper.device)", "answer": "\(words)"])
                }
            }
        }
        let receipt = try round.receipt(call.hint.position)
        heard.forget(id)
        return receipt
    }

    private func ask(_ crowd: [Sleeper], at origin: String, _ call: Calling) async -> [(Sleeper, Verdict)] {
        var answers: [(Sleeper, Verdict)] = [], rest = crowd[...]
        if let pause = pauses.left(at: origin, now: .now) { return crowd.map { ($0, .wait(pause)) } }
        while !rest.isEmpty {
            // A crowd is never empty, and a width never less than one.
            let some = rest.prefix(carriers.first { $0.takes(crowd[0]) }?.width ?? 1)
            rest = rest.dropFirst(some.count)
            let heard = await withTaskGroup(of: (Sleeper, Verdict).self) { group in
                for sleeper in some { group.addTask { (sleeper, await self.ask(sleeper, call)) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            answers += heard
            for case (_, .wait(let pause)) in heard { pauses.wait(pause, at: origin, now: .now) }
            guard let trouble = heard.first(where: { $0.1.isOfService })?.1 else { continue }
            return answers + rest.map { ($0, trouble) }
        }
        return answers
    }

    private func ask(_ sleeper: Sleeper, _ call: Calling) async -> Verdict {
        guard let carrier = carriers.first(where: { $0.takes(sleeper) }) else {
            return .ours("channels.push.\(M.name.rawValue): Appleのプッシュサービスの設定がありません (apns_key_file and its names are missing)")
        }
        var verdict = await ask(sleeper, by: carrier, call)
        if case .again = verdict { verdict = await ask(sleeper, by: carrier, call) }
        // Once, and then at the line's pace.
        if case .again(let words) = verdict { return .later(words) }
        return verdict
    }

    private func ask(_ sleeper: Sleeper, by carrier: any Carrier, _ call: Calling) async -> Verdict {
        switch carrier.call(call, sleeper) {
        case .failure(let cannot): return cannot.verdict
        case .success(let request):
            let deadline = min(call.deadline, .now + Calling.patience)
            do throws(TransportFailure) {
                return carrier.verdict(try await setup.transport.send(request, deadline: deadline), to: request, call, sleeper)
            } catch {
                return carrier.broke(error, isInTime: .now < deadline)
            }
        }
    }
}

struct PushSettings: Sendable {
    /// `hosts` is read where devices are let in.
    static let keys = ["contact", "hosts"] + AppleSettings.keys
    let contact: String?
    let apple: AppleSettings?

    init(_ settings: [String: String]) throws(SettingsError) {
        contact = settings["contact"]
        apple = try AppleSettings(settings)
        // RFC 8292, 2.1; Apple's service asks for it.
        if let contact, !(contact.utf8.count <= 200 && (contact.wholeMatch(of: /mailto:[!-~]+@[!-~]+/) ?? contact.wholeMatch(of: /https:\/\/[!-~]+/)) != nil) {
            throw SettingsError("contact: 「\(contact)」ではなく、mailto:メールアドレス か https:// のページを書いてください (mailto: or https:)")
        }
    }
}

extension Sleeper {
    var isBrowser: Bool {
        if case .browser = address { true } else { false }
    }

    /// Of its push service: `https://push.example`.
    var origin: String {
        switch address {
        case .browser(let browser): browser.endpoint.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).prefix(3).joined(separator: "/")
        case .apple: "apns"
        }
    }
}
