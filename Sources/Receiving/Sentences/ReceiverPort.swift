internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Where a receiver is plugged in.
package enum ReceiverPort: Sendable, Hashable {
    /// 8 bits, no parity, 1 stop bit, no flow control, as NMEA 0183 and every receiver has it.
    case serial(path: String, baud: Int)
    case tcp(host: String, port: Int)
    /// A FIFO, or a file that grows; a file is read from its beginning.
    case file(path: String)

    /// `/dev/ttyUSB0`, `gnss.example:4001`.
    package var name: String {
        switch self {
        case .serial(let path, _), .file(let path): path
        case .tcp(let host, let port): "\(host):\(port)"
        }
    }

    static let speeds: [Int: Int32] = [
        4800: B4800, 9600: B9600, 19200: B19200, 38400: B38400, 57600: B57600, 115_200: B115200, 230_400: B230400,
        460_800: B460800, 921_600: B921600,
    ]
}

/// An open port. Octets and the end come on a thread of their own, or on NIO's.
struct OpenPort: Sendable {
    let close: @Sendable () -> Void
}

struct PortTrouble: Error { let words: String }

extension ReceiverPort {
    /// - Parameters:
    ///   - place: How much of a growing file was read before; the others ignore it.
    ///   - onOctets: Must return soon: nothing is read meanwhile.
    ///   - onEnd: Called once when this returned, be it after `close`.
    func open(
        place: FilePlace, onOctets: @escaping @Sendable ([UInt8]) -> Void, onEnd: @escaping @Sendable (String) -> Void
    ) async throws(PortTrouble) -> OpenPort {
        switch self {
        case .serial(let path, let baud): try Self.read(try Self.serial(path, baud), onOctets, onEnd)
        case .file(let path): try Self.read(
            try place.open(path), { octets in place.advance(by: octets.count); onOctets(octets) }, onEnd)
        case .tcp(let host, let port): try await Self.connect(host, port, onOctets, onEnd)
        }
    }

    private static func read(
        _ descriptor: Int32, _ onOctets: @escaping @Sendable ([UInt8]) -> Void,
        _ onEnd: @escaping @Sendable (String) -> Void
    ) throws(PortTrouble) -> OpenPort {
        guard let thread = ReadingThread.start(descriptor: descriptor, onOctets: onOctets, onEnd: onEnd) else {
            throw PortTrouble(words: "これ以上スレッドを作れません (the system gives no more threads)")
        }
        return OpenPort { thread.stop() }
    }

    private static func serial(_ path: String, _ baud: Int) throws(PortTrouble) -> Int32 {
        // Non-blocking: without it, opening waits for a modem's carrier.
        let port = Glibc.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard port >= 0 else { throw PortTrouble(words: SystemWords.last()) }
        var mode = termios()
        guard tcgetattr(port, &mode) == 0, let speed = speeds[baud] else {
            let words = SystemWords.last()
            Glibc.close(port)
            throw PortTrouble(words: speeds[baud] == nil ? "\(baud)ボーは使えません (no such speed)" : "シリアルポートではありません: \(words) (no serial port)")
        }
        cfmakeraw(&mode)
        mode.c_cflag &= ~(tcflag_t(CSTOPB) | tcflag_t(PARENB) | tcflag_t(CSIZE) | tcflag_t(CRTSCTS))
        mode.c_cflag |= tcflag_t(CS8) | tcflag_t(CLOCAL) | tcflag_t(CREAD)
        mode.c_iflag &= ~(tcflag_t(IXOFF) | tcflag_t(IXON))
        cfsetspeed(&mode, speed_t(speed))
        guard tcsetattr(port, TCSANOW, &mode) == 0 else {
            let words = SystemWords.last()
            Glibc.close(port)
            throw PortTrouble(words: "\(baud)ボーにできません: \(words) (baud)")
        }
        return port
    }

    private static func connect(
        _ host: String, _ port: Int, _ onOctets: @escaping @Sendable ([UInt8]) -> Void,
        _ onEnd: @escaping @Sendable (String) -> Void
    ) async throws(PortTrouble) -> OpenPort {
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(5))
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(OctetsHandler(onOctets))
                    }
                }
                .connect(host: host, port: port).get()
            channel.closeFuture.whenComplete { _ in onEnd("相手が接続を閉じました (the far end closed it)") }
            return OpenPort { channel.close(promise: nil) }
        } catch {
            throw PortTrouble(words: "\(error)")
        }
    }

    private final class OctetsHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let onOctets: @Sendable ([UInt8]) -> Void
        init(_ onOctets: @escaping @Sendable ([UInt8]) -> Void) { self.onOctets = onOctets }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            onOctets(Array(unwrapInboundIn(data).readableBytesView))
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

/// How far a growing file has been read: its end is not the end of the receiver.
final class FilePlace: Sendable {
    private struct State {
        var inode: UInt = 0
        var offset = 0
        var isGrowing = false
    }
    private let state = Mutex(State())

    /// Whether the last one opened is a plain file, whose end comes and goes.
    var isGrowing: Bool { state.withLock { $0.isGrowing } }

    func advance(by count: Int) { state.withLock { $0.offset += count } }

    func open(_ path: String) throws(PortTrouble) -> Int32 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw PortTrouble(words: SystemWords.last()) }
        let isFIFO = status.st_mode & S_IFMT == S_IFIFO
        // A FIFO opened for reading alone ends whenever its writer does.
        let file = Glibc.open(path, (isFIFO ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard file >= 0, fstat(file, &status) == 0 else { throw PortTrouble(words: SystemWords.last()) }
        let (inode, size) = (UInt(status.st_ino), Int(status.st_size))
        state.withLock { state in
            state.isGrowing = status.st_mode & S_IFMT == S_IFREG
            // Another file, or one that was emptied, is read from its beginning.
            if state.inode != inode || size < state.offset { state.offset = 0 }
            state.inode = inode
            if state.isGrowing { lseek(file, off_t(state.offset), SEEK_SET) }
        }
        return file
    }
}
