/// Ten thousand tablets on one thread: open streams that only listen, and the clock of who heard when.
///
/// epoll by hand, since a measuring program must cost less than what it measures.
import CEpoll
import Foundation
import Glibc

final class Crowd {
    private let port: UInt16
    private let poller: Int32
    private var sockets: [Int32] = []
    /// The last octets of each stream, so that a needle cut in two by a read is found.
    private var carries: [[UInt8]] = []
    private var hasHeard: [Bool] = []
    /// All that the only stream has said, for whoever looks into it.
    private(set) var text = ""
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var events = [epoll_event](repeating: epoll_event(), count: 1024)

    init(port: UInt16) {
        self.port = port
        poller = epoll_create1(0)
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    deinit {
        for socket in sockets { close(socket) }
        close(poller)
    }

    var count: Int { sockets.count }

    /// Opens one stream for every head. Drains meanwhile, as a browser would.
    func open(_ heads: [String]) throws { try open(heads) { try listen(for: nil, until: now(), patience: 0) } }

    /// Opens one stream for every head, and waits until each has heard `needle`. Returns how many have when `limit` seconds are over.
    func come(_ heads: [String], hearing needle: String, limit: Double) throws -> Int {
        let end = now() + limit, octets = Array(needle.utf8)
        var count = 0
        hasHeard = [Bool](repeating: false, count: sockets.count + heads.count)
        try open(heads) { count += try listen(for: octets, until: now(), patience: 0, goingOn: true).count }
        while count < sockets.count, now() < end { count += try listen(for: octets, until: now(), patience: 50, goingOn: true).count }
        return count
    }

    private func open(_ heads: [String], meanwhile: () throws -> Void) throws {
        for (number, head) in heads.enumerated() {
            // Each 20,000 from an address of their own: a client address has no more ports than that to spare.
            let socket = try Self.connect(to: port, from: "127.0.1.\(1 + (sockets.count / 20_000))")
            Self.write(Array(head.utf8), to: socket)
            _ = fcntl(socket, F_SETFL, O_NONBLOCK)
            var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u32: UInt32(sockets.count)))
            epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event)
            sockets.append(socket)
            carries.append([])
            if number % 200 == 199 { try meanwhile() }
        }
    }

    func drain(seconds: Double) throws { try listen(for: nil, until: now() + seconds, patience: 50) }

    /// Seconds after `start` at which each stream had `needle`, in order of hearing; shorter than the crowd when
    /// `limit` seconds passed first.
    func hear(_ needle: String, since start: Double, limit: Double) throws -> [Double] {
        try listen(for: Array(needle.utf8), until: start + limit, patience: 50).map { $0 - start }
    }

    @discardableResult
    private func listen(for needle: [UInt8]?, until end: Double, patience: Int32, goingOn: Bool = false) throws -> [Double] {
        var heard: [Double] = []
        if needle != nil, !goingOn { hasHeard = [Bool](repeating: false, count: sockets.count) }
        if needle != nil, !goingOn { for index in carries.indices { carries[index].removeAll(keepingCapacity: true) } }
        repeat {
            let ready = epoll_wait(poller, &events, Int32(events.count), patience)
            if ready <= 0, patience == 0 { return heard }
            for event in events.prefix(max(0, Int(ready))) {
                let index = Int(event.data.u32)
                let count = read(sockets[index], &buffer, buffer.count)
                guard count != 0 else { throw Trouble("stream \(index) was closed") }
                if sockets.count == 1, count > 0 { text += String(decoding: buffer[..<count], as: UTF8.self) }
                guard count > 0, let needle, !hasHeard[index] else { continue }
                if contains(needle, index, count) {
                    carries[index].removeAll()
                    hasHeard[index] = true
                    heard.append(now())
                }
            }
            if heard.count == sockets.count, !goingOn { return heard }
        } while now() < end
        return heard
    }

    private func contains(_ needle: [UInt8], _ index: Int, _ count: Int) -> Bool {
        if !carries[index].isEmpty {
            let joined = carries[index] + buffer[..<min(count, needle.count)]
            if joined.firstRange(of: needle) != nil { return true }
        }
        let isFound = buffer.withUnsafeBytes { octets in
            needle.withUnsafeBytes { memmem(octets.baseAddress, count, $0.baseAddress, $0.count) != nil }
        }
        if !isFound { carries[index] = Array((carries[index] + buffer[..<count]).suffix(needle.count - 1)) }
        return isFound
    }

    // MARK: sockets

    static func connect(to port: UInt16, from own: String? = nil) throws -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw Trouble("socket: \(String(cString: strerror(errno)))") }
        var yes: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        if let own {
            setsockopt(socket, Int32(IPPROTO_IP), 24, &yes, socklen_t(MemoryLayout<Int32>.size))  // IP_BIND_ADDRESS_NO_PORT
            var address = Self.address(own, 0)
            _ = bind(socket, &address, size)
        }
        var far = Self.address("127.0.0.1", port)
        guard Self.connect(socket, &far) == 0 else {
            close(socket)
            throw Trouble("connect: \(String(cString: strerror(errno)))")
        }
        return socket
    }

    static let size = socklen_t(MemoryLayout<sockaddr_in>.size)

    static func address(_ host: String, _ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return address
    }

    private static func bind(_ socket: Int32, _ address: inout sockaddr_in, _ size: socklen_t) -> Int32 {
        withUnsafePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(socket, $0, size) } }
    }

    private static func connect(_ socket: Int32, _ address: inout sockaddr_in) -> Int32 {
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, size) }
        }
    }

    static func write(_ octets: [UInt8], to socket: Int32) {
        var rest = octets[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(socket, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// Seconds of the monotonic clock.
func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

struct Trouble: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
