/// Who may say what is true: tokens and what they open, ways and how far they are believed, dates that run ahead.
import ChannelKit
import Foundation
import Testing

extension EndToEnd {
    @Suite struct SourcesOfTruth {
        private func post(_ hub: TestHub, _ bulletin: String, token: String, _ query: String = "") async throws -> HTTPAnswer {
            try await hub.call("POST", "/v1/bulletins" + query, Array(bulletin.utf8), type: "application/xml", token: token)
        }

        private func attention(_ hub: TestHub) async throws -> String { try await hub.call("GET", "/v1/attention").text }

        @Test("A bulletin by a token that is bound to one town, or by a tablet, goes out nowhere, also not as a drill")
        func forged() async throws {
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.hasNeighbour = true
            try await TestHub.with(town) { hub in
                let forged = try Quake().tsunami()
                for query in ["", "?exercise=true", "?replay=a"] {
                    let answer = try await post(hub, forged, token: TownFile.neighbourToken, query)
                    #expect(answer.status == 403, "\(query): \(answer.text)")
                    #expect(answer.problem?.detail?.hasPrefix("このトークン（neighbour）") == true, "\(answer.text)")
                }
                let tablet = try await hub.enrol()
                #expect(try await post(hub, forged, token: tablet.token).status == 403)
                #expect(try await hub.rows().isEmpty)
                #expect(try await hub.alerts().isEmpty)
                #expect(try await hub.bulletins().isEmpty)
                let told = try await attention(hub)
                #expect(told.contains("not-a-source") && told.contains("neighbour") && told.contains(tablet.device_id), "\(told)")
                try await hub.take(forged)
                #expect(try await hub.rows().contains { $0.channel == "wifi-portal" && $0.state != "skipped" })
            }
        }

        @Test("A scope opens what it is for and nothing else")
        func scopes() async throws {
            var town = TownFile(gateway: "http://127.0.0.1:9")
            let order = #"{"town":"042056","kind":"notice","mode":"MODE","title":"断水のお知らせ","body":"本吉地区で断水しています。"}"#
            let calls: [(scope: [String], method: String, path: String, body: String)] = [
                (["feed"], "POST", "/v1/bulletins", try Quake().tsunami()),
                (["feed", "drill"], "POST", "/v1/bulletins?exercise=true", try Quake(2).tsunami()),
                (["send"], "POST", "/v1/alerts", order.replacing("MODE", with: "actual")),
                (["drill"], "POST", "/v1/alerts", order.replacing("MODE", with: "exercise")),
                (["send", "drill", "read"], "POST", "/v1/alerts?preview=true", order.replacing("MODE", with: "actual")),
                (["read"], "GET", "/v1/alerts?town=042056", ""),
                (["read"], "GET", "/v1/deliveries?town=042056", ""),
                (["read", "watch"], "GET", "/v1/sources", ""),
                (["read", "devices"], "GET", "/v1/devices?town=042056", ""),
                (["devices"], "POST", "/v1/devices/invitations", #"{"town":"042056","site":"school-1"}"#),
            ]
            for scope in ["feed", "drill", "send", "approve", "devices", "read", "watch", "admin"] {
                town.deskScopes = scope
                try await TestHub.with(town) { hub in
                    for call in calls {
                        let answer = try await hub.call(
                            call.method, call.path, Array(call.body.utf8),
                            type: call.path.hasPrefix("/v1/bulletins") ? "application/xml" : "application/json")
                        let isOpen = call.scope.contains(scope)
                        #expect((answer.status < 300) == isOpen, "\(scope) \(call.method) \(call.path): \(answer.status) \(answer.text)")
                        if !isOpen { #expect(answer.status == 403 && answer.problem?.detail?.contains("権限がありません") == true, "\(answer.text)") }
                    }
                }
            }
        }

        @Test("A bulletin dated days ahead is told under the time it came, said to the operator, and silences no true one", arguments: [30 * 86_400.0, 240])
        func ahead(lead: Double) async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let now = Quake()
                let event = now.event
                func mine(_ text: String) -> String { text.replacing(#/<EventID>\d+/#, with: "<EventID>\(event)") }
                let lesser = try mine(Quake(at: Date().addingTimeInterval(lead)).tsunami())
                    .replacing("大津波警報", with: "津波注意報").replacing(#/<Code>(52|53)<\/Code>/#, with: "<Code>62</Code>")
                let first = try await hub.take(lesser)
                #expect(first.notes.contains { $0.contains("進んでいます") } == (lead > 300), "\(first.notes)")
                let second = try await hub.take(try mine(now.tsunami()))
                #expect(!second.alerts.isEmpty && !second.notes.contains { $0.contains("newer") }, "\(second.notes)")
                try await hub.settled("alert=\(second.alerts.first ?? "")&channel=wifi-portal")
                let page = try await hub.page()
                #expect(page.contains("大津波警報"), "\(page.prefix(4000))")
                if lead > 300 { #expect(try await attention(hub).contains("dated-ahead")) }
            }
        }

        @Test("check and the desk say how far each way is believed and what it may raise; a rule may narrow it")
        func rules() async throws {
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.sources = """
                sources:
                  folders: [/tmp/noroshi-nowhere]
                  rules:
                    - {source: folder, raises: []}
                    - {source: "http:desk", trust: official, raises: [tsunami]}
                """
            try await TestHub.with(town) { hub in
                let check = try await Program.run("check", "--config", hub.folder.appending(path: "settings.yaml").path)
                #expect(check.code == 0, "\(check)")
                #expect(check.lines.contains { $0.hasPrefix("http:desk") && $0.contains("official") && $0.contains("tsunami") }, "\(check.out)")
                #expect(check.lines.contains { $0.hasPrefix("folder:") && $0.contains("nothing") }, "\(check.out)")
                let sources = try await hub.call("GET", "/v1/sources").text
                #expect(sources.contains(#""name":"http:desk","#) && sources.contains(#""raises":["tsunami"]"#), "\(sources)")
                let eew = try await hub.take(try Quake().warning())
                #expect(eew.alerts.isEmpty && eew.notes.contains { $0.contains("recorded only") }, "\(eew)")
                #expect(try await hub.take(try Quake().tsunami()).alerts.count == 1)
            }
            for (wrong, word) in [("{source: folders}", "folder"), ("{source: folder, trust: offical}", "official"), ("{source: folder, raises: [tsunmi]}", "tsunami")] {
                town.sources = "sources: {folders: [/tmp/noroshi-nowhere], rules: [\(wrong)]}"
                let folder = try TestHub.newFolder()
                let path = folder.appending(path: "settings.yaml")
                try Data(town.yaml.utf8).write(to: path)
                let check = try await Program.run("check", "--config", path.path)
                #expect(check.code == 78 && check.errors.contains("“\(word)”"), "\(check)")
                try FileManager.default.removeItem(at: folder)
            }
        }

        @Test("With pinned signers, CAP that none of them signed is recorded and told nobody")
        func unsigned() async throws {
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.sources = "trusted_cap_signers: [\"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]"
            let cap = """
                <?xml version="1.0" encoding="UTF-8"?>
                <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>1</identifier><sender>s@example</sender>\
                <sent>\(JMATime.text(Date(), isUTC: false))</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>\
                <info><language>ja</language><category>Met</category><event>洪水警報</event><urgency>Immediate</urgency><severity>Extreme</severity>\
                <certainty>Observed</certainty><headline>川があふれます</headline><area><areaDesc>気仙沼市</areaDesc>\
                <geocode><valueName>LGCODE</valueName><value>042056</value></geocode></area></info></alert>
                """
            try await TestHub.with(town) { hub in
                let answer = try await hub.call("POST", "/v1/bulletins", Array(cap.utf8), type: "application/cap+xml")
                #expect(answer.status == 202 && answer.text.contains("署名"), "\(answer.text)")
                #expect(try await hub.rows().isEmpty)
                #expect(try await hub.alerts().isEmpty)
                #expect(try await hub.bulletins().count == 1)
                #expect(try await attention(hub).contains("unsigned-cap"))
            }
        }
    }
}
