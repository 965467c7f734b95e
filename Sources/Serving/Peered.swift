package import HTTPTypes
package import Hummingbird
internal import Foundation
internal import NIOCore

/// What hub and edge know of a request beside its head: from where it comes.
package protocol Peered: RequestContext {
    /// The caller's IP address as this machine sees it; nil where there is no socket.
    var peer: String? { get }
}

extension Peered {
    /// The caller's address. Only our own proxy, on this machine, may say whom it speaks for.
    package func address(_ request: Request) -> String { Peer.address(peer, request.headers[values: .forwardedFor].last) }
}

package enum Peer {
    package static func address(_ peer: String?, _ forwarded: String?) -> String {
        // A socket of IPv6 shows an IPv4 address behind this (RFC 4291 2.5.5.2).
        guard let peer = peer.map({ $0.lowercased().hasPrefix("::ffff:") && $0.contains(".") ? String($0.dropFirst(7)) : $0 }) else { return "-" }
        guard ["127.0.0.1", "::1"].contains(peer), let said = forwarded?.split(separator: ",").last else { return peer }
        let last = said.trimmingCharacters(in: .whitespaces)
        return (try? SocketAddress(ipAddress: last, port: 0)) == nil ? peer : last
    }
}

extension HTTPRequest {
    /// A token in its head.
    package var bearer: String? {
        guard let value = headerFields[.authorization], value.lowercased().hasPrefix("bearer ") else { return nil }
        return String(value.dropFirst(7))
    }
}

extension HTTPField.Name {
    static var forwardedFor: Self { known("X-Forwarded-For") }

    package static func known(_ name: String) -> Self {
        // Our own names alone come here, at the first use.
        guard let name = Self(name) else { preconditionFailure("\(name) is a field's name") }
        return name
    }
}
