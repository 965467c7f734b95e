/// What leaves the program is in the interface's words, never in Swift's.
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite struct Shapes {
        static let orders: [(order: String, detail: String)] = [
            (
                #"{"town":"042056","kind":"evacuation","mode":"exercise","level":4,"hazard":"津波","districts":["階上地区"],"reason":"大津波警報","shelters":["hashikami-chu"]}"#,
                #"{"kind":"evacuation","level":4,"level_name":"避難指示","hazard":"津波","districts":["階上地区"],"reason":"大津波警報","shelters":["hashikami-chu"],"lifted":false}"#
            ),
            (
                #"{"town":"042056","kind":"shelter","mode":"exercise","shelter":"hashikami-chu","state":"open"}"#,
                #"{"kind":"shelter","shelter":"hashikami-chu","name":"階上中学校","address":"長磯原ノ沢25-2","state":"open"}"#
            ),
            (
                #"{"town":"042056","kind":"notice","mode":"exercise","title":"断水","body":"水が出ません。"}"#,
                #"{"kind":"notice","title":"断水","body":"水が出ません。"}"#
            ),
        ]

        @Test("An alert's detail says its kind and what belongs to it, alone and in the list; a bulletin has none")
        func detail() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                for (order, expected) in Self.orders {
                    let pushed = try await hub.push(order)
                    let alone = try object(try await hub.call("GET", "/v1/alerts/\(pushed.id)").body)
                    #expect(alone["detail"] as? NSDictionary == (try object(Array(expected.utf8)) as NSDictionary), "\(alone)")
                    let list = try await hub.call("GET", "/v1/alerts?town=042056&limit=1")
                    let first = (try object(list.body)["alerts"] as? [[String: Any]])?.first
                    #expect(first?["detail"] as? NSDictionary == alone["detail"] as? NSDictionary)
                }
                let bulletin = try await hub.take(try Quake().tsunami())
                let alert = try object(try await hub.call("GET", "/v1/alerts/\(try #require(bulletin.alerts.first))").body)
                #expect(alert["detail"] == nil)
            }
        }

        private func object(_ octets: [UInt8]) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(octets)) as? [String: Any])
        }

        @Test("Terminal and log say what happened in words, without Swift's names and brackets")
        func words() async throws {
            let gateway = try Program(["gateway", "--listen", "127.0.0.1:0"])
            let alone = try Program(["gateway", "--listen", "127.0.0.1:0", "--bsc", "127.0.0.1:9"])
            let line = try await eventually("it listens") {
                gateway.errors.firstMatch(of: #/centre on (http:\/\/[^ \/]*)/#).map { String($0.1) }
            }
            try await eventually("it says that no controller is there") { alone.errors.contains("127.0.0.1:9: not connected") }
            try await TestHub.with(TownFile(gateway: line)) { hub in
                try await hub.take(try Quake().warning())
                try await eventually("a warning is on the air: \(gateway.out)") { gateway.out.contains("ETWS 一次通知 (earthquake)") }
            }
            let lost = try await Program.run("log", "--hub", "http://127.0.0.1:9")
            for program in [gateway, alone] {
                program.signal(SIGTERM)
                _ = try await program.ended()
            }
            for text in [gateway.out, gateway.errors, alone.errors, lost.errors] {
                let leak = text.firstMatch(of: #/WarningType|disconnected\(|unreachable\(|noAnswer\(|Optional\(|\w+Failure\.|emergencyUserAlert/#)
                #expect(leak == nil, "\(leak?.0 ?? "") in \(text)")
            }
        }
    }
}
