internal import Glibc

/// A port of 127.0.0.1 that is nobody else's while this lives: tests run side by side, and a far end that goes down
/// must not find another test's far end in its place when a call comes.
///
/// The socket is bound and does not listen: calls are refused, and whoever binds with SO_REUSEADDR may listen.
package final class HeldPort: Sendable {
    package let number: Int
    private let socket: Int32

    package struct Failure: Error {
        let code: Int32
    }

    package init() throws(Failure) {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Failure(code: errno) }
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutableBytes(of: &address) { bytes in
            guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return bind(socket, pointer, length) == 0 && getsockname(socket, pointer, &length) == 0
        }
        guard isBound else {
            let code = errno
            close(socket)
            throw Failure(code: code)
        }
        self.socket = socket
        number = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(socket) }
}
