internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Serving

/// Before the record is read nothing is taken and nothing of it is shown: come again, so many towns of so many. Pages lie on
/// disk or in the program and are shown; the tablets' stream has a door of its own, which is open.
struct StartingMiddleware<Context: RequestContext>: RouterMiddleware {
    let start: StartWatch

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let words = start.words, request.uri.path.hasPrefix("/v1/") else { return try await next(request, context) }
        var problem = Problem(.serviceUnavailable, words)
        problem.headers[.retryAfter] = "2"
        throw problem
    }
}
