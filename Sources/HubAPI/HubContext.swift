package import Hummingbird
internal import Desk
internal import Foundation
internal import NIOCore

/// What is known of a request beside its head: from where it comes, and who asks, once `RouteGuard` has found out.
package struct HubContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The caller's IP address as this machine sees it; nil where there is no socket.
    let peer: String?
    /// What this route needs; empty where it is no person's.
    var scopes: [Scope] = []
    /// Who asks, or why nobody who may is heard.
    var asker: Result<Operator, Problem> = .failure(Problem(.unauthorized))

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        peer = source.channel.remoteAddress?.ipAddress
    }

    /// The caller's address. Only our own proxy, on this machine, may say whom it speaks for.
    func address(_ request: Request) -> String { Self.address(peer, request.headers[values: .forwardedFor].last) }

    static func address(_ peer: String?, _ forwarded: String?) -> String {
        // A socket of IPv6 shows an IPv4 address behind this (RFC 4291 2.5.5.2).
        guard let peer = peer.map({ $0.lowercased().hasPrefix("::ffff:") && $0.contains(".") ? String($0.dropFirst(7)) : $0 }) else { return "-" }
        guard ["127.0.0.1", "::1"].contains(peer), let said = forwarded?.split(separator: ",").last else { return peer }
        let last = said.trimmingCharacters(in: .whitespaces)
        return (try? SocketAddress(ipAddress: last, port: 0)) == nil ? peer : last
    }
}

/// A request of a person, or of a program that stands for one, who may do what this route does: the context of the desk's
/// routes. One without such a person cannot be made, so a handler neither asks for him nor forgets to.
struct DeskContext: ChildRequestContext {
    var coreContext: CoreRequestContextStorage
    private let parent: HubContext
    /// With what this route needs and no more.
    let person: Operator

    init(context: HubContext) throws(Problem) {
        coreContext = context.coreContext
        parent = context
        person = try context.asker.get()
    }

    /// Any one of these opened the route.
    var scopes: [Scope] { parent.scopes }
    func address(_ request: Request) -> String { parent.address(request) }
}

typealias DeskRoutes = RouterGroup<DeskContext>
