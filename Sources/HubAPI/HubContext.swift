package import Hummingbird
internal import Desk
internal import NIOCore
internal import Serving

/// What is known of a request beside its head: from where it comes, and who asks, once `RouteGuard` has found out.
package struct HubContext: Peered {
    package var coreContext: CoreRequestContextStorage
    package let peer: String?
    /// What this route needs; empty where it is no person's.
    var scopes: [Scope] = []
    /// Who asks, or why nobody who may is heard.
    var asker: Result<Operator, Problem> = .failure(Problem(.unauthorized))

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        peer = source.channel.remoteAddress?.ipAddress
    }
}

/// A request of a person, or of a program that stands for one, who may do what this route does: the context of the desk's
/// routes. One without such a person cannot be made, so a handler neither asks for him nor forgets to.
struct DeskContext: ChildRequestContext, Peered {
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
    var peer: String? { parent.peer }
}

typealias DeskRoutes = RouterGroup<DeskContext>
