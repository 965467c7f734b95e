internal import AlertModel
internal import ChannelKit
internal import Desk
internal import Hub
internal import Hummingbird
internal import Serving

/// `GET /v1/alerts/{id}/texts`: the words in which an alert went out, channel by channel, as they were handed over then.
///
/// They are recorded with the alert and never made again: a template that has changed since, or a shelter that has
/// closed, does not change what was said.
extension HubRouter {
    private struct Texts: Encodable {
        struct Text: Encodable {
            var channel, language, title, body: String
            /// Who of the channel was given these words.
            var endpoints: [String]
        }
        var id: String
        /// Empty where nothing went out, or where the alert is older than the recording of words.
        var texts: [Text]
        /// To be read aloud, in Japanese; empty where nothing was said in it.
        var aloud: [ReadAloud]
    }

    /// Of the channel that said most.
    private func aloud(_ said: [SaidWords], _ alert: SaidAlert, in town: TownID) -> [ReadAloud] {
        guard let words = said.compactMap({ $0.texts[.japanese] }).max(by: { $0.body.count < $1.body.count }) else { return [] }
        return ReadAloud.scripts(title: words.title, body: words.body, sender: hub.town(town)?.name ?? alert.content.sender, isDrill: alert.mode == .exercise)
    }

    func addSaid(to desk: DeskRoutes) {
        desk.get("/v1/alerts/{id}/texts") { request, context in
            let person = context.person
            let id = AlertID(try context.parameters.require("id"))
            guard let found = try await hub.alert(id, for: person) else {
                throw Problem(.notFound, "番号\(id)の情報はありません (no alert \(id))")
            }
            let said = try await hub.said(id, in: found.town)
            let texts = said.sorted { $0.channel < $1.channel }.flatMap { one in
                one.texts.sorted { $0.key < $1.key }.map {
                    Texts.Text(
                        channel: one.channel, language: $0.key.rawValue, title: $0.value.title, body: $0.value.body,
                        endpoints: one.endpoints)
                }
            }
            return try Answer.json(Texts(id: id.text, texts: texts, aloud: aloud(said, found.alert, in: found.town)))
        }
    }
}
