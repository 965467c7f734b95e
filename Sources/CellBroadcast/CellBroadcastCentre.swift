/// A small cell-broadcast centre: ECBE in over HTTP, CBSP out to base-station controllers, or, with no controller,
/// to whoever watches. For laboratories, drills and the demonstration.
///
///     POST /api/ecbe/v1/message ──▶ check ──▶ reserve ──▶ every connected controller ──▶ confirm ──▶ 201
///                                                          └── none took it ──▶ release ──▶ 502, 503, 504
///
/// The interface is osmo-cbc's; the answers are true. 201 means that at least one controller broadcasts the message
/// (osmo-cbc says so always); the others get it when they connect, as does a controller that lost its memory. A
/// message nobody took is not kept, so that the sender may simply try again.
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
        switch air.state.withLock({ $0.reserve(broadcast, now: configuration.now()) }) {
        case .conflict: return ECBEReply(409, "Could not allocate")
        case .full: return ECBEReply(500, "\(AirState.most) messages are on the air already")
        case .taken: break
        }
        let votes = await ask(.write(broadcast))
        guard votes.isEmpty || votes.contains(where: \.isYes) else {
            withdraw(broadcast, votes)
            return Self.nobodyTookIt(votes)
        }
        air.state.withLock { $0.confirm(broadcast.identifier) }
        configuration.onBroadcast(DecodedBroadcast(.written, broadcast))
        return ECBEReply(201, "Created" + Self.remarks(votes))
    }

    private func withdraw(_ broadcast: CBSPBroadcast, _ votes: [Vote]) {
        let kill = CBSPMessage.kill(broadcast.identifier, broadcast.serial, isWarning: broadcast.isWarning)
        air.state.withLock { state in
            _ = state.remove(broadcast.identifier, now: configuration.now())
            for (index, vote) in votes.enumerated() where vote.isInDoubt { state.owe(kill, to: index) }
        }
    }

    private func delete(_ identifier: UInt16) async -> ECBEReply {
        guard let gone = air.state.withLock({ $0.remove(identifier, now: configuration.now()) }) else {
            return ECBEReply(404, "Unknown message ID")
        }
        let kill = CBSPMessage.kill(gone.identifier, gone.serial, isWarning: gone.isWarning)
        let votes = await ask(kill)
        air.state.withLock { state in
            for (index, vote) in votes.enumerated() where !vote.isYes { state.owe(kill, to: index) }
        }
        configuration.onBroadcast(DecodedBroadcast(.killed, gone))
        return ECBEReply(200, "OK" + Self.remarks(votes))
    }

    // MARK: Asking the controllers

    private enum Vote {
        case yes
        case no(String)
        case doubt(String)
        case away

        var isYes: Bool { if case .yes = self { true } else { false } }
        var isInDoubt: Bool { if case .doubt = self { true } else { false } }
    }

    /// All controllers at once; in their order.
    private func ask(_ message: CBSPMessage) async -> [Vote] {
        let deadline = ContinuousClock.now + configuration.answerLimit
        return await withTaskGroup(of: (Int, Vote).self) { group in
            for (index, client) in clients.enumerated() {
                group.addTask { (index, await Self.ask(client, message, deadline)) }
            }
            var votes = [Vote](repeating: .away, count: clients.count)
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

    private static func nobodyTookIt(_ votes: [Vote]) -> ECBEReply {
        if votes.contains(where: { if case .no = $0 { true } else { false } }) {
            return ECBEReply(502, "no controller took it" + remarks(votes))
        }
        return votes.contains(where: \.isInDoubt)
            ? ECBEReply(504, "no controller answered" + remarks(votes))
            : ECBEReply(503, "no controller is connected")
    }

    private static func remarks(_ votes: [Vote]) -> String {
        votes.enumerated().compactMap { index, vote in
            switch vote {
            case .yes: nil
            case .no(let words), .doubt(let words): "; controller \(index + 1): \(words)"
            case .away: "; controller \(index + 1) is not connected and gets it later"
            }
        }.joined()
    }
}
