import NIOCore
import NIOPosix
import Synchronization

/// What `CBSPClient` keeps on its event loop: the conversation, if there is one, and who waits for one.
final class CBSPLine {
    private let configuration: CBSPClient.Configuration
    private let loop: any EventLoop
    private let recover: @Sendable () -> [CBSPMessage]
    private let onEvent: @Sendable (CBSPClient.Event) -> Void

    private var conversation: CBSPConversation?
    private var server: (any Channel)?
    private var waiting: [Waiting] = []
    private var pause: Duration
    private var openedAt = NIODeadline.now()
    /// Said once, until there is a connection again.
    private var isKnownLost = false
    private var isStarted = false
    private var isClosed = false

    private struct Waiting {
        let token: UInt64
        let message: CBSPMessage
        let deadline: NIODeadline
        let promise: EventLoopPromise<CBSPMessage>
        let alarm: Scheduled<Void>
    }

    init(
        _ configuration: CBSPClient.Configuration, loop: any EventLoop,
        recover: @escaping @Sendable () -> [CBSPMessage], onEvent: @escaping @Sendable (CBSPClient.Event) -> Void
    ) {
        self.configuration = configuration
        self.loop = loop
        self.recover = recover
        self.onEvent = onEvent
        pause = configuration.firstPause
    }

    func start() {
        guard !isStarted, !isClosed else { return }
        isStarted = true
        open()
    }

    /// A second call does nothing more.
    func close(_ done: EventLoopPromise<Void>?) {
        isClosed = true
        conversation?.close("closed by us")
        for one in waiting { giveUp(one.token, .notConnected) }
        if let server { server.close(promise: done) } else { done?.succeed() }
        server = nil
    }

    func ask(
        _ message: CBSPMessage, token: UInt64, limit: TimeAmount, waits: Bool, promise: EventLoopPromise<CBSPMessage>
    ) {
        guard !isClosed, limit > .zero else { return promise.fail(CBSPFailure.notConnected) }
        if let conversation {
            return conversation.ask(message, token: token, limit: limit, promise: promise)
        }
        guard waits else { return promise.fail(CBSPFailure.notConnected) }
        guard waiting.count < CBSPQuestions.most else { return promise.fail(CBSPFailure.tooManyQuestions) }
        let alarm = loop.assumeIsolated().scheduleTask(in: limit) { self.giveUp(token, .notConnected) }
        waiting.append(Waiting(
            token: token, message: message, deadline: .now() + limit, promise: promise, alarm: alarm))
    }

    func giveUp(_ token: UInt64, _ failure: CBSPFailure) {
        if let index = waiting.firstIndex(where: { $0.token == token }) {
            let one = waiting.remove(at: index)
            one.alarm.cancel()
            one.promise.fail(failure)
        } else {
            conversation?.giveUp(token, failure)
        }
    }

    // MARK: The connection

    private func open() {
        switch configuration.role {
        case .connect(let host, let port): connect(host, port)
        case .listen(let host, let port): listen(host, port)
        }
    }

    private func connect(_ host: String, _ port: Int) {
        let line = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(configuration.answerLimit))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try line.value.set(up: channel) } }
            .connect(host: host, port: port)
            .assumeIsolated()
            .whenFailure { error in self.lost(nil, "\(error)") }
    }

    private func listen(_ host: String, _ port: Int) {
        let line = NIOLoopBound(self, eventLoop: loop)
        ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try line.value.set(up: channel) } }
            .bind(host: host, port: port)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let server):
                    self.server = server
                    self.onEvent(.listening(port: server.localAddress?.port ?? port))
                case .failure(let error): self.lost(nil, "\(error)")
                }
            }
    }

    private func set(up channel: any Channel) throws {
        let conversation = CBSPConversation(
            keepAlive: TimeAmount(configuration.keepAlive), answerLimit: TimeAmount(configuration.answerLimit)
        ) { news in self.hear(news) }
        try channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(CBSPFrames()), conversation)
    }

    private func hear(_ news: CBSPConversation.News) {
        switch news {
        case .opened(let conversation): opened(conversation)
        case .restarted(let lostMessages):
            onEvent(.restarted(lostMessages: lostMessages))
            if lostMessages, let conversation { writeAgain(on: conversation) }
        case .failed(let message): onEvent(.cellsFailed(message.complaint))
        case .unreadable(let error): onEvent(.unreadable(error))
        case .closed(let conversation, let reason): lost(conversation, reason)
        }
    }

    private func opened(_ new: CBSPConversation) {
        guard !isClosed else { return new.close("closed by us") }
        let old = conversation
        conversation = new
        old?.close("another connection took its place")
        openedAt = .now()
        isKnownLost = false
        onEvent(.connected)
        writeAgain(on: new)
        let ready = waiting
        waiting = []
        for one in ready {
            one.alarm.cancel()
            new.ask(one.message, token: one.token, limit: one.deadline - .now(), promise: one.promise)
        }
    }

    private func lost(_ old: CBSPConversation?, _ reason: String) {
        if let old {
            guard old === conversation else { return }
            conversation = nil
            // A controller that serves another centre takes a connection and closes it: that is no success.
            if .now() - openedAt > TimeAmount(configuration.longestPause) { pause = configuration.firstPause }
        }
        guard !isClosed else { return }
        if !isKnownLost { onEvent(.disconnected(reason)) }
        isKnownLost = true
        guard server == nil else { return }
        loop.assumeIsolated().scheduleTask(in: TimeAmount(pause)) {
            guard !self.isClosed else { return }
            self.open()
        }
        pause = min(pause * 2, configuration.longestPause)
    }

    // MARK: Recovery

    private func writeAgain(on conversation: CBSPConversation) {
        let requests = recover()
        guard !requests.isEmpty else { return }
        let answers = requests.map { request in
            let promise = loop.makePromise(of: CBSPMessage.self)
            conversation.ask(
                request, token: Tokens.next(), limit: TimeAmount(configuration.answerLimit), promise: promise)
            return promise.futureResult.map { answer in answer.isAsGoodAsDone ? nil : answer.complaint }
                .recover { "\($0)" }
        }
        EventLoopFuture.whenAllSucceed(answers, on: loop).assumeIsolated().whenSuccess { complaints in
            self.onEvent(.recovered(count: requests.count, refused: complaints.compactMap { $0 }))
        }
    }
}

/// Numbers for questions, unique in the process.
enum Tokens {
    private static let last = Atomic<UInt64>(0)
    static func next() -> UInt64 { last.wrappingAdd(1, ordering: .relaxed).newValue }
}

extension CBSPMessage {
    /// A yes, or a no that says: it is already as you wish. Written already, or nothing there to kill.
    package var isAsGoodAsDone: Bool {
        guard let answers = type.answers else { return false }
        guard answers.isFailure else { return true }
        let wanted: CBSPCause
        switch answers.request {
        case .writeReplace: wanted = .referenceAlreadyUsed
        case .kill: wanted = .referenceNotIdentified
        default: return false
        }
        return !failures.isEmpty && failures.allSatisfy { $0.cause == wanted }
    }
}
