internal import Glibc
package import Logging
package import NIOCore
internal import Synchronization

/// Keeps the book of who stands in the door, and closes whom it names. One for a program; asked from every event loop.
package final class Doorkeeper: Sendable {
    private struct State {
        var book: GuestBook<ObjectIdentifier>
        var channels: [ObjectIdentifier: any Channel] = [:]
        var pushedOut = 0
        var refused = 0
        var pauses = 0
        /// Nothing is told again before this.
        var quietUntil = NIODeadline.uptimeNanoseconds(0)
        var untold = 0
    }

    private let state: Mutex<State>
    private let logger: Logger

    package init(_ limits: GuestBook<ObjectIdentifier>.Limits, logger: Logger) {
        state = Mutex(State(book: GuestBook(limits)))
        self.logger = logger
    }

    package struct Gauges: Sendable {
        package var connections, named, pushedOut, refused, pauses: Int
    }

    package var gauges: Gauges {
        state.withLock {
            Gauges(
                connections: $0.book.count, named: $0.book.namedCount, pushedOut: $0.pushedOut, refused: $0.refused, pauses: $0.pauses)
        }
    }

    /// False: there is no place, and nobody to go for this one.
    func enter(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let (address, isHouse) = Self.address(channel.remoteAddress)
        let (out, isIn) = state.withLock { state -> ((any Channel)?, Bool) in
            switch state.book.enter(id, address: address, isHouse: isHouse) {
            case .full:
                state.refused += 1
                return (nil, false)
            case .welcome(let pushed):
                state.channels[id] = channel
                guard let pushed else { return (nil, true) }
                state.pushedOut += 1
                return (state.channels.removeValue(forKey: pushed), true)
            }
        }
        guard isIn else {
            tell("a connection was refused: the door is full", address)
            return false
        }
        channel.closeFuture.whenComplete { _ in self.left(id) }
        if let out {
            tell("the door is full: the longest silent stranger was pushed out", Self.address(out.remoteAddress).text)
            out.close(promise: nil)
        }
        return true
    }

    func turn(_ channel: any Channel, _ doing: GuestBook<ObjectIdentifier>.Doing) {
        state.withLock { $0.book.turn(ObjectIdentifier(channel), doing) }
    }

    func name(_ channel: any Channel, _ name: String?) {
        state.withLock { $0.book.name(ObjectIdentifier(channel), name) }
    }

    private func left(_ id: ObjectIdentifier) {
        state.withLock { state in
            state.book.leave(id)
            state.channels[id] = nil
        }
    }

    /// The machine has no descriptor left: some of the silent give theirs back. False when there was nobody to.
    fileprivate func makeRoom() -> Bool {
        let out = state.withLock { state -> [any Channel] in
            state.pauses += 1
            let out = state.book.pushOut(upTo: 64)
            state.pushedOut += out.count
            return out.compactMap { state.channels.removeValue(forKey: $0) }
        }
        tell("no descriptors left: accepting pauses, silent strangers are pushed out", "-")
        for channel in out { channel.close(promise: nil) }
        return !out.isEmpty
    }

    /// A line a minute, with how many there were meanwhile.
    private func tell(_ what: Logger.Message, _ address: String) {
        let now = NIODeadline.now()
        let untold = state.withLock { state -> Int? in
            guard now >= state.quietUntil else {
                state.untold += 1
                return nil
            }
            defer { (state.quietUntil, state.untold) = (now + .seconds(60), 0) }
            return state.untold
        }
        guard let untold else { return }
        logger.warning(what, metadata: ["address": "\(address)", "not_told": "\(untold)"])
    }

    /// An address as far as it is one person's: of IPv6 the network, which everybody has 2^64 addresses of.
    private static func address(_ address: SocketAddress?) -> (text: String, isHouse: Bool) {
        guard let address, let text = address.ipAddress else { return ("-", true) }
        guard case .v6 = address else { return (text, text.hasPrefix("127.")) }
        if text == "::1" || text.hasPrefix("::ffff:127.") { return (text, true) }
        guard !text.hasPrefix("::ffff:") else { return (text, false) }
        var octets = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, text, &octets) == 1 else { return (text, false) }
        return (octets.prefix(8).map { String($0, radix: 16) }.joined(separator: ":"), false)
    }
}

/// In front of everything on the listening socket: a machine without descriptors is no reason to stop listening, nor to
/// ask again and again. Without this the error ends the server, and epoll reports the same connection without a pause.
package final class AcceptGate: ChannelDuplexHandler {
    package typealias InboundIn = any Channel
    package typealias InboundOut = any Channel
    package typealias OutboundIn = Never
    package typealias OutboundOut = Never

    static let pause = TimeAmount.milliseconds(250)
    /// When somebody gave his place back: as long as closing takes.
    static let breath = TimeAmount.milliseconds(10)
    private let keeper: Doorkeeper
    private var isPaused = false

    package init(_ keeper: Doorkeeper) { self.keeper = keeper }

    /// Sets a gate at a listening socket.
    package static func stand(at channel: any Channel, _ keeper: Doorkeeper) async {
        let done = channel.eventLoop.submit {
            try channel.pipeline.syncOperations.addHandler(AcceptGate(keeper), position: .first)
        }
        // A door that is closed already needs no gate.
        try? await done.get()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let code = (error as? IOError)?.errnoCode else { return context.fireErrorCaught(error) }
        switch code {
        case ECONNABORTED: break
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: hold(context)
        default: context.fireErrorCaught(error)
        }
    }

    package func read(context: ChannelHandlerContext) {
        if !isPaused { context.read() }
    }

    private func hold(_ context: ChannelHandlerContext) {
        guard !isPaused else { return }
        isPaused = true
        let pause = keeper.makeRoom() ? Self.breath : Self.pause
        // Takes the socket out of epoll, which dropping `read` alone does not.
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        let bound = NIOLoopBound((gate: self, context: context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: pause) {
            bound.value.gate.isPaused = false
            try? bound.value.context.channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
