import ChannelKit
import Testing

@testable import Program

@Suite("A conversation with a program")
struct ConversationTests {
    private let start = ContinuousClock.now

    private func request(_ number: Int, _ id: String, seconds: Int = 10) -> Conversation.Request {
        Conversation.Request(
            number: number, id: id, attempt: 1, message: Array("{\"a\":1}".utf8), deadline: start + .seconds(seconds))
    }

    private func answers(_ events: [Conversation.Event]) -> [Int: Conversation.Outcome] {
        Dictionary(uniqueKeysWithValues: events.compactMap { event -> (Int, Conversation.Outcome)? in
            if case .answered(let number, let outcome) = event { (number, outcome) } else { nil }
        })
    }

    @Test("A request is one line with what is left of its time")
    func line() {
        var talk = Conversation()
        let _ = talk.offer(request(1, "a\"b"))
        let line = String(decoding: talk.output(now: start + .seconds(4)), as: UTF8.self)
        #expect(line == "{\"id\":\"a\\\"b\",\"op\":\"deliver\",\"attempt\":1,\"deadline_ms\":6000,\"message\":{\"a\":1}}\n")
    }

    @Test("A retry waits until the program has let go of the attempt before; the late answer is not its own")
    func retry() {
        var talk = Conversation()
        let _ = talk.offer(request(1, "x", seconds: 1))
        _ = talk.output(now: start)
        #expect(answers(talk.expire(now: start + .seconds(1))).keys.sorted() == [1])
        let _ = talk.offer(request(2, "x"))
        let told = talk.output(now: start + .seconds(1))
        #expect(String(decoding: told, as: UTF8.self) == "{\"id\":\"x\",\"op\":\"cancel\"}\n")
        // It crosses our cancel, which the program reads after it.
        #expect(talk.input(Array("{\"id\":\"x\",\"result\":\"delivered\"}\n".utf8)).isEmpty)
        #expect(talk.output(now: start + .seconds(1)).isEmpty)
        #expect(talk.input(Array("{\"id\":\"x\",\"result\":\"cancelled\"}\n".utf8)).isEmpty)
        #expect(!talk.output(now: start + .seconds(1)).isEmpty)
        #expect(answers(talk.input(Array("{\"id\":\"x\",\"result\":\"delivered\"}\n".utf8))) == [2: .success(Receipt())])
    }

    @Test("A cancel that is not answered in time is overdue")
    func overdue() {
        var talk = Conversation()
        let _ = talk.offer(request(1, "x"))
        _ = talk.output(now: start)
        talk.cancel(1, now: start)
        #expect(!talk.isOverdue(now: start + .milliseconds(999)))
        #expect(talk.isOverdue(now: start + .seconds(1)))
    }

    @Test("What a dead program never saw waits for the next one")
    func ended() {
        var talk = Conversation()
        let _ = talk.offer(request(1, "x"))
        _ = talk.output(now: start)
        let _ = talk.offer(request(2, "y"))
        #expect(answers(talk.ended("gone")) == [1: .failure(.unavailable("返事の前に終わりました: gone (gone before it answered)"))])
        #expect(String(decoding: talk.output(now: start), as: UTF8.self).contains("\"id\":\"y\""))
    }

    @Test("An answer may come octet by octet, and several at once")
    func pieces() {
        var talk = Conversation()
        for (number, id) in [(1, "x"), (2, "y")] {
            let request = request(number, id)
            let _ = talk.offer(request)
        }
        _ = talk.output(now: start)
        let octets = Array("{\"id\":\"y\",\"result\":\"throttled\",\"retry_after_ms\":1e300}\n{\"id\":\"x\",\"result\":\"rejected\"}\n".utf8)
        var found: [Int: Conversation.Outcome] = [:]
        for octet in octets { found.merge(answers(talk.input([octet]))) { $1 } }
        #expect(found == [1: .failure(.rejected("プログラムがそう答えました (the program says so)")), 2: .failure(.throttled(retryAfter: .seconds(300)))])
    }
}
