internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A small SMTP server on loopback (RFC 5321) that really listens, and misbehaves as it is told. It keeps what it has taken,
/// one letter for each Message-ID.
package final class FarEndMail: Sendable {
    package struct Letter: Sendable {
        package let from: String
        package let to: String
        /// As it came, dots taken out again.
        package let text: String

        package func header(_ name: String) -> String? {
            let head = text.replacing("\r\n ", with: " ").prefix { _ in true }.split(separator: "\r\n\r\n", maxSplits: 1).first ?? ""
            return head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
                .map { $0.dropFirst(name.count + 1).drop { $0 == " " } }.map(String.init)
        }
        /// Below the header.
        package var body: String { text.split(separator: "\r\n\r\n", maxSplits: 1).dropFirst().first.map(String.init) ?? "" }
    }

    package enum Reply: Sendable {
        case say(String)
        /// Nothing, and the connection stays open.
        case silent
        /// Begins, and does not come to an end.
        case half(String)
        case close
        case nonsense([UInt8])
    }

    /// Asked at each step: `CONNECT`, the command's first word, `END` after a letter's last line. Nil: as it should be.
    package typealias Script = @Sendable (String) -> Reply?

    private struct State {
        var script: Script = { _ in nil }
        var letters: [Letter] = []
        /// Of the letters: ten thousand are not read again for each that comes.
        var names: Set<String> = []
        var commands: [String] = []
        var connections: [ObjectIdentifier: any Channel] = [:]
        var listener: (any Channel)?
        var isDown = false
    }
    private let state = Mutex(State())
    private let place: HeldPort
    private let steps = Tally()

    package init() async throws {
        place = try HeldPort()
        try await listen()
    }

    package var url: String { "smtp://127.0.0.1:\(place.number)" }
    package var letters: [Letter] { state.withLock(\.letters) }
    /// Every line that was a command, in order.
    package var commands: [String] { state.withLock(\.commands) }
    package func behave(_ script: @escaping Script) { state.withLock { $0.script = script } }

    package var stepCount: Int { steps.count }
    /// Returns when so many steps have been taken since the beginning.
    package func reaches(_ count: Int) async { await steps.reaches(count) }

    package func goDown() async {
        let listener = state.withLock { state in
            state.isDown = true
            defer { state.listener = nil }
            return state.listener
        }
        try? await listener?.close()
        for connection in state.withLock({ Array($0.connections.values) }) { try? await connection.close() }
    }

    package func comeBack() async throws {
        guard state.withLock({ $0.isDown }) else { return }
        state.withLock { $0.isDown = false }
        try await listen()
    }

    package func stop() async { await goDown() }

    private func listen() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(MailConversation(self)) }
            }
            .bind(host: "127.0.0.1", port: place.number).get()
        state.withLock { $0.listener = channel }
    }

    fileprivate func joined(_ channel: any Channel) {
        let isLate = state.withLock { state in
            state.connections[ObjectIdentifier(channel)] = channel
            return state.isDown
        }
        if isLate { channel.close(promise: nil) }
    }
    fileprivate func left(_ channel: any Channel) { state.withLock { $0.connections[ObjectIdentifier(channel)] = nil } }

    fileprivate func step(_ word: String, line: String? = nil) -> Reply? {
        defer { steps.add() }
        return state.withLock { state in
            if let line { state.commands.append(line) }
            return state.script(word)
        }
    }

    fileprivate func take(_ letter: Letter) {
        state.withLock { state in
            let name = letter.header("Message-ID")
            if name.map({ state.names.insert($0).inserted }) ?? true { state.letters.append(letter) }
        }
    }
}

private final class MailConversation: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let server: FarEndMail
    private var pending: [UInt8] = []
    private var (from, to) = ("", "")
    private var letter: [String]?

    init(_ server: FarEndMail) { self.server = server }

    func channelActive(context: ChannelHandlerContext) {
        server.joined(context.channel)
        answer(server.step("CONNECT") ?? .say("220 post.example ESMTP"), context)
    }

    func channelInactive(context: ChannelHandlerContext) { server.left(context.channel) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pending += unwrapInboundIn(data).readableBytesView
        while let end = pending.firstIndex(of: 0x0A) {
            // Up to the line end found above.
            let line = String(decoding: pending[..<end], as: UTF8.self).filter { $0 != "\r" && $0 != "\r\n" }
            pending.removeSubrange(...end)
            read(line, context)
        }
    }

    private func read(_ line: String, _ context: ChannelHandlerContext) {
        if letter != nil {
            guard line == "." else {
                letter?.append(line.hasPrefix("..") ? String(line.dropFirst()) : line)
                return
            }
            let reply = server.step("END")
            // Who says no has not taken it; who says nothing has.
            if case .say(let words) = reply, !words.hasPrefix("2") {} else {
                server.take(.init(from: from, to: to, text: (letter ?? []).map { $0 + "\r\n" }.joined()))
            }
            letter = nil
            return answer(reply ?? .say("250 2.0.0 taken"), context)
        }
        let word = line.split(separator: " ").first.map { $0.uppercased() } ?? ""
        let reply = server.step(word, line: line)
        switch word {
        case "EHLO": answer(reply ?? .say("250-post.example\r\n250 8BITMIME"), context)
        case "MAIL": from = address(line)
            answer(reply ?? .say("250 ok"), context)
        case "RCPT": to = address(line)
            answer(reply ?? .say("250 ok"), context)
        case "DATA":
            if reply == nil { letter = [] }
            answer(reply ?? .say("354 go on"), context)
        case "QUIT":
            answer(reply ?? .say("221 bye"), context)
            context.close(promise: nil)
        case "NOOP", "HELO", "RSET": answer(reply ?? .say("250 ok"), context)
        default: answer(reply ?? .say("502 what"), context)
        }
    }

    private func address(_ line: String) -> String {
        line.split(separator: "<").dropFirst().first?.split(separator: ">").first.map(String.init) ?? ""
    }

    private func answer(_ reply: FarEndMail.Reply, _ context: ChannelHandlerContext) {
        switch reply {
        case .say(let words): write(Array((words + "\r\n").utf8), context)
        case .half(let words): write(Array(words.utf8), context)
        case .silent: break
        case .close: context.close(promise: nil)
        case .nonsense(let octets): write(octets, context)
        }
    }

    private func write(_ octets: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(NIOAny(context.channel.allocator.buffer(bytes: octets)), promise: nil)
    }
}
