internal import AlertModel
internal import ChannelKit
internal import CAPFeed
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Serving

/// `GET /alerts/{id}`: a page about one alert, for whoever follows the `web` of its CAP document. What it said, in every
/// language of the portal, and whether that still stands.
enum AlertPage {
    static func path(of id: AlertID) -> String {
        "/alerts/" + (id.text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._~"))) ?? id.text)
    }

    static func html(_ texts: [CAPText], town: Town, stands: Bool, sent: Date) -> String {
        let articles = texts.sorted { rank($0.language) < rank($1.language) }.map { text in
            let paragraphs = text.description.split(whereSeparator: \.isNewline).map { "<p>\(escaped(String($0)))</p>" }.joined()
            return "<article lang=\"\(escaped(text.language.rawValue))\"><h2>\(escaped(text.headline))</h2>\(paragraphs)</article>"
        }
        let state = stands
            ? "いま出ている情報です (in force)"
            : "この情報は新しい情報に変わったか、終わっています。最新の情報を確かめてください (replaced or over: look for the latest information)"
        let title = "\(town.name) \(texts.first { $0.language == .japanese }?.headline ?? "")"
        return """
            <!doctype html><html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">\
            <title>\(escaped(title))</title></head><body><main><h1>\(escaped(town.name)) <span lang="en">\(escaped(town.romanName))</span></h1>\
            <p><strong>\(state)</strong></p>\(articles.joined())\
            <p><time datetime="\(JapanTime.text(sent, milliseconds: false))">\(JapanTime.text(sent, milliseconds: false))</time></p></main></body></html>

            """
    }

    private static func rank(_ language: Language) -> Int {
        ScreenLanguages.inUse.all.firstIndex(of: language) ?? .max
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}

extension HubRouter {
    func addAlertPage(to router: Router<Context>) {
        router.get("/alerts/{id}") { _, context in
            let written = try context.parameters.require("id")
            return try await Self.inLane(documents) { try await alertPage(written) }
        }
    }

    private func alertPage(_ written: String) async throws -> Response {
        let id = AlertID(written.removingPercentEncoding ?? written)
        for town in hub.allTowns {
            // Real alerts only: a drill's page found by a search is read as real.
            guard let alert = try await hub.alert(id, concerning: town.id), alert.mode == .actual else { continue }
            let stands = hub.lastWords(in: town.id, .actual).contains(id)
            let page = AlertPage.html(try texts(alert, town), town: town, stands: stands, sent: alert.content.sent)
            return Response(
                status: .ok, headers: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-cache"],
                body: .init(byteBuffer: ByteBuffer(string: page)))
        }
        throw Problem(.notFound, "この番号の情報はありません (no alert \(id))")
    }
}
