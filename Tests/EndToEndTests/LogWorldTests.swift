/// Real and drill in what the desk reads.
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite struct LogWorlds {
        private static func order(_ mode: String) -> String {
            #"{"town":"042056","kind":"evacuation","mode":"\#(mode)","hazard":"津波","level":4,"districts":["気仙沼地区"],"reason":"津波警報"}"#
        }

        @Test("The log is read for one of them alone: drills never push out what is real; and what is in force says how bad it is, in the hub's own word")
        func apart() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                _ = try await hub.push(Self.order("actual"))
                for _ in 0..<3 { _ = try await hub.push(Self.order("exercise")) }
                _ = try await hub.push(#"{"town":"042056","kind":"notice","mode":"actual","title":"避難指示の訓練","body":"日曜に警報が鳴ります。"}"#)
                for _ in 0..<3 { _ = try await hub.push(Self.order("exercise")) }
                func modes(_ question: String) async throws -> Set<String> {
                    let text = try await hub.call("GET", "/v1/deliveries?town=042056\(question)").text
                    return Set(text.matches(of: /"mode":"([^"]+)"/).map { String($0.1) })
                }
                #expect(try await modes("&tail=2") == ["exercise"])
                #expect(try await modes("&mode=actual&tail=2") == ["actual"])
                #expect(try await modes("&mode=exercise") == ["exercise"])
                let wrong = try await hub.call("GET", "/v1/deliveries?mode=drill")
                #expect(wrong.status == 400 && wrong.text.contains("actual（本番）"), "\(wrong.text)")
                let text = try await hub.call("GET", "/v1/alerts?in_force=true&town=042056").text
                let alerts = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: [[String: Any]]])["alerts"] ?? []
                let words = alerts.filter { $0["mode"] as? String == "actual" }.map { "\($0["kind"] ?? "") \($0["gravity"] ?? "none")" }
                #expect(words.sorted() == ["evacuation danger", "notice information"], "\(text)")
            }
        }
    }
}
