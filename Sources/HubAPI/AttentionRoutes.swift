internal import AlertModel
internal import Foundation
internal import Desk
internal import Hub
internal import Hummingbird
internal import Serving

/// `GET /v1/attention`: what a person should look into when there is time.
extension HubRouter {
    private struct Row: Encodable {
        var topic, subject, words, source, first_at, last_at: String
        var times: Int

        init(_ row: Attention.Row) {
            topic = row.topic.rawValue
            subject = row.subject
            words = row.words
            source = row.source
            first_at = JapanTime.text(row.first)
            last_at = JapanTime.text(row.last)
            times = row.times
        }
    }

    private struct List: Encodable {
        var attention: [Row]
        var left_out: Int
    }

    func addAttention(to desk: DeskRoutes) {
        desk.get("/v1/attention") { request, context in
            let person = context.person
            // What may not be believed any more is not shown as news.
            hub.settlePapers()
            return try Answer.json(List(attention: hub.attention.rows(for: person).map { Row($0) }, left_out: hub.attention.leftOut))
        }
    }
}
