import AlertModel
import ChannelKit
import FoundationEssentials

// UrgentMail: every mail is a document of its own, because a phone can neither change nor take back what it has shown.

extension Document {
    /// - Parameter old: The mail before to the same carrier about the same event. `lines` and `standing` hold one line:
    ///   the body, and the body a phone may have shown.
    static func mailStep(
        after old: Document?, for statement: Statement, to carrier: Carrier, now: Date,
        distribution: String
    ) -> Step {
        if let old, old.delivery == statement.delivery { return old.again() }
        if let old, statement.sent < old.alertSent { return .nothing("より新しいメールがもう出ています (a newer mail went out already)") }
        if case .evacuation(let order) = statement.subject, order.isLifted, !statement.isCancel {
            return .nothing("解除では電話を鳴らしません (a lift rings no phone)")
        }
        let standing = old?.standing ?? []
        if statement.isCancel, standing.isEmpty { return .nothing("この件のメールは出ていません (no mail of this event went out)") }
        let body = Line(id: statement.text.body, word: carrier.code)
        if standing == [body] { return .nothing("直前と同じ文面です。電話は同じメールを捨てます (the same words went out last; phones drop a mail they have seen)") }
        let problems = carrier.problems(in: statement.text, mode: statement.mode)
        guard problems.isEmpty else {
            return .refused("携帯電話会社の決まりに合いません: " + problems.map(\.line).joined(separator: "; ") + " (the carriers' rules)")
        }
        var next = Document(
            category: .urgentMail, serial: (old?.serial ?? 0) + 1, delivery: statement.delivery,
            alertSent: statement.sent, distribution: distribution, made: now, firstMade: now)
        next.lines = [body]
        next.standing = standing
        next.headline = statement.text.title
        return .publish(next)
    }
}
