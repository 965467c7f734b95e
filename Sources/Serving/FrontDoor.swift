internal import HTTPTypes
package import Hummingbird
internal import Logging
internal import Web

/// What holds for every call of hub and edge, before and behind their routes: HTTP as others' tools read it.
///
///     request ──▶ Host? ──▶ path known? method? query? media type? ──▶ route ──▶ HEAD: no body ──▶ fields for browsers
///                  400         404       405     400      415
///
/// The methods of a path are those the router has, so no list is kept twice; what a route takes behind its `?` stands in
/// its house's `QueryTable`.
package struct FrontDoor<Context: Peered>: HTTPResponder {
    private struct Route: Sendable {
        var pattern: PathPattern
        var methods: Set<HTTPRequest.Method>
        /// The router keeps no last slash of a path: these are written with one.
        var isFolder: Bool { ["/tablet", "/console", "/spots/{spot}"].contains(pattern.text) }
    }

    private let routes: [Route]
    private let inner: RouterResponder<Context>
    private let queries: QueryTable
    private let refusals: RefusalCount
    private let acts: ActLog?
    private let nonce: (@Sendable () -> String)?

    package func respond(to request: Request, context: Context) async throws -> Response {
        let response: Response
        do {
            response = try await inner.respond(to: try admitted(request), context: context)
        } catch let problem as Problem {
            refusals.count(problem.status)
            response = try problem.response(from: request, context: context)
        }
        acts?.note(request, response, context)
        return finished(response, request)
    }

    // MARK: before

    private func admitted(_ request: Request) throws(Problem) -> Request {
        try checkHost(request)
        let request = request.method == .head ? Self.asGet(request) : request
        let path = PathPattern.Asked(request.uri.path)
        let known = routes.filter { $0.pattern.matches(path) }
        guard !known.isEmpty else { return request }
        guard known.contains(where: { $0.pattern.isSpelt(request.uri.path, isFolder: $0.isFolder) }) else {
            throw Problem(.notFound, "この住所はありません。余分な / があります (no such address: a slash too many)")
        }
        guard let route = known.filter({ $0.methods.contains(request.method) }).max(by: { $0.pattern.weight < $1.pattern.weight })
        else { throw Self.notAllowed(request.method, known.reduce(into: []) { $0.formUnion($1.methods) }) }
        try checkQuery(request, queries.rules(request.method, route.pattern))
        if !queries.takesOtherBodies(route.pattern) { try checkMediaType(request) }
        return request
    }

    /// HEAD is GET without a body (RFC 9110 §9.3.2); no route has to know.
    private static func asGet(_ request: Request) -> Request {
        var head = request.head
        head.method = .get
        return Request(head: head, body: request.body)
    }

    /// RFC 9112 §3.2. A request of HTTP/1.0 comes with one that `StreamDoor` gave it.
    private func checkHost(_ request: Request) throws(Problem) {
        guard request.headers[.secondHost] == nil else { throw Problem(.badRequest, "Host が二つあります (two Host fields)") }
        guard let host = request.head.authority, HostField.isValid(host) else {
            throw Problem(.badRequest, "Host がないか、読めません (Host is missing or malformed)")
        }
    }

    private static func notAllowed(_ method: HTTPRequest.Method, _ methods: Set<HTTPRequest.Method>) -> Problem {
        var names = Set(methods.map(\.rawValue))
        if names.contains("GET") { names.insert("HEAD") }
        let list = names.sorted().joined(separator: ", ")
        var problem = Problem(.methodNotAllowed, "ここでは \(list) だけを受け付けます (\(method.rawValue) is not for this address; \(list))")
        problem.headers[.allow] = list
        return problem
    }

    private func checkQuery(_ request: Request, _ rules: QueryRules) throws(Problem) {
        do throws(QueryRules.Fault) {
            try rules.check(request.uri.query)
        } catch {
            let (field, words): (String, String) =
                switch error {
                case .unknown(let name):
                    (name, rules.kinds.isEmpty
                        ? "「?」の後ろには何も書けません (\(name): this call takes no query parameters)"
                        : "「\(name)」は知らない言葉です。書けるのは \(QueryTable.words(rules)) (\(name): no query parameter of this call)")
                case .twice(let name): (name, "「\(name)」が二度あります (\(name): given twice)")
                case .noFlag(let name, let value): (name, "「\(name)」は true か false です (\(name): true or false, not “\(value)”)")
                case .unreadable(let name): (name, "「\(name)」の値が読めません (\(name): not percent-encoded UTF-8)")
                }
            throw Problem(.badRequest, "何もしていません。\(words)", errors: [.init(field: field, detail: words)])
        }
    }

    /// A browser's form can post `text/plain` to any address without asking first; JSON it cannot.
    private func checkMediaType(_ request: Request) throws(Problem) {
        // Some clients name the type of a body they do not send.
        let isEmpty = request.headers[.contentLength].map { $0 == "0" } ?? (request.headers[.transferEncoding] == nil)
        // In a GET or DELETE a body means nothing (RFC 9110 §9.3), and is not read.
        guard [.post, .put, .patch].contains(request.method), !isEmpty, let written = request.headers[.contentType] else { return }
        guard let type = MediaType(written), type.isJSON else {
            throw Problem(.unsupportedMediaType, "本文は application/json（UTF-8）で送ってください (Content-Type \(written): application/json in UTF-8)")
        }
    }

    // MARK: behind

    private func finished(_ response: Response, _ request: Request) -> Response {
        var response = response
        if response.headers[.referrerPolicy] == nil { response.headers[.referrerPolicy] = "no-referrer" }
        if response.headers[.xContentTypeOptions] == nil { response.headers[.xContentTypeOptions] = "nosniff" }
        if response.headers[.contentSecurityPolicy] == nil {
            response.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        }
        // Who signs needs it for what he asks next.
        if request.headers[.signatureInput] != nil, response.headers[.nonce] == nil, let nonce { response.headers[.nonce] = nonce() }
        return request.method == .head ? response.createHeadResponse() : response
    }

    package init(_ router: Router<Context>, _ queries: QueryTable, refusals: RefusalCount = RefusalCount(), acts: ActLog? = nil, nonce: (@Sendable () -> String)? = nil) {
        self.nonce = nonce
        var methods: [String: Set<HTTPRequest.Method>] = [:]
        for route in router.routes { methods[route.path.description, default: []].insert(route.method) }
        routes = methods.map { Route(pattern: PathPattern($0.key), methods: $0.value) }
        inner = router.buildResponder()
        self.queries = queries
        self.refusals = refusals
        self.acts = acts
    }
}

extension HTTPField.Name {
    package static var signatureInput: Self { known("Signature-Input") }
    package static var signature: Self { known("Signature") }
    package static var contentDigest: Self { known("Content-Digest") }
    /// What the next signature of this device may hold.
    package static var nonce: Self { known("Noroshi-Nonce") }
    package static var referrerPolicy: Self { known("Referrer-Policy") }
    /// The first `Host` is the request's authority; whatever stands among the fields is another one.
    package static var secondHost: Self { known("Host") }
}
