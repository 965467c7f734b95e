import ChannelKit
@testable import Curl
import Synchronization
import Testing

@Suite("HTTP to the outside", .timeLimit(.minutes(1)))
struct CurlTransportTests {
    /// Far away enough not to matter.
    private var later: ContinuousClock.Instant { .now + .seconds(20) }

    /// Runs `body` with a server and a client, and takes both down.
    private func with(
        _ configuration: CurlConfiguration = CurlConfiguration(), script: @escaping @Sendable (Connection) -> Void,
        _ body: (CurlTransport, LoopbackServer) async throws -> Void
    ) async throws {
        let server = try LoopbackServer(script)
        let client = try CurlTransport(configuration)
        defer { server.stop() }
        try await body(client, server)
        await client.shutdown()
    }

    private func failure(
        _ client: CurlTransport, _ call: HTTPCall, deadline: ContinuousClock.Instant? = nil
    ) async -> TransportFailure? {
        do throws(TransportFailure) {
            _ = try await client.send(call, deadline: deadline ?? later)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Answers

    @Test("The request arrives as it was written, and the answer with status, headers and body")
    func wholeExchange() async throws {
        let seen = Mutex("")
        let server: @Sendable (Connection) -> Void = { peer in
            guard let request = peer.request() else { return }
            seen.withLock { $0 = request }
            peer.write("HTTP/1.1 201 Created\r\nX-Number: 42\r\nx-empty:\r\nContent-Length: 6\r\n\r\n避難")
        }
        try await with(script: server) { client, server in
            let call = HTTPCall(
                method: "POST", url: server.url + "/messages?kind=1",
                headers: [("Content-Type", "application/json"), ("Idempotency-Key", "a.b"), ("X-Blank", "")],
                body: Array("{\"text\":\"避難\0\"}".utf8))
            let answer = try await client.send(call, deadline: later)
            #expect(answer.status == 201)
            #expect(answer.text == "避難")
            #expect(answer.header("x-number") == "42")
            #expect(answer.header("X-Empty") == "")
        }
        let request = seen.withLock { $0 }
        #expect(request.hasPrefix("POST /messages?kind=1 HTTP/1.1\r\n"))
        #expect(request.contains("\r\nIdempotency-Key: a.b\r\n"))
        #expect(request.contains("\r\nX-Blank:\r\n"))
        #expect(request.contains("\r\nContent-Type: application/json\r\n"))
        #expect(!request.contains("Expect"))
        #expect(request.hasSuffix("\r\n\r\n{\"text\":\"避難\0\"}"))
    }

    @Test("Every method goes out as written", arguments: ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    func methods(method: String) async throws {
        let server: @Sendable (Connection) -> Void = { peer in
            while let request = peer.request() { peer.answer(String(request.prefix { $0 != " " })) }
        }
        try await with(script: server) { client, server in
            let bare = try await client.send(HTTPCall(method: method, url: server.url), deadline: later)
            #expect(bare.text == method)
            let full = try await client.send(HTTPCall(method: method, url: server.url, body: [65]), deadline: later)
            #expect(full.text == method)
        }
    }

    @Test("A HEAD is answered without a body")
    func head() async throws {
        try await with(script: { peer in
            while peer.request() != nil { peer.write("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n") }
        }) { client, server in
            let answer = try await client.send(HTTPCall(method: "HEAD", url: server.url), deadline: later)
            #expect(answer.status == 200)
            #expect(answer.body.isEmpty)
        }
    }

    @Test("A chunked answer is put together, and an interim answer leaves no headers behind")
    func chunked() async throws {
        try await with(script: { peer in
            _ = peer.request()
            peer.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            peer.write("4\r\ndefg\r\n0\r\n\r\n")
        }) { client, server in
            let answer = try await client.send(HTTPCall(method: "GET", url: server.url), deadline: later)
            #expect(answer.text == "abcdefg")
            #expect(answer.header("Link") == nil)
        }
    }

    @Test("An answer may come piece by piece")
    func slow() async throws {
        let half = Gate(), rest = Gate()
        try await with(script: { peer in
            _ = peer.request()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
            half.open()
            rest.blockUntilOpen()
            peer.write("cd")
        }) { client, server in
            async let answer = client.send(HTTPCall(method: "GET", url: server.url), deadline: later)
            await half.opened()
            rest.open()
            let whole = try await answer
            #expect(whole.text == "abcd")
        }
    }

    @Test("A redirect is an answer and is not followed")
    func redirect() async throws {
        let requests = Atomic(0)
        try await with(script: { peer in
            while peer.request() != nil {
                requests.add(1, ordering: .relaxed)
                peer.write("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
            }
        }) { client, server in
            let answer = try await client.send(HTTPCall(method: "GET", url: server.url), deadline: later)
            #expect(answer.status == 302)
            #expect(answer.header("location") == "/elsewhere")
        }
        #expect(requests.load(ordering: .relaxed) == 1)
    }

    // MARK: Failures

    @Test("A connection that is refused means nothing was sent")
    func refusedConnection() async throws {
        try await with(script: { _ in }) { client, server in
            server.stop()
            guard case .unreachable = await failure(client, HTTPCall(method: "GET", url: server.url)) else {
                Issue.record("should be unreachable")
                return
            }
        }
    }

    @Test("No whole answer after the request has gone out: nobody knows what happened", arguments: [
        "", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "HTTP/1.1 200 OK\r\nTransfer-Enc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "\0\0\0\0\0\0\0\0",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nx",
    ], [true, false])
    func brokenAnswer(bytes: String, byReset: Bool) async throws {
        try await with(script: { peer in
            _ = peer.request()
            peer.write(bytes)
            if byReset { peer.resetOnClose() }
        }) { client, server in
            let failure = await failure(client, HTTPCall(method: "POST", url: server.url, body: [65]))
            guard case .noAnswer = failure else {
                Issue.record("should be noAnswer, is \(String(describing: failure))")
                return
            }
        }
    }

    @Test("A silent far end is given up at the deadline")
    func silent() async throws {
        try await with(script: { $0.waitForClose() }) { client, server in
            let begun = ContinuousClock.now
            let failure = await failure(
                client, HTTPCall(method: "GET", url: server.url), deadline: begun + .milliseconds(150))
            let took = ContinuousClock.now - begun
            guard case .noAnswer = failure else {
                Issue.record("should be noAnswer, is \(String(describing: failure))")
                return
            }
            #expect(took >= .milliseconds(140))
            #expect(took < .seconds(5))
        }
    }

    @Test("A deadline that has passed sends nothing")
    func passedDeadline() async throws {
        try await with(script: { $0.waitForClose() }) { client, server in
            let failure = await failure(client, HTTPCall(method: "GET", url: server.url), deadline: .now - .seconds(1))
            #expect(failure == .unreachable("送る前に期限が過ぎました (the deadline passed before anything was sent)"))
            #expect(server.accepted == 0)
        }
    }

    @Test("A call that waits for a place is given up at its deadline")
    func deadlineInTheLane() async throws {
        var configuration = CurlConfiguration()
        configuration.connectionsPerOrigin = 1
        let arrived = Gate()
        try await with(configuration, script: { peer in
            _ = peer.request()
            arrived.open()
            peer.waitForClose()
        }) { client, server in
            async let first = failure(client, HTTPCall(method: "GET", url: server.url))
            await arrived.opened()
            let second = await failure(
                client, HTTPCall(method: "GET", url: server.url), deadline: .now + .milliseconds(50))
            #expect(second == .unreachable("送る前に期限が過ぎました (the deadline passed before anything was sent)"))
            await client.shutdown()
            #expect(await first == .cancelled)
        }
    }

    @Test("What waits for a place is asked once more before it leaves: whoever may not act any more sends nothing")
    func gate() async throws {
        var configuration = CurlConfiguration()
        configuration.connectionsPerOrigin = 1
        let arrived = Gate(), end = Gate(), heard = Mutex<[String]>([]), mayGo = Mutex(true)
        let isOpen: @Sendable () -> Bool = { mayGo.withLock { $0 } }
        try await with(configuration, script: { peer in
            while let request = peer.request() {
                heard.withLock { $0.append(String(request.prefix { !$0.isNewline })) }
                arrived.open()
                end.blockUntilOpen()
                peer.answer("ok")
            }
        }) { client, server in
            async let first = failure(client, HTTPCall(method: "GET", url: server.url + "/first"))
            await arrived.opened()
            async let second = WireGate.$isOpen.withValue(isOpen) { await failure(client, HTTPCall(method: "GET", url: server.url + "/second")) }
            while client.callCount < 2 { try await Task.sleep(for: .milliseconds(5)) }
            mayGo.withLock { $0 = false }
            end.open()
            #expect(await first == nil)
            #expect(await second == .cancelled)
            #expect(await failure(client, HTTPCall(method: "GET", url: server.url + "/third")) == nil, "the lane goes on")
        }
        #expect(heard.withLock { $0.count } == 2 && heard.withLock { $0.allSatisfy { !$0.contains("second") } })
    }

    @Test("An answer longer than allowed is broken off")
    func oversize() async throws {
        try await with(script: { peer in
            while peer.request() != nil { peer.answer(String(repeating: "x", count: 2_000_000)) }
        }) { client, server in
            let call = HTTPCall(method: "GET", url: server.url, answerLimit: 1_999_999)
            #expect(await failure(client, call) == .noAnswer("返事が1999999バイトを超えています (the answer is too long)"))
            let fits = HTTPCall(method: "GET", url: server.url, answerLimit: 2_000_000)
            let whole = try await client.send(fits, deadline: later)
            #expect(whole.body.count == 2_000_000)
        }
    }

    @Test("A header without end is broken off")
    func endlessHeader() async throws {
        try await with(script: { peer in
            _ = peer.request()
            peer.write("HTTP/1.1 200 OK\r\n")
            for number in 0..<3000 { peer.write("X-\(number): \(String(repeating: "y", count: 60))\r\n") }
            peer.waitForClose()
        }) { client, server in
            let failure = await failure(client, HTTPCall(method: "GET", url: server.url))
            #expect(failure == .noAnswer("返事のヘッダーが65536バイトを超えています (the header is too long)"))
        }
    }

    @Test("A call that is wrong in itself is refused before anything is sent", arguments: [
        HTTPCall(method: "GET", url: "ftp://127.0.0.1/"), HTTPCall(method: "GET", url: "file:///etc/passwd"),
        HTTPCall(method: "GET", url: "127.0.0.1"), HTTPCall(method: "GET", url: ""),
        HTTPCall(method: "GET", url: "http://user:secret@127.0.0.1/"),
        HTTPCall(method: "GET", url: "http://127.0.0.1/\r\nX: y"), HTTPCall(method: "GET", url: "http://a\0b/"),
        HTTPCall(method: "GET /x", url: "http://127.0.0.1/"), HTTPCall(method: "", url: "http://127.0.0.1/"),
        HTTPCall(method: "GET", url: "http://127.0.0.1/", headers: [("X", "a\r\nY: b")]),
        HTTPCall(method: "GET", url: "http://127.0.0.1/", headers: [("X Y", "a")]),
    ])
    func wrongCall(call: HTTPCall) async throws {
        let client = try CurlTransport()
        guard case .refused = await failure(client, call) else {
            Issue.record("should be refused: \(call)")
            return
        }
        await client.shutdown()
    }

    // MARK: Cancelling, many at once, the end

    @Test("A cancelled call ends at once and leaves the line")
    func cancel() async throws {
        let arrived = Gate(), left = Gate()
        try await with(script: { peer in
            _ = peer.request()
            arrived.open()
            peer.waitForClose()
            left.open()
        }) { client, server in
            let begun = ContinuousClock.now
            let result = await withTaskGroup(of: TransportFailure?.self) { group in
                group.addTask { await failure(client, HTTPCall(method: "GET", url: server.url)) }
                await arrived.opened()
                group.cancelAll()
                return await group.next() ?? nil
            }
            #expect(result == .cancelled)
            await left.opened()
            #expect(ContinuousClock.now - begun < .seconds(5))
        }
    }

    @Test("A call in a task that is already cancelled sends nothing")
    func cancelledBefore() async throws {
        try await with(script: { $0.waitForClose() }) { client, server in
            let result = await withTaskGroup(of: TransportFailure?.self) { group in
                group.cancelAll()
                group.addTask { await failure(client, HTTPCall(method: "GET", url: server.url)) }
                return await group.next() ?? nil
            }
            #expect(result == .cancelled)
            #expect(server.accepted == 0)
        }
    }

    @Test("Calls cancelled while others succeed are each answered once")
    func cancelStorm() async throws {
        try await with(script: { peer in while peer.request() != nil { peer.answer("ok") } }) { client, server in
            await withTaskGroup(of: TransportFailure?.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let inner = Task { await failure(client, HTTPCall(method: "GET", url: server.url)) }
                        if number.isMultiple(of: 2) { inner.cancel() }
                        return await inner.value
                    }
                }
                var answered = 0
                for await result in group {
                    #expect(result == nil || result == .cancelled)
                    if result == nil { answered += 1 }
                }
                #expect(answered >= 50)
            }
        }
    }

    @Test("200 calls at once go through on eight connections at most")
    func manyAtOnce() async throws {
        try await with(script: { peer in
            while let request = peer.request() { peer.answer(String(request.dropFirst(5).prefix { $0 != " " })) }
        }) { client, server in
            try await withThrowingTaskGroup(of: (Int, String).self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let call = HTTPCall(method: "GET", url: server.url + "/\(number)")
                        return (number, try await client.send(call, deadline: .now + .seconds(20)).text)
                    }
                }
                for try await (number, text) in group { #expect(text == "\(number)") }
            }
            #expect((1...8).contains(server.accepted))
        }
    }

    @Test("More calls than the limit are told so at once")
    func callLimit() async throws {
        var configuration = CurlConfiguration()
        configuration.callLimit = 1
        let arrived = Gate()
        try await with(configuration, script: { peer in
            _ = peer.request()
            arrived.open()
            peer.waitForClose()
        }) { client, server in
            async let first = failure(client, HTTPCall(method: "GET", url: server.url))
            await arrived.opened()
            let second = await failure(client, HTTPCall(method: "GET", url: server.url))
            #expect(second == .unreachable("待っている呼び出しが多すぎます (too many calls are waiting)"))
            await client.shutdown()
            #expect(await first == .cancelled)
        }
    }

    @Test("A shutdown ends what is in flight and what waits, and later calls at once")
    func shutdown() async throws {
        let arrived = Gate()
        try await with(script: { peer in
            _ = peer.request()
            arrived.open()
            peer.waitForClose()
        }) { client, server in
            await withTaskGroup(of: TransportFailure?.self) { group in
                for _ in 0..<20 { group.addTask { await failure(client, HTTPCall(method: "GET", url: server.url)) } }
                await arrived.opened()
                await client.shutdown()
                for await result in group { #expect(result == .cancelled) }
            }
            #expect(await failure(client, HTTPCall(method: "GET", url: server.url)) == .cancelled)
        }
    }

    @Test("A call that may be made once is made once, where another's kept line dies under it and it is made again", arguments: [false, true])
    func once(isOnce: Bool) async throws {
        let seen = Mutex([String]())
        let server: @Sendable (Connection) -> Void = { peer in
            // The first call of each line is answered; whatever comes after it on the same line is read and the line is closed.
            var isFirst = true
            while let request = peer.request() {
                let isAnswered = seen.withLock { all in
                    all.append(String(request.prefix { $0 != "\r\n" }))
                    return isFirst && !(isOnce && request.contains("/call"))
                }
                guard isAnswered else { return }
                isFirst = false
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        try await with(script: server) { client, server in
            _ = try await client.send(HTTPCall(method: "GET", url: server.url + "/before"), deadline: later)
            let call = HTTPCall(method: "POST", url: server.url + "/call", body: [65], isOnce: isOnce)
            guard isOnce else {
                // What `isOnce` is for: libcurl makes it again by itself.
                #expect(try await client.send(call, deadline: later).status == 200)
                return
            }
            guard case .noAnswer = await failure(client, call) else { Issue.record("it has an answer"); return }
            #expect(server.accepted == 2, "not on the kept line")
        }
        #expect(seen.withLock { $0.filter { $0.contains("/call") }.count } == (isOnce ? 1 : 2))
    }

    @Test("Timings tell a new connection from a kept one")
    func timings() async throws {
        let connections = Mutex<[Int]>([])
        var configuration = CurlConfiguration()
        configuration.onTimings = { timings in
            connections.withLock { $0.append(timings.newConnections) }
            #expect(timings.total >= timings.firstByte)
            #expect(timings.status == 200)
        }
        try await with(configuration, script: { peer in while peer.request() != nil { peer.answer("") } }) { client, server in
            for _ in 0..<2 { _ = try await client.send(HTTPCall(method: "GET", url: server.url), deadline: later) }
        }
        #expect(connections.withLock { $0 } == [1, 0])
    }
}
