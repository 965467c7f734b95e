internal import Logging
internal import Foundation
internal import Synchronization
package import HTTPTypes
package import Hummingbird

/// An error as RFC 9457 says it: `application/problem+json`.
package struct Problem: Error, HTTPResponseError, Encodable, Sendable {
    package struct Field: Encodable, Sendable {
        package var field: String
        package var detail: String
        package init(field: String, detail: String) {
            self.field = field
            self.detail = detail
        }
    }

    package var type = "about:blank"
    package var title: String
    package var status: HTTPResponse.Status
    package var detail: String?
    package var errors: [Field]?
    /// The device this is about, where that is one who was revoked.
    package var device: String?
    package var headers: HTTPFields = [:]
    /// Members of its own, beside those every problem has.
    package var beside: (any Encodable & Sendable)?

    /// A device that was revoked here, and nothing else: it erases itself for this answer, and for no other.
    package static let deviceRevoked = "urn:noroshi:problem:device-revoked"

    package static func revoked(_ device: String) -> Problem {
        var problem = Problem(.unauthorized, "この端末の登録は取り消されました (this device was revoked)")
        (problem.type, problem.device) = (deviceRevoked, device)
        return problem
    }

    package init(_ status: HTTPResponse.Status, _ detail: String? = nil, errors: [Field]? = nil) {
        self.status = status
        self.title = Self.title(of: status)
        self.detail = detail
        self.errors = errors
    }

    /// For people, Japanese first; the English is HTTP's own.
    private static func title(of status: HTTPResponse.Status) -> String {
        let japanese: String? = switch status.code {
        case 400: "依頼が読めません"
        case 401: "認証が必要です"
        case 403: "許されていません"
        case 404: "見つかりません"
        case 405: "その方法では受け付けません"
        case 406: "その形では答えられません"
        case 408: "時間切れです"
        case 409: "状態が変わっています"
        case 410: "もうありません"
        case 412: "前提が変わっています"
        case 413: "大きすぎます"
        case 415: "形式が違います"
        case 422: "直すところがあります"
        case 428: "前提を示してください"
        case 429: "依頼が多すぎます"
        case 500: "ハブの中で誤りが起きました"
        case 507: "置く場所がありません"
        case 503: "いまは受け付けられません"
        default: nil
        }
        return japanese.map { "\($0) (\(status.reasonPhrase))" } ?? status.reasonPhrase
    }

    private enum CodingKeys: String, CodingKey { case type, title, status, detail, errors, device }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(type, forKey: .type)
        try container.encode(title, forKey: .title)
        try container.encode(status.code, forKey: .status)
        try container.encodeIfPresent(detail, forKey: .detail)
        try container.encodeIfPresent(errors, forKey: .errors)
        try beside?.encode(to: encoder)
        try container.encodeIfPresent(device, forKey: .device)
    }

    package func response(from request: Request, context: some RequestContext) throws -> Response {
        var fields = headers
        fields[.contentType] = "application/problem+json"
        fields[.cacheControl] = "no-store"
        if status == .unauthorized { fields[.wwwAuthenticate] = "Bearer" }
        let body = try Answer.encoder().encode(self)
        return Response(status: status, headers: fields, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }
}

/// Turns every error into a problem document; what we did not expect says nothing of our insides.
package struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    let refusals: RefusalCount

    package init(refusals: RefusalCount) { self.refusals = refusals }

    /// Without a count that somebody reads.
    package init() { refusals = RefusalCount() }

    package func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let problem as Problem {
            refusals.count(problem.status)
            return try problem.response(from: request, context: context)
        } catch let error as HTTPError {
            return try Problem(error.status, error.body).response(from: request, context: context)
        } catch let failure as any TellsProblem {
            return try failure.problem.response(from: request, context: context)
        } catch is CancellationError {
            return try Problem(.serviceUnavailable, "ハブを終了しています (the hub is closing)").response(from: request, context: context)
        } catch {
            context.logger.error("request failed", metadata: [
                "path": "\(request.uri.path)", "error": "\(error)",
            ])
            return try Problem(.internalServerError).response(from: request, context: context)
        }
    }
}

/// What went wrong deeper in the house, where it has words for whoever asked.
package protocol TellsProblem: Error {
    var problem: Problem { get }
}

/// Requests refused because they were too large, or too many: what bounds cost somebody.
package final class RefusalCount: Sendable {
    private let counts = Mutex<[Int: Int]>([413: 0, 429: 0])

    package init() {}

    package func count(_ status: HTTPResponse.Status) {
        counts.withLock { counts in
            if let before = counts[status.code] { counts[status.code] = before + 1 }
        }
    }

    package var all: [(status: Int, count: Int)] { counts.withLock { $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } } }
}
