import NIOCore

/// One connection to a controller: asks, waits for answers no longer than it must, keeps the line alive.
///
/// A controller gives malformed or unknown requests no answer at all, so that every question has a deadline; and a
/// line that swallows our KEEP-ALIVE is dead, whatever TCP thinks of it. Lives on its channel's event loop.
final class CBSPConversation: ChannelInboundHandler {
    typealias InboundIn = Result<CBSPMessage, CBSPError>
    typealias OutboundOut = ByteBuffer

    /// What the owner of the line hears of it.
    enum News {
        case opened(CBSPConversation)
        /// RESTART: the controller began anew, and perhaps lost its messages.
        case restarted(lostMessages: Bool)
        /// FAILURE: cells stopped broadcasting by themselves.
        case failed(CBSPMessage)
        case unreadable(CBSPError)
        case closed(CBSPConversation, String)
    }

    private let keepAlive: TimeAmount
    private let answerLimit: TimeAmount
    private let news: (News) -> Void
    private var questions = CBSPQuestions()
    private var answers: [UInt64: (EventLoopPromise<CBSPMessage>, Scheduled<Void>)] = [:]
    private var context: ChannelHandlerContext?
    private var nextKeepAlive: Scheduled<Void>?
    private var reason = "the controller closed the connection"
    /// Tokens of our own questions count down from the top; the owner's count up.
    private var ownToken = UInt64.max

    init(keepAlive: TimeAmount, answerLimit: TimeAmount, news: @escaping (News) -> Void) {
        self.keepAlive = keepAlive
        self.answerLimit = answerLimit
        self.news = news
    }

    /// Sends `message`; `promise` gets the answer, be it yes or no, or a `CBSPFailure`.
    func ask(_ message: CBSPMessage, token: UInt64, limit: TimeAmount, promise: EventLoopPromise<CBSPMessage>) {
        guard let context else { return promise.fail(CBSPFailure.notConnected) }
        guard questions.ask(message, token: token) else { return promise.fail(CBSPFailure.tooManyQuestions) }
        let deadline = context.eventLoop.assumeIsolated().scheduleTask(in: min(limit, answerLimit)) {
            self.giveUp(token, .noAnswer)
        }
        answers[token] = (promise, deadline)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: message.encoded())), promise: nil)
    }

    func giveUp(_ token: UInt64, _ failure: CBSPFailure) {
        questions.forget(token)
        guard let (promise, deadline) = answers.removeValue(forKey: token) else { return }
        deadline.cancel()
        promise.fail(failure)
    }

    func close(_ reason: String) {
        self.reason = reason
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { open(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        open(context)
        context.fireChannelActive()
    }

    private func open(_ context: ChannelHandlerContext) {
        guard nextKeepAlive == nil else { return }
        // 48049 lies among the ports Linux gives to outgoing connections: whoever asks long enough for a controller on
        // the same machine that is not there is one day connected to himself, and holds its port.
        if let local = context.localAddress, local == context.remoteAddress {
            return close("connected to ourselves")
        }
        scheduleKeepAlive(context)
        news(.opened(self))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .failure(let error):
            news(.unreadable(error))
        case .success(let message):
            switch message.type {
            case .restart: news(.restarted(lostMessages: message.hasLostItsMessages))
            case .failure: news(.failed(message))
            case .keepAlive:
                let answer = CBSPMessage(.keepAliveComplete, [])
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer.encoded())), promise: nil)
            default:
                guard let token = questions.settle(message), let (promise, deadline) = answers.removeValue(forKey: token)
                else { return }
                deadline.cancel()
                promise.succeed(message)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        reason = "\(error)"
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        nextKeepAlive?.cancel()
        for token in questions.forgetAll() { giveUp(token, .connectionLost(reason)) }
        news(.closed(self, reason))
        context.fireChannelInactive()
    }

    private func scheduleKeepAlive(_ context: ChannelHandlerContext) {
        nextKeepAlive = context.eventLoop.assumeIsolated().scheduleTask(in: keepAlive) {
            self.sendKeepAlive()
        }
    }

    private func sendKeepAlive() {
        guard let context else { return }
        let promise = context.eventLoop.makePromise(of: CBSPMessage.self)
        promise.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success: if let context = self.context { self.scheduleKeepAlive(context) }
            case .failure: self.close("no answer to KEEP-ALIVE")
            }
        }
        ownToken -= 1
        // Whole nanoseconds divided are fewer.
        let seconds = Int(keepAlive.nanoseconds / 1_000_000_000)
        ask(.keepAlive(seconds: seconds), token: ownToken, limit: answerLimit, promise: promise)
    }
}

/// Why there is no answer.
package enum CBSPFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nothing was sent.
    case notConnected
    /// Nothing was sent.
    case tooManyQuestions
    /// It was sent; what became of it is unknown.
    case noAnswer
    /// It was sent; what became of it is unknown.
    case connectionLost(String)
    case cancelled

    package var description: String {
        switch self {
        case .notConnected: "基地局制御装置につながっていません (the controller is not connected)"
        case .tooManyQuestions: "基地局制御装置への依頼が\(CBSPQuestions.most)件たまっています (as many requests wait for this controller already)"
        case .noAnswer: "基地局制御装置から時間内に返事がありません (the controller did not answer in time)"
        case .connectionLost(let reason): "基地局制御装置との接続が切れました (the connection to the controller was lost: \(reason))"
        case .cancelled: "取り消しました (cancelled)"
        }
    }
}
