import Synchronization
import Testing

@testable import CellBroadcast

@Suite("Our own cell-broadcast centre", .timeLimit(.minutes(1)))
struct CellBroadcastCentreTests {
    let heard = Heard<CBSPClient.Event>()
    let screen = Screen()

    /// What was decoded, and a clock turned by hand.
    final class Screen: Sendable {
        private let held = Mutex<(seen: [DecodedBroadcast], now: ContinuousClock.Instant)>(([], .now))
        var seen: [DecodedBroadcast] { held.withLock { $0.seen } }
        var now: ContinuousClock.Instant { held.withLock { $0.now } }
        func show(_ broadcast: DecodedBroadcast) { held.withLock { $0.seen.append(broadcast) } }
        func turn(by duration: Duration) { held.withLock { $0.now += duration } }
    }

    func order(_ text: String = "避難指示", id: Int = 0xA004, serial: Int = 16, broadcasts: Int = 60) throws -> String {
        let pages = try PagedText(ucs2: text).pages.map { "\"\(Hex.text($0))\"" }.joined(separator: ",")
        return message(id: id, serial: serial, broadcasts: broadcasts, payload: #"{"payload_encoded":{"dcs":72,"pages":[\#(pages)]}}"#)
    }

    func message(
        id: Int = 0xA004, serial: Int = 16, period: Int = 32, broadcasts: Int = 60, warning: Int = 60,
        scope: String = #"{"scope_plmn":{}}"#, payload: String
    ) -> String {
        """
        {"cbe_name":"test","category":"high_priority","repetition_period":\(period),"num_of_bcast":\(broadcasts),
         "warning_period_sec":\(warning),"scope":\(scope),
         "smscb_message":{"message_id":\(id),"serial_nr":{"serial_nr_encoded":\(serial)},"payload":\(payload)}}
        """
    }

    let etws = #"{"payload_etws":{"warning_type":{"warning_type_decoded":"tsunami"},"emergency_user_alert":true,"popup_on_display":true}}"#

    /// Runs a centre while `body` talks to it.
    func withCentre(
        controllers: [FakeController] = [], _ body: (Browser, CellBroadcastCentre) async throws -> Void
    ) async throws {
        let centre = CellBroadcastCentre(configuration: .init(
            port: 0,
            controllers: controllers.map {
                .init(
                    role: .connect(host: $0.host, port: $0.port), firstPause: .milliseconds(1),
                    longestPause: .milliseconds(5))
            },
            onBroadcast: { [screen] in screen.show($0) }, onEvent: { [heard] in heard.hear($1) },
            now: { [screen] in screen.now }))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await centre.run() }
            try await body(Browser(port: try await centre.boundPort), centre)
            group.cancelAll()
        }
    }

    @Test("Without a controller the pages are decoded to the screen")
    func decoded() async throws {
        try await withCentre { (browser, centre) async throws in
            let text = String(repeating: "松岩地区に避難指示。", count: 9)
            #expect(try await browser.post(order(text)) == .init(status: 201, text: "Created"))
            #expect(try await browser.post(message(id: 0x1101, payload: etws)).status == 201)
            #expect(screen.seen.map(\.text) == [text, nil])
            #expect(screen.seen.map(\.pages) == [3, 0])
            #expect(screen.seen.last?.warning == WarningType(value: 1))
            #expect(centre.onAir.map(\.identifier) == [0x1101, 0xA004])
            #expect(try await browser.delete(0xA004) == .init(status: 200, text: "OK"))
            #expect(screen.seen.last?.verb == .killed)
        }
    }

    @Test("A second POST of an active message is 409, a DELETE of an unknown one 404, and both are answered")
    func conflict() async throws {
        try await withCentre { (browser, _) async throws in
            #expect(try await browser.post(order()).status == 201)
            #expect(try await browser.post(order(serial: 17)) == .init(status: 409, text: "Could not allocate"))
            #expect(try await browser.delete(7) == .init(status: 404, text: "Unknown message ID"))
            // 60 times 32 × 1.883 s is a little over an hour: then it is over, and the identifier free.
            screen.turn(by: .seconds(3616))
            #expect(try await browser.post(order(serial: 18)).status == 201)
        }
    }

    @Test("What a decoded payload says is encoded, Japanese too", arguments: [
        (#"{"character_set":"ucs2","data_utf8":"高台へ"}"#, "高台へ"), (#"{"character_set":"gsm","language":"en","data_utf8":"Run €"}"#, "Run €"),
        (#"{"character_set":"gsm","dcs_class":0,"data_utf8":"Run"}"#, "Run"), (#"{"character_set":"8bit","data_utf8":"Run"}"#, nil),
    ] as [(String, String?)])
    func payloadDecoded(payload: String, text: String?) async throws {
        try await withCentre { (browser, _) async throws in
            #expect(try await browser.post(message(payload: #"{"payload_decoded":\#(payload)}"#)).status == 201)
            #expect(screen.seen.map(\.text) == [text])
        }
    }

    @Test("A bad field is 400 with its name", arguments: [
        (#"{"cbe_name":1}"#, "cbe_name has the wrong type"), ("{", "JSON"), ("[]", "wrong type"), (#"{"cbe_name":"a"}"#, "repetition_period is missing"),
    ])
    func badJSON(body: String, words: String) async throws {
        try await withCentre { (browser, _) async throws in
            let answer = try await browser.post(body)
            #expect(answer.status == 400 && answer.text.hasPrefix("REST: ") && answer.text.contains(words), "\(answer)")
        }
    }

    @Test("A value out of range is 400 with its name")
    func badValues() async throws {
        let page = #"{"payload_encoded":{"dcs":72,"pages":["907f"]}}"#
        let bodies = [
            (message(id: 65536, payload: page), "message_id"), (message(serial: -1, payload: page), "serial_nr_encoded"),
            (message(period: 0, payload: page), "repetition_period"), (message(period: 4096, payload: page), "repetition_period"),
            (message(broadcasts: 65536, payload: page), "num_of_bcast"), (message(warning: 3601, payload: etws), "warning_period_sec"),
            (message(scope: "{}", payload: page), "scope"), (message(payload: "{}"), "payload"),
            (message(payload: #"{"payload_encoded":{"dcs":256,"pages":["907f"]}}"#), "dcs"),
            (message(payload: #"{"payload_encoded":{"dcs":72,"pages":["907"]}}"#), "pages"),
            (message(payload: #"{"payload_encoded":{"dcs":72,"pages":["90","7f"]}}"#), "pages"),
            (message(payload: #"{"payload_encoded":{"dcs":72,"pages":[]}}"#), "pages"),
            (message(payload: #"{"payload_decoded":{"character_set":"gsm","data_utf8":"避"}}"#), "data_utf8"),
            (message(payload: #"{"payload_decoded":{"character_set":"utf8","data_utf8":"a"}}"#), "character_set"),
            (message(payload: etws.replacing("tsunami", with: "typhoon")), "warning_type_decoded"),
        ]
        try await withCentre { (browser, _) async throws in
            for (body, name) in bodies {
                let answer = try await browser.post(body)
                #expect(answer.status == 400 && answer.text.hasPrefix("REST: \(name):"), "\(name): \(answer)")
            }
            #expect(screen.seen.isEmpty)
        }
    }

    @Test("Other paths and methods, and bodies without end, are refused")
    func bounds() async throws {
        try await withCentre { (browser, _) async throws in
            #expect(try await browser.post("{}", to: "/api/ecbe/v1/messages").status == 404)
            #expect(try await browser.send("PUT /api/ecbe/v1/message HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").status == 405)
            #expect(try await browser.send("DELETE /api/ecbe/v1/message/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").status == 400)
            #expect(try await browser.post(String(repeating: " ", count: 70000)).status == 413)
            #expect(try await browser.send("NONSENSE\r\n\r\n").status == 400)
            // Longer than any request may be: the line is closed.
            let flood = try? await browser.post(String(repeating: " ", count: 200_000))
            #expect(flood?.status ?? 0 != 201)
            #expect(try await browser.post(order()).status == 201)
        }
    }

    @Test("Every controller broadcasts, and one that comes late or lost its memory is told")
    func controllers() async throws {
        let early = try await FakeController.start()
        let late = try await FakeController.start()
        try await late.stop()
        try await withCentre(controllers: [early, late]) { (browser, _) async throws in
            _ = await heard.next { $0 == .connected }
            let answer = try await browser.post(order())
            #expect(answer.status == 201 && answer.text.contains("controller 2 is not connected"), "\(answer)")
            #expect(early.onAir == [0xA004: SerialNumber(encoded: 16)])
            let reborn = try await FakeController.start(insteadOf: late)
            _ = await heard.next { $0 == .recovered(count: 1, refused: []) }
            #expect(reborn.onAir == early.onAir)
            #expect(try await browser.delete(0xA004) == .init(status: 200, text: "OK"))
            #expect(early.onAir.isEmpty && reborn.onAir.isEmpty)
            try await reborn.stop()
        }
        try await early.stop()
    }

    @Test("What was deleted while a controller was away is killed when it is back")
    func owed() async throws {
        let controller = try await FakeController.start()
        try await withCentre(controllers: [controller]) { (browser, _) async throws in
            _ = await heard.next { $0 == .connected }
            #expect(try await browser.post(order()).status == 201)
            controller.set(silent: true)
            async let answer = browser.delete(0xA004)
            _ = await controller.ear.next { $0.type == .kill }
            #expect(!controller.onAir.isEmpty)
            controller.set()
            try await controller.cut()
            let lost = try await answer
            #expect(lost.status == 504 && lost.text.contains("connection to the controller was lost"), "\(lost)")
            _ = await heard.next { $0 == .recovered(count: 1, refused: []) }
            #expect(controller.onAir.isEmpty)
            // Asked again, it is done; then it is unknown.
            #expect(try await browser.delete(0xA004) == .init(status: 200, text: "OK"))
            #expect(try await browser.delete(0xA004).status == 404)
        }
        try await controller.stop()
    }

    @Test("A DELETE is a yes only when no controller broadcasts the message any more")
    func deleteTruly() async throws {
        let near = try await FakeController.start()
        let far = try await FakeController.start()
        try await withCentre(controllers: [near, far]) { (browser, centre) async throws in
            for _ in 1...2 { _ = await heard.next { $0 == .connected } }
            #expect(try await browser.post(order()).status == 201)
            #expect(try await browser.get("/api/ecbe/v1/message").text == #"[{"message_id":40964,"serial_nr":16}]"#)
            try await far.stop()
            _ = await heard.next { if case .disconnected = $0 { true } else { false } }
            let half = try await browser.delete(0xA004)
            #expect(half.status == 503 && half.text.contains("controller 2 is not connected"), "\(half)")
            #expect(near.onAir.isEmpty && centre.onAir.isEmpty)
            #expect(try await browser.delete(0xA004).status == 503)
            #expect(try await browser.get("/api/ecbe/v1/message").text == "[]")
        }
        try await near.stop()
    }

    @Test("A message nobody took is not kept, and the answer says why")
    func refused() async throws {
        let controller = try await FakeController.start()
        try await withCentre(controllers: [controller]) { (browser, centre) async throws in
            _ = await heard.next { $0 == .connected }
            controller.set(refusal: CBSPCause(rawValue: 0x06))
            let no = try await browser.post(order())
            #expect(no.status == 502 && no.text.contains("controller capacity exceeded"), "\(no)")
            controller.set(silent: true)
            async let answer = browser.post(order(serial: 32))
            _ = await controller.ear.next { $0.newSerial == SerialNumber(encoded: 32) }
            try await controller.stop()
            #expect(try await answer.status == 504)
            _ = await heard.next { if case .disconnected = $0 { true } else { false } }
            #expect(try await browser.post(order()).status == 503)
            #expect(centre.onAir.isEmpty)
        }
    }

    @Test("A port that is taken ends the run with its reason")
    func portTaken() async throws {
        try await withCentre { (browser, _) async throws in
            let second = CellBroadcastCentre(configuration: .init(port: browser.port))
            await #expect(throws: (any Error).self) { try await second.run() }
            await #expect(throws: (any Error).self) { try await second.boundPort }
        }
    }
}

@Suite("What a controller has to be told when it is heard of again")
struct AirStateTests {
    private func broadcast() throws -> CBSPBroadcast {
        CBSPBroadcast(identifier: 0xA004, serial: SerialNumber(code: 1), content: .text(try PagedText(ucs2: "避難指示"), category: .high, period: 32, broadcasts: 60))
    }

    @Test("Heard of again while it is asked: what may be taken off is taken off, what was confirmed is put on, and what is over is not forgotten")
    func between() throws {
        let one = try broadcast(), now = ContinuousClock.now
        var air = AirState(controllers: 2)
        guard case .taken = air.reserve(one, now: now) else { return #expect(Bool(false), "there is room") }
        air.owe(one.kill)
        #expect(air.recovery(of: 0, now: now) == [one.kill] && air.recoveries == [1, 0], "nobody has confirmed it yet")
        air.confirm(one)
        let again = air.recovery(of: 0, now: now)
        #expect(again.count == 1 && again != [one.kill])
        // Taken off: before anybody has answered, and until each has.
        _ = air.remove(one.identifier, now: now)
        air.owe(one.kill)
        air.settle(one.kill, with: 1)
        #expect(air.recovery(of: 0, now: now) == [one.kill] && air.recovery(of: 1, now: now).isEmpty && air.recoveries == [3, 1])
        #expect(air.owed(one.identifier)?.controllers == [0])
    }
}
