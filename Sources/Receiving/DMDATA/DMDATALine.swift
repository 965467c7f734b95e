internal import ChannelKit
internal import Curl
internal import Synchronization

/// One socket, opened again and again, and what came through it.
final class DMDATALine: Sendable {
    /// The far end closes after 120 s without a pong; we leave after as long without a word.
    static let silence: Duration = .seconds(120)
    /// Between two tickets when key or contract are refused.
    static let longPause: Duration = .seconds(300)

    let name: String
    private let host: String?
    private let settings: DMDATASource.Settings
    private let tls: CurlConfiguration.TLS
    private let transport: any HTTPTransport
    private let sink: any BulletinSink
    private let watch: any SourceWatch
    private let clock: SourceClock
    private let queue = Mutex(BulletinQueue())
    private let bell = Bell()

    init(
        name: String, host: String?, settings: DMDATASource.Settings, tls: CurlConfiguration.TLS, transport: any HTTPTransport,
        sink: any BulletinSink, watch: any SourceWatch, clock: SourceClock
    ) {
        self.name = name
        self.host = host
        self.settings = settings
        self.tls = tls
        self.transport = transport
        self.sink = sink
        self.watch = watch
        self.clock = clock
    }

    // MARK: Listening

    func listen() async throws {
        var backoff = Backoff(first: .seconds(1), longest: .seconds(60))
        while true {
            var pause: Duration = .zero
            let words: String
            let conversation = DMDATAConversation()
            do throws(DMDATATicket.Failure) {
                let ticket = try await DMDATATicket.get(settings, transport)
                // Before the first bulletin: an early warning must not be judged by a clock nobody has looked at.
                if let time = ticket.time { watch.told(name, time) }
                words = try await converse(ticket, conversation)
            } catch {
                words = error.words
                if error.isOurFault { pause = Self.longPause }
            }
            try Task.checkCancellation()
            watch.trouble(name, words)
            if conversation.hasStarted { backoff.reset() }
            try await clock.sleep(for: max(pause, backoff.next(chance: .random(in: 0...1))))
        }
    }

    /// - Returns: Why it ended.
    private func converse(
        _ ticket: DMDATATicket, _ conversation: DMDATAConversation
    ) async throws(DMDATATicket.Failure) -> String {
        guard var address = WebSocketAddress(ticket.url) else {
            throw DMDATATicket.Failure(words: "接続の許可にWebSocketの宛先がありません (the ticket names no address of a WebSocket)")
        }
        if let host { address.host = host }
        guard address.isSecure || WebSocketAddress.isThisMachine(address.host) else {
            throw DMDATATicket.Failure(words: "\(address.host)への接続にTLSがありません (a connection without TLS)")
        }
        let socket: WebSocketClient
        do throws(WebSocketClient.Failure) {
            socket = try await WebSocketClient.connect(address, protocol: "dmdata.v2", tls: tls) { [self] event in
                hear(event, conversation)
            }
        } catch {
            throw DMDATATicket.Failure(words: error.words)
        }
        conversation.opened(socket)
        let words = await conversation.line.end(silence: Self.silence, clock)
        await socket.close()
        return words
    }

    private func hear(_ event: WebSocketClient.Event, _ conversation: DMDATAConversation) {
        switch event {
        case .ended(let reason): conversation.line.ended(reason)
        case .sign: isAlive(conversation)
        case .text(let octets):
            switch DMDATAMessage(octets) {
            case .start:
                conversation.started()
                isAlive(conversation)
            case .ping(let id):
                conversation.send(DMDATAMessage.pong(to: id))
                isAlive(conversation)
            case .pong: isAlive(conversation)
            case .data(let bulletin):
                isAlive(conversation)
                take(bulletin)
            case .error(let words, let closes):
                watch.trouble(name, words)
                if closes { conversation.line.ended(words) }
            case .other(let words): watch.trouble(name, words)
            }
        }
    }

    private func isAlive(_ conversation: DMDATAConversation) {
        conversation.line.heard(at: clock.now)
        watch.heard(name)
    }

    private func take(_ bulletin: DMDATABulletin) {
        guard bulletin.isXML, settings.includesDrills || !bulletin.isDrill else { return }
        switch bulletin.octets {
        case .success(let octets):
            if !queue.withLock({ $0.add(BulletinQueue.Item(octets, name: bulletin.name)) }) {
                watch.trouble(name, "\(bulletin.name)を取りませんでした。待っているものが多すぎます (left out: too many wait)")
            }
            bell.ring()
        case .failure(let damage): watch.trouble(name, damage.words)
        }
    }

    // MARK: Handing on

    func handOn() async throws {
        while true {
            switch queue.withLock({ $0.next(now: clock.now) }) {
            case .handOn(let item):
                try Task.checkCancellation()
                await handOn(item)
            case .wait(let time): try await bell.wait(until: time, clock)
            case .idle: try await bell.wait(until: nil, clock)
            }
        }
    }

    private func handOn(_ item: BulletinQueue.Item) async {
        guard case .notRecorded(let reason) = await sink.take(item.octets, name: item.name, source: name) else { return }
        var item = item
        item.notBefore = clock.now + item.backoff.next(chance: .random(in: 0...1))
        let hasRoom = queue.withLock { $0.add(item) }
        watch.trouble(name, "\(item.name) \(hasRoom ? "is offered again" : "left out"): \(reason)")
    }
}

/// One connection's state. Its first message may come before `connect` has returned the socket.
final class DMDATAConversation: Sendable {
    private struct State {
        var socket: WebSocketClient?
        var unsent: [[UInt8]] = []
        var hasStarted = false
    }
    private let state = Mutex(State())
    let line = LineWatch()

    var hasStarted: Bool { state.withLock { $0.hasStarted } }
    func started() { state.withLock { $0.hasStarted = true } }

    func opened(_ socket: WebSocketClient) {
        let unsent = state.withLock { state in
            state.socket = socket
            defer { state.unsent = [] }
            return state.unsent
        }
        for text in unsent { socket.send(text) }
    }

    func send(_ text: [UInt8]) {
        let socket = state.withLock { state in
            // A handful at most: the socket is there as soon as the upgrade is done.
            if state.socket == nil, state.unsent.count < 16 { state.unsent.append(text) }
            return state.socket
        }
        socket?.send(text)
    }
}
