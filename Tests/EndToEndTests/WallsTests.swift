/// What must not be read, forged or left open, tried at the program itself.
import ChannelKit
import Foundation
import Testing

extension EndToEnd {
    @Suite struct Walls {
        @Test("What lies in the data folder is for the program's own user, under any umask, and what an older one left open is closed")
        func modes() async throws {
            let folder = try TestHub.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let data = folder.appending(path: "data")
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
            let hub = try await TestHub.start(TownFile(gateway: "http://127.0.0.1:9"), in: folder, shell: "umask 000;")
            defer { hub.program.signal(9) }
            _ = try await hub.push(#"{"town":"042056","kind":"notice","mode":"exercise","title":"給水","body":"市民会館"}"#)
            func mode(_ path: String) throws -> Int {
                (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue ?? -1
            }
            #expect(try mode(data.path) == 0o700)
            let entries = try #require(FileManager.default.enumerator(atPath: data.path)?.allObjects as? [String])
            #expect(entries.contains("ledger.sqlite"))
            for entry in entries {
                let path = data.appending(path: entry).path
                // A link has no mode of its own.
                guard (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == nil, FileManager.default.fileExists(atPath: path) else { continue }
                #expect(try mode(path) & 0o077 == 0, "\(entry)")
            }
        }

        @Test("A drill as CAP is for people of the town; a real alert is for everybody")
        func drillCAP() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                func notice(_ mode: String) async throws -> String {
                    try await hub.push(#"{"town":"042056","kind":"notice","mode":"\#(mode)","title":"給水","body":"市民会館"}"#).id
                }
                let (drill, real) = (try await notice("exercise"), try await notice("actual"))
                for token in [nil, "wrong"] as [String?] {
                    #expect(try await hub.call("GET", "/v1/alerts/\(drill).cap", token: token).status == 401)
                    #expect(try await hub.call("GET", "/v1/alerts/\(real).cap", token: token).status == 200)
                }
                #expect(try await hub.call("GET", "/v1/alerts/\(drill).cap").text.contains("Exercise"))
                #expect(try await hub.call("GET", "/alerts/\(drill)", token: nil).status == 404)
            }
        }

        @Test("Line ends in a name of a play or a file, and a coding nobody knows, are refused")
        func odd() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                for query in ["replay=a%0D%0Ab", "replay=a%1B%5B2J", "name=a%0Ab.xml", "name=%E2%80%AElmx.a"] {
                    let answer = try await hub.call("POST", "/v1/bulletins?\(query)", Array("<x/>".utf8), type: "application/xml")
                    #expect(answer.status == 400, "\(query): \(answer.status) \(answer.text)")
                }
                for coding in ["xchunked", "chunked, identity", "gzip"] {
                    let line = try await StreamLine.connect(to: hub.port)
                    try await line.send("POST /v1/alerts HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer \(TownFile.token)\r\nTransfer-Encoding: \(coding)\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
                    try await eventually("\(coding) is refused: \(line.text)") { line.text.contains("HTTP/1.1 400") || line.text.contains("HTTP/1.1 501") }
                    await line.close()
                }
                #expect(try await hub.call("GET", "/metrics/", token: nil).status == 404)
                #expect(try await hub.call("GET", "//v1/towns").status == 404)
                let page = try await hub.call("GET", "/spots/kesennuma-eki/", token: nil)
                #expect(page.header("Content-Security-Policy")?.contains("frame-ancestors 'none'") == true)
            }
        }
    }
}
