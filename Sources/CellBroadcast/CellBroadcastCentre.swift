/// A small cell-broadcast centre: ECBE in over HTTP, CBSP out to base-station controllers, or, with no controller,
/// to whoever watches. For laboratories, drills and the demonstration.
///
///     POST /api/ecbe/v1/message ──▶ check ──▶ reserve ──▶ every connected controller ──▶ confirm ──▶ 201
///                                                          └── none took it ──▶ release ──▶ 502, 503, 504
///
/// The interface is osmo-cbc's; the answers are true. 201 means that at least one controller broadcasts the message
/// (osmo-cbc says so always); the others get it when they connect, as does a controller that lost its memory. A
/// message nobody took is not kept, so that the sender may simply try again. A DELETE is 200 when no controller
/// broadcasts the message any more; until then 502, 503 or 504, and asking again goes on where it stopped. Every answer
/// counts the controllers in a header of its own, and `GET /api/ecbe/v1/message` lists what is on the air.
import FoundationEssentials
import Synchronization

package final class CellBroadcastCentre: Sendable {
    package struct Configuration: Sendable {
        package var host: String
        /// 0 takes any free port.
        package var port: Int
        package var controllers: [CBSPClient.Configuration]
        /// How long the controllers have to answer one request.
        package var answerLimit: Duration
        /// Octets of one request's body; fifteen pages are 3 KiB of digits.
        package var bodyLimit: Int
        /// HTTP connections at once.
        package var connectionLimit: Int
        package var onBroadcast: @Sendable (DecodedBroadcast) -> Void
        /// The controller's place in `controllers`, and what happened on its line.
        package var onEvent: @Sendable (Int, CBSPClient.Event) -> Void
        package var now: @Sendable () -> ContinuousClock.Instant

        /// 127.0.0.1:12345 is where osmo-cbc listens.
        package init(
            host: String = "127.0.0.1", port: Int = 12345, controllers: [CBSPClient.Configuration] = [],
            answerLimit: Duration = .seconds(5), bodyLimit: Int = 65536, connectionLimit: Int = 64,
            onBroadcast: @escaping @Sendable (DecodedBroadcast) -> Void = { _ in },
            onEvent: @escaping @Sendable (Int, CBSPClient.Event) -> Void = { _, _ in },
            now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
        ) {
            self.host = host
            self.port = port
            self.controllers = controllers
            self.answerLimit = answerLimit
            self.bodyLimit = bodyLimit
            self.connectionLimit = connectionLimit
            self.onBroadcast = onBroadcast
            self.onEvent = onEvent
            self.now = now
        }
    }

    let configuration: Configuration
    private let air: Air
    private let clients: [CBSPClient]
    private let port = Announcement<Int>()

    package init(configuration: Configuration) {
        self.configuration = configuration
        let air = Air(controllers: configuration.controllers.count)
        self.air = air
        clients = configuration.controllers.enumerated().map { index, controller in
            CBSPClient(
                controller, recover: { air.state.withLock { $0.recovery(of: index, now: configuration.now()) } },
                onEvent: { configuration.onEvent(index, $0) })
        }
    }

    /// What the controllers' lines and the requests share.
    private final class Air: Sendable {
        let state: Mutex<AirState>
        init(controllers: Int) { state = Mutex(AirState(controllers: controllers)) }
    }

    /// Listens and serves until its task is cancelled.
    package func run() async throws {
        for client in clients { client.start() }
        let server = ECBEServer(
            host: configuration.host, port: configuration.port, bodyLimit: configuration.bodyLimit,
            connectionLimit: configuration.connectionLimit)
        do {
            try await server.run(onBound: { self.port.announce(.success($0)) }) { request in
                await self.answer(request)
            }
        } catch {
            port.announce(.failure(error))
            await closeAll()
            throw error
        }
        port.announce(.failure(CancellationError()))
        await closeAll()
    }

    private func closeAll() async {
        for client in clients { await client.close() }
    }

    /// The port we listen on; waits until `run` has bound it.
    package var boundPort: Int { get async throws { try await port.value } }

    /// What is on the air now, by message identifier.
    package var onAir: [DecodedBroadcast] {
        let now = configuration.now()
        return air.state.withLock { state in
            state.active.values.filter { $0.isConfirmed && $0.ends.map { $0 > now } ?? true }
        }.sorted { $0.broadcast.identifier < $1.broadcast.identifier }.map { DecodedBroadcast(.written, $0.broadcast) }
    }

    func answer(_ request: ECBERequest) async -> ECBEReply {
        switch request {
        case .create(let message): await create(message)
        case .delete(let identifier): await delete(identifier)
        case .list: list()
        case .refused(let reply): reply
        }
    }

    private func create(_ message: ECBEMessage) async -> ECBEReply {
        let broadcast: CBSPBroadcast
        do {
            broadcast = try message.checked()
        } catch {
            return ECBEReply(400, error.reason)
        }
        let (place, before) = air.state.withLock { state in
            let place = state.reserve(broadcast, now: configuration.now())
            if case .taken = place { state.owe(broadcast.kill) }
            return (place, state.recoveries)
        }
        switch place {
        case .conflict: return ECBEReply(409, "Could not allocate")
        case .full: return ECBEReply(500, "\(AirState.most) messages are on the air already")
        case .taken: break
        }
        var votes = await ask(.write(broadcast))
        guard votes.isEmpty || votes.contains(where: \.isYes) else {
            withdraw(broadcast, votes)
            return Self.nobody(votes, "no controller took it")
        }
        // Who came back before it was confirmed was told nothing of it, and is asked once more.
        let late = air.state.withLock { state in
            state.confirm(broadcast)
            return Set(votes.indices.filter { !votes[$0].isYes && state.recoveries[$0] != before[$0] })
        }
        if !late.isEmpty {
            for (index, vote) in await ask(.write(broadcast), only: late).enumerated() where late.contains(index) { votes[index] = vote }
        }
        configuration.onBroadcast(DecodedBroadcast(.written, broadcast))
        return ECBEReply(201, "Created" + Self.remarks(votes), controllers: Self.counts(votes))
    }

    private func list() -> ECBEReply {
        let rows = onAir.map { ECBEListing(message_id: Int($0.identifier), serial_nr: Int($0.serial.encoded)) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var reply = ECBEReply(200, (try? encoder.encode(rows)).map { String(decoding: $0, as: UTF8.self) } ?? "[]")
        reply.type = "application/json"
        return reply
    }

    private func withdraw(_ broadcast: CBSPBroadcast, _ votes: [Vote]) {
        air.state.withLock { state in
            _ = state.remove(broadcast.identifier, now: configuration.now())
            for (index, vote) in votes.enumerated() where !vote.isInDoubt { state.settle(broadcast.kill, with: index) }
        }
    }

    /// A controller that does not answer, or is away, may go on broadcasting: it is told when it is heard of again, and
    /// whoever asks meanwhile hears that it is not done.
    private func delete(_ identifier: UInt16) async -> ECBEReply {
        let (gone, owed) = air.state.withLock { state in
            let owed = state.owed(identifier), gone = state.remove(identifier, now: configuration.now())
            if let gone { state.owe(gone.kill) }
            return (gone, owed)
        }
        guard let kill = gone?.kill ?? owed?.kill else { return ECBEReply(404, "Unknown message ID") }
        let votes = await ask(kill, only: gone == nil ? owed?.controllers : nil)
        air.state.withLock { state in
            for (index, vote) in votes.enumerated() {
                if vote.isYes || vote.isSpared { state.settle(kill, with: index) }
            }
        }
        if let gone { configuration.onBroadcast(DecodedBroadcast(.killed, gone)) }
        guard votes.allSatisfy({ $0.isYes || $0.isSpared }) else { return Self.nobody(votes, "not taken off everywhere") }
        return ECBEReply(200, "OK", controllers: Self.counts(votes))
    }

    // MARK: Asking the controllers

    private enum Vote {
        case yes
        case no(String)
        case doubt(String)
        case away
        /// Has nothing to be asked.
        case spared

        var isSpared: Bool { if case .spared = self { true } else { false } }
        var isYes: Bool { if case .yes = self { true } else { false } }
        var isInDoubt: Bool { if case .doubt = self { true } else { false } }
    }

    /// All controllers at once; in their order.
    private func ask(_ message: CBSPMessage, only some: Set<Int>? = nil) async -> [Vote] {
        let deadline = ContinuousClock.now + configuration.answerLimit
        return await withTaskGroup(of: (Int, Vote).self) { group in
            for (index, client) in clients.enumerated() where some?.contains(index) ?? true {
                group.addTask { (index, await Self.ask(client, message, deadline)) }
            }
            var votes = [Vote](repeating: .spared, count: clients.count)
            for await (index, vote) in group { votes[index] = vote }
            return votes
        }
    }

    private static func ask(
        _ client: CBSPClient, _ message: CBSPMessage, _ deadline: ContinuousClock.Instant
    ) async -> Vote {
        do throws(CBSPFailure) {
            let answer = try await client.ask(message, deadline: deadline, waits: false)
            return answer.isAsGoodAsDone ? .yes : .no(answer.complaint)
        } catch {
            switch error {
            case .notConnected, .tooManyQuestions: return .away
            case .noAnswer, .connectionLost, .cancelled: return .doubt(error.description)
            }
        }
    }

    private static func nobody(_ votes: [Vote], _ words: String) -> ECBEReply {
        let isNo = votes.contains { if case .no = $0 { true } else { false } }
        let status = isNo ? 502 : votes.contains(where: \.isInDoubt) ? 504 : 503
        let all = status == 503 && !votes.contains(where: \.isYes) ? "no controller is connected" : words + remarks(votes)
        return ECBEReply(status, all, controllers: counts(votes))
    }

    private static func counts(_ votes: [Vote]) -> ControllerCount {
        var counts = ControllerCount()
        for vote in votes {
            switch vote {
            case .yes: counts.confirmed += 1
            case .no: counts.refused += 1
            case .doubt: counts.silent += 1
            case .away: counts.away += 1
            case .spared: break
            }
        }
        return counts
    }

    private static func remarks(_ votes: [Vote]) -> String {
        votes.enumerated().compactMap { index, vote in
            switch vote {
            case .yes, .spared: nil
            case .no(let words), .doubt(let words): "; controller \(index + 1): \(words)"
            case .away: "; controller \(index + 1) is not connected and is told later"
            }
        }.joined()
    }
}
