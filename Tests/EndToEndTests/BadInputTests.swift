/// What is not a bulletin, not an order, not from whom it says.
import ChannelKit
import Foundation
import Testing

extension EndToEnd {
    @Suite struct BadInput {
        struct Bad: Sendable, CustomTestStringConvertible {
            var name: String
            var status: Int
            var type = "application/xml"
            var isKept = true
            var octets: @Sendable () throws -> [UInt8]
            var testDescription: String { name }
        }

        static let table: [Bad] = [
            Bad(name: "truncated", status: 422) { Array(try Quake().warning().utf8.prefix(3000)) },
            Bad(name: "empty", status: 422) { [0x20] },
            Bad(name: "too big", status: 413, isKept: false) { [UInt8](repeating: 0x20, count: (8 << 20) + 1) },
            Bad(name: "too deep", status: 422) {
                Array((String(repeating: "<a>", count: 5000) + String(repeating: "</a>", count: 5000)).utf8)
            },
            Bad(name: "DOCTYPE", status: 422) {
                Array(try Quake().warning().replacing("?>", with: "?><!DOCTYPE r [<!ENTITY e \"x\">]>", maxReplacements: 1).utf8)
            },
            Bad(name: "wrong encoding", status: 422) {
                let text = try Quake().warning()
                // Shift_JIS octets under a head that says UTF-8.
                return Array(text.utf8.prefix(400)) + [0x8B, 0xD9, 0x8B, 0x7D] + Array(text.utf8.dropFirst(400))
            },
            Bad(name: "not XML", status: 422) { Array("避難してください".utf8) },
            Bad(name: "another XML", status: 422) { Array("<html><body>hello</body></html>".utf8) },
            Bad(name: "unknown info type", status: 422) {
                Array(try Quake().warning().replacing("<InfoType>発表", with: "<InfoType>解散").utf8)
            },
            Bad(name: "wrong content type", status: 415, type: "application/json", isKept: false) {
                Array(try Quake().warning().utf8)
            },
            Bad(name: "broken gzip", status: 422, type: "application/gzip") { [0x1F, 0x8B, 8, 0, 1, 2, 3] },
        ]

        @Test("What is no bulletin is refused with a reason, kept, and told nobody")
        func refused() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    for bad in Self.table {
                        let before = try await hub.bulletins().count
                        let answer = try await hub.call("POST", "/v1/bulletins", try bad.octets(), type: bad.type)
                        #expect(answer.status == bad.status, "\(bad.name): \(answer.text)")
                        let problem = try #require(answer.problem, "\(bad.name): \(answer.headers)")
                        #expect(problem.status == bad.status)
                        #expect(problem.detail?.isEmpty == false, "\(bad.name)")
                        let kept = try await hub.bulletins()
                        #expect(kept.count == before + (bad.isKept ? 1 : 0), "\(bad.name)")
                        if bad.isKept { #expect(kept.first?.verdict == "refused" && kept.first?.reason != nil, "\(bad.name)") }
                    }
                    #expect(try await hub.rows().isEmpty)
                    #expect(try await hub.alerts().isEmpty)
                    #expect(air.heard.isEmpty)
                    try await hub.take(try Quake().warning())
                }
            }
        }

        @Test("A body whose chunks cannot be read is 400 at hub and edge, and does nothing", arguments: ["zz\r\n{}", "-1\r\n{}", "FFFFFFFFFFFFFFFFF\r\n{}", "2\r\n{}x\r\n"])
        func chunks(body: String) async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let folder = try TestHub.newFolder()
                let edge = try await TestEdge.start(hub: hub.port, in: folder, code: try await hub.edgeCode())
                defer { edge.program.signal(SIGKILL) }
                let token = try await hub.enrol().token
                for (port, path, token) in [(hub.port, "/v1/alerts", TownFile.token), (hub.port, "/v1/bulletins", TownFile.token), (edge.port, "/v1/receipts", token)] {
                    let line = try await StreamLine.connect(to: port)
                    try await line.send(
                        "POST \(path) HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer \(token)\r\nContent-Type: \(path.hasSuffix("bulletins") ? "application/xml" : "application/json")\r\nTransfer-Encoding: chunked\r\n\r\n\(body)\r\n")
                    try await eventually("an answer on \(path): \(line.raw)") { line.raw.contains("\r\n\r\n") || line.isClosed }
                    #expect(line.raw.hasPrefix("HTTP/1.1 400"), "\(path): \(line.raw.prefix(300))")
                    await line.close()
                }
                #expect(try await hub.alerts().isEmpty)
                #expect(try await hub.bulletins().isEmpty)
            }
        }

        @Test("A type of telegram nobody knows is no reason to refuse it, and wakes nobody")
        func unknownType() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    try await hub.take(
                        try Quake().warning().replacing("緊急地震速報（警報）</Title>", with: "新しい情報</Title>"))
                    let rows = try await hub.rows()
                    #expect(!rows.contains { $0.channel == "area-mail" && $0.state != "skipped" }, "\(rows)")
                    #expect(air.heard.isEmpty)
                }
            }
        }

        @Test("Without the right token nothing is told and nothing is done", arguments: [nil, "", "wrong"])
        func tokens(token: String?) async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let calls = [
                    ("POST", "/v1/bulletins"), ("GET", "/v1/bulletins"), ("POST", "/v1/alerts"), ("GET", "/v1/alerts"),
                    ("GET", "/v1/deliveries"), ("GET", "/v1/deliveries/stream"), ("POST", "/v1/devices/invitations"),
                    ("GET", "/v1/devices"), ("DELETE", "/v1/devices/d-1"), ("POST", "/v1/receipts"),
                    ("POST", "/v1/reports"), ("GET", "/v1/catch-up"), ("GET", "/v1/stream"),
                    ("POST", "/v1/alerts/x/cancel"), ("POST", "/v1/deliveries/held/release"),
                ]
                for (method, path) in calls {
                    let body: [UInt8] = method == "POST" ? Array("{}".utf8) : []
                    let answer = try await hub.call(method, path, body, token: token)
                    #expect(answer.status == 401, "\(method) \(path)")
                    #expect(answer.problem != nil, "\(method) \(path)")
                }
            }
        }

        @Test("An operator of one town sees and touches no other")
        func neighbour() async throws {
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.hasNeighbour = true
            try await TestHub.with(town) { hub in
                let order = Array(#"{"town":"042056","kind":"notice","mode":"exercise","title":"断水","body":"断水です。"}"#.utf8)
                let own = try await hub.push(String(decoding: order, as: UTF8.self))
                func status(_ method: String, _ path: String, _ body: [UInt8] = []) async throws -> Int {
                    try await hub.call(method, path, body, token: TownFile.neighbourToken).status
                }
                #expect(try await status("GET", "/v1/deliveries?town=042056") == 403)
                #expect(try await status("GET", "/v1/alerts?town=042056") == 403)
                #expect(try await status("GET", "/v1/alerts/\(own.id)") == 404)
                #expect(try await status("POST", "/v1/alerts/\(own.id)/cancel") == 404)
                #expect(try await status("POST", "/v1/alerts", order) == 422)
                #expect(try await status("GET", "/v1/bulletins") == 403)
                #expect(try await status("GET", "/v1/deliveries") == 200)
                #expect(try await hub.call("GET", "/v1/deliveries").status == 400, "two towns: which one?")
            }
        }

        @Test("Towns and numbers that are none are refused with their name", arguments: [
            ("/v1/deliveries?town=042057", 400, "town"), ("/v1/deliveries?town=abc", 400, "town"),
            ("/v1/deliveries?town=131016", 404, "131016"), ("/v1/deliveries?limit=0", 400, "limit"),
            ("/v1/deliveries?after=-1", 400, "after"), ("/v1/deliveries?state=gone", 400, "state"),
            ("/v1/alerts/nobody", 404, "nobody"), ("/spots/nowhere/", 404, "nowhere"), ("/v1/nothing", 404, ""),
            ("/spots/..%2F..%2Fdata/", 404, ""), ("/spots/kesennuma-eki/state.json", 404, "state.json"),
        ])
        func parameters(path: String, status: Int, word: String) async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let answer = try await hub.call("GET", path)
                #expect(answer.status == status, "\(answer.text)")
                #expect(answer.problem != nil)
                #expect(word.isEmpty || answer.text.contains(word), "\(answer.text)")
            }
        }

        @Test("Everything wrong with an operator's order is said at once, field by field")
        func order() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    let wrong: [(String, Set<String>)] = [
                        ("{", []), ("[]", []), ("{}", ["town", "kind"]),
                        (#"{"town":"042056","kind":"evacuation","mode":"exercise","level":9}"#, ["level"]),
                        (#"{"town":"999999","kind":"notice","mode":"exercise","title":"a","body":"b"}"#, ["town"]),
                        (#"{"town":"042056","kind":"shelter","mode":"exercise","shelter":"nowhere","state":"open"}"#, ["shelter"]),
                        (#"{"town":"042056","kind":"notice","mode":"perhaps","title":"a","body":"b"}"#, ["mode"]),
                    ]
                    for (body, fields) in wrong {
                        let answer = try await hub.call("POST", "/v1/alerts", Array(body.utf8))
                        #expect(answer.status == 422, "\(body): \(answer.status) \(answer.text)")
                        let errors = try #require(answer.problem?.errors, "\(body): \(answer.text)")
                        #expect(!errors.isEmpty)
                        #expect(Set(errors.map(\.field)).isSuperset(of: fields), "\(body): \(answer.text)")
                    }
                    #expect(try await hub.alerts().isEmpty)
                    #expect(air.heard.isEmpty)
                }
            }
        }
    }
}
