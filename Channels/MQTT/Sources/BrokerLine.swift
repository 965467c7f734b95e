/// The line to one broker, kept up for as long as this lives: opened by the first who needs it, opened again when it is lost.
///
///     publish ──▶ Session ◀──▶ socket (plain, or libcurl's TLS) ◀──▶ broker
///        ▲           │ ready: `online`, what stands is said again
///        └── settled ┘ lost: whoever waits hears it at once; 0.1 s, doubling to 15 s, then again
///
/// All of it stays on one event loop. Whoever waits for a lost broker is told so and comes back by the core's own rules; nothing is
/// kept here for later but what stands (`Board`).
import ChannelKit
import Logging
import NIOCore
import NIOPosix
import Synchronization

final class BrokerLine: Sendable {
    /// What a line needs of those who use it; called on its loop, each must answer at once.
    struct Ears: Sendable {
        /// States to be said after every new connection: topic, payload, seconds.
        var standing: @Sendable () -> [(topic: String, payload: [UInt8], expiry: UInt32?)]
        var heard: @Sendable (Packet.Publication) -> Void
    }

    private let loop: any EventLoop
    private let core: NIOLoopBoundBox<BrokerCore>

    init(_ broker: SignSettings.Broker, transport: any HTTPTransport, retains: Bool, logger: Logger, ears: Ears) {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        self.loop = loop
        core = .makeBoxSendingValue(BrokerCore(broker, loop: loop, transport: transport, retains: retains, logger: logger, ears: ears), eventLoop: loop)
    }

    deinit { loop.execute { [core] in core.value.close(nil) } }

    /// Connects, where it is not, and listens to these topics.
    func open(listeningTo topics: [String] = []) {
        loop.execute { [core] in core.value.open(topics) }
    }

    /// Returns once it has its place behind those before it.
    func publish(_ topic: String, _ payload: [UInt8], retain: Bool, expiry: UInt32?) -> Asked {
        ask { core, token in core.publish(.init(token: token, topic: topic, payload: payload, retain: retain, expiry: expiry)) }
    }

    func ping() -> Asked { ask { core, token in core.ping(token) } }

    private func ask(_ body: @escaping @Sendable (BrokerCore, Int) -> Void) -> Asked {
        let asked = Asked(token: Asked.next(), promise: loop.makePromise(), line: self)
        loop.execute { [core] in
            core.value.asked(asked.token, asked.promise)
            body(core.value, asked.token)
        }
        return asked
    }

    /// Says `offline` and takes leave.
    func close() async {
        let done = loop.makePromise(of: Void.self)
        loop.execute { [core] in core.value.close(done) }
        try? await done.futureResult.get()  // it never fails
    }

    /// A question under way.
    struct Asked: Sendable {
        let token: Int
        let promise: EventLoopPromise<String?>
        let line: BrokerLine

        private static let last = Atomic<Int>(0)
        static func next() -> Int { last.add(1, ordering: .relaxed).newValue }

        /// The broker's note with its yes.
        func answer(deadline: ContinuousClock.Instant) async throws(DeliveryFailure) -> String? {
            let (token, core, loop) = (token, line.core, line.loop)
            let limit = loop.scheduleTask(deadline: .now() + TimeAmount(max(.zero, deadline - .now))) {
                core.value.giveUp(token, .unavailable("ブローカーの返事が間に合いません (no answer in time)"))
            }
            defer { limit.cancel() }
            do {
                return try await withTaskCancellationHandler {
                    try await promise.futureResult.get()
                } onCancel: {
                    loop.execute { core.value.giveUp(token, .cancelled) }
                }
            } catch let failure as DeliveryFailure {
                throw failure
            } catch {
                throw .unavailable("ブローカーとの接続で問題が起きました: \(error) (trouble on the line)")
            }
        }
    }
}

/// What a line keeps on its loop.
final class BrokerCore {
    private typealias Instant = ContinuousClock.Instant

    private let broker: SignSettings.Broker
    private let loop: any EventLoop
    private let transport: any HTTPTransport
    private let retains: Bool
    private let logger: Logger
    private let ears: BrokerLine.Ears
    private let client: String

    private var session: Session?
    private var channel: (any Channel)?
    /// The connection under way; what an older one says is nothing to us.
    private var epoch = 0
    private var topics: [String] = []
    private var asked: [Int: EventLoopPromise<String?>] = [:]
    private var limit: Scheduled<Void>?
    private var again: Scheduled<Void>?
    private var clock: Scheduled<Void>?
    private var pause = BrokerCore.firstPause
    private var begunAt: NIODeadline?
    private var isClosed = false
    private var isKnownLost = false

    private static let firstPause = TimeAmount.milliseconds(100)
    private static let longestPause = TimeAmount.seconds(15)
    /// Address, TCP, TLS and the broker's yes: `CurlConfiguration.connectLimit` is 3 s for the first two.
    private static let connectLimit = Duration.seconds(4)
    /// Seconds of silence after which a broker says our will (3.1.2.10: one and a half times this).
    private static let keepAlive: UInt16 = 20

    init(_ broker: SignSettings.Broker, loop: any EventLoop, transport: any HTTPTransport, retains: Bool, logger: Logger, ears: BrokerLine.Ears) {
        (self.broker, self.loop, self.transport, self.retains, self.logger, self.ears) = (broker, loop, transport, retains, logger, ears)
        // 23 letters and digits, which every broker takes (3.1.3.1); by chance, so that a hub that stands by does not push out the one that works.
        let chance = String(UInt64.random(in: .min ... .max), radix: 16)
        client = broker.client ?? "noroshi" + String(repeating: "0", count: max(0, 16 - chance.count)) + chance
    }

    // MARK: Asked

    func asked(_ token: Int, _ promise: EventLoopPromise<String?>) { asked[token] = promise }

    func open(_ more: [String]) {
        for topic in more where !topics.contains(topic) {
            topics.append(topic)
            play(session?.listen(topic, now: .now) ?? [])
        }
        connect()
    }

    func publish(_ offer: Session.Offer) {
        connect()
        guard session != nil else { return settle(offer.token, .failure(.unavailable("ハブを終了しています (the hub is stopping)"))) }
        guard let steps = session?.offer(offer, now: .now) else { return settle(offer.token, .failure(.throttled(retryAfter: .seconds(1)))) }
        play(steps)
    }

    func ping(_ token: Int) {
        connect()
        guard session != nil else { return settle(token, .failure(.unavailable("ハブを終了しています (the hub is stopping)"))) }
        play(session?.ping(token, now: .now) ?? [])
    }

    func giveUp(_ token: Int, _ failure: DeliveryFailure) {
        session?.giveUp(token)
        settle(token, .failure(failure))
        // A broker that took the line and said nothing: whoever comes next does not wait for the same silence.
        if session?.isReady == false, session?.isIdle == true { lose(.unavailable("ブローカーが答えません (no answer)")) }
    }

    private func settle(_ token: Int, _ outcome: Session.Outcome) {
        guard let promise = asked.removeValue(forKey: token) else { return }
        switch outcome {
        case .success(let note): promise.succeed(note)
        case .failure(let failure): promise.fail(failure)
        }
    }

    func close(_ done: EventLoopPromise<Void>?) {
        isClosed = true
        again?.cancel()
        if let channel, let session, session.isReady {
            write(Packet.publish(session.version, id: 0xFFFF, topic: broker.status, payload: Array("offline".utf8), retain: true, expiry: nil))
            write(Packet.disconnect)
            channel.flush()
        }
        let channel = channel
        lose(.unavailable("ハブを終了しています (the hub is stopping)"))
        if let channel { channel.close(promise: done) } else { done?.succeed() }
    }

    // MARK: The connection

    /// Where there is none, and none is under way. Who needs it does not wait for the pause's end, yet knocks no oftener than ten times a second.
    private func connect() {
        guard session == nil, !isClosed else { return }
        again?.cancel()
        again = nil
        epoch += 1
        let number = epoch
        session = Session(broker.version, topics: topics, now: .now)
        if let begunAt, .now() - begunAt < Self.firstPause {
            again = loop.assumeIsolated().scheduleTask(in: Self.firstPause) { self.reach(number) }
        } else {
            reach(number)
        }
    }

    private func reach(_ number: Int) {
        guard number == epoch, session != nil else { return }
        begunAt = .now()
        limit = loop.assumeIsolated().scheduleTask(in: TimeAmount(Self.connectLimit)) {
            if number == self.epoch { self.lose(.unavailable("ブローカーが時間内に答えません (no answer to CONNECT)")) }
        }
        let (transport, call, loop) = (transport, LineCall(host: broker.host, port: broker.port, isSecret: broker.isSecret), loop)
        let socket = loop.makePromise(of: CInt.self)
        socket.completeWithTask { try await transport.line(call, deadline: .now + Self.connectLimit) }
        socket.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let socket): self.take(socket, number)
            case .failure(let failure as TransportFailure): if number == self.epoch { self.lose(Self.meaning(failure)) }
            case .failure(let failure): if number == self.epoch { self.lose(.unavailable("ブローカーにつながりません: \(failure) (not reached)")) }
            }
        }
    }

    private static func meaning(_ failure: TransportFailure) -> DeliveryFailure {
        switch failure {
        case .unreachable(let reason): .unavailable("ブローカーにつながりません: \(reason) (not reached)")
        case .noAnswer(let reason): .unavailable("ブローカーの返事がありません: \(reason) (no answer)")
        case .refused(let reason): .misconfigured("ブローカーを呼び出せません: \(reason) (the call was refused)")
        case .cancelled: .unavailable("接続を取りやめました (given up)")
        }
    }

    private func take(_ socket: CInt, _ number: Int) {
        let core = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(BrokerOctets(core.value, number)) }
        }
        // The bootstrap's from here on, whatever becomes of it.
        .withConnectedSocket(socket).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                guard number == self.epoch, self.session != nil else { return channel.close(promise: nil) }
                self.channel = channel
                self.greet()
            case .failure(let error): if number == self.epoch { self.lose(.unavailable("ブローカーにつながりません: \(error) (not reached)")) }
            }
        }
    }

    private func greet() {
        let login = broker.user.flatMap { user in broker.password.map { (user, $0) } }
        write(Packet.connect(
            broker.version, client: client, keepAlive: Self.keepAlive, login: login, will: .init(topic: broker.status, payload: Array("offline".utf8)),
            packetLimit: PacketReader.limit))
        channel?.flush()
    }

    fileprivate func came(_ octets: ByteBuffer, _ number: Int) {
        guard number == epoch else { return }
        play(session?.input(octets.readableBytesView, now: .now) ?? [])
    }

    fileprivate func gone(_ number: Int) {
        guard number == epoch else { return }
        lose(.unavailable("ブローカーが接続を閉じました (the broker closed the line)"))
    }

    private func play(_ steps: [Session.Step]) {
        for step in steps {
            switch step {
            case .write(let octets): write(octets)
            case .ready: ready()
            case .settled(let token, let outcome): settle(token, outcome)
            case .heard(let publication): ears.heard(publication)
            case .deaf(let topics):
                logger.warning("the broker does not let us read", metadata: ["broker": "\(broker.host)", "topics": "\(topics.joined(separator: ", "))"])
            case .ended(let failure): lose(failure)
            }
        }
        channel?.flush()
    }

    private func ready() {
        limit?.cancel()
        isKnownLost = false
        pause = Self.firstPause
        logger.info("line to the broker is open", metadata: ["broker": "\(broker.host):\(broker.port)"])
        beat()
        // Nobody waits for these: the number belongs to no question.
        let status: (String, [UInt8], UInt32?) = (broker.status, Array("online".utf8), nil)
        let states = retains ? ears.standing().map { ($0.topic, $0.payload, $0.expiry) } : []
        for (topic, payload, expiry) in [status] + states {
            play(session?.offer(.init(token: BrokerLine.Asked.next(), topic: topic, payload: payload, retain: true, expiry: expiry), now: .now) ?? [])
        }
    }

    /// Once a second, for as long as the line stands.
    private func beat() {
        clock = loop.assumeIsolated().scheduleTask(in: .seconds(1)) {
            self.play(self.session?.tick(now: .now) ?? [])
            if self.session?.isReady == true { self.beat() }
        }
    }

    private func lose(_ failure: DeliveryFailure) {
        guard var lost = session else { return }
        session = nil
        epoch += 1
        limit?.cancel()
        clock?.cancel()
        clock = nil
        channel?.close(promise: nil)
        channel = nil
        for case .settled(let token, let outcome) in lost.end(failure) { settle(token, outcome) }
        guard !isClosed else { return }
        if !isKnownLost { logger.warning("line to the broker is cut", metadata: ["broker": "\(broker.host):\(broker.port)", "reason": "\(failure)"]) }
        isKnownLost = true
        again = loop.assumeIsolated().scheduleTask(in: pause) { self.connect() }
        pause = min(pause + pause, Self.longestPause)
    }

    private func write(_ octets: [UInt8]) {
        guard let channel else { return }
        channel.write(channel.allocator.buffer(bytes: octets), promise: nil)
    }
}

private final class BrokerOctets: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let core: BrokerCore
    private let number: Int

    init(_ core: BrokerCore, _ number: Int) { (self.core, self.number) = (core, number) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { core.came(unwrapInboundIn(data), number) }
    func channelInactive(context: ChannelHandlerContext) { core.gone(number) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
