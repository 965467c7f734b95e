/// What the desk reads of the hub: its line, and the words that went out.
import ChannelKit
import Foundation
import Testing

extension EndToEnd {
    @Suite struct Desk {
        private static let nowhere = TownFile(gateway: "http://127.0.0.1:9")

        @Test("A quiet delivery stream says again and again that it is alive")
        func heartbeat() async throws {
            try await TestHub.with(Self.nowhere) { hub in
                let line = try await StreamLine.connect(to: hub.port)
                try await line.send(
                    "GET /v1/deliveries/stream?town=042056 HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer \(TownFile.token)\r\n\r\n")
                try await eventually("it is followed: \(line.text)") { line.text.contains(": following") }
                try await eventually("a comment, and nothing else", within: .seconds(30)) { line.text.contains("\n:\n\n") }
                #expect(line.names().isEmpty && !line.isClosed)
                await line.close()
            }
        }

        @Test("The words of an alert are shown as they were sent, channel by channel")
        func texts() async throws {
            struct Texts: Decodable {
                struct Text: Decodable { var channel, language, title, body: String }
                var texts: [Text]
            }
            let order = #"{"town":"042056","kind":"evacuation","mode":"exercise","level":4,"hazard":"津波","districts":["階上地区"]}"#
            var town = Self.nowhere
            town.hasNeighbour = true
            try await TestHub.with(town) { hub in
                let sent = try await hub.push(order)
                try await hub.settled("alert=\(sent.id)&channel=wifi-portal")
                let said: Texts = try await hub.get("/v1/alerts/\(sent.id)/texts")
                #expect(Set(said.texts.map(\.channel)).isSuperset(of: ["wifi-portal", "school-tablet", "area-mail"]), "\(said.texts)")
                // Spots in other districts have a wording of their own: one quiet line.
                let pages = said.texts.filter { $0.channel == "wifi-portal" && $0.language == "ja" }
                #expect(!pages.isEmpty && pages.allSatisfy { ($0.title + $0.body).contains("避難指示") && $0.body.contains("階上地区") })
                let path = "/v1/alerts/\(sent.id)/texts"
                #expect(try await hub.call("GET", path, token: nil).status == 401)
                #expect(try await hub.call("GET", path, token: TownFile.neighbourToken).status == 404)
                let refusal = try await hub.call("GET", "/v1/alerts/nothing/texts")
                #expect(refusal.problem?.detail?.contains("ありません") == true && refusal.problem?.title.contains("見つかりません") == true)
            }
        }
    }
}
