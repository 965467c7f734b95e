import ChannelKit
import Foundation
import Testing

extension EndToEnd {
    @Suite struct Health {
        @Test("Ready means that a probe went through, and says how long it took")
        func ready() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                struct Report: Decodable { var ready: Bool; var probe_ms, ledger_ms: Double? }
                let answer = try await hub.call("GET", "/readyz", token: nil)
                let report = try JSONDecoder().decode(Report.self, from: Data(answer.body))
                #expect(answer.status == 200 && report.ready)
                #expect(report.probe_ms != nil && report.ledger_ms != nil)
                #expect(try await hub.rows().isEmpty, "a probe is in nobody's log")
                #expect(try await hub.call("GET", "/healthz", token: nil).text == "ok\n")
            }
        }

        @Test("The metrics are Prometheus text: each family once, with its type, and every line a sample of it")
        func metrics() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    try await hub.take(try Quake().tsunami())
                    _ = try await hub.post("<bad/>")
                    try await hub.settled()
                    let answer = try await hub.call("GET", "/metrics", token: nil)
                    #expect(answer.header("Content-Type")?.hasPrefix("text/plain; version=0.0.4") == true)
                    var families: [String: String] = [:]
                    var current = ""
                    for line in answer.text.split(separator: "\n") {
                        if let type = line.firstMatch(of: #/^# TYPE ([a-z_]+) (counter|gauge|histogram)$/#) {
                            current = String(type.1)
                            #expect(families.updateValue(String(type.2), forKey: current) == nil, "\(current) twice")
                        } else if !line.hasPrefix("# HELP ") {
                            let sample = line.firstMatch(of: #/^([a-z_]+)(\{([a-z_]+="[^"\n]*",?)+\})? (\S+)$/#)
                            let found = try #require(sample, "\(line)")
                            #expect(found.1.hasPrefix(current), "\(line)")
                            #expect(Double(String(found.4)) != nil, "\(line)")
                        }
                    }
                    #expect(families["noroshi_delivery_seconds"] == "histogram")
                    let text = answer.text
                    #expect(text.contains(#"noroshi_deliveries_ended_total{channel="school-tablet",mode="actual",state="delivered"} 2"#))
                    #expect(text.contains(#"noroshi_bulletins_total{source="http:desk",fate="accepted"} 1"#))
                    #expect(text.contains(#"noroshi_bulletins_total{source="http:desk",fate="refused"} 1"#))
                    #expect(text.contains(#"noroshi_delivery_seconds_bucket{channel="area-mail",priority="immediate",le="+Inf"} 1"#))
                }
            }
        }
    }
}
