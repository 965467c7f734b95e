import ChannelKitTesting
import Foundation
import Glibc
import Synchronization

/// Stands between a client and a server, on threads of its own: swallows the server's answer to what was asked, and cuts the line. Or, with no
/// server behind it, takes connections and says nothing.
final class LineCutter: Sendable {
    struct CannotListen: Error {}
    let port: Int
    private let held: HeldPort
    private let door: Int32
    private let target: Int?
    private struct State {
        /// To be seen one after the other.
        var words: [[UInt8]] = []
        var swallowed = 0
        var sockets: [Int32] = []
    }
    private let state = Mutex(State())

    init(to target: Int?) throws {
        held = try HeldPort()
        port = held.number
        self.target = target
        door = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard Self.withAddress(port, { bind(door, $0, $1) }) == 0, listen(door, 16) == 0 else { throw CannotListen() }
        Thread.detachNewThread { [self] in accept() }
    }

    /// Once: the next packet to the server that has this in it, after one that had the other, is the last one that is heard of.
    func swallowAnswer(to word: String, after other: String) { state.withLock { $0.words = [Array(other.utf8), Array(word.utf8)] } }
    var swallowed: Int { state.withLock { $0.swallowed } }

    func close() {
        shutdown(door, Int32(SHUT_RDWR))
        for one in state.withLock({ $0.sockets }) { shutdown(one, Int32(SHUT_RDWR)) }
    }

    private static func withAddress(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) } }
    }

    private func accept() {
        while true {
            let client = Glibc.accept(door, nil, nil)
            guard client >= 0 else { return }
            state.withLock { $0.sockets.append(client) }
            guard let target else { continue }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard Self.withAddress(target, { connect(server, $0, $1) }) == 0 else { return }
            state.withLock { $0.sockets.append(server) }
            let line = Line(client: client, server: server)
            Thread.detachNewThread { [self] in pump(line, toServer: true) }
            Thread.detachNewThread { [self] in pump(line, toServer: false) }
        }
    }

    private final class Line: Sendable {
        let client: Int32, server: Int32
        let swallows = Mutex(false)
        init(client: Int32, server: Int32) { (self.client, self.server) = (client, server) }
    }

    private func pump(_ line: Line, toServer: Bool) {
        let (from, to) = toServer ? (line.client, line.server) : (line.server, line.client)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(from, &buffer, buffer.count)
            guard count > 0 else { break }
            if toServer {
                let isIt = state.withLock { state in
                    guard let word = state.words.first, buffer[..<count].firstRange(of: word) != nil else { return false }
                    state.words.removeFirst()
                    return state.words.isEmpty
                }
                if isIt { line.swallows.withLock { $0 = true } }
            } else if line.swallows.withLock({ $0 }) {
                // It has answered: it is done.
                state.withLock { $0.swallowed += 1 }
                break
            }
            guard send(to, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        shutdown(line.client, Int32(SHUT_RDWR))
        shutdown(line.server, Int32(SHUT_RDWR))
    }
}
