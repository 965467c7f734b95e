/// A gateway on a thread of its own that notes when the first octet of each request came, and behaves as told.
import CEpoll
import Foundation
import Glibc
import Synchronization

final class FarEnd: Sendable {
    enum Manner: String, CaseIterable, Sendable {
        /// 201 to POST, 200 to DELETE, at once.
        case honest
        /// Takes connections and requests and never says a word.
        case silent
        /// Answers after two seconds.
        case slow
        /// Says 200 and a page that has nothing to do with it.
        case lying
        /// Octets that are no HTTP.
        case babbling
        /// Closes every connection as soon as it is made.
        case dead
    }

    struct Heard: Sendable {
        let method: String
        let at: Double
    }

    let port: UInt16
    private let listener: Int32
    private let manner: Manner
    private let heard = Mutex<[Heard]>([])
    private let isEnding = Mutex(false)

    init(_ manner: Manner) throws {
        self.manner = manner
        (listener, port) = try Self.listen()
        Thread.detachNewThread { [self] in serve() }
    }

    private static func listen() throws -> (socket: Int32, port: UInt16) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Crowd.address("127.0.0.1", 0)
        var size = Crowd.size
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, size) == 0 && Glibc.listen(listener, 1024) == 0
                    && getsockname(listener, pointer, &size) == 0
            }
        }
        guard isBound else { throw Trouble("a far end cannot listen") }
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// The first POST that began after `start`, in seconds after it.
    func firstPost(after start: Double) -> Double? {
        heard.withLock { $0.first { $0.method == "POST" && $0.at >= start } }.map { $0.at - start }
    }

    var count: Int { heard.withLock { $0.count } }
    func forget() { heard.withLock { $0.removeAll() } }
    func end() { isEnding.withLock { $0 = true } }

    private struct Line {
        var octets: [UInt8] = []
        var began = 0.0
    }

    private func serve() {
        let poller = epoll_create1(0)
        var lines: [Int32: Line] = [:]
        var later: [(at: Double, socket: Int32, octets: [UInt8])] = []
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        watch(listener, poller)
        while !isEnding.withLock({ $0 }) {
            let ready = epoll_wait(poller, &events, Int32(events.count), 20)
            let time = now()
            while let first = later.first, first.at <= time {
                Crowd.write(first.octets, to: first.socket)
                later.removeFirst()
            }
            for event in events.prefix(max(0, Int(ready))) {
                guard event.data.fd != listener else {
                    take(poller, &lines)
                    continue
                }
                let socket = event.data.fd
                guard read(socket, time, &lines) else {
                    lines[socket] = nil
                    later.removeAll { $0.socket == socket }
                    close(socket)
                    continue
                }
                while let method = nextRequest(&lines[socket, default: Line()]) {
                    switch answer(to: method) {
                    case nil: break
                    case let octets? where manner == .slow: later.append((time + 2, socket, octets))
                    case let octets?: Crowd.write(octets, to: socket)
                    }
                }
            }
        }
        for socket in lines.keys { close(socket) }
        close(listener)
        close(poller)
    }

    private func watch(_ socket: Int32, _ poller: Int32) {
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: socket))
        epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event)
    }

    private func take(_ poller: Int32, _ lines: inout [Int32: Line]) {
        let socket = accept(listener, nil, nil)
        guard socket >= 0 else { return }
        guard manner != .dead else {
            close(socket)
            return
        }
        var yes: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        lines[socket] = Line()
        watch(socket, poller)
    }

    /// False when the other side has gone.
    private func read(_ socket: Int32, _ time: Double, _ lines: inout [Int32: Line]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(socket, &buffer, buffer.count)
        guard count > 0 else { return false }
        if lines[socket, default: Line()].octets.isEmpty { lines[socket]?.began = time }
        lines[socket]?.octets += buffer[..<count]
        return true
    }

    /// The method of a request that is here whole.
    private func nextRequest(_ line: inout Line) -> String? {
        guard let end = line.octets.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: line.octets[..<end.lowerBound], as: UTF8.self)
        let length = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces)) } ?? 0
        guard line.octets.count >= end.upperBound + length else { return nil }
        let method = String(head.prefix { $0 != " " })
        heard.withLock { heard in
            heard.append(Heard(method: method, at: line.began))
            if heard.count > 200_000 { heard.removeFirst(100_000) }
        }
        line.octets.removeFirst(end.upperBound + length)
        return method
    }

    private func answer(to method: String) -> [UInt8]? {
        switch manner {
        case .silent, .dead: return nil
        case .babbling: return Array("???????? 0x00 nobody home\n\n\n".utf8)
        case .lying: return Self.http("200 OK", "<html><body>It works!</body></html>", "text/html")
        case .honest, .slow: return method == "POST" ? Self.http("201 Created", "", "text/plain") : Self.http("200 OK", "", "text/plain")
        }
    }

    private static func http(_ status: String, _ body: String, _ type: String) -> [UInt8] {
        Array("HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    }
}
