import ChannelKit
import NIOCore
import Testing

@testable import Streams

@Suite("The stream's door")
struct StreamDoorTests {
    private func look(_ head: String) -> StreamHead.Look {
        StreamHead.look(at: ByteBuffer(string: head).readableBytesView, bound: 8192)
    }

    private func request(_ head: String) -> StreamRequest? {
        if case .stream(let request) = look(head) { request } else { nil }
    }

    @Test("A plain request of HTTP/1.1 is a tablet's")
    func plain() {
        let told = request("GET /v1/stream HTTP/1.1\r\nhost: hub:8480\r\nAuthorization: bearer abc\r\nLAST-EVENT-ID:  7-3 \r\n\r\n")
        #expect(told?.token == "abc" && told?.since == StreamPosition(epoch: 7, offset: 3) && told?.isBare == false)
        #expect(request("GET /v1/stream HTTP/1.1\r\nHost: hub\r\n\r\n")?.since == nil)
    }

    @Test("Whatever is odd about a request is left to the decoder, which knows how to refuse it", arguments: [
        "GET /v1/stream HTTP/1.0\r\nHost: hub\r\n\r\n", "GET /v1/stream HTTP/1.1\r\n\r\n", "GET /v1/stream HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET /v1/stream HTTP/1.1\r\nHost: a b\r\n\r\n", "GET /v1/stream HTTP/1.1\r\nHost:\r\n\r\n", "GET /v1/stream HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n",
        "GET /v1/stream HTTP/1.1\r\nHost: a\r\n: c\r\n\r\n", "GET /v1/stream HTTP/1.1\r\nHost: a\r\nb\r\n\r\n",
        "GET /v1/streams HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD /v1/stream HTTP/1.1\r\nHost: a\r\n\r\n", "\u{16}\u{3}",
    ])
    func odd(head: String) {
        if case .other = look(head) { return }
        Issue.record("should be left to the decoder")
    }

    @Test("An id nobody can read is a gap, not a new tablet", arguments: [";", "x", "7", "7-", "-3", "7-3-1", "99999999999999999999-1", "日本"])
    func unreadable(id: String) {
        let since = request("GET /v1/stream HTTP/1.1\r\nHost: hub\r\nLast-Event-ID: \(id)\r\n\r\n")?.since
        #expect(since == StreamPosition(epoch: 0, offset: 0))
        var log = StreamLog(epoch: 7)
        log.append(StreamEvent(name: "alert", data: Array("{}".utf8), key: "a"), to: topic, now: .now)
        guard case .gap(let entries) = log.replay(topic, since: since, now: .now) else {
            Issue.record("should be a gap")
            return
        }
        #expect(entries.count == 1)
    }

    @Test("One event is one chunk, and HTTP/1.0 gets what is inside")
    func chunks() {
        for body in ["x", "event: alert\ndata: {}\n\n", String(repeating: "日", count: 5000)] {
            let buffer = ByteBuffer(string: body)
            let chunk = ServerSentEvent.framed(buffer)
            #expect(String(buffer: chunk) == String(buffer.readableBytes, radix: 16) + "\r\n" + body + "\r\n")
            #expect(ServerSentEvent.bare(chunk) == buffer)
        }
        #expect(String(buffer: ServerSentEvent.heartbeat) == "4\r\n: \n\n\r\n")
        #expect(String(buffer: ServerSentEvent.end) == "0\r\n\r\n")
    }

    @Test("HTTP/1.0 is told by its first line alone", arguments: [
        ("GET / HTTP/1.0\r\n\r\n", true), ("GET / HTTP/1.1\r\nX: HTTP/1.0\r\n\r\n", false), ("", false), ("\n", false), ("HTTP/1.0", false),
    ])
    func old(head: String, isOld: Bool) {
        #expect(StreamHead.isOld(ByteBuffer(string: head)) == isOld)
    }
}
