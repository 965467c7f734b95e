/// What far ends of the drills' ground hear: each really listens, and what leaves the hub is written down at the last door before the socket.
import AlertModel
import CellBroadcast
import ChannelKit
import ChannelKitTesting
import Commons
import Curl
import Foundation
import Synchronization

/// The hub's own transport, and a list of what was handed to it.
final class WatchedTransport: HTTPTransport {
    struct Call: Sendable {
        var url: String
        var octets: [UInt8]
        /// Nothing that anybody could take for an alert: a question, or whether somebody is there.
        var isEmpty: Bool
        var text: String { String(decoding: octets, as: UTF8.self) }
    }

    private let base: CurlTransport
    private let calls = Mutex<[Call]>([])

    init() throws { base = try CurlTransport() }

    func send(_ call: HTTPCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> HTTPAnswer {
        calls.withLock { $0.append(Call(url: call.url, octets: call.body, isEmpty: call.method == "GET" || call.method == "HEAD" || call.method == "POST" && call.body.isEmpty)) }
        return try await base.send(call, deadline: deadline)
    }

    func mail(_ call: MailCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> MailAnswer {
        calls.withLock { $0.append(Call(url: call.url, octets: call.message, isEmpty: call.envelope == nil)) }
        return try await base.mail(call, deadline: deadline)
    }

    /// Since it was asked last.
    func taken() -> [Call] {
        calls.withLock { calls in
            defer { calls = [] }
            return calls
        }
    }

    func shutdown() async { await base.shutdown() }
}

/// The hub's own stream, and a list of what was published.
final class WatchedStream: StreamPublisher {
    private let base: any StreamPublisher
    private let events = Mutex<[(event: StreamEvent, topic: StreamTopic)]>([])

    init(_ base: any StreamPublisher) { self.base = base }

    func publish(_ event: StreamEvent, to topic: StreamTopic) -> (position: StreamPosition, live: Int) {
        events.withLock { $0.append((event, topic)) }
        return base.publish(event, to: topic)
    }

    func gravestReal(in topic: StreamTopic) -> Gravity? { base.gravestReal(in: topic) }
    func holds(_ revision: Revision, of event: EventID, _ mode: ModeName, in topic: StreamTopic) -> Bool { base.holds(revision, of: event, mode, in: topic) }

    func taken() -> [(event: StreamEvent, topic: StreamTopic)] {
        events.withLock { events in
            defer { events = [] }
            return events
        }
    }
}

/// The far ends of one side: those that drills are for, or those that are live.
struct Side: Sendable {
    let name: String
    let air: CellBroadcastCentre
    let airPort: Int
    let commons: FarEndServer
    let hook: FarEndServer
    let list: FarEndMail
    /// What the program was handed, a line each.
    let board: URL
    private let heard: Heard

    private final class Heard: Sendable {
        let broadcasts = Mutex<[DecodedBroadcast]>([])
    }

    static let password = "aikotoba"

    /// Lasts as long as `body`.
    static func with<Value: Sendable>(_ name: String, in folder: URL, _ body: (Side) async throws -> Value) async throws -> Value {
        let heard = Heard()
        let air = CellBroadcastCentre(configuration: .init(port: 0, onBroadcast: { one in heard.broadcasts.withLock { $0.append(one) } }))
        let node = CommonsNode(password: password)
        let commons = try await FarEndServer { request in
            let answer = node.answer(to: request.body)
            return .answer(answer.status, headers: [("Content-Type", "text/xml")], body: Array(answer.text.utf8))
        }
        let hook = try await FarEndServer { _ in .answer(200) }
        let list = try await FarEndMail()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await air.run() }
            defer { group.cancelAll() }
            let side = Side(
                name: name, air: air, airPort: try await air.boundPort, commons: commons, hook: hook, list: list, board: folder.appending(path: "board-\(name)"), heard: heard)
            let value = try await body(side)
            await commons.stop()
            await hook.stop()
            await list.stop()
            return value
        }
    }

    private init(name: String, air: CellBroadcastCentre, airPort: Int, commons: FarEndServer, hook: FarEndServer, list: FarEndMail, board: URL, heard: Heard) {
        (self.name, self.air, self.airPort, self.commons, self.hook, self.list, self.board, self.heard) = (name, air, airPort, commons, hook, list, board, heard)
    }

    /// Of a channel, the settings that lead here.
    func settings(_ channel: String) -> [String: String] {
        switch channel {
        case "area-mail": ["url": "http://127.0.0.1:\(airPort)", "eew": "send"]
        case "l-alert": ["url": commons.url + "/commons/publisher/soap", "user": "town", "password": Self.password, "sender_id": "e.example"]
        case "webhook": ["url": hook.url + "/hook", "secret": "whsec_bm9yb3NoaS1lbmQtdG8tZW5kLXRlc3RzLXNlY3JldC4="]
        case "mail": ["server": list.url, "from": "bousai@city.sakura.example.jp", "to": "all@list.sakura.example.jp", "eew": "send"]
        case "program": ["command": "/usr/bin/python3", "arguments": #"["-c","\#(Self.program)","\#(board.path)"]"#]
        default: [:]
        }
    }

    /// Says yes to each request and writes it down, with the mode it was started in.
    private static let program = [
        "import sys,os,json", "out=open(sys.argv[1],'a')", "out.write('started '+os.environ['NOROSHI_MODE']+chr(10)); out.flush()", "for line in sys.stdin:",
        "    out.write(line); out.flush()", "    sys.stdout.write(json.dumps({'id':json.loads(line)['id'],'result':'delivered'})+chr(10)); sys.stdout.flush()",
    ].joined(separator: "\\n")

    /// Since it was asked last.
    func broadcasts() -> [DecodedBroadcast] {
        heard.broadcasts.withLock { all in
            defer { all = [] }
            return all
        }
    }

    func isHere(_ url: String) -> Bool { [":\(airPort)", ":\(commons.port)/", ":\(hook.port)/", list.url].contains { url.contains($0) } }

    /// Whole lines beyond this octet, and where the next look begins: what was looked at is not read again.
    func boardLines(from place: UInt64) -> (lines: [String], next: UInt64) {
        guard let file = try? FileHandle(forReadingFrom: board) else { return ([], place) }
        defer { try? file.close() }
        guard (try? file.seek(toOffset: place)) != nil, let octets = try? file.readToEnd(), let end = octets.lastIndex(of: UInt8(ascii: "\n")) else { return ([], place) }
        let whole = octets[octets.startIndex...end]
        return (String(decoding: whole, as: UTF8.self).split(separator: "\n").map(String.init), place + UInt64(whole.count))
    }
}
