internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Serving

/// Of several hubs over one record one is on duty. Where this one does not know just now whether it is (it was stopped for seconds, and has
/// not heard of the others since) nothing is taken: what it would take nobody might send. Reading goes on.
struct DutyMiddleware<Context: RequestContext>: RouterMiddleware {
    let hub: Hub

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard request.method != .get, request.method != .head, let words = hub.offDuty else { return try await next(request, context) }
        var problem = Problem(.serviceUnavailable, words)
        problem.headers[.retryAfter] = "1"
        throw problem
    }
}
