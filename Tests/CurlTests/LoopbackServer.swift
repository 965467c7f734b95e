// A far end on raw sockets, one thread per connection: it can do what no decent HTTP server would.

import Glibc
import Synchronization

/// Listens on 127.0.0.1 and runs its script for every connection. The script blocks as it likes.
final class LoopbackServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        var sockets: [Int32] = []
        var accepted = 0
        var isClosed = false
    }

    var url: String { "http://127.0.0.1:\(port)" }
    /// Connections so far.
    var accepted: Int { state.withLock { $0.accepted } }

    init(_ script: @escaping @Sendable (Connection) -> Void) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                let bound = bind(listener, generic, length)
                return bound == 0 ? getsockname(listener, generic, &length) : bound
            }
        }
        guard code == 0, listen(listener, 256) == 0 else { throw NoServer() }
        port = UInt16(bigEndian: address.sin_port)
        runThread { [self] in accept(script) }
    }

    struct NoServer: Error {}

    private func accept(_ script: @escaping @Sendable (Connection) -> Void) {
        defer { Glibc.close(listener) }
        while true {
            let socket = Glibc.accept(listener, nil, nil)
            guard socket >= 0 else { return }
            let isWanted = state.withLock { state in
                guard !state.isClosed else { return false }
                state.accepted += 1
                state.sockets.append(socket)
                return true
            }
            guard isWanted else {
                Glibc.close(socket)
                return
            }
            runThread { [self] in
                script(Connection(socket: socket))
                state.withLock { state in
                    state.sockets.removeAll { $0 == socket }
                    _ = Glibc.close(socket)
                }
            }
        }
    }

    func stop() {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            // The thread that accepts closes it: here the number could be somebody else's by its next accept.
            shutdown(listener, Int32(SHUT_RDWR))
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }
}

/// One connection, as the script sees it.
struct Connection: Sendable {
    let socket: Int32

    /// One request's head, and as much body as it announces; nil when the peer is gone.
    func request() -> String? {
        var bytes: [UInt8] = []
        while true {
            if let text = whole(bytes) { return text }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = recv(socket, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
        }
    }

    private func whole(_ bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let head = text[..<end.lowerBound].lowercased()
        var announced = 0
        if let field = head.firstRange(of: "content-length: ") {
            announced = Int(head[field.upperBound...].prefix { $0.isNumber }) ?? 0
        }
        return text[end.upperBound...].utf8.count >= announced ? text : nil
    }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(socket, buffer.baseAddress.map { $0 + sent }, buffer.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    func answer(_ body: String, status: String = "200 OK") {
        write("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// Until the peer closes: true for a close, whatever it sends before that.
    func waitForClose() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while recv(socket, &chunk, chunk.count, 0) > 0 {}
    }

    /// RST instead of FIN when the socket closes.
    func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}

/// A barrier that tests open: threads wait blocking, tasks wait suspended.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var tasks: [CheckedContinuation<Void, Never>] = []
        var threads = 0
    }
    private let state = Mutex(State())
    // sem_t must not move: it has a place of its own until the gate goes.
    nonisolated(unsafe) private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }
    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func open() {
        let (tasks, threads) = state.withLock { state in
            state.isOpen = true
            defer { (state.tasks, state.threads) = ([], 0) }
            return (state.tasks, state.threads)
        }
        for task in tasks { task.resume() }
        for _ in 0..<threads { sem_post(semaphore) }
    }

    func blockUntilOpen() {
        let mustWait = state.withLock { state in
            if !state.isOpen { state.threads += 1 }
            return !state.isOpen
        }
        while mustWait, sem_wait(semaphore) != 0 {}
    }

    func opened() async {
        await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.tasks.append(waiter) }
                return state.isOpen
            }
            if isOpen { waiter.resume() }
        }
    }
}

private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

func runThread(_ body: @escaping @Sendable () -> Void) {
    var handle = pthread_t()
    let code = pthread_create(&handle, nil, { context in
        if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
        return nil
    }, Unmanaged.passRetained(Body(body)).toOpaque())
    precondition(code == 0, "no thread for a test server")
    pthread_detach(handle)
}
