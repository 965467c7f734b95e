/// Erasing: what a drill left is taken back as a whole, however many acts it took to get there.
package import AlertModel
package import FoundationEssentials

extension Standing {
    /// All rows of one event gone, and nothing in their place: who was told is told that it is taken back.
    ///
    /// - Parameter original: one of the alerts whose words stand.
    package func erasing(_ rows: [Act.Row], of original: AlertContent, as id: AlertID, by person: String, districts: [String], now clock: Date) -> AlertContent {
        let now = moment(clock)
        var content = original
        content.id = id
        content.sent = clock
        let act = act(rows.map { Act.Step(subject: $0.subject, before: $0, after: nil) }, .takenBack, Wish(content, by: person, districts: districts), takesBack: original.id)
        content.message = .cancel
        content.title = original.title + "の取り消し"
        content = stamped(content, rows[0].event, act, now)
        content.revision.isCancel = true
        content.expires = now.addingTimeInterval(24 * 3600)
        return content
    }
}
