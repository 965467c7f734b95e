/// A school on its own: hub, edge and tablets as real programs, and the line between them cut the hard way.
import ChannelKit
import Curl
import Foundation
import GRDB
import Glibc
import Testing

extension EndToEnd {
    @Suite struct Edges {
        private static let town = TownFile(gateway: "http://127.0.0.1:9")
        static func notice(_ title: String, mode: String = "actual") -> String {
            #"{"town":"042056","kind":"notice","mode":"\#(mode)","title":"\#(title)","body":"断水です。"}"#
        }
        private static func receipt(_ id: String, _ alert: String, elapsed: Int) -> [UInt8] {
            Array(#"{"receipts":[{"id":"\#(id)","alert":"\#(alert)","level":"shown","elapsed_ms":\#(elapsed)}]}"#.utf8)
        }

        /// Hub and edge over folders of their own, gone at the end, with whatever else was started.
        static func scene(
            spot: String? = "kesennuma-eki", more: [String] = [], _ body: (TestHub, TestEdge, inout [Program]) async throws -> Void
        ) async throws {
            let (hubFolder, edgeFolder) = (try TestHub.newFolder(), try TestHub.newFolder())
            let hub = try await TestHub.start(town, in: hubFolder)
            var programs = [hub.program]
            do {
                let edge = try await TestEdge.start(hub: hub.port, in: edgeFolder, code: try await hub.edgeCode(), spot: spot, more: more)
                programs.append(edge.program)
                try await body(hub, edge, &programs)
            } catch {
                for program in programs { program.signal(SIGKILL) }
                throw error
            }
            for program in programs { program.signal(SIGKILL) }
            for folder in [hubFolder, edgeFolder] { try? FileManager.default.removeItem(at: folder) }
        }

        @Test("A school calls its roll while the line is cut: its tablets hear of it and answer, and when the line is back the town has the numbers and no name")
        func rollCall() async throws {
            try await Self.scene(spot: nil) { hub, edge, programs in
                func device(_ name: String, _ more: String) async throws -> (id: String, token: String) {
                    struct Invitation: Decodable { var code: String }
                    struct Made: Decodable { var device_id, token: String }
                    let invited = try await hub.call("POST", "/v1/devices/invitations", Array(#"{"town":"042056","site":"school-1","name":"\#(name)"\#(more)}"#.utf8))
                    let code = try JSONDecoder().decode(Invitation.self, from: Data(invited.body)).code
                    let made = try await hub.call("POST", "/v1/devices", Array(#"{"code":"\#(code)"}"#.utf8))
                    let one = try JSONDecoder().decode(Made.self, from: Data(made.body))
                    return (one.device_id, one.token)
                }
                let (teacher, first, second) = (try await device("担任", #","use":"staff""#), try await device("14番", #","use":"pupil","group":"3-2""#), try await device("15番", #","use":"pupil""#))
                for one in [teacher, first, second] { try await eventually("the edge knows them") { try await edge.knows(one.token) } }
                let line = try await edge.tablet(first.token)
                // At home, on the hub itself, before the line is cut.
                #expect(try await hub.call("GET", "/v1/towns/042056/rollcalls").text == #"{"people":3,"rollcalls":[]}"#)
                hub.program.signal(SIGSTOP)
                #expect(try await edge.call("POST", "/v1/rollcall", Array(#"{"id":"r1"}"#.utf8), token: teacher.token).status == 201)
                try await eventually("it is told on the line: \(line.text)") { line.text.contains("event: rollcall") }
                #expect(try await edge.call("GET", "/v1/rollcall", token: first.token).text.contains(#""use":"pupil""#))
                #expect(try await edge.call("POST", "/v1/rollcall/answers", Array(#"{"id":"a","state":"hurt","place":"校庭"}"#.utf8), token: first.token).status == 202)
                let seen = try await edge.call("GET", "/v1/rollcall", token: teacher.token).text
                #expect(seen.contains(#""hurt":1,"missing":2"#), "\(seen)")
                // The power of the box goes too, in the middle of it.
                try await edge.program.kill()
                let again = try await TestEdge.start(hub: hub.port, in: edge.folder, spot: nil)
                programs.append(again.program)
                #expect(try await again.call("GET", "/v1/rollcall", token: teacher.token).text.contains(#""hurt":1,"missing":2"#), "nothing is lost")
                hub.program.signal(SIGCONT)
                try await eventually("the town has the numbers", within: .seconds(60)) { try await hub.call("GET", "/v1/towns/042056/rollcalls").text.contains(#""hurt":1,"missing":2"#) }
                let town = try await hub.call("GET", "/v1/towns/042056/rollcalls").text
                for name in ["14番", "校庭", "3-2", first.id] { #expect(!town.contains(name)) }
                // One who went home tells the hub; his teacher at school sees it.
                #expect(try await hub.call("POST", "/v1/rollcall/answers", Array(#"{"id":"h","state":"safe","place":"家"}"#.utf8), token: second.token).status == 202)
                try await eventually("home", within: .seconds(60)) { try await again.call("GET", "/v1/rollcall", token: teacher.token).text.contains("家") }
            }
        }

        @Test("An alert, its cancel and a drill come through an edge as they were said, and the page of the spot too")
        func through() async throws {
            try await Self.scene { hub, edge, _ in
                let device = try await hub.enrol()
                try await eventually("the edge knows the tablet") { try await edge.knows(device.token) }
                let (near, far) = (try await edge.tablet(device.token), try await hub.tablet(device))
                let alert = try await hub.push(Self.notice("断水"))
                let drill = try await hub.push(Self.notice("訓練の断水", mode: "exercise"))
                // A cancel overtakes what still waits.
                try await eventually("told: \(near.text)") { near.events.count == 2 && far.events.count == 2 }
                _ = try await hub.cancel(alert.id)
                try await eventually("all of it: \(near.text)") { near.events.count == 3 && far.events.count == 3 }
                #expect(near.names() == far.names())
                // Word for word, but for what is left of it.
                func words(_ line: StreamLine) -> [String] {
                    line.events.map { $0.data.replacing(#/"expires_in":\d+,/#, with: "") }
                }
                #expect(words(near) == words(far))
                #expect(near.events.first { $0.object["id"] == drill.id }?.object["mode"] == "exercise")
                #expect(words(far).allSatisfy { $0.contains(#""seal":{"key":""#) })
                try await eventually("what stands, with the town's signature: \(near.states.map(\.data))") {
                    near.states.last.map { $0.data == far.states.last?.data && $0.data.contains("exercise/") && $0.data.contains("signature") } == true
                }
                #expect(near.position != far.position, "the edge counts for itself")
                try await eventually("the page") { try await edge.call("GET", "/spots/kesennuma-eki/").text == hub.call("GET", "/spots/kesennuma-eki/").text }
                #expect(try await edge.call("GET", "/spots/uo-ichiba/").status == 404)
                #expect(try await edge.call("GET", "/tablet/").text.contains("防災タブレット"))
                for method in ["GET", "HEAD"] {
                    let board = try await edge.call(method, "/tablet/board")
                    #expect(board.status == 200 && board.text.contains("電子黒板") == (method == "GET"), "\(method)")
                }
                #expect(try await edge.call("GET", "/console/").status == 404)
            }
        }

        @Test("With the hub gone and the edge killed too, the school goes on; when the hub is back it hears once, and when")
        func alone() async throws {
            try await Self.scene { hub, edge, programs in
                let (first, second) = (try await hub.enrol(), try await hub.enrol())
                try await eventually("the edge knows both") { try await edge.knows(second.token) }
                let tablet = try await edge.tablet(first.token)
                let alert = try await hub.push(Self.notice("断水"))
                let drill = try await hub.push(Self.notice("訓練", mode: "exercise"))
                try await eventually("both came: \(tablet.text)") { tablet.events.count == 2 }
                try await eventually("the page came") { try await edge.call("GET", "/spots/kesennuma-eki/").text.contains("断水") }
                try await hub.program.kill()
                try await eventually("people are told: \(tablet.text)", within: .seconds(40)) { tablet.names().last == "line" }
                #expect(tablet.events.last?.data.contains("役場との回線が切れています（") == true)
                #expect(try await edge.line() == "cut")
                let page = try await edge.call("GET", "/spots/kesennuma-eki/").text
                #expect(page.contains("役場との回線が切れています（") && page.contains("断水"), "\(page)")
                try await Self.check(edge, second.token, alert.id, drill.id)
                let place = try await edge.call("GET", "/v1/place", token: first.token)
                #expect(place.status == 200 && place.text.contains(#""site":""#), "where it stands is known without the hub: \(place.text)")
                #expect(try await edge.call(
                    "POST", "/v1/receipts", Self.receipt("r1", alert.id, elapsed: 600_000), token: first.token).status == 202)

                try await edge.program.kill()
                let again = try await TestEdge.start(hub: hub.port, in: edge.folder)
                programs.append(again.program)
                try await eventually("it knows that it is cut", within: .seconds(40)) { try await again.line() == "cut" }
                try await Self.check(again, second.token, alert.id, drill.id)
                #expect(try await again.call("GET", "/spots/kesennuma-eki/").text.contains("役場との回線が切れています（"))
                for id in ["r1", "r2"] {
                    #expect(try await again.call(
                        "POST", "/v1/receipts", Self.receipt(id, alert.id, elapsed: 600_000), token: first.token).status == 202)
                }
                let report = #"{"id":"p1","elapsed_ms":300000,"people":12,"note":"\"水\"が\n要る"}"#
                let kept = try await again.call("POST", "/v1/reports", Array(report.utf8), token: first.token)
                #expect(kept.status == 202 && kept.text.contains(#""state":"kept""#), "the town does not have it: \(kept.text)")
                func state() async throws -> String { try await again.call("GET", "/v1/reports/p1", token: first.token).text }
                #expect(try await state().contains(#""state":"kept""#))
                #expect(try await again.call("GET", "/v1/reports/p1", token: second.token).status == 404, "another's")
                #expect(try await again.metric(#"noroshi_edge_outbox{kind="receipt"}"#) == 2)

                let back = try await TestHub.start(Self.town, in: hub.folder, at: hub.port)
                programs.append(back.program)
                let line = try await again.tablet(first.token)
                try await eventually("the outbox empties", within: .seconds(60)) {
                    try await again.metric("noroshi_edge_forwarded_total") == 3
                }
                let reports = try await back.reports()
                #expect(reports.count == 1 && reports[0].body == report && reports[0].device == first.device_id)
                #expect(try await state().contains(#""state":"received""#), "the town has it")
                let read = #"{"town":"042056","ids":["\#(reports[0].id)","nobody's"]}"#
                #expect(try await back.call("POST", "/v1/reports/read", Array(read.utf8)).status == 204)
                #expect(try await state().contains(#""state":"read""#), "a person has read it")
                #expect(try await back.call("GET", "/v1/reports?town=042056").text.contains("read_by"))
                let answer = #"{"town":"042056","id":"\#(reports[0].id)","text":"水 18時着"}"#
                #expect(try await back.call("POST", "/v1/reports/answer", Array(answer.utf8)).status == 204)
                try await eventually("the answer, through the edge") { try await state().contains(#""text":"水 18時着""#) }
                let ago = try #require(Self.seconds(from: reports[0].occurred_at, to: reports[0].received_at))
                #expect((300...420).contains(ago), "\(reports[0])")
                let ledger = try DatabaseQueue(path: hub.folder.appending(path: "data/ledger.sqlite").path)
                let shown = try await ledger.read { db in
                    try Row.fetchAll(db, sql: "SELECT id, received - occurred FROM receipt WHERE alert = ?", arguments: [alert.id])
                        .map { ($0[0] as String, $0[1] as Double) }
                }
                // Of what was told before the edge began anew the hub's time has to be known first, so the second may be there before it.
                #expect(shown.count == 1 && ["r1", "r2"].contains { shown[0].0 == "\(first.device_id)/\($0)" }, "once, however often it was told: \(shown)")
                #expect((600...720).contains(shown.first?.1 ?? 0))
                _ = try await back.push(Self.notice("給水所"))  // whether the edge is back already or not
                try await eventually("a new alert: \(line.text)", within: .seconds(40)) { line.events.contains { $0.data.contains("給水所") } }
                try await eventually("no cut line any more") { try await again.line() == "up" }
            }
        }

        @Test("A tablet of another school that comes while hub and line are gone gets in, hears what its own school was told, and what it says is the town's once, with where it was said")
        func guest() async throws {
            try await Self.scene(spot: nil) { hub, edge, programs in
                let far = try await hub.enrol(at: "school-2"), lost = try await hub.enrol(at: "school-2")
                #expect(try await hub.call("DELETE", "/v1/devices/\(lost.device_id)").status == 204)
                let alert = try await hub.push(Self.notice("断水"))
                // The register comes with a round of half a minute.
                try await eventually("the edge knows the guest", within: .seconds(60)) { try await edge.knows(far.token) }
                try await eventually("and what its school was told", within: .seconds(60)) { try await edge.call("GET", "/v1/catch-up", token: far.token).text.contains(alert.id) }
                // It may have come between the two registrations.
                try await eventually("and who is out", within: .seconds(60)) { try await edge.call("GET", "/v1/catch-up", token: lost.token).text.contains("device-revoked") }
                try await hub.program.kill()
                try await eventually("it knows that it is cut", within: .seconds(40)) { try await edge.line() == "cut" }
                try await edge.program.kill()
                let again = try await TestEdge.start(hub: hub.port, in: edge.folder, spot: nil)
                programs.append(again.program)
                let tablet = try await again.tablet(far.token)
                try await eventually("it hears: \(tablet.text)", within: .seconds(40)) { tablet.text.contains(alert.id) && tablet.names().contains("line") }
                #expect(tablet.text.contains(#""seal":{"key":""#) && tablet.text.contains(".school-tablet.school-2"), "as its own school was told it: \(tablet.text)")
                let revoked = try await again.call("GET", "/v1/catch-up", token: lost.token)
                #expect(revoked.status == 401 && revoked.text.contains("device-revoked"), "who is out is out at every edge: \(revoked.text)")
                #expect(try await again.call("GET", "/v1/catch-up", token: "of-another-town").text.contains("ここでは登録されていません"))
                for _ in 0..<2 {
                    #expect(try await again.call("POST", "/v1/receipts", Self.receipt("g1", alert.id, elapsed: 1000), token: far.token).status == 202)
                    #expect(try await again.call("POST", "/v1/reports", Array(#"{"id":"p","people":7}"#.utf8), token: far.token).text.contains(#""state":"kept""#))
                }
                let back = try await TestHub.start(Self.town, in: hub.folder, at: hub.port)
                programs.append(back.program)
                try await eventually("the outbox empties", within: .seconds(60)) { try await again.metric("noroshi_edge_forwarded_total") == 2 }
                let reports = try await back.call("GET", "/v1/reports?town=042056").text
                #expect(reports.contains(#""site":"school-2""#) && reports.contains(#""handed_in_at":"school-1""#) && reports.components(separatedBy: "handed_in_at").count == 2, "\(reports)")
                let next = try await back.push(Self.notice("給水所"))
                try await eventually("what is said later too: \(tablet.text)", within: .seconds(60)) { tablet.text.contains(next.id) }
            }
        }

        /// In force at the edge, for a tablet that was never there before.
        private static func check(_ edge: TestEdge, _ token: String, _ alert: String, _ drill: String) async throws {
            let fresh = try await edge.tablet(token)
            try await eventually("in force: \(fresh.text)") { fresh.names().sorted() == ["alert", "alert", "line"] }
            func told(_ id: String) -> [String: String]? { fresh.events.map(\.object).first { $0["id"] == id } }
            #expect(told(alert)?["mode"] == "actual" && told(drill)?["mode"] == "exercise")
            #expect((1...86_400 * 7).contains(Int(told(alert)?["expires_in"] ?? "") ?? 0))
            let narrow = try await edge.tablet(token, query: "?language=ja")
            try await eventually("in Japanese: \(narrow.text)") { narrow.names().sorted() == ["alert", "alert", "line"] }
            #expect(narrow.text.contains(#""texts":{"ja":{"#) && !narrow.text.contains(#""ja-x-easy":{"#))
            await narrow.close()
            let polled = try await edge.call("GET", "/v1/catch-up", token: token)
            #expect(polled.status == 200 && polled.text.contains(alert) && polled.text.contains(#""event":"line""#))
            await fresh.close()
        }

        private static func seconds(from: String, to: String) -> Int? {
            func date(_ text: String) -> Date? { try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
            guard let from = date(from), let to = date(to) else { return nil }
            return Int(to.timeIntervalSince(from))
        }

        @Test("What was taken back while neither line nor hub was there is gone when they are, and nobody says cancelled")
        func forgotten() async throws {
            try await Self.scene { hub, edge, programs in
                let device = try await hub.enrol()
                try await eventually("the edge knows it") { try await edge.knows(device.token) }
                let before = try await edge.tablet(device.token)
                let gone = try await hub.push(Self.notice("誤り"))
                let stays = try await hub.push(Self.notice("断水"))
                try await eventually("both") { before.events.count == 2 }
                try await edge.program.kill()
                _ = try await hub.cancel(gone.id)
                try await hub.settled()
                try await hub.program.kill()
                let again = try await TestEdge.start(hub: hub.port, in: edge.folder)
                programs.append(again.program)
                let tablet = try await again.tablet(device.token)
                try await eventually("what was in force") { tablet.names() == ["alert", "alert"] }
                let back = try await TestHub.start(Self.town, in: hub.folder, at: hub.port)
                programs.append(back.program)
                try await eventually("sent back for the present state", within: .seconds(40)) { tablet.isClosed }
                #expect(!tablet.names().contains("cancel"))
                let anew = try await again.tablet(device.token, lastEventID: tablet.position)
                #expect(anew.names() == ["resync", "alert"], "\(anew.text)")
                #expect(anew.events.last?.object["id"] == stays.id)
            }
        }

        @Test("Who is revoked is out at the edge at once, and a tablet enrols where it stands")
        func revoked() async throws {
            try await Self.scene { hub, edge, _ in
                let lost = try await hub.enrol()
                try await eventually("the edge knows it") { try await edge.knows(lost.token) }
                let line = try await edge.tablet(lost.token)
                #expect(try await hub.call("DELETE", "/v1/devices/\(lost.device_id)").status == 204)
                try await eventually("cut") { line.isClosed }
                // Only who had it in its register says so: a tablet erases itself for this answer and for no other.
                for answer in [try await edge.call("GET", "/v1/catch-up", token: lost.token), try await hub.call("GET", "/v1/catch-up", token: lost.token)] {
                    #expect(answer.status == 401 && answer.text.contains("urn:noroshi:problem:device-revoked"), "\(answer.text)")
                    #expect(answer.text.contains(#""device":"\#(lost.device_id)""#))
                }
                let stranger = try await edge.call("GET", "/v1/catch-up", token: "of-another-town")
                #expect(stranger.status == 401 && !stranger.text.contains("revoked") && stranger.text.contains("ここでは登録されていません"))
                let refused = try await StreamLine.connect(to: edge.port)
                try await refused.listen(token: lost.token)
                try await eventually("revoked: \(refused.text)") { refused.text.contains("device-revoked") && refused.isClosed }
                struct Invitation: Decodable { var code: String }
                func invite(_ site: String) async throws -> String {
                    let answer = try await hub.call(
                        "POST", "/v1/devices/invitations", Array(#"{"town":"042056","site":"\#(site)"}"#.utf8))
                    let invitation = try JSONDecoder().decode(Invitation.self, from: Data(answer.body))
                    return invitation.code
                }
                let here = try await edge.call("POST", "/v1/devices", Array(#"{"code":"\#(try await invite("school-1"))"}"#.utf8))
                let device = try JSONDecoder().decode(TestHub.Device.self, from: Data(here.body))
                #expect(try await edge.knows(device.token), "at once")
                let other = try await edge.call("POST", "/v1/devices", Array(#"{"code":"\#(try await invite("school-2"))"}"#.utf8))
                #expect(other.status == 400 && other.problem?.detail?.contains("another site") == true)
            }
        }

        @Test("An edge's token opens a device's doors and no others, with names of its own site alone")
        func bounds() async throws {
            try await Self.scene(spot: nil) { hub, edge, _ in
                struct Identity: Decodable { var token: String }
                let file = edge.folder.appending(path: "edge.json")
                let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
                #expect(mode == 0o600)
                let token = try JSONDecoder().decode(Identity.self, from: try Data(contentsOf: file)).token
                let (own, foreign) = (try await hub.enrol(), try await hub.enrol(at: "school-2"))
                let register = try await hub.call("GET", "/v1/edge/register", token: token)
                #expect(register.status == 200 && register.text.contains(own.device_id))
                #expect(!register.text.contains(foreign.device_id) && !register.text.contains(own.token))
                #expect(try await hub.call("GET", "/v1/edge/register", token: own.token).status == 403)
                for (method, path) in [
                    ("GET", "/v1/devices"), ("POST", "/v1/alerts"), ("POST", "/v1/devices/invitations"), ("GET", "/v1/alerts"),
                    ("DELETE", "/v1/devices/\(own.device_id)"), ("GET", "/v1/reports"), ("GET", "/v1/deliveries"),
                    ("POST", "/v1/bulletins"),
                ] {
                    let answer = try await hub.call(method, path, Array(Self.notice("偽").utf8), token: token)
                    // 403 where the program knows whose token it is: a device is no source.
                    #expect(answer.status == 401 || answer.status == 403, "\(method) \(path)")
                }
                func told(by token: String, for device: String?) async throws -> Int {
                    let whose = device.map { #","device":"\#($0)""# } ?? ""
                    let body = #"{"id":"x","alert":"a","level":"shown"\#(whose)}"#
                    return try await hub.call("POST", "/v1/receipts", Array(body.utf8), token: token).status
                }
                #expect(try await told(by: token, for: own.device_id) == 202)
                // Another school's, as a guest: `GuestTests` has what that is worth. Another town's is refused there.
                #expect(try await told(by: token, for: foreign.device_id) == 202)
                #expect(try await told(by: token, for: "d-nobody") == 403)
                #expect(try await told(by: token, for: nil) == 400)
                #expect(try await told(by: own.token, for: foreign.device_id) == 403)
                #expect(try await edge.call("GET", "/v1/catch-up", token: token).status == 401, "it is no tablet")
                let plain = try await Program.run(
                    TestEdge.arguments(hub: hub.port, in: edge.folder.appending(path: "another")))
                #expect(plain.code == 78 && plain.errors.contains("--edge"))
            }
        }
    }
}
