/// What the hub's own log says of those who act and those who are refused.
import ChannelKit
import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite struct LogLines {
        @Test("Every act and every refusal is a line with who, what, where from; a flood of refusals is counted")
        func lines() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                for index in 0..<400 { #expect(try await hub.call("GET", "/v1/alerts", token: "guess\(index)").status == 401) }
                let alert = try await hub.push(#"{"town":"042056","kind":"notice","mode":"exercise","title":"給水","body":"市民会館"}"#)
                try await eventually("the act is told") {
                    hub.program.errors.contains("who=operator:") && hub.program.errors.contains("made=/v1/alerts/\(alert.id)")
                }
                let refused = hub.program.errors.split(separator: "\n").filter { $0.contains("refused") && $0.contains("who=unknown") }
                #expect(refused.count >= 60 && refused.count <= 180, "\(refused.count)")
                #expect(refused.allSatisfy { $0.contains("from=127.0.0.1") && $0.contains("status=401") && $0.contains("path=/v1/alerts") })
                #expect(!hub.program.errors.contains("guess1"), "no token is in a log")
            }
        }

        @Test("What somebody wrote into a name or an address makes no second line and no escape code")
        func forged() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                for name in ["\\u001b[2J", "a\\n2026-11-29 notice forged", "\\u202e除解"] {
                    let code = try await hub.invite()
                    let answer = try await hub.call("POST", "/v1/devices", Array(#"{"code":"\#(code)","name":"\#(name)"}"#.utf8), token: nil)
                    #expect(answer.status == 400, "\(name): \(answer.text)")
                }
                let odd = try await StreamLine.connect(to: hub.port)
                try await odd.send("DELETE /v1/devices/x%0Aforged\u{9B}31m HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer \(TownFile.token)\r\nConnection: close\r\n\r\n")
                try await eventually("answered") { odd.isClosed }
                // A bulletin's title is a stranger's too, and comes into the log where no rule knows it.
                let template = try String(contentsOf: Program.package.appending(path: "Templates/demo/02_20110311144648_VXSE43.xml"), encoding: .utf8)
                let strange = template.replacing(#/<Title>[^<]*</#, with: "<Title>題&#10;forged&#x9B;31m&#x202E;<")
                _ = try await hub.call("POST", "/v1/bulletins?exercise=true", Array(strange.utf8), type: "application/xml")
                try await eventually("the title is told: \(hub.program.errors.suffix(1500))") { hub.program.errors.contains("forged\\u009B31m\\u202E") }
                #expect(!hub.program.errors.split(separator: "\n").contains { $0.hasPrefix("forged") })
                #expect(!hub.program.errors.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x9B })
            }
        }

        @Test("For programs every line of the log is one object of JSON")
        func json() async throws {
            let folder = try TestHub.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let hub = try await TestHub.start(TownFile(gateway: "http://127.0.0.1:9"), in: folder, more: ["--log-format", "json"])
            _ = try await hub.call("POST", "/v1/devices", Array(#"{"code":"BCDFGHJK","name":"\"quoted\\\" 名"}"#.utf8), token: nil)
            _ = try await hub.call("GET", "/v1/alerts", token: "wrong")
            try await eventually("the refusal is told") { hub.program.errors.contains(#""message":"refused""#) }
            hub.program.signal(SIGTERM)
            _ = try await hub.program.ended()
            for line in hub.program.errors.split(separator: "\n") where line.hasPrefix("{") {
                let value = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
                #expect(value?["time"] != nil && value?["level"] != nil && value?["message"] != nil, "\(line)")
            }
        }
    }
}
