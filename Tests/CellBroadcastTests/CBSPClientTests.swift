import Testing

@testable import CellBroadcast

@Suite("The line to a controller on loopback", .timeLimit(.minutes(1)))
struct CBSPClientTests {
    let heard = Heard<CBSPClient.Event>()
    let order: CBSPBroadcast

    init() throws {
        order = CBSPBroadcast(
            identifier: 0xA004, serial: SerialNumber(code: 1),
            content: .text(try PagedText(ucs2: "避難指示"), category: .high, period: 32, broadcasts: 60))
    }

    func client(_ controller: FakeController, recover: @escaping @Sendable () -> [CBSPMessage] = { [] }) -> CBSPClient {
        CBSPClient(
            .init(
                role: .connect(host: controller.host, port: controller.port), firstPause: .milliseconds(1),
                longestPause: .milliseconds(5)),
            recover: recover, onEvent: { [heard] in heard.hear($0) })
    }

    @Test("Write, replace and kill are answered")
    func life() async throws {
        let controller = try await FakeController.start()
        let client = client(controller)
        client.start()
        let deadline = ContinuousClock.now + .seconds(20)
        #expect(try await client.ask(.write(order), deadline: deadline).type == .writeReplaceComplete)
        let again = try await client.ask(.write(order), deadline: deadline)
        #expect(again.complaint == "cell 00010002: message reference already used" && again.isAsGoodAsDone)
        var update = order
        update.serial = order.serial.updated
        #expect(try await client.ask(.write(update, replacing: order.serial), deadline: deadline).type == .writeReplaceComplete)
        let stale = try await client.ask(.write(update, replacing: order.serial), deadline: deadline)
        #expect(stale.type == .writeReplaceFailure && !stale.isAsGoodAsDone)
        #expect(try await client.ask(.loadQuery(), deadline: deadline).type == .loadQueryComplete)
        #expect(try await client.ask(.kill(0xA004, update.serial, isWarning: false), deadline: deadline).type == .killComplete)
        let gone = try await client.ask(.kill(0xA004, update.serial, isWarning: false), deadline: deadline)
        #expect(gone.type == .killFailure && gone.isAsGoodAsDone)
        await client.close()
        try await controller.stop()
    }

    @Test("A controller that starts anew is told everything in force")
    func recovery() async throws {
        let controller = try await FakeController.start()
        let order = order
        let client = client(controller) { [.write(order)] }
        client.start()
        #expect(await heard.next { $0 == .recovered(count: 1, refused: []) } != nil)
        #expect(controller.onAir == [0xA004: order.serial])
        try await controller.stop()
        _ = await heard.next { if case .disconnected = $0 { true } else { false } }
        let reborn = try await FakeController.start(insteadOf: controller)
        #expect(await heard.next { $0 == .recovered(count: 1, refused: []) } != nil)
        #expect(reborn.onAir == [0xA004: order.serial])
        await client.close()
        try await reborn.stop()
    }

    @Test("A cut line is made again")
    func cut() async throws {
        let controller = try await FakeController.start()
        let client = client(controller)
        client.start()
        _ = try await client.ask(.write(order), deadline: .now + .seconds(20))
        try await controller.cut()
        _ = await heard.next { if case .disconnected = $0 { true } else { false } }
        #expect(try await client.ask(.write(order), deadline: .now + .seconds(20)).isAsGoodAsDone)
        await client.close()
        try await controller.stop()
    }

    @Test("Without a controller a question ends as not connected, at its deadline or at once")
    func nobody() async throws {
        let controller = try await FakeController.start()
        try await controller.stop()
        let client = client(controller)
        client.start()
        await #expect(throws: CBSPFailure.notConnected) { try await client.ask(.reset(), deadline: .now + .seconds(20), waits: false) }
        await #expect(throws: CBSPFailure.notConnected) { try await client.ask(.reset(), deadline: .now + .milliseconds(20)) }
        await client.close()
        await #expect(throws: CBSPFailure.notConnected) { try await client.ask(.reset(), deadline: .now + .seconds(20)) }
    }

    @Test("A cancelled task ends its question")
    func cancelled() async throws {
        let controller = try await FakeController.start()
        controller.set(silent: true)
        let client = client(controller)
        client.start()
        _ = await heard.next { $0 == .connected }
        await withTaskGroup(of: CBSPFailure?.self) { group in
            group.addTask {
                do throws(CBSPFailure) {
                    _ = try await client.ask(.reset(), deadline: .now + .seconds(60))
                    return nil
                } catch { return error }
            }
            group.cancelAll()
            #expect(await group.next() == .some(.cancelled))
        }
        await client.close()
        try await controller.stop()
    }

    @Test("We can be the server, and the newest connection counts")
    func listening() async throws {
        let server = CBSPClient(.init(role: .listen(host: "127.0.0.1", port: 0)), onEvent: { [heard] in heard.hear($0) })
        server.start()
        guard case .listening(let port)? = await heard.next({ if case .listening = $0 { true } else { false } }) else {
            Issue.record("not listening"); return
        }
        // A client plays the controller: it only answers KEEP-ALIVE, so that a question ends at its deadline.
        let first = CBSPClient(.init(role: .connect(host: "127.0.0.1", port: port)))
        first.start()
        _ = await heard.next { $0 == .connected }
        await #expect(throws: CBSPFailure.noAnswer) { try await server.ask(.reset(), deadline: .now + .milliseconds(20)) }
        await first.close()
        await server.close()
    }
}
