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

        @Test("Every bounded buffer has a gauge, and the gauges move")
        func gauges() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                try await hub.take(try Quake().tsunami())
                _ = try await hub.call(
                    "POST", "/v1/alerts", Array(OrderKeys.notice.utf8), headers: [(name: "Idempotency-Key", value: "g-1")])
                _ = try await hub.call("POST", "/v1/alerts", [UInt8](repeating: 0x20, count: 70_000))
                _ = try await hub.call("POST", "/v1/devices", Array(#"{"code":"BBBB-BBBB"}"#.utf8), token: nil)
                let text = try await hub.call("GET", "/metrics", token: nil).text
                func value(_ name: String) throws -> Double {
                    let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
                    return try #require(line.flatMap { Double($0.dropFirst(name.count + 1)) }, "\(name)")
                }
                let atLeastOne = [
                    "noroshi_journal_rows", "noroshi_bulletins_seen", "noroshi_order_keys", "noroshi_wrong_codes",
                    "noroshi_sources", "noroshi_stream_past_events", #"noroshi_told_events{mode="actual"}"#,
                    #"noroshi_stories{mode="actual"}"#, #"noroshi_requests_refused_total{status="413"}"#,
                ]
                for name in atLeastOne { #expect(try value(name) >= 1, "\(name)") }
                let there = ["noroshi_log_followers", "noroshi_log_follower_lost_rows_total", "noroshi_calls"]
                for name in there { #expect(try value(name) >= 0, "\(name)") }
                // The connection that asks has said what it wants; nobody else is there.
                #expect(try value("noroshi_connections_undecided") == 0)
            }
        }

        @Test("With a watcher's token in the settings the gauges and the reasons need one; that it is ready does not")
        func watcher() async throws {
            var town = TownFile(gateway: "http://127.0.0.1:9")
            // SHA-256 of "watcher".
            town.sources = "metrics_token_sha256: 0e7f3c5c909ce8afb978a208d639e85af2171df2ec0003a07f13ad97878ef053"
            try await TestHub.with(town) { hub in
                for (token, status) in [(nil, 401), ("wrong", 401), ("watcher", 200), (TownFile.token, 200)] {
                    let answer = try await hub.call("GET", "/metrics", token: token)
                    #expect(answer.status == status, "\(token ?? "none")")
                }
                let plain = try await hub.call("GET", "/readyz", token: nil)
                #expect(plain.text == #"{"ready":true}"#)
                let whole = try await hub.call("GET", "/readyz")
                #expect(whole.text.contains("probe_ms"))
            }
        }

        @Test("The log that is followed passes through a proxy as it is written")
        func followed() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let line = try await StreamLine.connect(to: hub.port)
                try await line.send("GET /v1/deliveries/stream?town=042056 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(TownFile.token)\r\n\r\n")
                let head = try await eventually("the head") { line.text.contains("following") ? line.text.lowercased() : nil }
                #expect(head.contains("x-accel-buffering: no") && head.contains("cache-control: no-store"), "\(head)")
            }
        }
    }
}
