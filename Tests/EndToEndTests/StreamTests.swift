/// The tablets' line, byte by byte.
import AlertModel
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite struct Streams {
        private static let nowhere = TownFile(gateway: "http://127.0.0.1:9")
        private static func notice(_ title: String, body: String = "断水です。") -> String {
            #"{"town":"042056","kind":"notice","mode":"actual","title":"\#(title)","body":"\#(body)"}"#
        }

        @Test("A tablet that was away is told what it missed, and nothing twice")
        func catchUp() async throws {
            try await TestHub.with(Self.nowhere) { hub in
                let device = try await hub.enrol()
                let first = try await hub.tablet(device)
                _ = try await hub.push(Self.notice("一"))
                try await eventually("the first") { first.events.count == 1 }
                let position = try #require(first.position)
                await first.close()
                let second = try await hub.push(Self.notice("二"))
                let gone = try await hub.push(Self.notice("三"))
                _ = try await hub.cancel(gone.id)
                try await hub.settled()
                let again = try await hub.tablet(device, lastEventID: position)
                #expect(again.names() == ["alert"], "what was taken back before it was heard is never told: \(again.text)")
                #expect(again.events.first?.object["id"] == second.id)
                #expect(again.position != position)
                // The same by polling.
                let polled = try await hub.call("GET", "/v1/catch-up?since=\(position)", token: device.token)
                #expect(polled.status == 200 && polled.text.contains(second.id) && polled.text.contains(#""resync":false"#))
                #expect(try await hub.call("GET", "/v1/catch-up?since=yesterday", token: device.token).status == 400)
            }
        }

        @Test("A town that names its languages speaks these and no others: on a tablet, on a spot's page, and to a phone that asks for one it does not have")
        func chosenLanguages() async throws {
            var town = Self.nowhere
            town.sources = "languages: [ja, my, ne]"
            try await TestHub.with(town) { hub in
                let tablet = try await hub.tablet(try await hub.enrol())
                _ = try await hub.push(Self.notice("断水"))
                try await eventually("the notice") { tablet.events.count == 1 }
                struct Line: Decodable { var texts: [String: [String: String]] }
                let texts = try JSONDecoder().decode(Line.self, from: Data(try #require(tablet.events.first).data.utf8)).texts
                #expect(Set(texts.keys) == ["ja", "my", "ne"])
                func language(_ asked: String) async throws -> String? {
                    let page = try await hub.call("GET", "/spots/kesennuma-eki/", token: nil, headers: [("Accept-Language", asked)]).text
                    return page.firstMatch(of: /<html lang="([^"]+)"/).map { String($0.1) }
                }
                try await eventually("the page") { try await hub.call("GET", "/spots/kesennuma-eki/index.ne.html", token: nil).text.contains("断水") }
                for (asked, got) in [("ne-NP,en;q=0.5", "ne"), ("my", "my"), ("vi-VN,vi;q=0.9", "ja"), ("en", "ja"), ("fr;q=0.3,ne;q=0.2", "ne"), ("ja-x-easy", "ja"), ("ja", "ja")] {
                    #expect(try await language(asked) == got, "\(asked)")
                }
                #expect(try await hub.call("GET", "/spots/kesennuma-eki/index.vi.html", token: nil).status == 404)
                let page = try await hub.call("GET", "/spots/kesennuma-eki/index.my.html", token: nil).text
                #expect(page.contains(">नेपाली<") && !page.contains(">Tiếng Việt<"), "each by its own name")
                let lists = try await hub.call("GET", "/tablet/lists.js", token: nil).text
                #expect(lists.contains("नेपाली") && !lists.contains("Tiếng Việt"))
            }
        }

        @Test("Who asks for one language hears that one, live, later and by polling, and the event says all about itself")
        func languages() async throws {
            try await TestHub.with(Self.nowhere) { hub in
                let all = try await hub.tablet(try await hub.enrol())
                let (japanese, both) = (try await hub.enrol(), try await hub.enrol())
                let own = try await hub.tablet(japanese, query: "?language=ja")
                let two = try await hub.tablet(both, query: "?language=ja,en")
                let alert = try await hub.push(Self.notice("断水"))
                try await eventually("all of them") { [all, own, two].allSatisfy { $0.events.count == 1 } }
                func texts(_ line: StreamLine) throws -> Set<String> {
                    struct Line: Decodable { var texts: [String: [String: String]] }
                    return Set(try JSONDecoder().decode(Line.self, from: Data(try #require(line.events.last).data.utf8)).texts.keys)
                }
                #expect(try texts(all) == Set(ScreenLanguages.inUse.all.map(\.rawValue)) && texts(own) == ["ja"] && texts(two) == ["ja", "en"])
                let whole = try #require(all.events.last?.data)
                let narrow = try #require(own.events.last?.data)
                #expect(whole.hasPrefix(narrow[..<(try #require(narrow.range(of: #""texts":{"#)).upperBound)]), "nothing else differs")
                let object = try #require(own.events.last?.object)
                #expect(object["key"] == object["event"] && object["id"] == alert.id)
                let (sent, expires) = (try #require(object["sent"]), try #require(object["expires"]))
                let lasts = try Date(expires, strategy: .iso8601).timeIntervalSince(Date(sent, strategy: .iso8601))
                let left = try #require(Double(object["expires_in"] ?? ""))
                #expect(abs(lasts - left) < 60, "\(lasts) \(left)")
                // Later, to another line of the same device.
                await own.close()
                let again = try await hub.tablet(japanese, query: "?language=ja")
                func withoutRest(_ text: String?) -> Substring { text?.drop { $0 != "," } ?? "" }
                #expect(withoutRest(again.events.last?.data) == withoutRest(narrow), "the same octets, whenever it is told")
                let polled = try await hub.call("GET", "/v1/catch-up?language=ja", token: japanese.token)
                #expect(polled.text.contains(withoutRest(narrow)) && !polled.text.contains(#""ja-x-easy":{"#))
                for bad in ["?language=", "?language=ja&x=1", "?x", "?language=a,b,c,d,e"] {
                    let line = try await StreamLine.connect(to: hub.port)
                    try await line.listen(token: japanese.token, query: bad)
                    try await eventually("\(bad): \(line.text)") { line.text.hasPrefix("HTTP/1.1 400 ") }
                }
                #expect(try await hub.call("GET", "/v1/catch-up?language=a,b,c,d,e", token: japanese.token).status == 400)
            }
        }

        @Test("A position of another life means: take everything anew", arguments: ["1-5", "99999999999999-1", "nonsense"])
        func resync(position: String) async throws {
            try await TestHub.with(Self.nowhere) { hub in
                let alert = try await hub.push(Self.notice("一"))
                try await hub.settled()
                let line = try await hub.tablet(try await hub.enrol(), lastEventID: position)
                #expect(line.names() == ["resync", "alert"], "\(line.text)")
                #expect(line.events.last?.object["id"] == alert.id)
            }
        }

        @Test("A tablet that does not read is cut, and the others are not kept waiting")
        func slow() async throws {
            try await TestHub.with(Self.nowhere) { hub in
                let slow = try await StreamLine.connect(to: hub.port, receives: 4096)
                try await slow.listen(token: try await hub.enrol().token)
                try await eventually("greeted") { slow.position != nil }
                try await slow.stopReading()
                let good = try await hub.tablet(try await hub.enrol())
                let body = String(repeating: "水が出ません。", count: 280)
                var sent = 0
                // Socket buffers of the kernel come before our own bound.
                try await eventually("the slow one is cut", within: .seconds(60)) {
                    for _ in 0..<20 { _ = try await hub.push(Self.notice("その\(sent)", body: body)); sent += 1 }
                    return try await hub.call("GET", "/metrics").text.contains("noroshi_stream_cut_total 1")
                }
                try await eventually("the good one has all") { good.events.count == sent }
                try await slow.readOn()
                try await eventually("closed", within: .seconds(15)) { slow.isClosed }
                #expect(slow.events.count < sent)
            }
        }

        @Test("A connection that carried other requests before becomes a line")
        func keepAlive() async throws {
            try await TestHub.with(Self.nowhere) { hub in
                let device = try await hub.enrol()
                let line = try await StreamLine.connect(to: hub.port)
                try await line.send("GET /healthz HTTP/1.1\r\nHost: hub\r\n\r\n")
                try await eventually("healthy") { line.text.hasSuffix("ok\n") }
                try await line.listen(token: device.token)
                try await eventually("greeted") { line.position != nil }
                let alert = try await hub.push(Self.notice("一"))
                try await eventually("told") { line.text.contains(alert.id) }
                #expect(try await hub.call("GET", "/metrics").text.contains("noroshi_stream_listeners 1"))
                await line.close()
                try await eventually("its seat is free") {
                    try await hub.call("GET", "/metrics").text.contains("noroshi_stream_listeners 0")
                }
            }
        }

        @Test("A device has two lines, and the newest stay: whoever opens more with its token closes its own")
        func linesOfADevice() async throws {
            try await TestHub.with(Self.nowhere) { hub in
                let (device, other) = (try await hub.enrol(), try await hub.enrol())
                let neighbour = try await hub.tablet(other)
                var lines: [StreamLine] = []
                for _ in 0..<6 { lines.append(try await hub.tablet(device)) }
                try await eventually("the older ones are closed") { lines.prefix(4).allSatisfy(\.isClosed) }
                try await eventually("three are left") { try await hub.call("GET", "/metrics").text.contains("noroshi_stream_listeners 3") }
                #expect(!lines[4].isClosed && !lines[5].isClosed && !neighbour.isClosed)
                #expect(lines[0].text.contains(#""reason":"newer""#), "\(lines[0].text.suffix(200))")
                let alert = try await hub.push(Self.notice("一"))
                try await eventually("told") { lines[4].text.contains(alert.id) && lines[5].text.contains(alert.id) && neighbour.text.contains(alert.id) }
            }
        }

        /// Reads lines as most programs do: by 512 octets or by chunk, whatever its library makes of the answer.
        private static let reader = #"""
            import sys
            try:
                import requests
            except ImportError:
                sys.exit(77)
            with requests.get(sys.argv[1], headers={"Authorization": "Bearer " + sys.argv[2]}, stream=True, timeout=60) as answer:
                for line in answer.iter_lines():
                    print(line.decode(), flush=True)
            """#

        @Test("A client on Python's requests hears an alert when it happens, not when the next one comes")
        func requests() async throws {
            try await TestHub.with(Self.nowhere) { hub in
                let device = try await hub.enrol()
                let venv = Program.package.appending(path: ".build/outside/venv/bin/python3").path
                let python = FileManager.default.isExecutableFile(atPath: venv) ? "'\(venv)'" : "python3"
                let script = hub.folder.appending(path: "reader.py")
                try Self.reader.write(to: script, atomically: true, encoding: .utf8)
                // The program's own version is what runs when the script ends well; it does not.
                let client = try Program(
                    ["--version"], shell: "exec \(python) '\(script.path)' \(hub.address)/v1/stream \(device.token);")
                defer { client.signal(SIGKILL) }
                try await eventually("greeted, or no such library here: \(client.errors)") { !client.lines.isEmpty || !client.isRunning }
                guard client.isRunning else { return print("skipped: Python's requests is not installed (Tests/outside/install)") }
                // A short one, and nothing after it: it must not wait until 512 octets are together.
                _ = try await hub.push(#"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"断水です。"}"#)
                try await eventually("it is heard at once, before the next comment: \(client.lines)", within: .seconds(10)) {
                    client.lines.contains { $0.hasPrefix("data: ") && $0.contains("断水") }
                }
            }
        }

        @Test("What a tablet says three times counts once, live as in the ledger")
        func receiptsOnce() async throws {
            try await TestHub.with(Self.nowhere) { hub in
                let device = try await hub.enrol()
                let alert = try await hub.push(Self.notice("一"))
                let follower = try await StreamLine.connect(to: hub.port)
                try await follower.send("GET /v1/deliveries/stream?town=042056&channel=school-tablet HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer \(TownFile.token)\r\n\r\n")
                try await eventually("following") { follower.text.contains("following") }
                for id in ["a", "a", "b"] {
                    let body = #"{"receipts":[{"id":"\#(id)","alert":"\#(alert.id)","level":"shown"}]}"#
                    #expect(try await hub.call("POST", "/v1/receipts", Array(body.utf8), token: device.token).status == 202)
                }
                // What is told after them on the same line has nothing before it that is still to come.
                _ = try await hub.push(Self.notice("あと"))
                try await eventually("the next one passes") { follower.text.contains("あと") }
                func counts(_ text: String) -> [Int] { text.matches(of: #/"shown":(\d+)/#).compactMap { Int($0.1) } }
                #expect(counts(follower.text).max() == 1, "\(follower.text.suffix(3000))")
                let ledger = try await hub.call("GET", "/v1/deliveries?town=042056&channel=school-tablet&alert=\(alert.id)").text
                #expect(counts(ledger).max() == 1, "\(ledger)")
            }
        }

        @Test("A refused stream on a connection that carried other requests says 401")
        func refusedAfterOthers() async throws {
            try await TestHub.with(Self.nowhere) { hub in
                let line = try await StreamLine.connect(to: hub.port)
                try await line.send("GET /healthz HTTP/1.1\r\nHost: hub\r\n\r\n")
                try await eventually("healthy") { line.text.hasSuffix("ok\n") }
                try await line.listen(token: "wrong")
                try await eventually("refused and closed") { line.text.contains("HTTP/1.1 401") && line.isClosed }
            }
        }

        @Test("Heads that come in pieces, or are no requests, harm nobody")
        func pieces() async throws {
            try await TestHub.with(Self.nowhere) { hub in
                let device = try await hub.enrol()
                let line = try await StreamLine.connect(to: hub.port)
                for piece in ["GE", "T /v1/st", "ream HTTP/1.1\r\nHost: hub\r\nAuthoriz", "ation: Bearer \(device.token)\r", "\n\r", "\n"] {
                    try await line.send(piece)
                }
                try await eventually("greeted") { line.position != nil }
                let odd = try await StreamLine.connect(to: hub.port)
                try await odd.send("\u{16}\u{3}\u{1}nonsense\r\n\r\n")
                try await eventually("closed") { odd.isClosed }
                let long = try await StreamLine.connect(to: hub.port)
                try? await long.send("GET /v1/stream HTTP/1.1\r\nX: \(String(repeating: "x", count: 100_000))\r\n\r\n")
                try await eventually("refused") { long.isClosed || long.text.contains("HTTP/1.1 4") }
                let early = try await StreamLine.connect(to: hub.port)
                await early.close()
                #expect(try await hub.call("GET", "/healthz").status == 200)
            }
        }

        @Test("Only GET opens the stream, and the others are told so", arguments: ["POST", "PUT", "DELETE", "OPTIONS"])
        func methods(method: String) async throws {
            try await TestHub.with(Self.nowhere) { hub in
                let device = try await hub.enrol()
                let answer = try await hub.call(method, "/v1/stream", token: device.token)
                #expect(answer.status == 405 && answer.header("Allow") == "GET, HEAD", "\(answer.status)")
            }
        }

        @Test("Asked to stop with tablets and followers on the line, the hub is gone within seconds")
        func stop() async throws {
            let folder = try TestHub.newFolder()
            let hub = try await TestHub.start(Self.nowhere, in: folder)
            var lines: [StreamLine] = []
            for _ in 0..<5 { lines.append(try await hub.tablet(try await hub.enrol())) }
            let follower = try await StreamLine.connect(to: hub.port)
            try await follower.send("GET /v1/deliveries/stream?town=042056 HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer \(TownFile.token)\r\n\r\n")
            try await eventually("following") { follower.text.contains("following") }
            let idle = try await StreamLine.connect(to: hub.port)
            let start = ContinuousClock.now
            hub.program.signal(SIGTERM)
            let code = try await hub.program.ended(within: .seconds(30))
            #expect(code == 0, "\(hub.program.errors.prefix(6000))")
            // Nobody is waited for to the end of the program's own patience.
            #expect(start.duration(to: .now) < .seconds(20))
            try await eventually("all lines heard it: \(lines.map(\.text))") { lines.allSatisfy { $0.text.contains(#"{"reason":"closing"}"#) } }
            try await eventually("all lines closed") { lines.allSatisfy(\.isClosed) && follower.isClosed && idle.isClosed }
        }

        @Test("Connections that come while the hub stops neither keep it nor break it", arguments: 1...5)
        func rushAtTheEnd(round: Int) async throws {
            let folder = try TestHub.newFolder()
            let hub = try await TestHub.start(Self.nowhere, in: folder)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        // Until nobody listens any more.
                        while let line = try? await StreamLine.connect(to: hub.port), !Task.isCancelled {
                            try? await line.send("GET /v1/str")
                        }
                    }
                }
                _ = await Gate().opens(within: .milliseconds(10))
                hub.program.signal(SIGTERM)
                let code = try await hub.program.ended(within: .seconds(15))
                #expect(code == 0, "\(hub.program.errors.prefix(2000))")
                group.cancelAll()
            }
            try FileManager.default.removeItem(at: folder)
        }

        @Test("The operators' stream tells of deliveries as they happen")
        func deliveries() async throws {
            try await TestHub.with(Self.nowhere) { hub in
                let line = try await StreamLine.connect(to: hub.port)
                try await line.send("GET /v1/deliveries/stream?town=042056&channel=wifi-portal HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer \(TownFile.token)\r\n\r\n")
                try await eventually("following") { line.text.contains("following") }
                let alert = try await hub.push(Self.notice("一"))
                try await eventually("both spots are delivered: \(line.text)") {
                    line.text.matches(of: #/"state":"delivered"/#).count == 2 && line.text.contains(alert.id)
                }
                #expect(!line.text.contains("school-tablet"))
            }
        }
    }
}
