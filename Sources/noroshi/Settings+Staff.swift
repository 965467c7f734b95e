import AlertModel
import ChannelKit
import Desk
import Foundation
import Hub
import Mail

/// `staff:`: by what the town's own people are called up. Their addresses are theirs, at the desk; here is only who sends.
extension Settings {
    struct StaffSettings: Codable, Sendable {
        struct MailServer: Codable, Sendable {
            /// `smtps://host:465` or `smtp://host:587`.
            var server: String
            /// Who writes: an address of the town's.
            var from: String
            var user: String?
            var password: String?
        }
        var mail: MailServer?
    }

    func staffPost() throws(SettingsError) -> StaffPost? {
        guard let mail = staff?.mail else { return nil }
        let given = ["server": mail.server, "from": mail.from, "user": mail.user, "password": mail.password].compactMapValues(\.self)
        do throws(SettingsError) { return try StaffPost(given) } catch { throw SettingsError("staff.mail: \(error.reason)") }
    }
}

/// Calls by mail, where there is a server for it, and by a chat's own program. Each is tried once: what was refused for now is said
/// again in the next round, and what may have arrived is not made to arrive twice.
struct StaffTelegraph: StaffCaller {
    /// Longer than a round's shortest pause is nobody waited for.
    private static let patience = Duration.seconds(30)

    let address: String
    let post: StaffPost?
    let transport: any HTTPTransport
    let clock: @Sendable () -> Date

    var ways: Set<StaffWays.Way> { post == nil ? [.webhook] : [.mail, .webhook] }

    func call(_ letter: StaffLetter) async -> StaffCallEnd {
        do throws(TransportFailure) {
            return try await told(letter).map { .trouble($0) } ?? .out
        } catch {
            switch error {
            case .unreachable(let reason): return .trouble("つながりません: \(reason) (not reached)")
            case .noAnswer(let reason): return .trouble("返事がありません。届いたかどうか分かりません: \(reason) (no answer: whether it arrived is not known)")
            case .refused(let reason): return .trouble("宛先か証明書に誤りがあり、送れません: \(reason) (not possible: address or certificate)")
            case .cancelled: return .cut
            }
        }
    }

    private func told(_ letter: StaffLetter) async throws(TransportFailure) -> String? {
        switch letter.way {
        case .mail:
            guard let post else { return "メールのサーバーが設定されていません (no mail server is set)" }
            let answer = try await transport.mail(
                post.letter(to: letter.address, letter.subject, letter.body, sender: letter.sender, id: letter.id, now: clock()), deadline: .now.advanced(by: Self.patience))
            return Self.words(answer)
        case .webhook:
            let body = (try? JSONEncoder().encode(["text": letter.subject + "\n" + letter.body])) ?? Data()
            let answer = try await transport.send(
                HTTPCall(method: "POST", url: letter.address, headers: [("Content-Type", "application/json")], body: [UInt8](body), answerLimit: 64 << 10, isOnce: true),
                deadline: .now.advanced(by: Self.patience))
            return Self.words(answer)
        }
    }

    /// RFC 5321 4.2.1: 4yz may be better later. Codes of RFC 4954 6 speak of the login. Nil: it was taken.
    private static func words(_ answer: MailAnswer) -> String? {
        switch answer.status {
        case 200..<300: nil
        case 454, 530, 534, 535, 538: "メールサーバーにログインできません: \(answer.words) (the login was refused)"
        case 500..<600: "メールサーバーが受け取りませんでした: \(answer.words) (refused)"
        default: "メールサーバーが今は受け取れません: \(answer.words) (not now)"
        }
    }

    private static func words(_ answer: HTTPAnswer) -> String? {
        switch answer.status {
        case 200..<300: nil
        case 401, 403, 404, 410: "通知の宛先が、もう使えません: \(answer.status)。連絡先を直してください (no longer taken there)"
        case 429:
            "通知の宛先が混んでいます: 429" + (answer.header("Retry-After").flatMap { Int($0) }.map { "、\(max(0, min($0, 86_400)))秒あとなら受け取ると言っています" } ?? "") + " (too many calls)"
        case 500...: "通知の宛先に障害があります: \(answer.status) (it has failed)"
        default: "通知の宛先が受け取りませんでした: \(answer.status) (refused)"
        }
    }
}
