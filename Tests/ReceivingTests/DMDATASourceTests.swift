import ChannelKitTesting
import Curl
import Foundation
import Gzip
import NIOWebSocket
@testable import Receiving
import Testing

@Suite("DMDATA.JP as a way in", .timeLimit(.minutes(1)))
struct DMDATASourceTests {
    let clock = NapClock()
    let hub = Witness()
    let transport: CurlTransport

    init() throws { transport = try CurlTransport() }

    func source(
        _ office: SmallDMDATA, _ change: (inout DMDATASource.Settings) -> Void = { _ in }
    ) throws -> DMDATASource {
        var settings = DMDATASource.Settings(key: "secret-key")
        settings.base = office.base
        settings.socketHosts = [nil]
        change(&settings)
        return try DMDATASource(settings, transport: transport, sink: hub, watch: hub, clock: SourceClock(clock))
    }

    func turn(until tally: Tally, _ count: Int) async { await clock.turn(until: tally, count, by: .seconds(130)) }

    @Test("Starts with a ticket, answers pings, unpacks bulletins and says goodbye")
    func conversation() async throws {
        let office = try await SmallDMDATA()
        office.say(date: "Sun, 06 Nov 1994 08:49:37 GMT")
        try await running(source(office) { $0.types = ["VXSE51"] }) {
            await hub.hearings.reaches(1)
            office.send(#"{"type":"ping","pingId":"012345"}"#)
            await office.heard.reaches(1)
            office.send(SmallDMDATA.data("<震度速報/>"))
            await hub.taken.reaches(1)
        }
        await office.heard.reaches(2)
        let request = try #require(office.api.requests.first)
        let body = try #require(try JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any])
        #expect(body["test"] as? String == "no")
        #expect(body["types"] as? [String] == ["VXSE51"])
        #expect((body["classifications"] as? [String])?.contains("eew.warning") == true)
        #expect(hub.handed.map(\.text) == ["<震度速報/>"])
        #expect(hub.names == ["abc_VXSE51"])
        #expect(hub.handed[0].source == "dmdata:1")
        let pong = try #require(try JSONSerialization.jsonObject(with: Data(office.said[0].dropFirst(5).utf8)) as? [String: String])
        #expect(pong == ["type": "pong", "pingId": "012345"])
        #expect(office.said.last == "close 1000")
        #expect(hub.troubles == [])
        #expect(hub.expected == ["dmdata:1": .seconds(150)])
        #expect(hub.told == ["dmdata:1": Date(timeIntervalSince1970: 784_111_777)], "with the ticket, before any bulletin")
        await office.stop()
    }

    @Test("A message in fragments is one, and a ping of the protocol between them is answered")
    func fragments() async throws {
        let office = try await SmallDMDATA()
        let whole = SmallDMDATA.data(String(repeating: "<津波/>", count: 2000))
        let middle = whole.index(whole.startIndex, offsetBy: 200)
        try await running(source(office)) {
            await hub.hearings.reaches(1)
            office.send([
                (.text, false, String(whole[..<middle])), (.ping, true, "here"), (.continuation, false, ""),
                (.continuation, true, String(whole[middle...])),
            ])
            await hub.taken.reaches(1)
            await office.heard.reaches(1)
        }
        #expect(hub.handed[0].octets.count == 18_000)
        #expect(office.said[0] == "pong here")
        await office.stop()
    }

    @Test("What cannot be unpacked is trouble, and the next one is taken", arguments: [
        SmallDMDATA.data("", body: "%%%"), SmallDMDATA.data("", body: "QUJD"),
        SmallDMDATA.data("x").replacing("gzip", with: "zip"), SmallDMDATA.data("x").replacing("base64", with: "base32"),
        #"{"type":"data"}"#, #"{"type":"news"}"#, "nonsense", "", "[]",
        #"{"type":"error","error":"Server error.","code":4640,"close":false}"#,
    ])
    func damaged(text: String) async throws {
        let office = try await SmallDMDATA()
        try await running(source(office)) {
            await hub.hearings.reaches(1)
            office.send(text)
            office.send(SmallDMDATA.data("<next/>"))
            await hub.taken.reaches(1)
        }
        #expect(hub.handed.map(\.text) == ["<next/>"])
        #expect(hub.troubles.count == 1)
        #expect(office.opened.count == 1)
        await office.stop()
    }

    @Test("Drills come only when asked for", arguments: [true, false])
    func drills(includes: Bool) async throws {
        let office = try await SmallDMDATA()
        try await running(source(office) { $0.includesDrills = includes }) {
            await hub.hearings.reaches(1)
            office.send(SmallDMDATA.data("<drill/>", test: true))
            office.send(SmallDMDATA.data("<text/>", format: "a/n"))
            office.send(SmallDMDATA.data("<real/>"))
            await hub.taken.reaches(includes ? 2 : 1)
        }
        #expect(hub.handed.map(\.text) == (includes ? ["<drill/>", "<real/>"] : ["<real/>"]))
        #expect(office.api.requests[0].text.contains(includes ? #""including""# : #""no""#))
        await office.stop()
    }

    @Test("Two sockets hand on the same bulletin each, and one goes on when the other is restarted")
    func two() async throws {
        let office = try await SmallDMDATA()
        try await running(source(office) { $0.socketHosts = [nil, nil] }) {
            await hub.hearings.reaches(2)
            office.send(SmallDMDATA.data("<one/>"))
            await hub.taken.reaches(2)
            office.send(#"{"type":"error","error":"Server restarts.","code":4503,"close":true}"#, to: 0)
            await hub.troubled.reaches(2)
            #expect(office.socketCount == 1)
            // In steps that the other socket does not take for silence.
            await clock.turn(until: office.opened, 3, by: .seconds(1))
            await hub.hearings.reaches(5)
            office.send(SmallDMDATA.data("<two/>"))
            await hub.taken.reaches(4)
        }
        #expect(Set(hub.handed.map(\.source)) == ["dmdata:1", "dmdata:2"])
        #expect(hub.handed.map(\.text).sorted() == ["<one/>", "<one/>", "<two/>", "<two/>"])
        #expect(hub.troubles.contains { $0.hasSuffix("Server restarts. (4503)") })
        await office.stop()
    }

    @Test("A server that is cut off and comes back is found again")
    func restart() async throws {
        let office = try await SmallDMDATA()
        try await running(source(office)) {
            await hub.hearings.reaches(1)
            await office.goDown()
            await hub.troubled.reaches(1)
            await turn(until: hub.troubled, 3)
            try await office.comeBack()
            await turn(until: office.opened, 2)
            await hub.hearings.reaches(2)
            office.send(SmallDMDATA.data("<back/>"))
            await hub.taken.reaches(1)
        }
        #expect(hub.handed.map(\.text) == ["<back/>"])
        await office.stop()
    }

    @Test("A socket that says nothing for two minutes is left for another")
    func silence() async throws {
        let office = try await SmallDMDATA()
        try await running(source(office)) {
            await hub.hearings.reaches(1)
            await turn(until: office.opened, 2)
        }
        #expect(hub.troubles.first == "dmdata:1: 120秒、何も届いていません (silent)")
        #expect(office.said.first == "close 1000")
        await office.stop()
    }

    @Test("A ticket that is revoked is trouble, and another is asked for")
    func revoked() async throws {
        let office = try await SmallDMDATA()
        office.revokeTickets()
        try await running(source(office)) {
            await hub.troubled.reaches(1)
            office.revokeTickets(false)
            await turn(until: hub.hearings, 1)
        }
        #expect(hub.troubles.first == "dmdata:1: localhostがWebSocketの許可を受け付けません (does not take the ticket)")
        #expect(office.api.requests.count >= 2)
        await office.stop()
    }

    @Test("A key that is refused is trouble without the key in its words, and is not tried again soon")
    func wrongKey() async throws {
        let office = try await SmallDMDATA()
        try await running(source(office) { $0.key = "hunter2" }) {
            await hub.troubled.reaches(1)
            await clock.sleeps(1)
            clock.advance(by: .seconds(299))
            #expect(clock.sleeperCount == 1)
            clock.advance(by: .seconds(1))
            await hub.troubled.reaches(2)
        }
        #expect(hub.troubles.first == "dmdata:1: socket: 401と答えました: Invalid key. (answered so)")
        #expect(!hub.troubles.joined().contains("hunter2"))
        await office.stop()
    }

    @Test("Who speaks another protocol is left")
    func otherProtocol() async throws {
        let office = try await SmallDMDATA()
        office.speak("chat")
        try await running(source(office)) { await hub.troubled.reaches(1) }
        #expect(hub.handed.isEmpty)
        #expect(hub.troubles[0].contains("dmdata.v2"))
        await office.stop()
    }

    @Test("A message beyond eight megabytes ends the connection, whole or in fragments", arguments: [true, false])
    func tooLarge(isWhole: Bool) async throws {
        let office = try await SmallDMDATA()
        let part = String(repeating: "x", count: 1 << 20)
        try await running(source(office)) {
            await hub.hearings.reaches(1)
            if isWhole {
                office.send(String(repeating: part, count: 9))
            } else {
                office.send([(.text, false, part)] + Array(repeating: (.continuation, false, part), count: 8))
            }
            await hub.troubled.reaches(1)
            await turn(until: office.opened, 2)
        }
        #expect(hub.handed.isEmpty)
        await office.stop()
    }

    @Test("What was not recorded is offered again, and holds up nothing else")
    func notRecorded() async throws {
        let office = try await SmallDMDATA()
        hub.behave { $0.text == "<one/>" ? .notRecorded("disk full") : .accepted }
        try await running(source(office)) {
            await hub.hearings.reaches(1)
            office.send(SmallDMDATA.data("<one/>"))
            office.send(SmallDMDATA.data("<two/>"))
            await hub.taken.reaches(2)
            hub.behave { _ in .accepted }
            await turn(until: hub.taken, 3)
        }
        #expect(hub.handed.map(\.text) == ["<one/>", "<two/>", "<one/>"])
        await office.stop()
    }

    @Test("Over TLS the far end's name must be certified", .enabled(if: TLSFront.isThere, "no openssl or python3 here"), arguments: [true, false])
    func overTLS(isTrusted: Bool) async throws {
        let office = try await SmallDMDATA()
        let front = try await TLSFront(before: office.port, name: isTrusted ? "localhost" : "other.example")
        office.standBehind(port: front.port)
        // Longer than what the line under TLS holds at once.
        let long = SmallDMDATA.data(String(repeating: "<安全/>", count: 40_000)).replacing(#""passing":[]"#, with: #""passing":["\#(String(repeating: "x", count: 900_000))"]"#)
        try await running(source(office) { $0.authorities = front.authorities }) {
            if isTrusted {
                await hub.hearings.reaches(1)
                office.send(SmallDMDATA.data("<safe/>"))
                await hub.taken.reaches(1)
                office.send(long)
                await hub.taken.reaches(2)
                office.send(#"{"type":"ping","pingId":"7"}"#)
                await office.heard.reaches(1)
            } else {
                await hub.troubled.reaches(1)
            }
        }
        #expect(hub.handed.map(\.octets.count) == (isTrusted ? [7, 360_000] : []))
        #expect(office.opened.count == (isTrusted ? 1 : 0))
        if isTrusted {
            // The goodbye goes through, too.
            await office.heard.reaches(2)
            #expect(office.said.last == "close 1000")
        } else {
            #expect(hub.troubles[0].hasPrefix("dmdata:1: localhost: "))
        }
        await office.stop()
        front.stop()
    }

    @Test("A far end behind TLS that is cut off is trouble, and found again", .enabled(if: TLSFront.isThere, "no openssl or python3 here"))
    func cutUnderTLS() async throws {
        let office = try await SmallDMDATA()
        let front = try await TLSFront(before: office.port, name: "localhost")
        office.standBehind(port: front.port)
        try await running(source(office) { $0.authorities = front.authorities }) {
            await hub.hearings.reaches(1)
            await office.cut()
            await hub.troubled.reaches(1)
            await turn(until: office.opened, 2)
            await hub.hearings.reaches(2)
            office.send(SmallDMDATA.data("<back/>"))
            await hub.taken.reaches(1)
        }
        #expect(hub.handed.map(\.text) == ["<back/>"])
        await office.stop()
        front.stop()
    }

    @Test("Only wss is connected to, or this machine", arguments: [
        "ws://ws.api.dmdata.jp/v2", "https://ws.api.dmdata.jp/", "wss://user@ws.api.dmdata.jp/", "wss://", "", "wss://a\\b/",
    ])
    func addresses(text: String) { #expect(WebSocketAddress(text) == nil) }

    @Test("A ticket without TLS is not carried to another machine")
    func plainElsewhere() async throws {
        let office = try await SmallDMDATA()
        try await running(source(office) { $0.socketHosts = ["ws-tokyo.api.dmdata.example"] }) { await hub.troubled.reaches(1) }
        #expect(hub.troubles[0].contains("without TLS"))
        #expect(office.opened.count == 0)
        await office.stop()
    }

    @Test("Settings that cannot work are refused")
    func settings() async throws {
        let office = try await SmallDMDATA()
        #expect(throws: DMDATASource.SettingsError.self) { try source(office) { $0.base = "http://api.dmdata.jp/v2/" } }
        #expect(throws: DMDATASource.SettingsError.self) { try source(office) { $0.key = "" } }
        #expect(throws: DMDATASource.SettingsError.self) { try source(office) { $0.socketHosts = [] } }
        #expect(throws: DMDATASource.SettingsError.self) { try source(office) { $0.authorities = "/nowhere.pem" } }
        #expect(throws: DMDATASource.SettingsError.self) { try source(office) { $0.authorities = "/etc/hosts" } }
        await office.stop()
    }

    @Test("Official bulletins in DMDATA's wrapping are unpacked", .enabled(if: Corpus.path != nil, "no corpus here"))
    func corpus() throws {
        let folder = try #require(Corpus.path) + "/feeds/dmdata-websocket"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(files.count == 8)
        for file in files {
            let octets = try #require(Corpus.octets("feeds/dmdata-websocket/\(file)"))
            guard case .data(let bulletin) = DMDATAMessage(octets) else { Issue.record("\(file) is no data"); continue }
            let type = file.split(separator: "_").last?.dropLast(5) ?? ""
            #expect(bulletin.name.hasSuffix("_\(type)"))
            #expect(bulletin.isXML)
            let text = try String(decoding: bulletin.octets.get(), as: UTF8.self)
            #expect(text.contains("http://xml.kishou.go.jp/jmaxml1/") && text.contains("</Report>"))
            #expect(bulletin.isDrill == !text.contains("<Status>通常</Status>"))
        }
    }
}
