import AlertModel
import ChannelKit
import ChannelKitTesting
import Curl
import Testing

@Suite("A far end that really listens", .timeLimit(.minutes(1)))
struct FarEndServerTests {
    private func get(_ client: CurlTransport, _ url: String) async -> Result<HTTPAnswer, TransportFailure> {
        do throws(TransportFailure) {
            let call = HTTPCall(method: "POST", url: url + "/a?b=c", headers: [("X-Id", "7")], body: Array("文".utf8))
            return .success(try await client.send(call, deadline: .now + .seconds(10)))
        } catch {
            return .failure(error)
        }
    }

    @Test("It answers as told and keeps what it was asked")
    func answers() async throws {
        let server = try await FarEndServer { _ in .answer(202, headers: [("X-No", "1")], body: Array("ok".utf8)) }
        let client = try CurlTransport()
        let answer = try await get(client, server.url).get()
        #expect(answer.status == 202)
        #expect(answer.text == "ok")
        #expect(answer.header("x-no") == "1")
        let request = try #require(server.requests.first)
        #expect(request.method == "POST")
        #expect(request.path == "/a?b=c")
        #expect(request.header("x-id") == "7")
        #expect(request.text == "文")
        await client.shutdown()
        await server.stop()
    }

    @Test("Each way to misbehave is no answer to the caller", arguments: [
        .close, .closeMidBody(200), .nonsense(Array("\0\u{1}\u{2}".utf8)),
    ] as [FarEndServer.Reply])
    func misbehaves(reply: FarEndServer.Reply) async throws {
        let server = try await FarEndServer { _ in reply }
        let client = try CurlTransport()
        guard case .failure(.noAnswer) = await get(client, server.url) else {
            Issue.record("should be noAnswer")
            return
        }
        await client.shutdown()
        await server.stop()
    }

    @Test("An answer given twice does not become the answer to the next call")
    func answersTwice() async throws {
        let server = try await FarEndServer { request in
            request.path == "/first" ? .answerTwice(200, body: Array("first".utf8)) : .answer(200, body: Array("next".utf8))
        }
        let client = try CurlTransport()
        func text(_ path: String) async throws -> String {
            let call = HTTPCall(method: "GET", url: server.url + path)
            return try await client.send(call, deadline: .now + .seconds(10)).text
        }
        #expect(try await text("/first") == "first")
        #expect(try await text("/second") == "next")
        await client.shutdown()
        await server.stop()
    }

    @Test("A reply behind a gate waits for the test")
    func gated() async throws {
        let gate = Gate()
        let server = try await FarEndServer { _ in .after(gate, .answer(200)) }
        let client = try CurlTransport()
        async let answer = get(client, server.url)
        await server.arrived(1)
        gate.open()
        #expect(try await answer.get().status == 200)
        await client.shutdown()
        await server.stop()
    }

    @Test("It goes away and comes back at the same address")
    func goesAndComesBack() async throws {
        let server = try await FarEndServer { _ in .answer(200) }
        let client = try CurlTransport()
        let url = server.url
        #expect(try await get(client, url).get().status == 200)
        await server.goDown()
        // noAnswer where the kept connection took the request before its end was known.
        switch await get(client, url) {
        case .failure(.unreachable), .failure(.noAnswer): break
        case let other: Issue.record("nobody should be there: \(other)")
        }
        try await server.comeBack()
        #expect(server.url == url)
        #expect(try await get(client, url).get().status == 200)
        await client.shutdown()
        await server.stop()
    }
}

@Suite("A clock turned by hand", .timeLimit(.minutes(1)))
struct HandClockTests {
    @Test("Sleepers wake when their time has come, and not before")
    func wakes() async throws {
        let clock = HandClock()
        let start = clock.now
        try await withThrowingTaskGroup(of: Int.self) { group in
            for seconds in [3, 1, 2] {
                group.addTask {
                    try await clock.sleep(for: .seconds(seconds))
                    return seconds
                }
            }
            await clock.sleeps(3)
            for seconds in 1...3 {
                clock.advance(by: .seconds(1))
                let woken = try await group.next()
                #expect(woken == seconds)
                #expect(clock.sleeperCount == 3 - seconds)
            }
        }
        #expect(clock.now - start == .seconds(3))
    }

    @Test("A time that has passed is not slept through")
    func past() async throws {
        let clock = HandClock()
        try await clock.sleep(until: clock.now, tolerance: nil)
    }

    @Test("A cancelled sleeper wakes with an error")
    func cancelled() async throws {
        let clock = HandClock()
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await clock.sleep(for: .seconds(1))
                    return false
                } catch {
                    return error is CancellationError
                }
            }
            await clock.sleeps(1)
            group.cancelAll()
            #expect(await group.next() == true)
        }
        #expect(clock.sleeperCount == 0)
    }
}

@Suite("What the core lends, as memory")
struct BorrowedTests {
    @Test("A notebook keeps, lists and forgets")
    func notebook() {
        let notebook = MemoryNotebook()
        notebook.write("serial/2", [2])
        notebook.write("serial/1", [1])
        notebook.write("other", [9])
        #expect(notebook.read("serial/1") == [1])
        #expect(notebook.keys(prefix: "serial/") == ["serial/1", "serial/2"])
        notebook.write("serial/1", nil)
        #expect(notebook.read("serial/1") == nil)
        #expect(MemoryNotebook(notebook.all).keys(prefix: "") == ["other", "serial/2"])
    }

    @Test("A stream keeps order and counts listeners")
    func stream() async {
        let stream = RecordingStream()
        let topic = StreamTopic(town: Sample.town.id, site: "school-1")
        #expect(stream.publish(StreamEvent(name: "alert", data: [], key: "a"), to: topic).live == 0)
        stream.setListeners(3, to: topic)
        let second = stream.publish(StreamEvent(name: "cancel", data: [], key: "a"), to: topic)
        #expect(second.live == 3)
        #expect(second.position == StreamPosition(epoch: 1, offset: 2))
        await stream.reaches(2)
        #expect(stream.published.map(\.event.name) == ["alert", "cancel"])
    }

    @Test("Samples say drill when they are one, carry the words asked for, and keep their id over attempts")
    func samples() throws {
        let real = Sample.message(words: "高台へ", as: Actual.self)
        let drill = Sample.message(words: "高台へ", as: Exercise.self)
        for (language, text) in real.texts {
            #expect(text.body.contains("高台へ"))
            #expect(!text.body.contains("訓練"))
            #expect(try #require(drill.texts[language]).body.contains(language == .english ? "DRILL" : "訓練"))
        }
        let end = Sample.farEnd(as: Actual.self)
        let first = Sample.delivery(of: real, to: end, channel: "x")
        let second = Sample.delivery(of: real, to: end, channel: "x", attempt: 2)
        #expect(first.id == second.id)
        #expect(real.alert.expires > Sample.now)
    }
}
