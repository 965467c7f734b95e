package import NIOCore

/// One tablet's end of the stream: the only handler its channel needs, writing straight to the socket.
///
/// Lives on its event loop and is touched from nowhere else.
package final class StreamConnection: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    let listener: StreamListener
    /// Events up to this offset were in the greeting.
    var joinedAt: UInt64 = 0
    /// Counts all lines there ever were: of two the greater is the newer.
    var line: UInt64 = 0
    /// An older line of the same device had to go for this one.
    var ousts = false
    /// Where the audience keeps it.
    var seat = -1
    private weak var audience: Audience?
    private var context: ChannelHandlerContext?
    private var isLeaving = false
    /// HTTP/1.0: events without the frames of chunks.
    private let isBare: Bool

    package init(listener: StreamListener, isBare: Bool = false) {
        self.listener = listener
        self.isBare = isBare
    }

    func seat(in audience: Audience) { self.audience = audience }

    package func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    package func handlerRemoved(context: ChannelHandlerContext) { leave() }

    package func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // A tablet has nothing more to say on this line.
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        // The server stops: who listens hears it, and is back when there is somebody to come back to.
        case is ChannelShouldQuiesceEvent: cut(reason: "closing")
        // The tablet closed its half: nobody listens any more.
        case ChannelEvent.inputClosed: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// Writes one event, framed as a chunk. A tablet that does not read is told to fetch everything again, and cut: its queue is the
    /// channel's write buffer, whose bound is set in `StreamHub`.
    @inline(__always)
    func send(_ buffer: ByteBuffer) {
        guard let context else { return }
        guard context.channel.isWritable else { return cutSlow(context) }
        context.writeAndFlush(NIOAny(isBare ? ServerSentEvent.bare(buffer) : buffer), promise: nil)
    }

    /// The head and the past, as they are.
    func greet(_ buffer: ByteBuffer) {
        context?.writeAndFlush(NIOAny(buffer), promise: nil)
    }

    /// The last word on this line: why it ends, and that it ends.
    private func farewell(_ reason: StaticString) -> ByteBuffer {
        let event = ServerSentEvent.encode("resync", data: Array(#"{"reason":"\#(reason)"}"#.utf8), position: nil)
        guard !isBare else { return event }
        var last = ServerSentEvent.framed(event)
        last.writeImmutableBuffer(ServerSentEvent.end)
        return last
    }

    private func cutSlow(_ context: ChannelHandlerContext) {
        guard !isLeaving else { return }
        audience?.countCut()
        end(context, reason: "slow", within: .seconds(5))
    }

    /// Ends the line, with the reason as its last word: the device was revoked, the hub closes.
    func cut(reason: StaticString) {
        guard let context, !isLeaving else { return }
        end(context, reason: reason, within: .seconds(2))
    }

    /// Closes once the word is written; a tablet that does not read loses it.
    private func end(_ context: ChannelHandlerContext, reason: StaticString, within limit: TimeAmount) {
        isLeaving = true
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(NIOAny(farewell(reason)), promise: written)
        let channel = context.channel
        let deadline = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
        written.futureResult.whenComplete { _ in
            deadline.cancel()
            channel.close(promise: nil)
        }
        leave()
    }

    private func leave() {
        audience?.remove(self)
        audience = nil
        context = nil
    }
}

/// Who listens, as admitted.
package struct StreamListener: Sendable, Hashable {
    package var device: String
    package var topic: StreamTopic
    package var languages: LanguageChoice
    package init(device: String, topic: StreamTopic, languages: LanguageChoice = .all) {
        self.device = device
        self.topic = topic
        self.languages = languages
    }
}

package import ChannelKit
