internal import Hummingbird
internal import Logging
internal import Serving

/// Asks before each route who it is that asks, and whether he may, as `RouteScopes` has it: once for a request, and before
/// an octet of its body is read.
///
///     route ──▶ RouteScopes ──▶ people: who? may he? ──▶ DeskContext.person
///                    │                       └──▶ 401, 403
///                    └── in no row: to nobody
///
/// Devices, sessions and signatures are looked at by their own routes; a route that nobody has thought about is shut.
struct RouteGuard: RouterMiddleware {
    let router: HubRouter

    func handle(
        _ request: Request, context: HubContext, next: (Request, HubContext) async throws -> Response
    ) async throws -> Response {
        // Without a route there is nothing to guard: not found.
        guard let path = context.endpointPath else { return try await next(request, context) }
        guard let need = RouteScopes.need(request.method, path) else {
            context.logger.error("a route stands in no row of RouteScopes", metadata: ["method": "\(request.method)", "path": "\(path)"])
            throw Problem(.forbidden, "この呼び出しをだれに許すかが、まだ決められていません (nobody is allowed this call yet: it stands in no table)")
        }
        var context = context
        let lends = RouteScopes.isLent(request.method, path)
        switch need {
        case .people(let scopes):
            context.scopes = scopes
            context.asker = .success(try router.operatorOf(request, from: context.address(request), needing: scopes, lends: lends))
        case .asked(let scopes):
            context.scopes = scopes
            let address = context.address(request)
            context.asker = Result { () throws(Problem) in try router.operatorOf(request, from: address, needing: scopes, lends: lends) }
        case .anywhere(let scopes):
            context.scopes = scopes
            context.asker = .success(try router.operatorAnywhere(request, needing: scopes))
        case .device, .session, .signature, .watcher, .everybody: break
        }
        return try await next(request, context)
    }
}
