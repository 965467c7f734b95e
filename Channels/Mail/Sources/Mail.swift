/// A mail to the town's mailing list (登録制メール), through the SMTP server that keeps it.
///
///     alert ──▶ one letter ──SMTP──▶ the list's server ──▶ residents who signed up
///
/// Sent is sent: an update and a cancel are letters of their own, in one conversation with the first (`References`).
public import AlertModel
public import ChannelKit
import FoundationEssentials

public struct Mail<M: Mode>: ChannelAdapter {
    /// `attemptLimit`: RFC 5321 4.5.3.2 allows a server ten minutes for its last word; who has not answered in 30 s is asked
    /// again, and drops what it has had by its Message-ID. `concurrency` 8: lists are few, and a server that many letters
    /// reach at once defers them.
    public static var manifest: ChannelManifest {
        ChannelManifest(
            name: "mail", title: "登録制メール", role: .subscribers, afterSending: .cannotBeChanged, drills: .needOwnFarEnd, concurrency: 8,
            reservedForImmediate: 4, attemptLimit: .seconds(30), hearsEarthquakeWarningsElsewhere: true,
            farEndKeys: MailSettings.keys, secretKeys: ["password"], channelKeys: [])
    }

    let setup: ChannelSetup<M>
    let paths: ReturnPaths

    public init(_ setup: ChannelSetup<M>) throws(SettingsError) {
        self.setup = setup
        paths = ReturnPaths(setup.notebook, M.name)
    }

    public static func check(_ farEnd: FarEnd<M>) throws(SettingsError) { _ = try MailSettings(farEnd.settings) }

    public func deliver(_ message: Message<M>, _ delivery: Delivery<M>) async throws(DeliveryFailure) -> Receipt {
        let settings = try settings(of: delivery.farEnd)
        let letter = Letter(message, delivery.id, settings, now: setup.wallClock())
        let call = settings.call(envelope: (returnPath(settings, delivery), settings.to), letter.octets)
        let answer = try await Self.answered { () async throws(TransportFailure) in try await setup.transport.mail(call, deadline: delivery.deadline) }
        return try Self.receipt(answer, letter.name)
    }

    /// Where the letter comes back to: a path of its own where somebody reads what comes back.
    private func returnPath(_ settings: MailSettings, _ delivery: Delivery<M>) -> String {
        guard settings.bounces != nil else { return settings.from }
        return paths.path(settings.from, of: .init(
            delivery: delivery.id.text, town: delivery.farEnd.town.code, end: delivery.farEnd.id, to: settings.to, sent: setup.wallClock().timeIntervalSince1970))
    }

    /// Asks the server whether it is there (NOOP), and reads what has come back. Nothing is sent.
    public func reach(_ farEnd: FarEnd<M>, deadline: ContinuousClock.Instant) async throws(DeliveryFailure) -> String? {
        let settings = try settings(of: farEnd)
        if let problem = takeReturns(settings) { throw .misconfigured(problem) }
        let call = settings.call(envelope: nil, [])
        let answer = try await Self.answered { () async throws(TransportFailure) in try await setup.transport.mail(call, deadline: deadline) }
        guard answer.status < 400 else { throw Self.failure(answer) }
        if let cameBack = verdict(on: farEnd, settings) { throw .rejected(cameBack) }
        return "メールサーバーが答えました: \(answer.words) (the server answers; whether the list takes our mail is not known)"
    }

    private func settings(of farEnd: FarEnd<M>) throws(DeliveryFailure) -> MailSettings {
        do {
            return try MailSettings(farEnd.settings)
        } catch {
            throw .misconfigured("\(farEnd.id): \(error)")
        }
    }

    private static func answered(_ ask: () async throws(TransportFailure) -> MailAnswer) async throws(DeliveryFailure) -> MailAnswer {
        do {
            return try await ask()
        } catch {
            switch error {
            case .unreachable(let reason): throw .unavailable("メールサーバーにつながりません: \(reason) (not reached)")
            case .noAnswer(let reason): throw .unavailable("メールサーバーの返事がありません: \(reason) (no answer)")
            case .refused(let reason): throw .misconfigured("メールサーバーに渡せません: \(reason) (the call was refused)")
            case .cancelled: throw .cancelled
            }
        }
    }

    private static func receipt(_ answer: MailAnswer, _ name: String) throws(DeliveryFailure) -> Receipt {
        guard (200..<300).contains(answer.status) else { throw failure(answer) }
        return Receipt(reference: name, note: answer.words)
    }

    /// RFC 5321 4.2.1: 4yz may be better later, 5yz is final. Codes of RFC 4954 6 speak of the login.
    private static func failure(_ answer: MailAnswer) -> DeliveryFailure {
        switch answer.status {
        case 454, 530, 534, 535, 538: .misconfigured("メールサーバーにログインできません: \(answer.words) (the login was refused)")
        case 500..<600: .rejected("メールサーバーが受け取りませんでした: \(answer.words) (refused)")
        default: .unavailable("メールサーバーが今は受け取れません: \(answer.words) (not now)")
        }
    }
}
