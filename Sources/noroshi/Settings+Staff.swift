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

/// Calls by mail, where there is a server for it, and by a chat's own program.
struct StaffTelegraph: StaffCaller {
    private static let patience = Duration.seconds(30)

    let address: String
    let post: StaffPost?
    let transport: any HTTPTransport
    let clock: @Sendable () -> Date

    var ways: Set<StaffWays.Way> { post == nil ? [.webhook] : [.mail, .webhook] }

    func call(_ letter: StaffLetter) async -> String? {
        do throws(TransportFailure) {
            return try await told(letter)
        } catch {
            return "つながりません: \(error) (not reached)"
        }
    }

    private func told(_ letter: StaffLetter) async throws(TransportFailure) -> String? {
        switch letter.way {
        case .mail:
            guard let post else { return "メールのサーバーが設定されていません (no mail server is set)" }
            let answer = try await transport.mail(
                post.letter(to: letter.address, letter.subject, letter.body, sender: letter.sender, id: letter.id, now: clock()), deadline: .now.advanced(by: Self.patience))
            return (200..<300).contains(answer.status) ? nil : "メールサーバーが受け取りませんでした: \(answer.words) (refused)"
        case .webhook:
            let body = (try? JSONEncoder().encode(["text": letter.subject + "\n" + letter.body])) ?? Data()
            let answer = try await transport.send(
                HTTPCall(method: "POST", url: letter.address, headers: [("Content-Type", "application/json")], body: [UInt8](body), answerLimit: 64 << 10),
                deadline: .now.advanced(by: Self.patience))
            return (200..<300).contains(answer.status) ? nil : "通知の宛先が\(answer.status)と答えました (answered \(answer.status))"
        }
    }
}
